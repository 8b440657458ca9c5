#include "witness/cosigned_heads.h"

#include "absl/strings/str_format.h"
#include "log/cosignature.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/note.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// Two notes, and what JSON makes of their lines.
constexpr size_t kMaxRefusalBytes = 4 * kMaxNoteBytes;
constexpr unsigned kMode = 0600;

absl::StatusOr<CosignedHead> Parse(const std::string& bytes, std::string_view origin,
                                   std::span<const VerifierKey> keys,
                                   const VerifierKey& witness) {
  const absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return note.status();
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(note->text);
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->origin != origin) return absl::DataLossError("it is another log's");
  size_t verified = 0;
  for (const VerifierKey& key : keys) {
    const absl::Status status = VerifyNote(*note, key);
    if (status.ok()) ++verified;
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  if (verified == 0) return absl::DataLossError("no key of --logs has signed it");
  const absl::StatusOr<uint64_t> time_s = VerifyCosignature(*note, witness);
  if (!time_s.ok()) return time_s.status();
  if (note->signatures.size() != verified + 1) {
    return absl::DataLossError("it has lines that nobody signed");
  }
  return CosignedHead{bytes, *std::move(checkpoint), *time_s};
}

}  // namespace

absl::StatusOr<CosignedHeads> CosignedHeads::Open(const std::string& directory) {
  if (absl::Status s = MakePrivateDirectory(directory + "/cosigned"); !s.ok()) return s;
  absl::StatusOr<FileLock> lock = FileLock::TryAcquire(directory + "/lock");
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "another witness uses %s: two of them could cosign two histories", directory));
  }
  if (!lock.ok()) return lock.status();
  // Even if they were made before: whoever did may have been killed before he synced.
  if (absl::Status s = SyncDirectoryOf(directory + "/cosigned"); !s.ok()) return s;
  // What it stands in may be nobody's to read, where somebody else has made it.
  SyncDirectoryOf(directory).IgnoreError();
  return CosignedHeads(directory, *std::move(lock));
}

std::string CosignedHeads::File(std::string_view origin,
                                std::string_view extension) const {
  return absl::StrFormat("%s/cosigned/%s%s", directory_, ToHex(Sha256(AsBytes(origin))),
                         extension);
}

absl::StatusOr<std::optional<CosignedHead>> CosignedHeads::Load(
    std::string_view origin, std::span<const VerifierKey> keys,
    const VerifierKey& witness) const {
  const std::string path = File(origin, ".note");
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxNoteBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  absl::Status status = bytes.status();
  if (status.ok()) {
    absl::StatusOr<CosignedHead> head = Parse(*bytes, origin, keys, witness);
    if (head.ok()) return *std::move(head);
    status = head.status();
  }
  return absl::DataLossError(absl::StrFormat(
      "%s, the head of %s that was cosigned last, cannot be used (%s): without it this "
      "witness could cosign a second history. If a key was changed in --logs or --key, "
      "put the old one back. Else restore the file from a copy that is as new as the "
      "last cosignature; if there is none, retire this key: a new --key needs a new "
      "--state",
      path, origin, std::string(status.message())));
}

absl::Status CosignedHeads::Store(std::string_view origin,
                                  std::string_view note) const {
  return ReplaceFile(File(origin, ".note"), note, kMode);
}

absl::StatusOr<std::optional<Refusal>> CosignedHeads::LoadRefusal(
    std::string_view origin) const {
  const std::string path = File(origin, ".refused");
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxRefusalBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  Refusal refusal{"", absl::StrFormat("%s says so, and cannot be read", path), ""};
  if (!bytes.ok()) return refusal;
  const absl::StatusOr<JsonValue> json = ParseJson(*bytes);
  if (!json.ok()) return refusal;
  const auto take = [&](const char* key, std::string* out) {
    const JsonValue* member = json->Find(key);
    if (member != nullptr && member->AsString() != nullptr) *out = *member->AsString();
  };
  take("kind", &refusal.kind);
  take("what", &refusal.what);
  take("evidence", &refusal.evidence);
  const JsonValue* heads = json->Find("heads");
  if (heads != nullptr && heads->AsArray() != nullptr) {
    for (const JsonValue& note : *heads->AsArray()) {
      if (note.AsString() != nullptr) refusal.heads.push_back(*note.AsString());
    }
  }
  return refusal;
}

absl::Status CosignedHeads::StoreRefusal(std::string_view origin,
                                         const Refusal& refusal) const {
  JsonValue::Object members;
  members.push_back({"evidence", JsonValue{refusal.evidence}});
  if (!refusal.heads.empty()) {
    JsonValue::Array heads;
    for (const std::string& note : refusal.heads) heads.push_back(JsonValue{note});
    members.push_back({"heads", JsonValue{std::move(heads)}});
  }
  members.push_back({"kind", JsonValue{refusal.kind}});
  members.push_back({"origin", JsonValue{std::string(origin)}});
  members.push_back({"what", JsonValue{refusal.what}});
  return ReplaceFile(File(origin, ".refused"),
                     CanonicalJson({std::move(members)}) + "\n", kMode);
}

}  // namespace setlog
