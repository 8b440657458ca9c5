// tests/lane_ops_of.h -- the table of tests/lane_ops.h for the lanes V.
#ifndef SETLOG_TESTS_LANE_OPS_OF_H_
#define SETLOG_TESTS_LANE_OPS_OF_H_

#include <stdint.h>
#include <string.h>

#include "lane_ops.h"
#include "log/ristretto255_encode.h"
#include "log/ristretto255_map.h"
#include "log/ristretto255_multiply.h"
#include "log/vrf_prove_lanes.h"
#include "log/vrf_verify_lanes.h"

namespace setlog {

template <typename V>
struct LaneOpsOf {
  using Field = lanes::Field<V>;

  static Field Load(const Limbs& a) {
    return {{V::Load(a.limb[0]), V::Load(a.limb[1]), V::Load(a.limb[2]),
             V::Load(a.limb[3]), V::Load(a.limb[4])}};
  }
  static void Store(Limbs& out, const Field& a) {
    for (int i = 0; i < 5; ++i) a.limb[i].Store(out.limb[i]);
  }

  static void Mul(Limbs& out, const Limbs& a, const Limbs& b) {
    Store(out, lanes::Mul(Load(a), Load(b)));
  }
  static void Square(Limbs& out, const Limbs& a) { Store(out, lanes::Square(Load(a))); }
  static void Add(Limbs& out, const Limbs& a, const Limbs& b) {
    Store(out, Carry(Wide(Load(a)) + Wide(Load(b))));
  }
  static void Subtract(Limbs& out, const Limbs& a, const Limbs& b) {
    Store(out, Carry(Wide(Load(a)) - Wide(Load(b))));
  }
  static void Opposite(Limbs& out, const Limbs& a) {
    Store(out, lanes::Opposite(Load(a)));
  }
  static void SumOf(Limbs& out, const Limbs& a, const Limbs& b) {
    const auto aa = SquareSum(Load(a)), bb = SquareSum(Load(b));
    Store(out, Carry(((aa + aa) + bb) - Product(Load(a), Load(b))));
  }
  static void CarryOf(Limbs& out, const Limbs& a) { Store(out, Carry(Wide(Load(a)))); }
  static void Canonical(Limbs& out, const Limbs& a) {
    Store(out, lanes::Canonical(Load(a)));
  }
  static void Abs(Limbs& out, const Limbs& a) { Store(out, lanes::Abs(Load(a))); }
  static void Invert(Limbs& out, const Limbs& a) {
    lanes::Fields<V, 1> number = {{Load(a)}};
    lanes::Invert(number);
    Store(out, number.at[0]);
  }
  static void SqrtRatio(Limbs& root, LaneMask& was_square, const Limbs& u,
                        const Limbs& v) {
    lanes::Fields<V, 1> found;
    V mask[1];
    lanes::SqrtRatio<V, 1>(found, mask, {{Load(u)}}, {{Load(v)}});
    Store(root, found.at[0]);
    mask[0].Store(was_square.lane);
  }
  static void IsZero(LaneMask& out, const Limbs& a) {
    lanes::IsZero(Load(a)).Store(out.lane);
  }
  static void IsNegative(LaneMask& out, const Limbs& a) {
    lanes::IsNegative(Load(a)).Store(out.lane);
  }
  static void Gammas(uint8_t (&out)[kGammas][32], const uint8_t (&uniform)[kGammas][64],
                     const lanes::SignedDigits& number) {
    lanes::DoubleEncoder<V, 2, 2> encoder;
    for (int step = 0; step < 2; ++step) {
      V words[16];
      for (int i = 0; i < 16; ++i) {
        uint64_t column[8];
        for (int lane = 0; lane < 8; ++lane) {
          memcpy(&column[lane], uniform[16 * step + i / 8 * 8 + lane] + i % 8 * 8, 8);
        }
        words[i] = V::Load(column);
      }
      lanes::HalfStep<V> points[2];
      lanes::Multiples<V, 2> multiples;
      lanes::OneWayMap<V, 2>(points, words);
      lanes::FillMultiples(multiples, points);
      lanes::MultiplyAll(points, multiples, number);
      encoder.Add(step, points);
    }
    encoder.Invert();
    for (int step = 1; step >= 0; --step) {
      V words[2][4];
      encoder.Take(words, step);
      for (int i = 0; i < 8; ++i) {
        uint64_t column[8];
        words[i / 4][i % 4].Store(column);
        for (int lane = 0; lane < 8; ++lane) {
          memcpy(out[16 * step + i / 4 * 8 + lane] + i % 4 * 8, &column[lane], 8);
        }
      }
    }
  }

