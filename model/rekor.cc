#include "model/rekor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/checkpoint.h"
#include "log/jcs.h"
#include "log/note.h"
#include "log/proof.h"
#include "log/show_bytes.h"
#include "log/tree.h"
#include "log/vkey.h"
#include "model/ecdsa_key.h"
#include "model/in_part.h"

namespace setlog {
namespace {

constexpr uint64_t kLastSecond = 253402300799;  // of the year 9999

absl::Status UnknownKey(const TrustedLog& log) {
  return absl::UnimplementedError(absl::StrFormat(
      "the log %s has a key that is no ECDSA key on P-256 and no Ed25519 key",
      log.base_url));
}

// The host, and the port if there is one: the name of Rekor v2's keys.
std::string_view HostOf(std::string_view url) {
  if (const size_t scheme = url.find("://"); scheme != url.npos) {
    url.remove_prefix(scheme + 3);
  }
  return url.substr(0, url.find('/'));
}

// The first four bytes of the log's ID, as notes have them.
uint32_t KeyHint(const TrustedLog& log) {
  uint32_t hint = 0;
  for (size_t i = 0; i < 4; ++i) {
    hint = hint << 8 | static_cast<uint8_t>(log.log_id[i]);
  }
  return hint;
}

// Of Rekor v1. The name of its key is bound by nothing but the text that is signed: the
// origin is the name, or the name, " - " and the number of the log's tree.
absl::StatusOr<Checkpoint> OpenCheckpoint1(const Note& note, const TrustedLog& log) {
  const auto line =
      std::ranges::find(note.signatures, KeyHint(log), &NoteSignature::key_id);
  if (line == note.signatures.end()) {
    return absl::DataLossError("it is not signed by the log's key");
  }
  const absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromDer(AsBytes(log.key));
  if (!key.ok()) return key.status();
  if (absl::Status s = key->Verify(AsBytes(note.text), AsBytes(line->signature));
      !s.ok()) {
    return s;
  }
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(note.text);
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->origin != line->key_name &&
      !checkpoint->origin.starts_with(line->key_name + " - ")) {
    return absl::DataLossError(absl::StrFormat("%s signed it as the log %s",
                                               ShowForeign(line->key_name),
                                               ShowForeign(checkpoint->origin)));
  }
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenCheckpoint2(const std::string& note,
                                           const TrustedLog& log) {
  const absl::StatusOr<Ed25519PublicKey> key =
      Ed25519PublicKey::Parse(AsBytes(log.key).last(Ed25519PublicKey::kSize));
  if (!key.ok()) return key.status();
  const absl::StatusOr<VerifierKey> vkey =
      MakeVerifierKey(HostOf(log.base_url), SignatureType::kEd25519, *key);
  if (!vkey.ok()) return vkey.status();
  if (vkey->id != KeyHint(log)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the trusted root's log %s has the ID of another key or name", log.base_url));
  }
  absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(note, *vkey);
  if (!absl::IsNotFound(checkpoint.status())) return checkpoint;
  return absl::DataLossError(std::string(checkpoint.status().message()));
}

absl::StatusOr<Checkpoint> OpenLogCheckpoint(const std::string& bytes,
                                             const TrustedLog& log) {
  if (log.kind == LogKeyKind::kEd25519) return OpenCheckpoint2(bytes, log);
  if (log.kind != LogKeyKind::kEcdsaP256) return UnknownKey(log);
  const absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return note.status();
  return OpenCheckpoint1(*note, log);
}

// What Rekor v1 signs as its promise: these four members, in the form of RFC 8785.
std::string PromisedText(const TlogEntry& entry) {
  const auto number = [](uint64_t n) { return JsonValue{static_cast<double>(n)}; };
  return CanonicalJson(JsonValue{JsonValue::Object{
      {"body", JsonValue{ToBase64(AsBytes(entry.canonicalized_body))}},
      {"integratedTime", number(entry.integrated_time_s)},
      {"logID", JsonValue{ToHex(AsBytes(entry.log_id))}},
      {"logIndex", number(entry.log_index)}}});
}

}  // namespace

absl::Status VerifyInclusionInLog(const TlogEntry& entry, const TrustedLog& log) {
  if (!entry.inclusion) {
    return absl::InvalidArgumentError("the entry has no inclusion proof");
  }
  const TlogEntry::Inclusion& proof = *entry.inclusion;
  const absl::StatusOr<Checkpoint> head = OpenLogCheckpoint(proof.checkpoint, log);
  if (!head.ok()) return InPart("the entry's checkpoint", head.status());
  // What the proof says of its tree is what a path for another tree would say.
  if (head->size != proof.tree_size || head->root != proof.root) {
    return absl::DataLossError(
        "the entry's inclusion proof is for another tree than its checkpoint");
  }
  const absl::Status included = VerifyInclusion(
      proof.log_index, head->size, LeafHash(AsBytes(entry.canonicalized_body)),
      proof.path, head->root);
  if (!included.ok()) return InPart("the entry's inclusion proof", included);
  return absl::OkStatus();
}

absl::Status VerifyEntryPromise(const TlogEntry& entry, const TrustedLog& log) {
  if (log.kind != LogKeyKind::kEcdsaP256) return UnknownKey(log);
  if (entry.log_index > uint64_t{kMaxExactInteger} ||
      entry.integrated_time_s > kLastSecond) {
    return absl::InvalidArgumentError(
        "the entry's index is above 2^53, or its time beyond the year 9999");
  }
  const absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromDer(AsBytes(log.key));
  if (!key.ok()) return key.status();
  const absl::Status promised =
      key->Verify(AsBytes(PromisedText(entry)), AsBytes(entry.signed_entry_timestamp));
  if (!promised.ok()) return InPart("the entry's promise", promised);
  return absl::OkStatus();
}

absl::StatusOr<RekorEntry> VerifyRekorEntry(const TlogEntry& entry,
                                            std::span<const TrustedLog> logs,
                                            const SignedEnvelope& envelope) {
  const TrustedLog* log = FindLog(logs, entry.log_id);
  if (log == nullptr) {
    return absl::NotFoundError(absl::StrFormat(
        "the trusted root has no log with the ID %s; a newer one may have it",
        ToHex(AsBytes(entry.log_id))));
  }
  if (absl::Status s = CheckEntryDescribes(entry, envelope); !s.ok()) return s;
  if (absl::Status s = VerifyInclusionInLog(entry, *log); !s.ok()) return s;
  if (entry.signed_entry_timestamp.empty()) return RekorEntry{log, std::nullopt};
  if (absl::Status s = VerifyEntryPromise(entry, *log); !s.ok()) return s;
  return RekorEntry{log, static_cast<int64_t>(entry.integrated_time_s) * 1'000'000};
}

}  // namespace setlog
