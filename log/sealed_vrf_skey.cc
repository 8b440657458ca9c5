#include "log/sealed_vrf_skey.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/locked_bytes.h"

namespace setlog {
namespace {

constexpr std::string_view kPrefix = "ENCRYPTED+VRF+";
constexpr size_t kKeySize = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
using Salt = decltype(SealedVrfSkey::salt);
using Nonce = decltype(SealedVrfSkey::nonce);
using Box = decltype(SealedVrfSkey::box);
static_assert(std::tuple_size_v<Salt> == crypto_pwhash_SALTBYTES);
static_assert(std::tuple_size_v<Nonce> == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(std::tuple_size_v<Box> ==
              VrfSecretKey::kSize + crypto_aead_xchacha20poly1305_ietf_ABYTES);

absl::Status Malformed() {
  return absl::InvalidArgumentError(
      "an encrypted VRF key has the form "
      "ENCRYPTED+VRF+PUBLIC+PASSES+MIB+SALT+NONCE+BOX in lower-case hex");
}

absl::Status WrongPassphrase() {
  return absl::FailedPreconditionError(
      "wrong passphrase, or the key is not as it was written");
}

absl::Status CheckCost(uint64_t passes, uint64_t mebibytes) {
  if (passes > 0 && mebibytes > 0 && mebibytes <= kMaxPassphraseMebibytes &&
      passes <= kMaxPassphraseWork / mebibytes) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "an encrypted VRF key may ask for 1 to %d MiB, and MiB times passes for %d at "
      "most, not for %d MiB and %d passes",
      kMaxPassphraseMebibytes, kMaxPassphraseWork, mebibytes, passes));
}

// The text before the box: what the box is bound to.
std::string Head(const SealedVrfSkey& sealed) {
  return absl::StrFormat("%s%s+%d+%d+%s+%s+", kPrefix, ToHex(sealed.public_key.bytes()),
                         sealed.cost.passes, sealed.cost.mebibytes, ToHex(sealed.salt),
                         ToHex(sealed.nonce));
}

// What stands before the next '+', which is taken off with it; else all of it.
std::string_view TakeField(std::string_view& rest) {
  const std::string_view field = rest.substr(0, rest.find('+'));
  rest.remove_prefix(std::min(rest.size(), field.size() + 1));
  return field;
}

template <typename Array>
std::optional<Array> ArrayFromHex(std::string_view hex) {
  const std::optional<std::string> decoded = BytesFromHex(hex);
  Array bytes;
  if (!decoded || decoded->size() != bytes.size()) return std::nullopt;
  std::ranges::copy(AsBytes(*decoded), bytes.begin());
  return bytes;
}

absl::StatusOr<LockedBytes> KeyOf(const SealedVrfSkey& sealed, Bytes passphrase) {
  absl::StatusOr<LockedBytes> key = LockedBytes::Allocate(kKeySize);
  if (!key.ok()) return key;
  key->Resize(kKeySize);
  if (crypto_pwhash(
          key->data(), kKeySize, reinterpret_cast<const char*>(passphrase.data()),
          passphrase.size(), sealed.salt.data(), sealed.cost.passes,
          size_t{sealed.cost.mebibytes} << 20, crypto_pwhash_ALG_ARGON2ID13) == 0) {
    return key;
  }
  return absl::ResourceExhaustedError(
      absl::StrFormat("an encrypted key needs %d MiB of memory while its passphrase is "
                      "tried, and they are not to be had",
                      sealed.cost.mebibytes));
}

}  // namespace

bool IsSealedVrfSkey(std::string_view text) { return text.starts_with(kPrefix); }

absl::StatusOr<SealedVrfSkey> ParseSealedVrfSkey(std::string_view text) {
  if (!IsSealedVrfSkey(text)) return Malformed();
  std::string_view rest = text.substr(kPrefix.size());
  const std::optional<Hash> point = HashFromHex(TakeField(rest));
  const std::optional<uint64_t> passes = ParseDecimal(TakeField(rest));
  const std::optional<uint64_t> mebibytes = ParseDecimal(TakeField(rest));
  if (!point || !passes || !mebibytes) return Malformed();
  if (absl::Status s = CheckCost(*passes, *mebibytes); !s.ok()) return s;
  const absl::StatusOr<VrfPublicKey> public_key = VrfPublicKey::Parse(*point);
  if (!public_key.ok()) return public_key.status();
  const auto salt = ArrayFromHex<Salt>(TakeField(rest));
  const auto nonce = ArrayFromHex<Nonce>(TakeField(rest));
  const auto box = ArrayFromHex<Box>(rest);
  if (!salt || !nonce || !box) return Malformed();
  const PassphraseCost cost{.passes = static_cast<uint32_t>(*passes),
                            .mebibytes = static_cast<uint32_t>(*mebibytes)};
  return SealedVrfSkey{*public_key, cost, *salt, *nonce, *box};
}

std::string FormatSealedVrfSkey(const SealedVrfSkey& sealed) {
  return Head(sealed) + ToHex(sealed.box);
}

absl::StatusOr<SealedVrfSkey> SealVrfSkey(const VrfSecretKey& key, Bytes passphrase,
                                          const PassphraseCost& cost) {
  if (passphrase.empty()) {
    return absl::InvalidArgumentError("the passphrase is empty, and protects nothing");
  }
  if (absl::Status s = CheckCost(cost.passes, cost.mebibytes); !s.ok()) return s;
  SealedVrfSkey sealed{.public_key = key.PublicKey(), .cost = cost};
  randombytes_buf(sealed.salt.data(), sealed.salt.size());
  randombytes_buf(sealed.nonce.data(), sealed.nonce.size());
  const absl::StatusOr<LockedBytes> secret = KeyOf(sealed, passphrase);
  if (!secret.ok()) return secret.status();
  const std::string head = Head(sealed);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      sealed.box.data(), nullptr, key.Scalar().data(), VrfSecretKey::kSize,
      AsBytes(head).data(), head.size(), nullptr, sealed.nonce.data(),
      secret->bytes().data());
  return sealed;
}

absl::StatusOr<VrfSecretKey> OpenVrfSkey(const SealedVrfSkey& sealed,
                                         Bytes passphrase) {
  const absl::StatusOr<LockedBytes> secret = KeyOf(sealed, passphrase);
  if (!secret.ok()) return secret.status();
  absl::StatusOr<LockedBytes> scalar = LockedBytes::Allocate(VrfSecretKey::kSize);
  if (!scalar.ok()) return scalar.status();
  scalar->Resize(VrfSecretKey::kSize);
  const std::string head = Head(sealed);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          scalar->data(), nullptr, nullptr, sealed.box.data(), sealed.box.size(),
          AsBytes(head).data(), head.size(), sealed.nonce.data(),
          secret->bytes().data()) != 0) {
    return WrongPassphrase();
  }
  absl::StatusOr<VrfSecretKey> key = VrfSecretKey::FromBytes(scalar->bytes());
  if (absl::IsResourceExhausted(key.status())) return key;
  // A box can be made that two passphrases open; a key has one secret.
  if (!key.ok() || key->PublicKey() != sealed.public_key) return WrongPassphrase();
  return key;
}

}  // namespace setlog
