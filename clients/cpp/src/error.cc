#include "footlight/error.h"

#include <array>

#include "footlight_rpc_details.pb.h"

namespace footlight {

Error Error::From(const grpc::Status& status) {
  // What gRPC says of an answer that is no message of its kind; no server says it.
  if (status.error_message() == "No message returned for unary request") {
    return Error(grpc::StatusCode::INTERNAL, "the server's answer could not be read");
  }
  Error error(status.error_code(), status.error_message());
  rpc::Status told;
  if (!told.ParseFromString(status.error_details())) return error;  // details that cannot be read tell nothing
  for (const auto& detail : told.details()) {
    const std::string kind = detail.type_url().substr(detail.type_url().rfind('/') + 1);
    rpc::ErrorInfo info;
    rpc::BadRequest bad;
    rpc::RetryInfo retry;
    if (kind == "google.rpc.ErrorInfo" && info.ParseFromString(detail.value())) {
      error.reason = info.reason();
      error.metadata.insert(info.metadata().begin(), info.metadata().end());
      if (error.field.empty() && info.metadata().count("field")) error.field = info.metadata().at("field");
    } else if (kind == "google.rpc.BadRequest" && bad.ParseFromString(detail.value()) && bad.field_violations_size()) {
      error.field = bad.field_violations(0).field();
    } else if (kind == "google.rpc.RetryInfo" && retry.ParseFromString(detail.value())) {
      error.retry_after = std::chrono::milliseconds(retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000);
    }
  }
  return error;
}

std::string Error::status() const {
  static const std::array<const char*, 17> kNames = {
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && code < static_cast<int>(kNames.size()) ? kNames[code] : "UNKNOWN";
}

}  // namespace footlight
