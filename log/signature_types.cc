#include "log/signature_types.h"

#include "absl/strings/str_format.h"
#include "log/cosignature.h"

namespace setlog {
namespace {

absl::StatusOr<uint64_t> VerifyEd25519(const VerifierKey& key, std::string_view text,
                                       Bytes signature) {
  if (key.key.Verify(AsBytes(text), signature).ok()) return 0;
  return absl::DataLossError(
      absl::StrFormat("the note's signature by %s is wrong", FormatVkey(key)));
}

absl::StatusOr<uint64_t> VerifyEd25519Cosignature(const VerifierKey& key,
                                                  std::string_view text,
                                                  Bytes signature) {
  const absl::StatusOr<Cosignature> cosignature = ParseCosignature(signature);
  if (!cosignature.ok()) {
    return absl::DataLossError(
        absl::StrFormat("the cosignature by %s: %s", key.name,
                        std::string(cosignature.status().message())));
  }
  if (cosignature->time_s == 0) {
    return absl::DataLossError(
        absl::StrFormat("the cosignature by %s claims no time", key.name));
  }
  const std::string message = CosignedMessage(text, cosignature->time_s);
  if (key.key.Verify(AsBytes(message), cosignature->signature).ok()) {
    return cosignature->time_s;
  }
  return absl::DataLossError(
      absl::StrFormat("the cosignature by %s is wrong", FormatVkey(key)));
}

constexpr SignatureKind kKinds[] = {
    {0x01, "Ed25519", Signer::kLog, VerifyEd25519},
    {0x02, "ECDSA", Signer::kLog, nullptr, "setlog's logs sign with Ed25519"},
    {0x04, "Ed25519 cosignature", Signer::kWitness, VerifyEd25519Cosignature},
    {0x05, "RFC 6962 tree head", Signer::kLog, nullptr,
     "it is for certificate transparency logs"},
    {0x06, "ML-DSA-44 cosignature", Signer::kWitness, nullptr,
     "OpenSSL has ML-DSA from 3.5 on, and this program is made for 3.0; lines of it on "
     "a note are ignored: name the witness's Ed25519 key (0x04)"},
    {0xff, "another algorithm", Signer::kLog, nullptr, "only its owner knows it"},
};

}  // namespace

const SignatureKind* FindSignatureKind(uint8_t type) {
  for (const SignatureKind& kind : kKinds) {
    if (kind.type == type) return &kind;
  }
  return nullptr;
}

std::string VerifiedSignatureTypes() {
  std::string names;
  for (const SignatureKind& kind : kKinds) {
    if (kind.verify == nullptr) continue;
    absl::StrAppendFormat(&names, "%s0x%02x (%s)", names.empty() ? "" : " and ",
                          kind.type, std::string(kind.name));
  }
  return names;
}

}  // namespace setlog
