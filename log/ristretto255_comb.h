// log/ristretto255_comb.h -- numbers of each lane's own times points that all lanes
// share.
//
//   Comb<Lanes, 8> comb;
//   FillComb(comb, base);                         // once for a point
//   CombMultiples(out, comb, s, other_comb, c);   // s B + c K
//   CombMultiple(out, comb, k);                   // k B
//
// Of a shared point a lane's row is found by one instruction a limb: its 16 rows lie
// in two registers. A tooth is 2^(32 i) times the point; with one for every 32 bits of
// the number, 28 doublings are enough. The same time for all numbers: an index into
// registers is no address.
#ifndef SETLOG_LOG_RISTRETTO255_COMB_H_
#define SETLOG_LOG_RISTRETTO255_COMB_H_

#include <stdint.h>

#include "log/ristretto255_sum.h"

namespace setlog::lanes {

inline constexpr int kToothBits = 32;

// 0 to 15 times a point, a word for each: the first 8 and the last.
template <typename V>
struct SharedRows {
  V first[4][5], last[4][5];
};

// For numbers of up to kTeeth * 32 bits.
template <typename V, int kTeeth>
struct Comb {
  SharedRows<V> tooth[kTeeth];
};

// The teeth of a point that is in all lanes, each in a lane of its own: so that their
// multiples are computed side by side.
template <typename V>
[[gnu::noinline]] void SpreadTeeth(HalfStep<V>& teeth, const HalfStep<V>& point,
                                   int count) {
  HalfStep<V> power = point;
  teeth = point;
  for (int i = 1; i < count; ++i) {
    for (int bit = 0; bit < kToothBits; bit += 4) Times16(power);
    uint64_t mask[8] = {};
    mask[i] = ~uint64_t{0};
    const V here = V::Load(mask);
    teeth.e = Select(here, power.e, teeth.e);
    teeth.f = Select(here, power.f, teeth.f);
    teeth.g = Select(here, power.g, teeth.g);
    teeth.h = Select(here, power.h, teeth.h);
  }
}

template <typename V, int kTeeth>
[[gnu::noinline]] void FillComb(Comb<V, kTeeth>& comb, const HalfStep<V>& point) {
  static_assert(kTeeth <= 8);
  HalfStep<V> multiple;
  SpreadTeeth(multiple, point, kTeeth);
  const Addend<V> once = FinishToBeAdded(multiple);
  uint64_t rows[16][4][5][8];  // the last index is the tooth
  for (int row = 0; row < 16; ++row) {
    Addend<V> addend = once;
    if (row == 0) addend = FinishToBeAdded(Identity<V>());
    if (row > 1) {
      Augend<V> augend;
      FinishToAdd(augend, multiple);
      multiple = StartAdd(augend, once);
      addend = FinishToBeAdded(multiple);
    }
    for (int part = 0; part < 4; ++part) {
      for (int j = 0; j < 5; ++j) {
        (addend.*kAddendParts<V>[part]).limb[j].Store(rows[row][part][j]);
      }
    }
  }
  for (int i = 0; i < 4 * 5 * kTeeth; ++i) {
    const int part = i % 4, j = i / 4 % 5, tooth = i / 20;
    uint64_t words[16];
    for (int row = 0; row < 16; ++row) words[row] = rows[row][part][j][tooth];
    comb.tooth[tooth].first[part][j] = V::Load(words);
    comb.tooth[tooth].last[part][j] = V::Load(words + 8);
  }
}

template <typename V>
[[gnu::always_inline]] inline void TakeShared(Addend<V>& out, const SharedRows<V>& rows,
                                              V index) {
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      (out.*kAddendParts<V>[part]).limb[j] =
          V::Pick(rows.first[part][j], rows.last[part][j], index);
    }
  }
}

// Adds 4 bits of the numbers, from bit `low` of each tooth, times the point.
template <typename V, int kTeeth>
[[gnu::noinline]] void AddFromComb(HalfStep<V>& sum, const Comb<V, kTeeth>& comb,
                                   const V (&numbers)[4], int low) {
  for (int tooth = 0; tooth < kTeeth; ++tooth) {
    Augend<V> augend;
    Addend<V> addend;
    const int bit = kToothBits * tooth + low;
    TakeShared(addend, comb.tooth[tooth], numbers[bit / 64] >> (bit % 64));
    FinishToAdd(augend, sum);
    sum = StartAdd(augend, addend);
  }
}

// s times one point plus c times the other; c is below 2^128, both are words.
template <typename V>
[[gnu::noinline]] void CombMultiples(HalfStep<V>& out, const Comb<V, 8>& of_s,
                                     const V (&s)[4], const Comb<V, 4>& of_c,
                                     const V (&c)[4]) {
  out = Identity<V>();
  for (int low = kToothBits - 4;; low -= 4) {
    AddFromComb(out, of_s, s, low);
    AddFromComb(out, of_c, c, low);
    if (low == 0) return;
    Times16(out);
  }
}

template <typename V>
[[gnu::noinline]] void CombMultiple(HalfStep<V>& out, const Comb<V, 8>& comb,
                                    const V (&k)[4]) {
  out = Identity<V>();
  for (int low = kToothBits - 4;; low -= 4) {
    AddFromComb(out, comb, k, low);
    if (low == 0) return;
    Times16(out);
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_COMB_H_
