// log/vrf_prove_lanes.h -- proofs by a VRF key (log/vrf.h), eight side by side.
//
//   MapOf<Lanes>(key, records, count, h);
//   ...                                     // a nonce k for each, from its H
//   ProveOf<Lanes>(base, key, h, nonces, count, proven);
//
// x H, k H and k B, three encodings and a hash. H is decoded again in the second
// step, 4 % of the work, so that nothing but bytes has to pass between the steps. The
// same time for all keys, records and nonces.
#ifndef SETLOG_LOG_VRF_PROVE_LANES_H_
#define SETLOG_LOG_VRF_PROVE_LANES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "log/ristretto255_base.h"
#include "log/ristretto255_bytes.h"
#include "log/ristretto255_map.h"
#include "log/ristretto255_sum.h"
#include "log/vrf_hash_lanes.h"
#include "log/vrf_kernels.h"

namespace setlog::lanes {

template <typename V>
void MapOf(const ProveKey& key, const uint8_t* records, size_t count, uint8_t* h) {
  for (size_t i = 0; i < count; i += 8) {
    const size_t lanes = count - i < 8 ? count - i : 8;
    uint8_t bytes[8][32] = {};
    memcpy(bytes, records + 32 * i, 32 * lanes);
    V digest[8], uniform[8], words[1][4];
    HalfStep<V> point[1];
    HashBlocks(digest, key.map_block, kMapInputAt, bytes);
    for (int n = 0; n < 8; ++n) uniform[n] = V::SwapBytes(digest[n]);
    OneWayMap<V, 1>(point, uniform);
    Encode(words, point);
    ToBytes(bytes, words[0]);
    memcpy(h + 32 * i, bytes, 32 * lanes);
  }
}

// Gamma, U and V.
template <typename V>
[[gnu::noinline]] void ComputeProducts(V (&words)[3][4], const Comb<V, 8>& base,
                                       const V (&h)[1][4], const V (&x)[4],
                                       const V (&k)[4]) {
  HalfStep<V> point[1], products[3];
  Multiples<V, 1> of_h;
  OffsetDigits<V> digits;
  V valid[1];  // they are: MapOf made them
  Decode(point, valid, h);
  FillMultiples(of_h, point);
  OffsetDigitsOf(digits, x);
  MultiplyEach(products[0], of_h, digits);
  CombMultiple(products[1], base, k);
  OffsetDigitsOf(digits, k);
  MultiplyEach(products[2], of_h, digits);
  Encode(words, products);
}

template <typename V>
void ProveOf(const Comb<V, 8>& base, const ProveKey& key, const uint8_t* h,
             const uint8_t* nonces, size_t count, Proven* proven) {
  uint8_t bytes[8][32];
  V x[4];
  for (uint8_t(&lane)[32] : bytes) memcpy(lane, key.secret, 32);
  FromBytes(x, bytes);
  for (size_t i = 0; i < count; i += 8) {
    const size_t lanes = count - i < 8 ? count - i : 8;
    V point[1][4], k[4], words[3][4], digest[8];
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, nonces + 32 * i, 32 * lanes);
    FromBytes(k, bytes);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, h + 32 * i, 32 * lanes);
    FromBytes(point[0], bytes);
    ComputeProducts(words, base, point, x, k);

    uint8_t hashed[8][4 * 32];
    ToBytes(hashed, point[0], 0);
    for (size_t n = 0; n < 3; ++n) ToBytes(hashed, words[n], 32 + 32 * n);
    HashBlocks(digest, key.challenge_blocks, kChallengeAt, hashed);
    V challenge[4] = {};
    for (int n = 0; n < 2; ++n) challenge[n] = V::SwapBytes(digest[n]);
    ToBytes(bytes, challenge);
    for (size_t n = 0; n < lanes; ++n) memcpy(proven[i + n].challenge, bytes[n], 16);

    ToBytes(bytes, words[0]);
    for (size_t n = 0; n < lanes; ++n) memcpy(proven[i + n].gamma, bytes[n], 32);
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_PROVE_LANES_H_
