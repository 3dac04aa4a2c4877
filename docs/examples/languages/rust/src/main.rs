//! recommend localhost:7007 ada: gRPC with the messages of prost, straight on HTTP/2.
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use prost::Message;
use std::{env, error::Error, time::Duration};
use tokio::{net::TcpStream, time::timeout};

#[allow(dead_code)]
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/footlight.v1.rs"));
}
#[allow(dead_code)]
mod rpc {
    include!(concat!(env!("OUT_DIR"), "/footlight.rpc.rs"));
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().collect();
    let request = v1::RecommendRequest { user_id: words[2].clone(), count: 3, ..Default::default() };
    let message = request.encode_to_vec();
    let call = call(&words[1], "footlight.v1.RecommendationService/Recommend", &message);
    let answer = v1::RecommendResponse::decode(timeout(Duration::from_secs(5), call).await??)?;
    for item in answer.items {
        println!("{} {:.3}", item.item_id, item.score);
    }
    Ok(())
}

/// One message each way: five bytes before each say that it is not compressed, and its length.
async fn call(address: &str, method: &str, message: &[u8]) -> Result<Bytes, Box<dyn Error>> {
    let (mut client, connection) = h2::client::handshake(TcpStream::connect(address).await?).await?;
    tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "5S");
    if let Ok(token) = env::var("FOOTLIGHT_TOKEN") {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let (response, mut sending) = client.send_request(request.body(())?, false)?;
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    sending.send_data(frame.freeze(), true)?;

    let (head, mut body) = response.await?.into_parts();
    let mut received = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        received.extend_from_slice(&data);
    }
    let trailers = body.trailers().await?.unwrap_or(head.headers);
    if trailers.get("grpc-status").map_or(true, |status| status != "0") {
        return Err(refusal(&trailers).into());
    }
    received.advance(5);
    Ok(received.freeze())
}

/// The reason and the message of an error.
fn refusal(trailers: &HeaderMap) -> String {
    let text = |name| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let details = base64::decode_config(text("grpc-status-details-bin"), base64::STANDARD_NO_PAD).unwrap_or_default();
    let status = rpc::Status::decode(&details[..]).unwrap_or_default();
    let info = status.details.iter().find(|detail| detail.type_url.ends_with("google.rpc.ErrorInfo"));
    let info = info.and_then(|detail| rpc::ErrorInfo::decode(&detail.value[..]).ok()).unwrap_or_default();
    format!("{}: {}", info.reason, text("grpc-message"))
}
