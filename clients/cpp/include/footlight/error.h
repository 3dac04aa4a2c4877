// What can go wrong.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace footlight {

// Any error that a server answered, or that kept it from answering. What it knows is in `code` and the fields below.
class Error : public std::runtime_error {
 public:
  Error(grpc::StatusCode code, const std::string& message) : std::runtime_error(message), code(code) {}

  // The error that a call of gRPC ended with.
  static Error From(const grpc::Status& status);

  // The name of the code, such as "NOT_FOUND".
  std::string status() const;

  grpc::StatusCode code;
  std::string reason;                           // for programs, in UPPER_SNAKE; empty where the server gave none
  std::string field;                            // the field that is wrong, such as "events[3].value"
  std::map<std::string, std::string> metadata;  // further facts by name
  std::optional<std::chrono::milliseconds> retry_after;
};

}  // namespace footlight
