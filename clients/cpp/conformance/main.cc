// Runs the cases of clients/conformance: conformance CASES ADDRESS RUN.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "footlight/client.h"

namespace v1 = footlight::v1;
namespace json = google::protobuf::util;
using google::protobuf::Message;
using google::protobuf::Struct;
using google::protobuf::Value;

namespace {

std::string Spoken(const Message& message) {
  json::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!json::MessageToJsonString(message, &text, options).ok()) throw std::logic_error("a message could not be written");
  return text;
}

template <class M>
M Read(const std::string& text) {
  M message;
  const auto status = json::JsonStringToMessage(text, &message);
  if (!status.ok()) throw std::logic_error("a request could not be read: " + status.ToString());
  return message;
}

std::string Quoted(const std::string& text) {
  Value value;
  value.set_string_value(text);
  return Spoken(value);
}

std::string Base64(const std::string& data, bool decode) {
  v1::GetAssetResponse carrier;  // its JSON holds bytes in Base64
  if (decode) return Read<v1::GetAssetResponse>("{\"data\":" + Quoted(data) + "}").data();
  carrier.set_data(data);
  return Read<Struct>(Spoken(carrier)).fields().at("data").string_value();
}

std::string AssetAnswer(const footlight::Asset& asset) {
  return "{\"asset\":" + Spoken(asset.about) + ",\"data\":" + Quoted(Base64(asset.data, false)) + "}";
}

std::string Joined(const std::string& name, const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ",") + part;
  return "{\"" + name + "\":[" + text + "]}";
}

using Call = std::function<std::string(footlight::Client&, const std::string&, const footlight::CallOptions&)>;

std::string Upload(footlight::Client& client, const std::string& text, const footlight::CallOptions&) {
  const auto request = Read<Struct>(text).fields();
  std::map<std::string, std::string> files;
  for (const auto& [path, data] : request.at("files").struct_value().fields()) files[path] = Base64(data.string_value(), true);
  std::optional<v1::CorpusRights> rights;
  if (request.count("rights")) rights = Read<v1::CorpusRights>(Spoken(request.at("rights")));
  v1::UploadCorpusResponse answer;
  *answer.mutable_corpus() = client.UploadCorpus(request.at("name").string_value(), files, rights);
  return Spoken(answer);
}

std::string Generate(footlight::Client& client, const std::string& text, const footlight::CallOptions& options) {
  std::vector<std::string> assets;
  client.Generate(Read<v1::GenerateRequest>(text), [&](const footlight::Asset& one) { assets.push_back(AssetAnswer(one)); }, options);
  return Joined("assets", assets);
}

std::string Interact(footlight::Client& client, const std::string& text, const footlight::CallOptions&) {
  const auto request = Read<Struct>(text).fields();
  auto stream = client.Interact(request.at("agent_id").string_value());
  std::vector<std::string> answers;
  for (const auto& message : request.at("messages").list_value().values()) {
    const auto wanted = Read<v1::InteractRequest>(Spoken(message));
    v1::InteractResponse answer;
    if (wanted.has_act()) {
      *answer.mutable_act() = stream.Act(wanted.act());
    } else {
      *answer.mutable_end() = stream.End(wanted.end());
    }
    answers.push_back(Spoken(answer));
  }
  return Joined("answers", answers);
}

