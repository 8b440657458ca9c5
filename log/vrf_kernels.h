// log/vrf_kernels.h -- what vrf_batch.cc and its kernels for one kind of CPU share.
//
// Plain types and no inline functions, for the reason that log/sha256_kernels.h gives.
#ifndef SETLOG_LOG_VRF_KERNELS_H_
#define SETLOG_LOG_VRF_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

namespace setlog::lanes {

// A number below 2^253 as the sum of digit[i] * 16^i, -8 <= digit[i] <= 8.
inline constexpr int kDigits = 64;
struct SignedDigits {
  int8_t digit[kDigits];
};

// The blocks of SHA-512 that the suite's hashes are of, with their padding; what a
// record or a proof adds is missing: 32 bytes, or H | Gamma | U | V.
inline constexpr size_t kBlockBytes = 128;
inline constexpr size_t kMapInputAt = 51;   // after suite | 82 | PK
inline constexpr size_t kChallengeAt = 51;  // after suite | 02 | PK
inline constexpr size_t kOutputAt = 19;     // after suite | 03

// Labels of one key.
struct LabelKey {
  // Of half the secret scalar modulo the order of the group.
  SignedDigits half;
  uint8_t map_block[kBlockBytes];
  uint8_t output_block[kBlockBytes];
};

// What is to be wiped below the caller's frame after a call with a secret, which uses
// up to 90 KiB and leaves points there that are as secret as the number.
inline constexpr size_t kSecretStackBytes = 128 * 1024;

// The labels of `count` records of 32 bytes. Needs AVX-512 F, BW, DQ and IFMA. Constant
// time. As many as kLabelsAtOnce share one inversion.
inline constexpr size_t kLabelsAtOnce = 128;
void LabelsAvx512Ifma(const LabelKey& key, const uint8_t* records, size_t count,
                      uint8_t* labels);

// Proofs under one key. All of this is public.
struct VerifyKey {
  uint8_t public_key[32];
  uint8_t map_block[kBlockBytes];
  uint8_t challenge_blocks[2 * kBlockBytes];
  uint8_t output_block[kBlockBytes];
};
struct Claim {
  const uint8_t* record;  // 32 bytes
  const uint8_t* proof;   // Gamma | c | s, 80 bytes, s below the order of the group
};
struct Shown {
  uint8_t label[32];
  bool right;  // else the label is nobody's
};

// What each of the claims shows, whatever the others are. Needs the same instructions.
// A call makes a table of the key, which takes as long as two claims: beside
// kClaimsAtOnce of them it is nothing.
inline constexpr size_t kClaimsAtOnce = 64;
void VerifyAvx512Ifma(const VerifyKey& key, const Claim* claims, size_t count,
                      Shown* shown);

// To prove with one key.
struct ProveKey {
  uint8_t secret[32];
  uint8_t map_block[kBlockBytes];
  uint8_t challenge_blocks[2 * kBlockBytes];
};
struct Proven {
  uint8_t gamma[32], challenge[16];
};

// In two steps, for the nonce of a proof is a hash of H: first the encodings of H, 32
// bytes for each record; then, given nonces below the order of the group, the proofs
// but for s = k + c x. Constant time. The same instructions.
void MapAvx512Ifma(const ProveKey& key, const uint8_t* records, size_t count,
                   uint8_t* h);
void ProveAvx512Ifma(const ProveKey& key, const uint8_t* h, const uint8_t* nonces,
                     size_t count, Proven* proven);

// What log/vrf_lane_prover.h takes, of one kind of lanes.
struct ProofSteps {
  decltype(&MapAvx512Ifma) map;
  decltype(&ProveAvx512Ifma) prove;
  decltype(&VerifyAvx512Ifma) verify;
};

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_KERNELS_H_
