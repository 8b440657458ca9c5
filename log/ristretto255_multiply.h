// log/ristretto255_multiply.h -- many points times one secret number.
//
//   FillMultiples(multiples, points);
//   MultiplyAll(points, multiples, number);
//
// The number is the same in all lanes, so what is added is the same row of each lane's
// table: found by reading all rows under masks. No branch and no address depends on a
// point or on the number.
#ifndef SETLOG_LOG_RISTRETTO255_MULTIPLY_H_
#define SETLOG_LOG_RISTRETTO255_MULTIPLY_H_

#include <stdint.h>

#include "log/ristretto255_points.h"
#include "log/vrf_kernels.h"

namespace setlog::lanes {

// Multiples of points, for MultiplyAll: 1 to 8 times each.
template <typename V, int kCount>
struct Multiples {
  Addend<V> of[kCount][8];
};

template <typename V, int kCount>
[[gnu::noinline]] void FillMultiples(Multiples<V, kCount>& multiples,
                                     const HalfStep<V> (&points)[kCount]) {
  for (int n = 0; n < kCount; ++n) {
    HalfStep<V> multiple = points[n];
    multiples.of[n][0] = FinishToBeAdded(multiple);
    for (int i = 1; i < 8; ++i) {
      Augend<V> augend;
      FinishToAdd(augend, multiple);
      multiple = StartAdd(augend, multiples.of[n][0]);
      multiples.of[n][i] = FinishToBeAdded(multiple);
    }
  }
}

// What digit each lane's multiple is to be taken of: masks of ones where its size is i,
// and where it is negative.
template <typename V>
struct DigitMasks {
  V is[9];
  V minus;
};

// Digits times points, each lane its own. Reads all multiples, whatever the digits.
template <typename V>
[[gnu::always_inline]] inline void TakeMultiples(Addend<V>& out,
                                                 const Addend<V> (&multiples)[8],
                                                 const DigitMasks<V>& digits) {
#pragma GCC unroll 4
  for (const auto part : kAddendParts<V>) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      V sum = digits.is[1] & (multiples[0].*part).limb[j];
#pragma GCC unroll 8
      for (int i = 1; i < 8; ++i) {
        sum = V::OrAnd(sum, digits.is[i + 1], (multiples[i].*part).limb[j]);
      }
      (out.*part).limb[j] = sum;
    }
  }
  const V zero = digits.is[0], minus = digits.minus;
  out.y_plus_x.limb[0] = V::OrAnd(out.y_plus_x.limb[0], zero, V::All(1));
  out.y_minus_x.limb[0] = V::OrAnd(out.y_minus_x.limb[0], zero, V::All(1));
  out.two_z.limb[0] = V::OrAnd(out.two_z.limb[0], zero, V::All(2));
  const Field<V> plus = out.y_plus_x;
  out.y_plus_x = Select(minus, out.y_minus_x, plus);
  out.y_minus_x = Select(minus, plus, out.y_minus_x);
  out.two_d_t = Select(minus, Opposite(out.two_d_t), out.two_d_t);
}

// The same digit in all lanes.
template <typename V>
[[gnu::noinline]] void LookUp(Addend<V>& out, const Addend<V> (&multiples)[8],
                              int8_t digit) {
  const uint64_t wide = static_cast<uint64_t>(int64_t{digit});
  const uint64_t negative = uint64_t{0} - (wide >> 63);
  const uint64_t size = (wide ^ negative) - negative;
  DigitMasks<V> masks;
  masks.minus = V::All(negative);
  // All ones if size is i, else zero: size ^ i is small.
#pragma GCC unroll 9
  for (uint64_t i = 0; i <= 8; ++i) {
    masks.is[i] = V::All(uint64_t{0} - (((size ^ i) - 1) >> 63));
  }
  TakeMultiples(out, multiples, masks);
}

template <typename V, int kCount>
[[gnu::noinline]] void DoubleThrice(Point<V> (&points)[kCount],
                                    HalfStep<V> (&halves)[kCount]) {
  for (int i = 0; i < 3; ++i) {
    for (int n = 0; n < kCount; ++n) halves[n] = StartDouble(points[n]);
    for (int n = 0; n < kCount; ++n) FinishToDouble(points[n], halves[n]);
  }
}

// The points whose multiples these are, times the number.
template <typename V, int kCount>
[[gnu::noinline]] void MultiplyAll(HalfStep<V> (&out)[kCount],
                                   const Multiples<V, kCount>& multiples,
                                   const SignedDigits& number) {
  Point<V> points[kCount];
  Augend<V> augends[kCount];
  Addend<V> addends[kCount];
  const Field<V> zero = {}, one = Constant<V>(kOne);
  for (int n = 0; n < kCount; ++n) augends[n] = {one, one, one, zero};
  for (int i = kDigits - 1;; --i) {
    for (int n = 0; n < kCount; ++n) {
      LookUp(addends[n], multiples.of[n], number.digit[i]);
    }
    for (int n = 0; n < kCount; ++n) out[n] = StartAdd(augends[n], addends[n]);
    if (i == 0) return;
    for (int n = 0; n < kCount; ++n) FinishToDouble(points[n], out[n]);
    DoubleThrice(points, out);
    for (int n = 0; n < kCount; ++n) out[n] = StartDouble(points[n]);
    for (int n = 0; n < kCount; ++n) FinishToAdd(augends[n], out[n]);
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_MULTIPLY_H_
