#include "log/skey.h"

#include <sodium.h>

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/note_text.h"

namespace setlog {
namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr char kSeedType = static_cast<char>(SignatureType::kEd25519);

void Wipe(std::string& secret) { sodium_memzero(secret.data(), secret.size()); }

}  // namespace

VerifierKey SigningKey::Verifier(SignatureType type) const {
  const Ed25519PublicKey public_key = key.PublicKey();
  return {name, type, public_key, KeyId(name, type, public_key)};
}

absl::StatusOr<SigningKey> MakeSigningKey(std::string_view name,
                                          Ed25519PrivateKey key) {
  if (absl::Status status = CheckKeyName(name); !status.ok()) return status;
  return SigningKey{std::string(name), std::move(key)};
}

absl::StatusOr<SigningKey> ParseSkey(std::string_view skey) {
  if (!skey.starts_with(kPrefix)) {
    return absl::InvalidArgumentError("a secret key starts with PRIVATE+KEY+");
  }
  const std::string_view rest = skey.substr(kPrefix.size());
  const size_t id_begin = rest.find('+');
  const size_t key_begin =
      id_begin == rest.npos ? rest.npos : rest.find('+', id_begin + 1);
  if (key_begin == rest.npos) {
    return absl::InvalidArgumentError(
        "a secret key has the form PRIVATE+KEY+NAME+KEYID+KEY");
  }
  std::optional<std::string> bytes = BytesFromBase64(rest.substr(key_begin + 1));
  if (!bytes || bytes->size() != 1 + Ed25519PrivateKey::kSeedSize ||
      bytes->front() != kSeedType) {
    if (bytes) Wipe(*bytes);
    return absl::InvalidArgumentError(
        "secret key: not the padded base64 of 0x01 and a 32-byte seed");
  }
  absl::StatusOr<Ed25519PrivateKey> seeded =
      Ed25519PrivateKey::FromSeed(AsBytes(*bytes).subspan(1));
  Wipe(*bytes);
  if (!seeded.ok()) return seeded.status();
  absl::StatusOr<SigningKey> key =
      MakeSigningKey(rest.substr(0, id_begin), *std::move(seeded));
  if (!key.ok()) return key.status();
  // The base64 is canonical; with the ID, everything is compared without copying it.
  const std::string id =
      absl::StrFormat("%08x", key->Verifier(SignatureType::kEd25519).id);
  if (rest.substr(id_begin + 1, key_begin - id_begin - 1) != id) {
    return absl::InvalidArgumentError(
        "secret key: the key ID does not belong to this name and key");
  }
  return key;
}

std::string FormatSkey(const SigningKey& key) {
  std::string bytes(1, kSeedType);
  bytes += AsText(key.key.Seed());
  std::string base64 = ToBase64(AsBytes(bytes));
  std::string skey = absl::StrFormat("%s%s+%08x+", kPrefix, key.name,
                                     key.Verifier(SignatureType::kEd25519).id);
  skey.reserve(skey.size() + base64.size());  // so that no copy stays behind
  skey += base64;
  Wipe(bytes);
  Wipe(base64);
  return skey;
}

}  // namespace setlog
