#include "server/backup_manifest.h"

#include <cstring>
#include <optional>
#include <utility>

#include "log/jcs.h"
#include "log/json.h"
#include "log/sha256.h"

namespace setlog {
namespace {

constexpr uint64_t kVersion = 1;

JsonValue Text(std::string text) { return {std::move(text)}; }
JsonValue Number(uint64_t number) { return {static_cast<double>(number)}; }
JsonValue Hex(const Hash& hash) { return {ToHex(hash)}; }

// Members read one by one; the first that is missing or of another type spoils all.
class Reader {
 public:
  explicit Reader(const JsonValue* value) : value_(value) {}

  std::string Text(std::string_view key) {
    const JsonValue* found = value_->Find(key);
    const std::string* text = found == nullptr ? nullptr : found->AsString();
    ok_ &= text != nullptr;
    return text == nullptr ? "" : *text;
  }
  uint64_t Number(std::string_view key) {
    const JsonValue* found = value_->Find(key);
    const std::optional<uint64_t> number =
        found == nullptr ? std::nullopt : found->AsUint();
    ok_ &= number.has_value();
    return number.value_or(0);
  }
  Hash Digest(std::string_view key) {
    const std::optional<Hash> hash = HashFromHex(Text(key));
    ok_ &= hash.has_value();
    return hash.value_or(Hash());
  }
  bool Flag(std::string_view key) {
    const JsonValue* found = value_->Find(key);
    const bool* flag = found == nullptr ? nullptr : found->AsBool();
    ok_ &= flag != nullptr;
    return flag != nullptr && *flag;
  }
  const JsonValue::Array& List(std::string_view key) {
    static const JsonValue::Array kNone;
    const JsonValue* found = value_->Find(key);
    const JsonValue::Array* list = found == nullptr ? nullptr : found->AsArray();
    ok_ &= list != nullptr;
    return list == nullptr ? kNone : *list;
  }
  bool ok() const { return ok_; }

 private:
  const JsonValue* value_;
  bool ok_ = true;
};

}  // namespace

std::string FormatBackupManifest(const BackupManifest& manifest) {
  JsonValue::Array logs;
  for (const BackupLog& log : manifest.logs) {
    logs.push_back({JsonValue::Object{{"origin", Text(log.origin)},
                                      {"root", Hex(log.root)},
                                      {"size", Number(log.size)},
                                      {"vkey", Text(log.vkey)}}});
  }
  JsonValue::Array files;
  for (const BackupFile& file : manifest.files) {
    files.push_back({JsonValue::Object{{"path", Text(file.path)},
                                       {"sha256", Hex(file.sha256)},
                                       {"size", Number(file.size)}}});
  }
  const std::string json = CanonicalJson(
      {JsonValue::Object{{"chain", Hex(manifest.commit.chain)},
                         {"commit", Number(manifest.commit.number)},
                         {"created", Number(static_cast<uint64_t>(manifest.created))},
                         {"files", {std::move(files)}},
                         {"keys", {manifest.keys}},
                         {"logs", {std::move(logs)}},
                         {"store", Text(ToHex(manifest.store))},
                         {"version", Number(kVersion)}}});
  return json + "\n" + ToHex(Sha256(AsBytes(json))) + "\n";
}

absl::StatusOr<BackupManifest> ParseBackupManifest(std::string_view text) {
  const absl::Status malformed =
      absl::DataLossError("is not what `setlogd backup` wrote: use another backup");
  const absl::StatusOr<JsonValue> value =
      ParseJson(text.substr(0, std::min(text.find('\n'), text.size())));
  if (!value.ok()) return malformed;
  Reader reader(&*value);
  if (reader.Number("version") != kVersion) {
    return absl::FailedPreconditionError(
        "has a version that this program does not know: use the release that wrote it");
  }
  BackupManifest manifest;
  manifest.created = static_cast<int64_t>(reader.Number("created"));
  manifest.keys = reader.Flag("keys");
  manifest.commit = {reader.Number("commit"), reader.Digest("chain")};
  const std::optional<std::string> id = BytesFromHex(reader.Text("store"));
  if (!id || id->size() != manifest.store.size()) return malformed;
  std::memcpy(manifest.store.data(), id->data(), id->size());
  bool parts = true;
  for (const JsonValue& item : reader.List("logs")) {
    Reader log(&item);
    manifest.logs.push_back(
        {log.Text("origin"), log.Number("size"), log.Digest("root"), log.Text("vkey")});
    parts &= log.ok();
  }
  for (const JsonValue& item : reader.List("files")) {
    Reader file(&item);
    manifest.files.push_back(
        {file.Text("path"), file.Number("size"), file.Digest("sha256")});
    parts &= file.ok();
  }
  // Writing it again also checks the digest, and that there is nothing else in it.
  if (!reader.ok() || !parts || FormatBackupManifest(manifest) != text) {
    return malformed;
  }
  return manifest;
}

}  // namespace setlog
