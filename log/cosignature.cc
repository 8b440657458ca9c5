#include "log/cosignature.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/signature_types.h"

namespace setlog {
namespace {

constexpr size_t kTimeBytes = 8;

}  // namespace

std::string CosignedMessage(std::string_view text, uint64_t time_s) {
  return absl::StrFormat("cosignature/v1\ntime %d\n%s", time_s, text);
}

absl::StatusOr<Cosignature> ParseCosignature(Bytes blob) {
  Cosignature cosignature;
  if (blob.size() != kTimeBytes + cosignature.signature.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an Ed25519 cosignature has 72 bytes, not %d", blob.size()));
  }
  cosignature.time_s = ReadU64(blob);
  if (cosignature.time_s > kMaxCosignatureTime) {
    return absl::InvalidArgumentError("the time of a cosignature is below 2^63");
  }
  std::ranges::copy(blob.subspan(kTimeBytes), cosignature.signature.begin());
  return cosignature;
}

absl::StatusOr<NoteSignature> SignCosignature(std::string_view text,
                                              const SigningKey& key, uint64_t time_s) {
  if (time_s == 0 || time_s > kMaxCosignatureTime) {
    return absl::InvalidArgumentError("the time of a cosignature is in [1, 2^63)");
  }
  // A witness key signs checkpoints and nothing else, whatever it is handed.
  if (absl::Status status = ParseCheckpoint(text).status(); !status.ok()) return status;
  const Ed25519Signature signature =
      key.key.Sign(AsBytes(CosignedMessage(text, time_s)));
  std::string blob;
  AppendU64(&blob, time_s);
  blob += AsText(signature);
  return NoteSignature{key.name, key.Verifier(SignatureType::kCosignature).id, blob};
}

absl::StatusOr<uint64_t> VerifyCosignature(const Note& note, const VerifierKey& key) {
  const SignatureKind* kind = FindSignatureKind(static_cast<uint8_t>(key.type));
  if (kind == nullptr || kind->verify == nullptr || kind->signer != Signer::kWitness) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is not a cosigner's key", FormatVkey(key)));
  }
  const NoteSignature* line = FindSignature(note, key);
  if (line == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("the note is not cosigned by %s", FormatVkey(key)));
  }
  return kind->verify(key, note.text, AsBytes(line->signature));
}

}  // namespace setlog
