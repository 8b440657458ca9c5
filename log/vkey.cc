#include "log/vkey.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/note_text.h"
#include "log/sha256.h"
#include "log/signature_types.h"

namespace setlog {
namespace {

Hash KeyHash(std::string_view name, SignatureType type, const Ed25519PublicKey& key) {
  const uint8_t type_byte = static_cast<uint8_t>(type);
  return Sha256({AsBytes(name), AsBytes("\n"), Bytes(&type_byte, 1), key.bytes()});
}

absl::Status CheckVerified(uint8_t type) {
  const SignatureKind* kind = FindSignatureKind(type);
  if (kind != nullptr && kind->verify != nullptr) return absl::OkStatus();
  const std::string why = kind == nullptr
                              ? ""
                              : absl::StrFormat(" (%s: %s)", std::string(kind->name),
                                                std::string(kind->why_not));
  return absl::InvalidArgumentError(
      absl::StrFormat("vkey: signature type 0x%02x is not supported%s, only %s", type,
                      why, VerifiedSignatureTypes()));
}

}  // namespace

uint32_t KeyId(std::string_view name, SignatureType type, const Ed25519PublicKey& key) {
  const Hash hash = KeyHash(name, type, key);
  return static_cast<uint32_t>(ReadU64(hash) >> 32);
}

absl::StatusOr<VerifierKey> MakeVerifierKey(std::string_view name, SignatureType type,
                                            const Ed25519PublicKey& key) {
  if (absl::Status status = CheckKeyName(name); !status.ok()) return status;
  return VerifierKey{std::string(name), type, key, KeyId(name, type, key)};
}

absl::StatusOr<VerifierKey> ParseVkey(std::string_view vkey) {
  // Base64 may contain '+', the two parts before it may not.
  const size_t id_begin = vkey.find('+');
  const size_t key_begin =
      id_begin == vkey.npos ? vkey.npos : vkey.find('+', id_begin + 1);
  if (key_begin == vkey.npos) {
    return absl::InvalidArgumentError("a vkey has the form NAME+KEYID+KEY");
  }
  const std::optional<std::string> bytes = BytesFromBase64(vkey.substr(key_begin + 1));
  if (!bytes || bytes->empty()) {
    return absl::InvalidArgumentError("vkey: the key is not padded base64");
  }
  const SignatureType type{static_cast<uint8_t>(bytes->front())};
  if (absl::Status status = CheckVerified(static_cast<uint8_t>(type)); !status.ok()) {
    return status;
  }
  absl::StatusOr<Ed25519PublicKey> public_key =
      Ed25519PublicKey::Parse(AsBytes(*bytes).subspan(1));
  if (!public_key.ok()) return public_key.status();
  absl::StatusOr<VerifierKey> key =
      MakeVerifierKey(vkey.substr(0, id_begin), type, *public_key);
  if (!key.ok()) return key.status();
  // All parts but the ID are known to be canonical by now.
  if (FormatVkey(*key) != vkey) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vkey: the key ID does not belong to this name and key, for "
                        "which it is %08x (a typing error?)",
                        key->id));
  }
  return key;
}

std::string FormatVkey(const VerifierKey& key) {
  std::string bytes(1, static_cast<char>(key.type));
  bytes += AsText(key.key.bytes());
  return absl::StrFormat("%s+%08x+%s", key.name, key.id, ToBase64(AsBytes(bytes)));
}

std::string Fingerprint(const VerifierKey& key) {
  std::string hash = ToBase64(KeyHash(key.name, key.type, key.key));
  hash.pop_back();  // 32 bytes always end in one '='
  return absl::StrFormat("SHA256:%s", hash);
}

}  // namespace setlog
