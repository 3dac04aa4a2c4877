// The C++ client of Footlight: Generate, Recommend and Act over gRPC.
//
//   footlight::Client client("localhost:7007");
//   auto answer = client.Recommend("ada", 10);
//   for (const auto& item : answer.items()) std::cout << item.item_id() << '\n';
//
// Every RPC of one message each way is a method of its name (rpcs.def lists them). Calls throw footlight::Error.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "footlight/error.h"
#include "footlight/v1/assistant.grpc.pb.h"
#include "footlight/v1/catalog.grpc.pb.h"
#include "footlight/v1/engine.grpc.pb.h"
#include "footlight/v1/generation.grpc.pb.h"
#include "footlight/v1/interaction.grpc.pb.h"
#include "footlight/v1/recommendation.grpc.pb.h"

namespace footlight {

// Certificates in PEM: who is trusted (empty means those of gRPC), and who we are where the server asks.
struct Tls {
  std::string roots;
  std::string private_key;
  std::string certificate_chain;

  static Tls FromFiles(const std::filesystem::path& roots, const std::filesystem::path& private_key = {},
                       const std::filesystem::path& certificate_chain = {});
};

struct Options {
  std::string token = {};  // sent with every call; to another machine only by TLS, or where plaintext allows it
  std::optional<Tls> tls = std::nullopt;
  bool plaintext = false;  // sends a token to another machine without TLS, where others on the way can read it
  std::chrono::milliseconds timeout = std::chrono::seconds(30);            // of a call that does not say otherwise
  std::chrono::milliseconds transfer_timeout = std::chrono::minutes(10);  // of calls that move files or make assets
};

// How one call is made.
struct CallOptions {
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

// One piece of generated content with its bytes, whose SHA-256 was checked.
struct Asset {
  v1::Asset about;
  std::string data;

  // Says what made it, such as "mlp-gan-v3-42.npy".
  std::string file_name() const;
  // Writes it into a folder under its name, and a signature that is not in the bytes beside it; answers the path. The folder is
  // made where there is none.
  std::filesystem::path Save(const std::filesystem::path& folder) const;
};

// A stream on which sessions of one agent are played: one message each way a step. For one thread. Each answer may take as long
// as a call of this client; an error ends the stream, and whoever asks again is told the same.
class Interaction {
 public:
  ~Interaction();
  Interaction(Interaction&&) noexcept;

  v1::ActResponse Act(v1::ActRequest step);
  v1::RewardResponse Reward(const std::vector<v1::RewardEvent>& rewards);
  v1::EndSessionResponse End(v1::EndSessionRequest end);

 private:
  friend class Client;
  using Stream = grpc::ClientReaderWriter<v1::InteractRequest, v1::InteractResponse>;
  class Watch;
  Interaction(std::unique_ptr<grpc::ClientContext> context, std::unique_ptr<Stream> stream, std::string agent_id,
              std::chrono::milliseconds timeout);
  v1::InteractResponse Ask(const v1::InteractRequest& request);

  std::unique_ptr<grpc::ClientContext> context_;  // before the stream, which uses it to its end
  std::unique_ptr<Stream> stream_;
  std::string agent_id_;
  std::unique_ptr<Watch> watch_;  // after the context, which it cancels
  std::optional<Error> ended_;
};

// A Footlight server. Safe to share between threads. Connects with the first call.
class Client {
 public:
  explicit Client(const std::string& address = "localhost:7007", Options options = {});

#define FOOTLIGHT_RPC(Service, Method)                                                                \
  v1::Method##Response Method(const v1::Method##Request& request, const CallOptions& options = {}) { \
    return Unary<v1::Method##Response>(                                                               \
        [&](grpc::ClientContext* context, v1::Method##Response* answer) {                             \
          return Service##_->Method(context, request, answer);                                        \
        },                                                                                            \
        options);                                                                                     \
  }
#include "footlight/rpcs.def"
#undef FOOTLIGHT_RPC

  // Creates the items that are new and replaces those that exist: all of them or none.
  v1::PutItemsResponse PutItems(const std::vector<v1::Item>& items);
  // Appends events to the log, all of them or none. An event without an id gets a new one, so that it can be sent again.
  v1::RecordEventsResponse RecordEvents(const std::vector<v1::Event>& events);
  // Decides the next action of a session. A request without an id gets one, so that it can be sent again.
  v1::ActResponse Act(v1::ActRequest request, const CallOptions& options = {});
  // Adds a reward to a decision.
  v1::RewardStatus Reward(const std::string& decision_id, double value);
  // Ranks items for a person.
  v1::RecommendResponse Recommend(const std::string& user_id, int count = 10);
  // Makes assets and gives each to `take` as it is done.
  void Generate(const v1::GenerateRequest& request, const std::function<void(Asset)>& take, const CallOptions& options = {});
  // Makes assets and writes each into a folder; answers the paths.
  std::vector<std::filesystem::path> GenerateToFiles(const v1::GenerateRequest& request, const std::filesystem::path& folder);
  // An asset that was made before.
  Asset GetAsset(const std::string& asset_id, const CallOptions& options = {});
  // Uploads files, bytes by path, to learn from.
  v1::Corpus UploadCorpus(const std::string& name, const std::map<std::string, std::string>& files,
                          const std::optional<v1::CorpusRights>& rights = std::nullopt);
  // A stream on which sessions of an agent are played.
  Interaction Interact(const std::string& agent_id);
  // An agent's decisions with what they earned.
  std::vector<v1::LoggedDecision> ListDecisions(const v1::ListDecisionsRequest& request);
  // Follows a training until it ends; answers its last state.
  v1::Training WatchTraining(const std::string& training_id, const std::function<void(const v1::Training&)>& seen = {});

 private:
  template <class Answer, class Send>
  Answer Unary(const Send& send, const CallOptions& options) {
    const auto end = std::chrono::system_clock::now() + options.timeout.value_or(options_.timeout);
    for (int attempt = 1;; ++attempt) {
      Answer answer;
      auto context = Context(end);
      const grpc::Status status = send(context.get(), &answer);
      if (status.ok()) return answer;
      PauseOrThrow(Error::From(status), attempt, end);
    }
  }
  std::unique_ptr<grpc::ClientContext> Context(std::optional<std::chrono::system_clock::time_point> end) const;
  std::unique_ptr<grpc::ClientContext> TransferContext(const CallOptions& options) const;
  static void PauseOrThrow(const Error& error, int attempt, std::chrono::system_clock::time_point end);

  Options options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogService::Stub> Catalog_;
  std::unique_ptr<v1::RecommendationService::Stub> Recommendation_;
  std::unique_ptr<v1::GenerationService::Stub> Generation_;
  std::unique_ptr<v1::InteractionService::Stub> Interaction_;
  std::unique_ptr<v1::EngineService::Stub> Engine_;
  std::unique_ptr<v1::AssistantService::Stub> Assistant_;
};

}  // namespace footlight
