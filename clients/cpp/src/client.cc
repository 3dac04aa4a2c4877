#include "footlight/client.h"

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace footlight {
namespace {

constexpr int kAttempts = 5;
constexpr int kLongestMessage = 64 << 20;

// A call that no server has taken is sent again, but for those that must not happen twice.
constexpr char kServiceConfig[] = R"({
  "methodConfig": [
    {"name": [{}], "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2.9s", "backoffMultiplier": 4,
      "retryableStatusCodes": ["UNAVAILABLE"]}},
    {"name": [{"service": "footlight.v1.CatalogService", "method": "DeleteItem"},
      {"service": "footlight.v1.EngineService", "method": "CreateDeployment"},
      {"service": "footlight.v1.EngineService", "method": "DeleteDeployment"},
      {"service": "footlight.v1.EngineService", "method": "StartTraining"},
      {"service": "footlight.v1.GenerationService", "method": "DeleteCorpus"},
      {"service": "footlight.v1.InteractionService", "method": "CreateAgent"}]}
  ],
  "retryThrottling": {"maxTokens": 1000, "tokenRatio": 1}
})";

std::string TargetOf(const std::string& address) {
  if (address.empty() || address.find('/') != std::string::npos) {
    throw std::invalid_argument("address: expected HOST:PORT, such as localhost:7007, got \"" + address + "\"");
  }
  const auto bracket = address.rfind(']');
  const bool has_port = address.find(':', bracket == std::string::npos ? 0 : bracket) != std::string::npos;
  return has_port ? address : address + ":7007";
}

// Whether a target is this machine, as its name tells.
bool IsHere(const std::string& target) {
  static const std::regex kHere(R"((localhost|\[::1\]|127(\.\d{1,3}){3}):.*)", std::regex::icase);
  return std::regex_match(target, kHere);
}

// The options with their token as it is sent: without the newline of the file that it came from. An error must not show it.
Options Sendable(Options options, const std::string& target) {
  std::string& token = options.token;
  const auto space = [](unsigned char letter) { return std::isspace(letter) != 0; };
  token.erase(std::find_if_not(token.rbegin(), token.rend(), space).base(), token.end());
  token.erase(token.begin(), std::find_if_not(token.begin(), token.end(), space));
  if (std::any_of(token.begin(), token.end(), [](char letter) { return letter <= ' ' || letter > '~'; })) {
    throw std::invalid_argument("token: expected printable ASCII characters without spaces");
  }
  if (!token.empty() && !options.tls && !options.plaintext && !IsHere(target)) {
    throw std::invalid_argument("token: expected TLS on the way to " + target +
                                ", where others could read it; Options::plaintext sends it all the same");
  }
  return options;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const std::optional<Tls>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->roots;
  options.pem_private_key = tls->private_key;
  options.pem_cert_chain = tls->certificate_chain;
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments ArgumentsOf() {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetUserAgentPrefix("footlight-cpp/0.1.0");
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetMaxReceiveMessageSize(kLongestMessage);
  arguments.SetMaxSendMessageSize(kLongestMessage);
  return arguments;
}

std::string Contents(const std::filesystem::path& path) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// 128 random bits in hexadecimal.
std::string NewId() {
  thread_local std::random_device bits;
  char text[33];
  std::snprintf(text, sizeof text, "%08x%08x%08x%08x", bits(), bits(), bits(), bits());
  return text;
}

bool Answers(const v1::InteractRequest& request, const v1::InteractResponse& answer) {
  return request.has_act() ? answer.has_act() : request.has_reward() ? answer.has_reward() : answer.has_end();
}

void ThrowUnlessOk(const grpc::Status& status) {
  if (!status.ok()) throw Error::From(status);
}

}  // namespace

Tls Tls::FromFiles(const std::filesystem::path& roots, const std::filesystem::path& private_key,
                   const std::filesystem::path& certificate_chain) {
  if (private_key.empty() != certificate_chain.empty()) {
    throw std::invalid_argument("tls: expected a private key and its certificate together, got one of them");
  }
  return {Contents(roots), Contents(private_key), Contents(certificate_chain)};
}

