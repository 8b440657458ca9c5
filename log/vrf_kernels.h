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

// Labels of one key. Both hashes of a label are of one block of SHA-512: they are given
// with their padding, and 32 bytes of them are missing.
inline constexpr size_t kBlockBytes = 128;
inline constexpr size_t kMapInputAt = 51;  // after suite | 82 | PK
inline constexpr size_t kOutputAt = 19;    // after suite | 03
struct LabelKey {
  // Of half the secret scalar modulo the order of the group.
  SignedDigits half;
  uint8_t map_block[kBlockBytes];
  uint8_t output_block[kBlockBytes];
};

// What is to be wiped below the caller's frame after the call, which uses 90 KiB and
// leaves points there that are as secret as the number.
inline constexpr size_t kLabelStackBytes = 128 * 1024;

// The labels of `count` records of 32 bytes. Needs AVX-512 F, BW, DQ and IFMA. Constant
// time. As many as kLabelsAtOnce share one inversion.
inline constexpr size_t kLabelsAtOnce = 128;
void LabelsAvx512Ifma(const LabelKey& key, const uint8_t* records, size_t count,
                      uint8_t* labels);

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_KERNELS_H_
