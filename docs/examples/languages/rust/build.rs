fn main() -> std::io::Result<()> {
    let protos = std::env::var("PROTOS").unwrap_or("../../../../protos".into());
    let details = std::env::var("DETAILS").unwrap_or("../../../../clients/protos".into());
    prost_build::compile_protos(&["footlight/v1/recommendation.proto", "footlight_rpc_details.proto"], &[protos, details])
}
