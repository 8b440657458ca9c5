// log/ristretto255_sum.h -- s H + c G, for numbers and points of each lane's own.
//
//   Multiples<Lanes, 1> of_h, of_g;                // log/ristretto255_multiply.h
//   AddMultiples(out, of_h, s, of_g, c);
//   MultiplyEach(out, of_h, k);                    // k H
//
// Both products in one go, so that they share the doublings. Lanes differ in their
// digits, so each takes its own row of its own table, by masks of its own: a quarter of
// what gathering 20 limbs from eight addresses takes. The same time for all numbers and
// points: those to prove with are secret.
#ifndef SETLOG_LOG_RISTRETTO255_SUM_H_
#define SETLOG_LOG_RISTRETTO255_SUM_H_

#include <stdint.h>

#include "log/ristretto255_multiply.h"

namespace setlog::lanes {

// A number below 2^254 in each lane; 4 bits n at a time stand for n - 8.
template <typename V>
struct OffsetDigits {
  V words[4];
};

// Of the words of the numbers.
template <typename V>
[[gnu::noinline]] void OffsetDigitsOf(OffsetDigits<V>& out, const V (&numbers)[4]) {
  constexpr uint64_t kEights = 0x8888888888888888;
  alignas(64) uint64_t words[4][8];
  for (int i = 0; i < 4; ++i) numbers[i].Store(words[i]);
  for (int lane = 0; lane < 8; ++lane) {
    uint64_t carry = 0;
    for (int i = 0; i < 4; ++i) {
      // By bits, lest a compiler makes a branch of a comparison.
      const uint64_t word = words[i][lane], sum = word + kEights + carry;
      carry = ((word & kEights) | ((word | kEights) & ~sum)) >> 63;
      words[i][lane] = sum;
    }
  }
  for (int i = 0; i < 4; ++i) out.words[i] = V::Load(words[i]);
}

template <typename V>
[[gnu::noinline]] void LookUpEach(Addend<V>& out, const Addend<V> (&multiples)[8],
                                  const OffsetDigits<V>& number, int digit) {
  const V n = number.words[digit / 16] >> (4 * (digit % 16));
  const V low = n & V::All(7);
  DigitMasks<V> masks;
  masks.minus = V::IsZero(n & V::All(8));
  const V size = V::Select(masks.minus, V::All(8) - low, low);
#pragma GCC unroll 9
  for (uint64_t i = 0; i <= 8; ++i) masks.is[i] = V::IsZero(size ^ V::All(i));
  TakeMultiples(out, multiples, masks);
}

template <typename V>
[[gnu::noinline]] void Times16(HalfStep<V>& sum) {
  Point<V> point;
  for (int i = 0; i < 4; ++i) {
    FinishToDouble(point, sum);
    sum = StartDouble(point);
  }
}

// `c` is below 2^128: it has one digit more than half of them, for the last one's
// carry.
template <typename V>
[[gnu::noinline]] void AddMultiples(HalfStep<V>& out, const Multiples<V, 1>& of_h,
                                    const OffsetDigits<V>& s,
                                    const Multiples<V, 1>& of_g,
                                    const OffsetDigits<V>& c) {
  Augend<V> augend;
  Addend<V> addend;
  out = Identity<V>();
  for (int digit = kDigits - 1;; --digit) {
    LookUpEach(addend, of_h.of[0], s, digit);
    FinishToAdd(augend, out);
    out = StartAdd(augend, addend);
    if (digit <= kDigits / 2) {
      LookUpEach(addend, of_g.of[0], c, digit);
      FinishToAdd(augend, out);
      out = StartAdd(augend, addend);
    }
    if (digit == 0) return;
    Times16(out);
  }
}

template <typename V>
[[gnu::noinline]] void MultiplyEach(HalfStep<V>& out, const Multiples<V, 1>& of_h,
                                    const OffsetDigits<V>& k) {
  Augend<V> augend;
  Addend<V> addend;
  out = Identity<V>();
  for (int digit = kDigits - 1;; --digit) {
    LookUpEach(addend, of_h.of[0], k, digit);
    FinishToAdd(augend, out);
    out = StartAdd(augend, addend);
    if (digit == 0) return;
    Times16(out);
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_SUM_H_
