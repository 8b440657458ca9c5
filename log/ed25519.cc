#include "log/ed25519.h"

#include <sodium.h>

#include <algorithm>

#include "absl/strings/str_format.h"

namespace setlog {

// No sodium_init() here: it picks kernels and seeds the random generator, and none of
// the functions below uses either.

absl::StatusOr<Ed25519PublicKey> Ed25519PublicKey::Parse(Bytes bytes) {
  if (bytes.size() != kSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an Ed25519 public key has %d bytes, not %d", kSize, bytes.size()));
  }
  // OpenSSL 3.0 would take all that is refused here: it only decodes the point, and
  // that modulo p. A key of small order, such as the neutral element, "signs" messages
  // that nobody signed, so a log or a witness could publish it and later disown any
  // signature. (libsodium 1.0.18 without the distributions' fix of December 2025 passes
  // points of order 2 L; ed25519_test fails with such a library.)
  if (crypto_core_ed25519_is_valid_point(bytes.data()) != 1) {
    return absl::InvalidArgumentError(
        "not an Ed25519 public key: the bytes are no canonical encoding of a point of "
        "the "
        "prime-order subgroup");
  }
  Ed25519PublicKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

absl::Status Ed25519PublicKey::Verify(Bytes message, Bytes signature) const {
  if (signature.size() != crypto_sign_BYTES) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an Ed25519 signature has 64 bytes, not %d", signature.size()));
  }
  if (crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                  bytes_.data()) != 0) {
    return absl::DataLossError(
        "the Ed25519 signature is wrong for this message and key");
  }
  return absl::OkStatus();
}

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromSeed(Bytes seed) {
  if (seed.size() != kSeedSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an Ed25519 seed has %d bytes, not %d", kSeedSize, seed.size()));
  }
  static_assert(crypto_sign_SECRETKEYBYTES == sizeof(secret_));
  Ed25519PrivateKey key;
  std::array<uint8_t, Ed25519PublicKey::kSize> public_key;  // kept in secret_ too
  crypto_sign_seed_keypair(public_key.data(), key.secret_.data(), seed.data());
  return key;
}

Ed25519PrivateKey::~Ed25519PrivateKey() {
  sodium_memzero(secret_.data(), secret_.size());
}

Ed25519PrivateKey::Ed25519PrivateKey(Ed25519PrivateKey&& other) noexcept
    : secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

Ed25519PrivateKey& Ed25519PrivateKey::operator=(Ed25519PrivateKey&& other) noexcept {
  if (this != &other) {
    secret_ = other.secret_;
    sodium_memzero(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

Ed25519PublicKey Ed25519PrivateKey::PublicKey() const {
  // Not parsed: a multiple of the base point is in the subgroup, and RFC 8032's
  // clamping keeps it from being the neutral element.
  Ed25519PublicKey key;
  std::copy(secret_.begin() + kSeedSize, secret_.end(), key.bytes_.begin());
  return key;
}

Ed25519Signature Ed25519PrivateKey::Sign(Bytes message) const {
  static_assert(crypto_sign_BYTES == sizeof(Ed25519Signature));
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       secret_.data());
  return signature;
}

}  // namespace setlog