Client::Client(const std::string& address, Options options)
    : options_(Sendable(std::move(options), TargetOf(address))),
      channel_(grpc::CreateCustomChannel(TargetOf(address), CredentialsOf(options_.tls), ArgumentsOf())),
      Catalog_(v1::CatalogService::NewStub(channel_)),
      Recommendation_(v1::RecommendationService::NewStub(channel_)),
      Generation_(v1::GenerationService::NewStub(channel_)),
      Interaction_(v1::InteractionService::NewStub(channel_)),
      Engine_(v1::EngineService::NewStub(channel_)),
      Assistant_(v1::AssistantService::NewStub(channel_)) {}

std::unique_ptr<grpc::ClientContext> Client::Context(std::optional<std::chrono::system_clock::time_point> end) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (end) context->set_deadline(*end);
  if (!options_.token.empty()) context->AddMetadata("authorization", "Bearer " + options_.token);
  return context;
}

std::unique_ptr<grpc::ClientContext> Client::TransferContext(const CallOptions& options) const {
  return Context(std::chrono::system_clock::now() + options.timeout.value_or(options_.transfer_timeout));
}

void Client::PauseOrThrow(const Error& error, int attempt, std::chrono::system_clock::time_point end) {
  const bool full = error.code == grpc::StatusCode::RESOURCE_EXHAUSTED && error.retry_after.has_value();
  if (!full || attempt == kAttempts || std::chrono::system_clock::now() + *error.retry_after >= end) throw error;
  std::this_thread::sleep_for(*error.retry_after);
}

v1::PutItemsResponse Client::PutItems(const std::vector<v1::Item>& items) {
  v1::PutItemsRequest request;
  request.mutable_items()->Assign(items.begin(), items.end());
  return PutItems(request);
}

v1::RecordEventsResponse Client::RecordEvents(const std::vector<v1::Event>& events) {
  v1::RecordEventsRequest request;
  request.mutable_events()->Assign(events.begin(), events.end());
  for (auto& event : *request.mutable_events()) {
    if (event.event_id().empty()) event.set_event_id(NewId());
  }
  return RecordEvents(request);
}

v1::ActResponse Client::Act(v1::ActRequest request, const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewId());
  return Unary<v1::ActResponse>(
      [&](grpc::ClientContext* context, v1::ActResponse* answer) { return Interaction_->Act(context, request, answer); }, options);
}

v1::RewardStatus Client::Reward(const std::string& decision_id, double value) {
  v1::RewardRequest request;
  auto* reward = request.add_rewards();
  reward->set_reward_id(NewId());
  reward->set_decision_id(decision_id);
  reward->set_value(value);
  const auto answer = Reward(request);
  if (answer.statuses_size() == 0) throw Error(grpc::StatusCode::INTERNAL, "the server told of no reward");
  return answer.statuses(0);
}

v1::RecommendResponse Client::Recommend(const std::string& user_id, int count) {
  v1::RecommendRequest request;
  request.set_user_id(user_id);
  request.set_count(count);
  return Recommend(request);
}

std::vector<v1::LoggedDecision> Client::ListDecisions(const v1::ListDecisionsRequest& request) {
  auto context = TransferContext({});
  auto stream = Interaction_->ListDecisions(context.get(), request);
  std::vector<v1::LoggedDecision> decisions;
  for (v1::ListDecisionsResponse page; stream->Read(&page);) {
    decisions.insert(decisions.end(), page.decisions().begin(), page.decisions().end());
  }
  ThrowUnlessOk(stream->Finish());
  return decisions;
}