std::map<std::string, Call> Calls() {
  std::map<std::string, Call> calls;
#define FOOTLIGHT_RPC(Service, Method)                                                                                 \
  calls[#Service "Service/" #Method] = [](footlight::Client& client, const std::string& text, const footlight::CallOptions& options) { \
    return Spoken(client.Method(Read<v1::Method##Request>(text), options));                                            \
  };
#include "footlight/rpcs.def"
#undef FOOTLIGHT_RPC
  calls["InteractionService/Act"] = [](auto& client, const auto& text, const auto& options) {
    return Spoken(client.Act(Read<v1::ActRequest>(text), options));
  };
  calls["GenerationService/UploadCorpus"] = Upload;
  calls["GenerationService/Generate"] = Generate;
  calls["GenerationService/GetAsset"] = [](auto& client, const auto& text, const auto&) {
    return Joined("assets", {AssetAnswer(client.GetAsset(Read<v1::GetAssetRequest>(text).asset_id()))});
  };
  calls["InteractionService/Interact"] = Interact;
  calls["InteractionService/ListDecisions"] = [](auto& client, const auto& text, const auto&) {
    v1::ListDecisionsResponse answer;
    for (auto& one : client.ListDecisions(Read<v1::ListDecisionsRequest>(text))) *answer.add_decisions() = std::move(one);
    return Spoken(answer);
  };
  calls["EngineService/WatchTraining"] = [](auto& client, const auto& text, const auto&) {
    v1::WatchTrainingResponse answer;
    *answer.mutable_training() = client.WatchTraining(Read<v1::WatchTrainingRequest>(text).training_id());
    return Spoken(answer);
  };
  return calls;
}

std::string At(const std::string& answer, const std::string& path) {
  Value value = Read<Value>(answer);
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, '.');) {
    const Value inner = value.has_list_value() ? value.list_value().values(std::stoi(part)) : value.struct_value().fields().at(part);
    value = inner;
  }
  return value.has_string_value() ? value.string_value() : Spoken(value);
}

std::string Filled(std::string text, const std::map<std::string, std::string>& known) {
  for (const auto& [name, value] : known) {
    const std::string mark = "${" + name + "}";
    for (std::size_t at; (at = text.find(mark)) != std::string::npos;) text.replace(at, mark.size(), value);
  }
  return text;
}

std::string Told(const std::string& name, const footlight::Error& error) {
  Struct metadata;
  for (const auto& [key, value] : error.metadata) (*metadata.mutable_fields())[key].set_string_value(value);
  return "{\"name\":" + Quoted(name) + ",\"status\":" + Quoted(error.status()) + ",\"reason\":" + Quoted(error.reason) +
         ",\"field\":" + Quoted(error.field) + ",\"message\":" + Quoted(error.what()) + ",\"metadata\":" + Spoken(metadata) + "}";
}

std::string Text(const Struct& fields, const std::string& name) {
  const auto found = fields.fields().find(name);
  return found == fields.fields().end() ? "" : found->second.string_value();
}

std::unique_ptr<footlight::Client> Dial(const Struct& one) {
  footlight::Options options;
  options.token = Text(one, "token");
  if (one.fields().count("timeout_ms")) options.timeout = std::chrono::milliseconds(static_cast<int>(one.fields().at("timeout_ms").number_value()));
  options.transfer_timeout = options.timeout;
  options.plaintext = one.fields().count("plaintext") != 0;
  if (one.fields().count("tls")) {
    const auto& tls = one.fields().at("tls").struct_value();
    options.tls = footlight::Tls::FromFiles(Text(tls, "roots"), Text(tls, "private_key"), Text(tls, "certificate_chain"));
  }
  return std::make_unique<footlight::Client>(Text(one, "address"), options);
}

}  // namespace

int main(int, char** arguments) {
  std::ifstream file(arguments[1]);
  std::stringstream text;
  text << file.rdbuf();
  const auto calls = Calls();
  std::map<std::string, std::string> known = {{"run", arguments[3]}};
  footlight::Client shared(arguments[2]);
  const auto all = Read<Struct>(text.str());
  for (const auto& value : all.fields().at("cases").list_value().values()) {
    const auto& one = value.struct_value().fields();
    const std::string name = one.at("name").string_value();
    footlight::CallOptions options;
    if (one.count("timeout_ms")) options.timeout = std::chrono::milliseconds(static_cast<int>(one.at("timeout_ms").number_value()));
    try {
      const auto own = one.count("address") ? Dial(value.struct_value()) : nullptr;
      const std::string request = Filled(Spoken(one.at("request")), known);
      const std::string answer = calls.at(one.at("call").string_value())(own ? *own : shared, request, options);
      if (one.count("keep")) {
        for (const auto& [kept, path] : one.at("keep").struct_value().fields()) known[kept] = At(answer, path.string_value());
      }
      std::cout << "{\"name\":" << Quoted(name) << ",\"answer\":" << answer << "}" << std::endl;
    } catch (const footlight::Error& error) {
      std::cout << Told(name, error) << std::endl;
    } catch (const std::invalid_argument& refused) {
      std::cout << "{\"name\":" << Quoted(name) << ",\"status\":\"REFUSED\",\"message\":" << Quoted(refused.what()) << "}" << std::endl;
    }
  }
}
