// log/vrf.h -- the VRF of private logs: one label a record, and a proof of it.
//
//   absl::StatusOr<VrfSecretKey> key = VrfSecretKey::Generate();
//   const Hash label = key->Label(record);              // what the log holds
//   const VrfProof proof = key->Prove(record).proof;    // what an answer adds
//   LabelOf(*key->PublicKey().Verify(record, proof));   // == label
//
// ECVRF-RISTRETTO255-SHA512 (C2SP vrf-r255), a suite of RFC 9381 over the group of RFC
// 9496, by libsodium. The input, alpha, is a 32-byte record hash, or a pad's
// (log/vrf_pad.h). A key has one label for each input, whoever made the key:
//
//   proof  Gamma (32) | c (16) | s (32, little endian, below q)       80 bytes
//   beta   SHA-512(suite | 03 | Gamma | 00)       64 bytes; the label is its first 32
//
// Labels alone show nothing of their records; a proof ties one to its record for good.
// Many at a time: log/vrf_batch.h. Thread-safe: keys and proofs are constant once made.
#ifndef SETLOG_LOG_VRF_H_
#define SETLOG_LOG_VRF_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

using VrfOutput = std::array<uint8_t, 64>;  // beta

// The value r that the log holds.
inline Hash LabelOf(const VrfOutput& beta) { return HashFromBytes(beta); }

// A proof of the right form, for whatever key and input. There is no other way to get
// one than to parse and to prove, so Gamma need not be checked again.
class VrfProof {
 public:
  static constexpr size_t kSize = 80;

  // InvalidArgument unless it is exactly 80 bytes, Gamma is the encoding of an element
  // that is not the identity, and s < q: no proof has a second form. About 4 us.
  static absl::StatusOr<VrfProof> Parse(Bytes bytes);

  const std::array<uint8_t, kSize>& bytes() const { return bytes_; }
  Bytes Gamma() const { return Bytes(bytes_).first(32); }
  Bytes Challenge() const { return Bytes(bytes_).subspan(32, 16); }
  Bytes Scalar() const { return Bytes(bytes_).subspan(48); }

  friend bool operator==(const VrfProof&, const VrfProof&) = default;

 private:
  friend class VrfSecretKey;
  friend class VrfLaneProver;
  VrfProof() = default;

  std::array<uint8_t, kSize> bytes_{};
};

// An element of the group that is not the identity; made by Parse and by secret keys.
class VrfPublicKey {
 public:
  // InvalidArgument for a wrong length, bytes that encode no element (each has one
  // encoding), and the identity, under which all inputs have one output. About 4 us.
  static absl::StatusOr<VrfPublicKey> Parse(Bytes bytes);

  const Hash& bytes() const { return bytes_; }

  // Beta, if `proof` is this key's for `alpha`; DataLoss if not. Four multiplications:
  // about 0.17 ms.
  absl::StatusOr<VrfOutput> Verify(Bytes alpha, const VrfProof& proof) const;

  friend bool operator==(const VrfPublicKey&, const VrfPublicKey&) = default;

 private:
  friend class VrfSecretKey;
  VrfPublicKey() = default;

  Hash bytes_;
};

// A secret scalar in memory that is locked, if the system lets it be, surrounded by
// pages that cannot be touched, and wiped when the key dies. Moves, never copies; a
// moved-from key may only be assigned to or destroyed. Whatever depends on the secret
// takes the same time for every key and input of one length.
class VrfSecretKey {
 public:
  static constexpr size_t kSize = 32;

  // A new random key. ResourceExhausted if there is no memory of that kind. 0.1 ms.
  static absl::StatusOr<VrfSecretKey> Generate();
  // The key of a scalar, little endian. InvalidArgument unless it has 32 bytes, is
  // below q and not 0; no message tells any of it. The caller wipes its own copy.
  static absl::StatusOr<VrfSecretKey> FromBytes(Bytes scalar);

  VrfSecretKey(VrfSecretKey&&) noexcept = default;
  VrfSecretKey& operator=(VrfSecretKey&&) noexcept = default;

  const VrfPublicKey& PublicKey() const { return public_key_; }

  // The label, without a proof: one map and one multiplication, about 0.05 ms.
  Hash Label(Bytes alpha) const;

  // The same, with the proof; both are functions of key and input alone. About 0.1 ms.
  struct Answer;
  Answer Prove(Bytes alpha) const;

  // For key files and kernels only. The view is into this key.
  Bytes Scalar() const { return {scalar_.get(), kSize}; }

 private:
  struct Wipe {
    void operator()(uint8_t* memory) const;
  };
  using Memory = std::unique_ptr<uint8_t[], Wipe>;

  explicit VrfSecretKey(Memory scalar);
  static absl::StatusOr<Memory> Allocate();

  Memory scalar_;
  VrfPublicKey public_key_;
};

struct VrfSecretKey::Answer {
  VrfProof proof;
  VrfOutput beta;
};

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_H_
