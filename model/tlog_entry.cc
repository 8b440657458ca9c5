#include "model/tlog_entry.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/decimal.h"

namespace setlog {
namespace {

// A tree of 2^64 leaves has paths of 64 hashes.
constexpr size_t kMaxPathHashes = 64;

uint64_t U64Of(JsonObject& object, std::string_view key) {
  if (object.Find(key) == nullptr) return 0;
  const std::optional<uint64_t> number = ParseDecimal(object.String(key));
  if (!number) object.Refuse(key, "must be a decimal number in quotes");
  return number.value_or(0);
}

TlogEntry::Inclusion ReadInclusion(JsonObject object) {
  object.Only({"logIndex", "rootHash", "treeSize", "hashes", "checkpoint"});
  TlogEntry::Inclusion inclusion;
  inclusion.log_index = U64Of(object, "logIndex");
  inclusion.tree_size = U64Of(object, "treeSize");
  const std::optional<Hash> root = HashFromBase64(object.String("rootHash"));
  if (!root) object.Refuse("rootHash", "must be 32 bytes in base64");
  inclusion.root = root.value_or(Hash());
  // The path of the only leaf of a log is empty, and may then be missing.
  if (object.HasValue("hashes")) {
    const JsonValue::Array& hashes = object.Array("hashes");
    if (hashes.size() > kMaxPathHashes) {
      object.Refuse("hashes", absl::StrFormat("must have at most %d", kMaxPathHashes));
      return inclusion;
    }
    for (const JsonValue& value : hashes) {
      const std::string* text = value.AsString();
      const std::optional<Hash> hash = text ? HashFromBase64(*text) : std::nullopt;
      if (!hash) object.Refuse("hashes", "must be of 32 bytes each, in base64");
      inclusion.path.push_back(hash.value_or(Hash()));
    }
  }
  JsonObject checkpoint = object.Object("checkpoint");
  checkpoint.Only({"envelope"});
  inclusion.checkpoint = checkpoint.String("envelope");
  return inclusion;
}

}  // namespace

TlogEntry ReadTlogEntry(JsonObject object) {
  object.Only({"logIndex", "logId", "kindVersion", "integratedTime", "inclusionPromise",
               "inclusionProof", "canonicalizedBody"});
  TlogEntry entry;
  entry.log_index = U64Of(object, "logIndex");
  JsonObject log_id = object.Object("logId");
  log_id.Only({"keyId"});
  entry.log_id = log_id.Base64("keyId");
  if (entry.log_id.size() != Hash::kSize) {
    log_id.Refuse("keyId", "must be 32 bytes in base64");
  }
  JsonObject kind = object.Object("kindVersion");
  kind.Only({"kind", "version"});
  entry.kind = kind.String("kind");
  entry.version = kind.String("version");
  entry.integrated_time_s = U64Of(object, "integratedTime");
  if (object.HasValue("inclusionPromise")) {
    JsonObject promise = object.Object("inclusionPromise");
    promise.Only({"signedEntryTimestamp"});
    entry.signed_entry_timestamp = promise.Base64("signedEntryTimestamp");
  }
  if (object.HasValue("inclusionProof")) {
    entry.inclusion = ReadInclusion(object.Object("inclusionProof"));
  }
  entry.canonicalized_body = object.Base64("canonicalizedBody");
  return entry;
}

}  // namespace setlog