  static void Recode(LaneBytes& out, LaneMask& valid, const LaneBytes& in) {
    V words[1][4], ok[1];
    lanes::HalfStep<V> points[1];
    lanes::FromBytes(words[0], in);
    lanes::Decode(points, ok, words);
    ok[0].Store(valid.lane);
    lanes::Encode(words, points);
    lanes::ToBytes(out, words[0]);
  }
  static const lanes::Comb<V, 8>& Base() {
    static const auto* const base = [] {
      auto* const made = new lanes::Comb<V, 8>;
      lanes::FillBaseComb(*made);
      return made;
    }();
    return *base;
  }
  static void ProofPoints(LaneBytes (&huv)[3], LaneMask& valid,
                          const uint8_t (&key)[32], const uint8_t (&uniform)[8][64],
                          const LaneBytes& gamma, const LaneBytes& s,
                          const LaneBytes& c) {
    lanes::VerifyTables<V> tables = {Base(), {}, {}};
    lanes::FillKeyTables(tables, key);
    lanes::ProofWords<V> in;
    for (int half = 0; half < 2; ++half) {
      LaneBytes bytes;
      V words[4];
      for (int lane = 0; lane < 8; ++lane) {
        memcpy(bytes[lane], uniform[lane] + 32 * half, 32);
      }
      lanes::FromBytes(words, bytes);
      for (int i = 0; i < 4; ++i) in.uniform[4 * half + i] = words[i];
    }
    lanes::FromBytes(in.gamma, gamma);
    lanes::FromBytes(in.s, s);
    lanes::FromBytes(in.c, c);
    lanes::PointWords<V> out;
    lanes::ComputePoints(out, tables, in);
    out.valid.Store(valid.lane);
    for (int i = 0; i < 3; ++i) lanes::ToBytes(huv[i], out.huv[i]);
  }
  static void Products(LaneBytes (&out)[3], const LaneBytes& h, const LaneBytes& x,
                       const LaneBytes& k) {
    V words[3][4], points[1][4], xs[4], ks[4];
    lanes::FromBytes(points[0], h);
    lanes::FromBytes(xs, x);
    lanes::FromBytes(ks, k);
    lanes::ComputeProducts(words, Base(), points, xs, ks);
    for (int i = 0; i < 3; ++i) lanes::ToBytes(out[i], words[i]);
  }
  static void Verify(const lanes::VerifyKey& key, const lanes::Claim* claims,
                     size_t count, lanes::Shown* shown) {
    lanes::VerifyOf(Base(), key, claims, count, shown);
  }
  static void Map(const lanes::ProveKey& key, const uint8_t* records, size_t count,
                  uint8_t* h) {
    lanes::MapOf<V>(key, records, count, h);
  }
  static void Prove(const lanes::ProveKey& key, const uint8_t* h, const uint8_t* nonces,
                    size_t count, lanes::Proven* proven) {
    lanes::ProveOf(Base(), key, h, nonces, count, proven);
  }
  // Sums in hashes are meant to wrap, which checked lanes do not let them.
  static constexpr lanes::ProofSteps Steps() {
    if constexpr (requires { V::SwapBytes(V{}); }) {
      return {Map, Prove, Verify};
    } else {
      return {};
    }
  }

  static constexpr LaneOps kTable = {
      V::kName, Mul,       Square,      Add,      Subtract,  Opposite, SumOf,
      CarryOf,  Canonical, Abs,         Invert,   SqrtRatio, IsZero,   IsNegative,
      Gammas,   Recode,    ProofPoints, Products, Steps()};
};

}  // namespace setlog

#endif  // SETLOG_TESTS_LANE_OPS_OF_H_