v1::Training Client::WatchTraining(const std::string& training_id, const std::function<void(const v1::Training&)>& seen) {
  v1::WatchTrainingRequest request;
  request.set_training_id(training_id);
  auto context = Context(std::nullopt);  // a training takes as long as it takes
  auto stream = Engine_->WatchTraining(context.get(), request);
  v1::Training last;
  for (v1::WatchTrainingResponse message; stream->Read(&message);) {
    last = message.training();
    if (seen) seen(last);
  }
  ThrowUnlessOk(stream->Finish());
  return last;
}

Interaction Client::Interact(const std::string& agent_id) {
  auto context = Context(std::nullopt);
  auto stream = Interaction_->Interact(context.get());
  return Interaction(std::move(context), std::move(stream), agent_id, options_.timeout);
}

// Cancels the stream when an answer does not come in time.
class Interaction::Watch {
 public:
  Watch(grpc::ClientContext* context, std::chrono::milliseconds timeout)
      : context_(context), timeout_(timeout), thread_([this] { Run(); }) {}
  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void Begin() {
    const std::lock_guard lock(mutex_);
    due_ = Clock::now() + timeout_;
  }
  // Whether the time was up.
  bool End() {
    const std::lock_guard lock(mutex_);
    due_.reset();
    return rang_;
  }
  std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  using Clock = std::chrono::steady_clock;
  // It looks now and then: to be woken by every step would cost more than the step.
  void Run() {
    const auto pause = std::min<std::chrono::milliseconds>(std::chrono::seconds(1), timeout_ / 4);
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, pause, [this] { return over_; })) {
      if (!due_ || Clock::now() < *due_) continue;
      rang_ = true;
      context_->TryCancel();
      return;
    }
  }

  grpc::ClientContext* context_;
  std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Clock::time_point> due_;
  bool over_ = false;
  bool rang_ = false;
  std::thread thread_;  // last: it uses all of the above
};

Interaction::Interaction(std::unique_ptr<grpc::ClientContext> context, std::unique_ptr<Stream> stream, std::string agent_id,
                         std::chrono::milliseconds timeout)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      agent_id_(std::move(agent_id)),
      watch_(std::make_unique<Watch>(context_.get(), timeout)) {}

Interaction::Interaction(Interaction&&) noexcept = default;

Interaction::~Interaction() {
  if (!stream_) return;  // moved from
  stream_->WritesDone();
  context_->TryCancel();
  stream_->Finish();
}

v1::ActResponse Interaction::Act(v1::ActRequest step) {
  step.set_agent_id(agent_id_);
  v1::InteractRequest request;
  *request.mutable_act() = std::move(step);
  return Ask(request).act();
}

v1::RewardResponse Interaction::Reward(const std::vector<v1::RewardEvent>& rewards) {
  v1::InteractRequest request;
  request.mutable_reward()->mutable_rewards()->Assign(rewards.begin(), rewards.end());
  return Ask(request).reward();
}

v1::EndSessionResponse Interaction::End(v1::EndSessionRequest end) {
  end.set_agent_id(agent_id_);
  v1::InteractRequest request;
  *request.mutable_end() = std::move(end);
  return Ask(request).end();
}

v1::InteractResponse Interaction::Ask(const v1::InteractRequest& request) {
  if (ended_) throw *ended_;
  v1::InteractResponse answer;
  watch_->Begin();
  const bool answered = stream_->Write(request) && stream_->Read(&answer);
  const grpc::Status status = answered ? grpc::Status::OK : stream_->Finish();
  const bool late = watch_->End();
  if (answered && Answers(request, answer)) return answer;
  if (answered) {
    context_->TryCancel();
    stream_->Finish();
  }
  stream_.reset();
  if (answered) {
    ended_.emplace(grpc::StatusCode::INTERNAL, "the server answered something else than was asked");
  } else if (late) {
    ended_.emplace(grpc::StatusCode::DEADLINE_EXCEEDED, "no answer came within " + std::to_string(watch_->timeout().count()) + " ms");
  } else {
    ended_ = status.ok() ? Error(grpc::StatusCode::UNAVAILABLE, "the server ended the stream") : Error::From(status);
  }
  throw *ended_;
}

}  // namespace footlight
