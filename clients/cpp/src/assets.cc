#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>

#include "footlight/client.h"

namespace footlight {
namespace {

constexpr std::size_t kChunk = 1 << 20;

const std::map<std::string, std::string>& Endings() {
  static const std::map<std::string, std::string> kEndings = {
      {"image/png", ".png"}, {"image/webp", ".webp"}, {"image/jpeg", ".jpg"}, {"image/gif", ".gif"}, {"audio/midi", ".mid"},
      {"audio/wav", ".wav"}, {"audio/x-wav", ".wav"}, {"model/gltf-binary", ".glb"}, {"model/vnd.usdz+zip", ".usdz"},
      {"application/json", ".json"}, {"application/x-npy", ".npy"}, {"text/plain", ".txt"}};
  return kEndings;
}

std::string Digest(const std::string& data) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

// Puts the assets of a stream together.
template <class Message>
void Assemble(grpc::ClientReader<Message>& stream, const std::function<void(Asset)>& take) {
  std::optional<Asset> open;
  for (Message message; stream.Read(&message);) {
    if (message.has_asset()) open = Asset{message.asset(), {}};
    if (!open) continue;
    open->data += message.data();
    if (static_cast<std::int64_t>(open->data.size()) < open->about.size_bytes()) continue;
    if (Digest(open->data) != open->about.sha256()) {
      throw Error(grpc::StatusCode::DATA_LOSS, "the bytes of asset " + open->about.asset_id() + " are not those that were made");
    }
    take(*std::move(open));
    open.reset();
  }
  const grpc::Status status = stream.Finish();
  if (!status.ok()) throw Error::From(status);
  if (open) throw Error(grpc::StatusCode::DATA_LOSS, "the bytes of asset " + open->about.asset_id() + " were cut short");
}

void Write(const std::filesystem::path& path, const std::string& data) {
  std::ofstream file(path, std::ios::binary);
  if (!file.write(data.data(), static_cast<std::streamsize>(data.size()))) throw std::runtime_error("cannot write " + path.string());
}

// Sends a corpus until it is all sent, or the server refuses it.
bool Send(grpc::ClientWriter<v1::UploadCorpusRequest>& stream, const v1::CorpusHeader& header,
          const std::map<std::string, std::string>& files) {
  v1::UploadCorpusRequest message;
  *message.mutable_header() = header;
  if (!stream.Write(message)) return false;
  for (const auto& [path, data] : files) {
    message.mutable_file()->set_path(path);
    message.mutable_file()->set_size_bytes(static_cast<std::int64_t>(data.size()));
    if (!stream.Write(message)) return false;
    for (std::size_t at = 0; at < data.size(); at += kChunk) {
      message.set_chunk(data.substr(at, kChunk));
      if (!stream.Write(message)) return false;
    }
  }
  return true;
}

}  // namespace

std::string Asset::file_name() const {
  const auto ending = Endings().find(about.media_type());
  std::string name = about.deployment() + "-v" + std::to_string(about.model_version()) + "-" + std::to_string(about.seed());
  const auto harmful = [](unsigned char letter) { return !std::isalnum(letter) && letter != '-' && letter != '_' && letter != '.'; };
  std::replace_if(name.begin(), name.end(), harmful, '_');  // no server's words lead out of the folder
  return name + (ending == Endings().end() ? ".bin" : ending->second);
}

std::filesystem::path Asset::Save(const std::filesystem::path& folder) const {
  if (!folder.empty()) std::filesystem::create_directories(folder);
  const auto path = folder / file_name();
  Write(path, data);
  if (!about.sidecar().empty()) Write(path.string() + ".c2pa", about.sidecar());
  return path;
}

void Client::Generate(const v1::GenerateRequest& request, const std::function<void(Asset)>& take, const CallOptions& options) {
  auto context = TransferContext(options);
  auto stream = Generation_->Generate(context.get(), request);
  Assemble(*stream, take);
}

std::vector<std::filesystem::path> Client::GenerateToFiles(const v1::GenerateRequest& request, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  Generate(request, [&](const Asset& asset) { paths.push_back(asset.Save(folder)); });
  return paths;
}

Asset Client::GetAsset(const std::string& asset_id, const CallOptions& options) {
  v1::GetAssetRequest request;
  request.set_asset_id(asset_id);
  auto context = TransferContext(options);
  auto stream = Generation_->GetAsset(context.get(), request);
  std::optional<Asset> found;
  Assemble<v1::GetAssetResponse>(*stream, [&](Asset asset) { found = std::move(asset); });
  if (!found) throw Error(grpc::StatusCode::DATA_LOSS, "asset " + asset_id + " did not come");
  return *std::move(found);
}

v1::Corpus Client::UploadCorpus(const std::string& name, const std::map<std::string, std::string>& files,
                                const std::optional<v1::CorpusRights>& rights) {
  v1::CorpusHeader header;
  header.set_name(name);
  header.set_file_count(static_cast<int>(files.size()));
  if (rights) *header.mutable_rights() = *rights;
  auto context = TransferContext({});
  v1::UploadCorpusResponse answer;
  auto stream = Generation_->UploadCorpus(context.get(), &answer);
  if (Send(*stream, header, files)) stream->WritesDone();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) throw Error::From(status);
  return answer.corpus();
}

}  // namespace footlight
