// log/ed25519.h -- Ed25519 signatures (RFC 8032 section 5.1, pure), by libsodium.
//
//   absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::FromSeed(seed);
//   const Ed25519Signature signature = key->Sign(AsBytes("text"));
//   absl::Status ok = key->PublicKey().Verify(AsBytes("text"), signature);
//
// One library signs and verifies, because libraries disagree on odd keys and signatures
// and a verdict must not depend on which one was asked.
// Thread-safe: keys are constant once made.
#ifndef SETLOG_LOG_ED25519_H_
#define SETLOG_LOG_ED25519_H_

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

using Ed25519Signature = std::array<uint8_t, 64>;

// A point of the prime-order subgroup. There is no other way to get one than Parse and
// Ed25519PrivateKey::PublicKey, so whoever holds one need not check it again.
class Ed25519PublicKey {
 public:
  static constexpr size_t kSize = 32;

  // The key of the 32-byte encoding of RFC 8032 section 5.1.2. InvalidArgument for a
  // wrong length, a non-canonical encoding (a second name for one key), a point off the
  // curve, of small order (one signature then fits many messages) or outside of the
  // prime-order subgroup (verifiers then disagree). About 0.1 ms.
  static absl::StatusOr<Ed25519PublicKey> Parse(Bytes bytes);

  const std::array<uint8_t, kSize>& bytes() const { return bytes_; }

  // OK iff `signature` is this key's for `message`. InvalidArgument if it is not 64
  // bytes long; otherwise DataLoss, also for a non-canonical signature.
  absl::Status Verify(Bytes message, Bytes signature) const;

  friend bool operator==(const Ed25519PublicKey&, const Ed25519PublicKey&) = default;

 private:
  friend class Ed25519PrivateKey;
  Ed25519PublicKey() = default;

  std::array<uint8_t, kSize> bytes_{};
};

// A secret key. Moves, never copies; the memory is wiped when it dies or is moved from.
// A moved-from key may only be assigned to or destroyed.
class Ed25519PrivateKey {
 public:
  static constexpr size_t kSeedSize = 32;

  // The key of a 32-byte seed (RFC 8032 calls it the private key). InvalidArgument for
  // another length. The caller wipes its own copy of the seed.
  static absl::StatusOr<Ed25519PrivateKey> FromSeed(Bytes seed);

  ~Ed25519PrivateKey();
  Ed25519PrivateKey(Ed25519PrivateKey&& other) noexcept;
  Ed25519PrivateKey& operator=(Ed25519PrivateKey&& other) noexcept;
  Ed25519PrivateKey(const Ed25519PrivateKey&) = delete;
  Ed25519PrivateKey& operator=(const Ed25519PrivateKey&) = delete;

  Ed25519PublicKey PublicKey() const;

  // Deterministic: one message has one signature. About 0.05 ms plus two SHA-512
  // passes.
  Ed25519Signature Sign(Bytes message) const;

  // For writing key files only. The view is into this key.
  Bytes Seed() const { return Bytes(secret_).first(kSeedSize); }

 private:
  Ed25519PrivateKey() = default;

  std::array<uint8_t, 64> secret_{};  // seed | public key, as libsodium wants it
};

}  // namespace setlog

#endif  // SETLOG_LOG_ED25519_H_
