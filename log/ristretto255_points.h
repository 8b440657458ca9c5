// log/ristretto255_points.h -- points of the curve of RFC 9496, eight side by side.
//
//   HalfStep<Lanes> half = StartDouble(point);
//   FinishToDouble(point, half);
//
// A point has extended coordinates (X : Y : Z : T), x = X / Z, y = Y / Z, T = X Y / Z
// on -x^2 + y^2 = 1 + d x^2 y^2; formulas are those of Hisil, Wong, Carter and Dawson
// (2008). A step is four products of which sums are taken, then three or four products
// of the sums. They are apart, so that several points can take each half step in turn:
// one's arithmetic goes on while another's is not there yet.
//
// A point is what its coordinates say, of all kinds: formulas have no exceptions.
#ifndef SETLOG_LOG_RISTRETTO255_POINTS_H_
#define SETLOG_LOG_RISTRETTO255_POINTS_H_

#include "log/field25519.h"

namespace setlog::lanes {

inline constexpr uint64_t kD[5] = {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029,
                                   0x739c663a03cbb, 0x52036cee2b6ff};
inline constexpr uint64_t kTwoD[5] = {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052,
                                      0x6738cc7407977, 0x2406d9dc56dff};

inline constexpr uint64_t kInvSqrtAMinusD[5] = {0x0fdaa805d40ea, 0x2eb482e57d339,
                                                0x007610274bc58, 0x6510b613dc8ff,
                                                0x786c8905cfaff};

// Whatever a step reads of a point: x, y and z to double it; with t to encode it.
template <typename V>
struct Point {
  Field<V> x, y, z, t;
};

// A point as the left side of an addition.
template <typename V>
struct Augend {
  Field<V> y_plus_x, y_minus_x, z, t;
};

// A point as the right side.
template <typename V>
struct Addend {
  Field<V> y_plus_x, y_minus_x, two_z, two_d_t;
};

template <typename V>
inline constexpr Field<V> Addend<V>::*kAddendParts[] = {
    &Addend<V>::y_plus_x, &Addend<V>::y_minus_x, &Addend<V>::two_z,
    &Addend<V>::two_d_t};

// Between the half steps: X = e f, Y = g h, Z = f g, T = e h.
template <typename V>
struct HalfStep {
  Field<V> e, f, g, h;
};

template <typename V>
[[gnu::always_inline]] inline HalfStep<V> Identity() {
  const Field<V> one = Constant<V>(kOne);
  return {Field<V>{}, one, one, one};
}

template <typename V>
[[gnu::always_inline]] inline HalfStep<V> Negative(const HalfStep<V>& p) {
  return {Carry(Wide(Opposite(p.e))), p.f, p.g, p.h};
}

template <typename V>
[[gnu::always_inline]] inline HalfStep<V> StartDouble(const Point<V>& p) {
  const Sum<V> a = SquareSum(p.x), b = SquareSum(p.y), c = SquareSum(p.z);
  const Sum<V> xy = Product(p.x, p.y);
  // f and h with the other sign than in the paper: it cancels out.
  return {Carry(xy + xy), Carry(((c + c) + a) - b), Carry(b - a), Carry(a + b)};
}

template <typename V>
[[gnu::always_inline]] inline HalfStep<V> StartAdd(const Augend<V>& p,
                                                   const Addend<V>& q) {
  const Sum<V> a = Product(p.y_minus_x, q.y_minus_x);
  const Sum<V> b = Product(p.y_plus_x, q.y_plus_x);
  const Sum<V> c = Product(p.t, q.two_d_t), d = Product(p.z, q.two_z);
  return {Carry(b - a), Carry(d - c), Carry(d + c), Carry(b + a)};
}

template <typename V>
[[gnu::always_inline]] inline void FinishToDouble(Point<V>& to, const HalfStep<V>& s) {
  to.x = Mul(s.e, s.f);
  to.y = Mul(s.g, s.h);
  to.z = Mul(s.f, s.g);
}

template <typename V>
[[gnu::always_inline]] inline void FinishToAdd(Augend<V>& to, const HalfStep<V>& s) {
  const Sum<V> x = Product(s.e, s.f), y = Product(s.g, s.h);
  to = {Carry(y + x), Carry(y - x), Mul(s.f, s.g), Mul(s.e, s.h)};
}

template <typename V>
[[gnu::always_inline]] inline Addend<V> FinishToBeAdded(const HalfStep<V>& s) {
  const Sum<V> x = Product(s.e, s.f), y = Product(s.g, s.h), z = Product(s.f, s.g);
  return {Carry(y + x), Carry(y - x), Carry(z + z),
          Mul(Mul(s.e, s.h), Constant<V>(kTwoD))};
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_POINTS_H_
