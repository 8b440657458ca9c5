// log/ristretto255_encode.h -- bytes of many elements of RFC 9496 for one inversion.
//
//   DoubleEncoder<Lanes, 2, 8> encoder;
//   encoder.Add(0, points);  // two vectors of points at a time, up to eight times
//   encoder.Invert();
//   encoder.Take(words, 0);
//
// Section 4.3.2 takes a square root for each point. Of twice a point the root is known,
// and all that is left is to divide; so who wants the bytes of P encodes the double of
// P / 2, which costs nothing where P is a multiple anyway. The same time for all
// points.
#ifndef SETLOG_LOG_RISTRETTO255_ENCODE_H_
#define SETLOG_LOG_RISTRETTO255_ENCODE_H_

#include "log/field25519_roots.h"
#include "log/ristretto255_points.h"

namespace setlog::lanes {

// A point P on the way to the encoding of 2 P: e, f, g and h of the doubling's formula.
// 1 / (e f g h) is all that is missing.
template <typename V>
struct DoubleToEncode {
  Field<V> e, f, g, h, eg, fh;
};

template <typename V>
[[gnu::always_inline]] inline void StartEncode(DoubleToEncode<V>& out,
                                               const HalfStep<V>& half) {
  const Field<V> x = Mul(half.e, half.f), y = Mul(half.g, half.h);
  const Field<V> z = Mul(half.f, half.g), t = Mul(half.e, half.h);
  const Sum<V> xx = SquareSum(x), yy = SquareSum(y), zz = SquareSum(z);
  const Sum<V> xy = Product(x, y), dtt = Product(Square(t), Constant<V>(kD));
  out.e = Carry(xy + xy);
  out.f = Carry(zz + dtt);
  out.g = Carry(yy + xx);
  out.h = Carry(zz - dtt);
  out.eg = Mul(out.e, out.g);
  out.fh = Mul(out.f, out.h);
}

// Given the inverse of e f g h, or 0 if that is 0: then 2 P is the identity.
template <typename V>
[[gnu::always_inline]] inline void FinishEncode(V (&words)[4],
                                                const DoubleToEncode<V>& p,
                                                const Field<V>& inverse) {
  const Field<V> i = Constant<V>(kSqrtM1);
  const Field<V> z_inverse = Mul(p.eg, inverse), t_inverse = Mul(p.fh, inverse);
  const V rotate = IsNegative(Mul(p.eg, z_inverse));
  const Field<V> e = Select(rotate, p.g, p.e);
  Field<V> g = Select(rotate, Carry(Wide(Opposite(p.e))), p.g);
  const Field<V> h = Select(rotate, Mul(p.f, i), p.h);
  const Field<V> magic = Select(rotate, i, Constant<V>(kInvSqrtAMinusD));
  g = NegateIf(IsNegative(Mul(Mul(h, e), z_inverse)), g);
  const Field<V> s = Mul(Carry(Wide(h) - Wide(g)), Mul(magic, Mul(g, t_inverse)));
  ToWords(words, Abs(s));
}

// The encodings of twice each of many points, for one inversion: of the product of all,
// lane by lane. Add points with step 0, 1, ...; then Invert; then take the words of the
// last step first.
template <typename V, int kCount, int kSteps>
class DoubleEncoder {
 public:
  DoubleEncoder() {
    for (int n = 0; n < kCount; ++n) product_.at[n] = Constant<V>(kOne);
  }

  [[gnu::noinline]] void Add(int step, const HalfStep<V> (&halves)[kCount]) {
    before_[step] = product_;
    for (int n = 0; n < kCount; ++n) {
      StartEncode(points_[step][n], halves[n]);
      product_.at[n] = Mul(product_.at[n], Divisor(step, n).number);
    }
  }

  void Invert() { lanes::Invert(product_); }

  [[gnu::noinline]] void Take(V (&words)[kCount][4], int step) {
    for (int n = 0; n < kCount; ++n) {
      const MaybeOne divisor = Divisor(step, n);
      const Field<V> inverse = Mul(product_.at[n], before_[step].at[n]);
      product_.at[n] = Mul(product_.at[n], divisor.number);
      FinishEncode(words[n], points_[step][n],
                   Select(divisor.was_zero, Field<V>{}, inverse));
    }
  }

 private:
  // e f g h, or 1 in the place of 0, which would spoil the product.
  struct MaybeOne {
    Field<V> number;
    V was_zero;
  };
  [[gnu::always_inline]] MaybeOne Divisor(int step, int n) const {
    const DoubleToEncode<V>& p = points_[step][n];
    const Field<V> efgh = Mul(p.eg, p.fh);
    const V was_zero = IsZero(efgh);
    return {Select(was_zero, Constant<V>(kOne), efgh), was_zero};
  }

  DoubleToEncode<V> points_[kSteps][kCount];
  Fields<V, kCount> before_[kSteps];  // the product of the divisors of earlier steps
  Fields<V, kCount> product_;         // of all; then the inverse of those not yet taken
};

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_ENCODE_H_
