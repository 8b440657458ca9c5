#include "log/vrf_label_key.h"

#include <sodium.h>

#include <array>

#include "log/vrf_blocks.h"
#include "log/vrf_suite.h"

namespace setlog {
namespace {

using Scalar = std::array<uint8_t, crypto_core_ristretto255_SCALARBYTES>;

// 1 / 2 modulo the order of the group: (q + 1) / 2, little endian.
constexpr Scalar kHalf = {0xf7, 0xe9, 0x7a, 0x2e, 0x8d, 0x31, 0x09, 0x2c,
                          0x6b, 0xce, 0x7b, 0x51, 0xef, 0x7c, 0x6f, 0x0a,
                          0,    0,    0,    0,    0,    0,    0,    0,
                          0,    0,    0,    0,    0,    0,    0,    0x08};

// Digits of 4 bits from 0 to 15 become -8 to 7 and a carry. The last one is at most 2,
// as scalars are below 2^253.
lanes::SignedDigits Recode(const Scalar& scalar) {
  lanes::SignedDigits out;
  int carry = 0;
  for (int i = 0; i < lanes::kDigits; ++i) {
    const int digit = ((scalar[i / 2] >> (4 * (i % 2))) & 15) + carry;
    carry = (digit + 8) >> 4;
    out.digit[i] = static_cast<int8_t>(digit - 16 * carry);
  }
  return out;
}

}  // namespace

VrfLabelKey::VrfLabelKey(Bytes secret_scalar, Bytes public_key) {
  Scalar half;
  crypto_core_ristretto255_scalar_mul(half.data(), secret_scalar.data(), kHalf.data());
  key_.half = Recode(half);
  sodium_memzero(half.data(), half.size());
  PutBlocks(key_.map_block, vrf::kMapInput, public_key, Hash::kSize, 0);
  PutBlocks(key_.output_block, vrf::kOutput, Bytes(), Hash::kSize, 1);
}

VrfLabelKey::~VrfLabelKey() { sodium_memzero(&key_, sizeof key_); }

}  // namespace setlog
