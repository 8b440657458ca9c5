// log/vrf_verify_lanes.h -- proofs under a VRF key (log/vrf.h), eight side by side.
//
//   Comb<Lanes, 8> base;
//   FillBaseComb(base);  // once in a program
//   VerifyOf<Lanes>(base, key, claims, count, shown);
//
// A proof is two sums of two products, a map to the group and the encodings of three
// points (H, U, V), which are hashed. In s B - c PK the points are those of all lanes,
// and tables replace nearly all doublings; in s H - c Gamma both sums share them.
// A square root for each of the encodings costs 5 % more than it would take to compute
// halves of U and V and divide (log/ristretto255_encode.h), and H has no half.
#ifndef SETLOG_LOG_VRF_VERIFY_LANES_H_
#define SETLOG_LOG_VRF_VERIFY_LANES_H_

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

// What is the same for all proofs under a key.
template <typename V>
struct VerifyTables {
  const Comb<V, 8>& base;
  Comb<V, 4> minus_key;
  V valid_key;
};

template <typename V>
[[gnu::noinline]] void FillKeyTables(VerifyTables<V>& tables,
                                     const uint8_t (&public_key)[32]) {
  HalfStep<V> point;
  DecodeShared(point, tables.valid_key, public_key);
  FillComb(tables.minus_key, Negative(point));
}

// Of eight proofs, as words.
template <typename V>
struct ProofWords {
  V uniform[8];  // what the one-way map takes
  V gamma[4], s[4], c[4];
};
template <typename V>
struct PointWords {
  V huv[3][4];  // H, U, V
  V valid;      // where Gamma was an element
};

template <typename V>
[[gnu::noinline]] void ComputePoints(PointWords<V>& out, const VerifyTables<V>& tables,
                                     const ProofWords<V>& in) {
  HalfStep<V> h[1], gamma[1], huv[3];
  Multiples<V, 1> of_h, of_gamma;
  OffsetDigits<V> s, c;
  V gammas[1][4], valid[1];
  for (int i = 0; i < 4; ++i) gammas[0][i] = in.gamma[i];
  OneWayMap<V, 1>(h, in.uniform);
  huv[0] = h[0];
  CombMultiples(huv[1], tables.base, in.s, tables.minus_key, in.c);
  Decode(gamma, valid, gammas);
  out.valid = valid[0];
  gamma[0] = Negative(gamma[0]);
  FillMultiples(of_h, h);
  FillMultiples(of_gamma, gamma);
  OffsetDigitsOf(s, in.s);
  OffsetDigitsOf(c, in.c);
  AddMultiples(huv[2], of_h, s, of_gamma, c);
  Encode(out.huv, huv);
}

// Eight proofs, taken apart; zeros in lanes without one.
struct ClaimLanes {
  uint8_t record[8][32], gamma[8][32], c[8][32], s[8][32];

  ClaimLanes(const Claim* claims, size_t count) {
    memset(this, 0, sizeof *this);
    for (size_t i = 0; i < count; ++i) {
      memcpy(record[i], claims[i].record, 32);
      memcpy(gamma[i], claims[i].proof, 32);
      memcpy(c[i], claims[i].proof + 32, 16);
      memcpy(s[i], claims[i].proof + 48, 32);
    }
  }
};

// At most eight claims.
template <typename V>
void VerifyTurn(const VerifyTables<V>& tables, const VerifyKey& key,
                const Claim* claims, size_t count, Shown* shown) {
  const ClaimLanes claim(claims, count);
  ProofWords<V> in;
  PointWords<V> points;
  V digest[8], label[4];
  HashBlocks(digest, key.map_block, kMapInputAt, claim.record);
  for (int i = 0; i < 8; ++i) in.uniform[i] = V::SwapBytes(digest[i]);
  FromBytes(in.gamma, claim.gamma);
  FromBytes(in.s, claim.s);
  FromBytes(in.c, claim.c);
  ComputePoints(points, tables, in);

  uint8_t hashed[8][4 * 32];
  ToBytes(hashed, points.huv[0], 0);
  ToBytes(hashed, in.gamma, 32);
  ToBytes(hashed, points.huv[1], 64);
  ToBytes(hashed, points.huv[2], 96);
  HashBlocks(digest, key.challenge_blocks, kChallengeAt, hashed);
  const V differs =
      (V::SwapBytes(digest[0]) ^ in.c[0]) | (V::SwapBytes(digest[1]) ^ in.c[1]);
  uint64_t right[8];
  (V::IsZero(differs) & points.valid & tables.valid_key).Store(right);

  uint8_t labels[8][32];
  HashBlocks(digest, key.output_block, kOutputAt, claim.gamma);
  for (int i = 0; i < 4; ++i) label[i] = V::SwapBytes(digest[i]);
  ToBytes(labels, label);
  for (size_t i = 0; i < count; ++i) {
    memcpy(shown[i].label, labels[i], 32);
    shown[i].right = right[i] != 0;
  }
}

template <typename V>
void VerifyOf(const Comb<V, 8>& base, const VerifyKey& key, const Claim* claims,
              size_t count, Shown* shown) {
  VerifyTables<V> tables = {base, {}, {}};
  FillKeyTables(tables, key.public_key);
  for (size_t i = 0; i < count; i += 8) {
    VerifyTurn(tables, key, claims + i, count - i < 8 ? count - i : 8, shown + i);
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_VERIFY_LANES_H_
