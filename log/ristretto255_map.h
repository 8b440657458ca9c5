// log/ristretto255_map.h -- from 64 uniform bytes to the group of RFC 9496.
//
//   OneWayMap(points, words);  // section 4.3.4, of eight strings in a vector of lanes
//
// The same time for all strings.
#ifndef SETLOG_LOG_RISTRETTO255_MAP_H_
#define SETLOG_LOG_RISTRETTO255_MAP_H_

#include "log/field25519_roots.h"
#include "log/ristretto255_points.h"

namespace setlog::lanes {

inline constexpr uint64_t kSqrtAdMinusOne[5] = {0x7f6a0497b2e1b, 0x1836f0a97afd2,
                                                0x7d747f6be7638, 0x456079e7e6498,
                                                0x376931bf2b834};
inline constexpr uint64_t kOneMinusDSquared[5] = {0x409c1945fc176, 0x719abc6a1fc4f,
                                                  0x1c37f90b20684, 0x06bccca55eedf,
                                                  0x029072a8b2b3e};
inline constexpr uint64_t kDMinusOneSquared[5] = {0x55aaa44ed4d20, 0x59603c3332635,
                                                  0x26d3baf4a7928, 0x120a66e6997a9,
                                                  0x5968b37af66c2};

// MAP of RFC 9496 section 4.3.4, of two numbers for each point.
template <typename V, int kCount>
void ElligatorMap(HalfStep<V> (&out)[kCount], const Fields<V, kCount>& from) {
  const Field<V> one = Constant<V>(kOne), d = Constant<V>(kD);
  Fields<V, kCount> r, u, v, s;
  for (int n = 0; n < kCount; ++n) {
    const Sum<V> rn = Product(Constant<V>(kSqrtM1), Square(from.at[n]));
    r.at[n] = Carry(rn);
    u.at[n] = Mul(Carry(rn + Wide(one)), Constant<V>(kOneMinusDSquared));
    const Field<V> rd_1 = Carry(Product(r.at[n], d) + Wide(one));
    const Sum<V> minus_v = Product(rd_1, Carry(rn + Wide(d)));
    v.at[n] = Carry(Sum<V>{} - minus_v);
  }
  V was_square[kCount];
  SqrtRatio(s, was_square, u, v);
  for (int n = 0; n < kCount; ++n) {
    const Field<V> minus_one = Carry(Sum<V>{} - Wide(one));
    const Field<V> turned = Carry(Wide(Opposite(Abs(Mul(s.at[n], from.at[n])))));
    const Field<V> root = Select(was_square[n], s.at[n], turned);
    const Field<V> c = Select(was_square[n], minus_one, r.at[n]);
    const Field<V> factor =
        Mul(Carry(Wide(r.at[n]) - Wide(one)), Constant<V>(kDMinusOneSquared));
    const Field<V> num = Carry(Product(c, factor) - Wide(v.at[n]));
    const Sum<V> sv = Product(root, v.at[n]), square = SquareSum(root);
    out[n] = {Carry(sv + sv), Carry(Wide(one) + square),
              Mul(num, Constant<V>(kSqrtAdMinusOne)), Carry(Wide(one) - square)};
  }
}

// The one-way map of RFC 9496 section 4.3.4: words[8 n] and on are those of the strings
// for out[n].
template <typename V, int kCount>
[[gnu::noinline]] void OneWayMap(HalfStep<V> (&out)[kCount], const V* words) {
  Fields<V, 2 * kCount> numbers;
  for (int n = 0; n < 2 * kCount; ++n) numbers.at[n] = FromWords(words + 4 * n);
  HalfStep<V> mapped[2 * kCount];
  ElligatorMap(mapped, numbers);
  for (int n = 0; n < kCount; ++n) {
    Augend<V> p;
    FinishToAdd(p, mapped[2 * n]);
    out[n] = StartAdd(p, FinishToBeAdded(mapped[2 * n + 1]));
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_MAP_H_
