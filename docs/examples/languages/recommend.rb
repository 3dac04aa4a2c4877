# grpc_tools_ruby_protoc -I protos --ruby_out=gen --grpc_out=gen protos/footlight/v1/*.proto
# ruby -I gen recommend.rb localhost:7007 ada
require "grpc"
require "google/protobuf/well_known_types"
require "google/rpc/error_details_pb"
require "google/rpc/status_pb"
require "footlight/v1/recommendation_services_pb"

address, user = ARGV
headers = ENV["FOOTLIGHT_TOKEN"] ? { "authorization" => "Bearer #{ENV["FOOTLIGHT_TOKEN"]}" } : {}
stub = Footlight::V1::RecommendationService::Stub.new(address, :this_channel_is_insecure)

begin
  request = Footlight::V1::RecommendRequest.new(user_id: user, count: 3)
  answer = stub.recommend(request, deadline: Time.now + 5, metadata: headers)
  answer.items.each { |item| puts "#{item.item_id} #{item.score.round(3)}" }
rescue GRPC::BadStatus => error
  details = Google::Rpc::Status.decode(error.metadata.fetch("grpc-status-details-bin", "")).details
  info = details.find { |detail| detail.is(Google::Rpc::ErrorInfo) }&.unpack(Google::Rpc::ErrorInfo)
  warn "#{info&.reason}: #{error.details}"
  exit 1
end
