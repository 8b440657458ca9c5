// log/ristretto255_bytes.h -- elements of RFC 9496 from their bytes and back.
//
//   Decode(points, valid, words);  // section 4.3.1, of eight strings in each vector
//   Encode(words, points);         // section 4.3.2
//
// A square root for each point, in both. (What is known to be a double can do without:
// log/ristretto255_encode.h.) The same time for all points.
#ifndef SETLOG_LOG_RISTRETTO255_BYTES_H_
#define SETLOG_LOG_RISTRETTO255_BYTES_H_

#include "log/field25519_roots.h"
#include "log/ristretto255_points.h"

namespace setlog::lanes {

// The points that the words encode; masks of ones in the lanes where they do encode
// one. Each element has one encoding; the identity's is zeros. A lane that encodes none
// holds numbers that mean nothing.
template <typename V, int kCount>
[[gnu::noinline]] void Decode(HalfStep<V> (&out)[kCount], V (&valid)[kCount],
                              const V (&words)[kCount][4]) {
  const Field<V> one = Constant<V>(kOne);
  Fields<V, kCount> s, v, u2, ones, divisor, root;
  for (int n = 0; n < kCount; ++n) {
    s.at[n] = FromWords(words[n]);
    const Sum<V> ss = SquareSum(s.at[n]);
    const Field<V> u1 = Carry(Wide(one) - ss);
    u2.at[n] = Carry(Wide(one) + ss);
    const Field<V> u2_squared = Square(u2.at[n]);
    const Sum<V> du1_squared = Product(Constant<V>(kD), Square(u1));
    v.at[n] = Carry(Sum<V>{} - (du1_squared + Wide(u2_squared)));
    divisor.at[n] = Mul(v.at[n], u2_squared);
    ones.at[n] = one;
  }
  V was_square[kCount];
  SqrtRatio(root, was_square, ones, divisor);
  for (int n = 0; n < kCount; ++n) {
    const Field<V> u1 = Carry(Wide(one) - SquareSum(s.at[n]));
    const Field<V> x_divisor = Mul(root.at[n], u2.at[n]);
    const Field<V> y_divisor = Mul(Mul(root.at[n], x_divisor), v.at[n]);
    const Sum<V> sx = Product(s.at[n], x_divisor);
    const Field<V> x = Abs(Carry(sx + sx)), y = Mul(u1, y_divisor);
    // Bits of what must not be: another encoding of the same number, and the rest.
    V canonical[4];
    ToWords(canonical, s.at[n]);
    V wrong = IsNegative(s.at[n]) | V::IsZero(was_square[n]) | IsNegative(Mul(x, y)) |
              IsZero(y);
    for (int i = 0; i < 4; ++i) wrong = wrong | (words[n][i] ^ canonical[i]);
    valid[n] = V::IsZero(wrong);
    out[n] = {x, one, one, y};
  }
}

template <typename V, int kCount>
[[gnu::noinline]] void Encode(V (&words)[kCount][4],
                              const HalfStep<V> (&points)[kCount]) {
  Fields<V, kCount> x, y, z, t, u1, u2, ones, divisor, root;
  for (int n = 0; n < kCount; ++n) {
    const HalfStep<V>& p = points[n];
    x.at[n] = Mul(p.e, p.f);
    y.at[n] = Mul(p.g, p.h);
    z.at[n] = Mul(p.f, p.g);
    t.at[n] = Mul(p.e, p.h);
    u1.at[n] =
        Mul(Carry(Wide(z.at[n]) + Wide(y.at[n])), Carry(Wide(z.at[n]) - Wide(y.at[n])));
    u2.at[n] = Mul(x.at[n], y.at[n]);
    divisor.at[n] = Mul(u1.at[n], Square(u2.at[n]));
    ones.at[n] = Constant<V>(kOne);
  }
  V was_square[kCount];  // it is
  SqrtRatio(root, was_square, ones, divisor);
  const Field<V> i = Constant<V>(kSqrtM1);
  for (int n = 0; n < kCount; ++n) {
    const Field<V> d1 = Mul(root.at[n], u1.at[n]), d2 = Mul(root.at[n], u2.at[n]);
    const Field<V> z_inverse = Mul(Mul(d1, d2), t.at[n]);
    const V rotate = IsNegative(Mul(t.at[n], z_inverse));
    const Field<V> rotated_x = Select(rotate, Mul(y.at[n], i), x.at[n]);
    const Field<V> rotated_y = Select(rotate, Mul(x.at[n], i), y.at[n]);
    const Field<V> divide = Select(rotate, Mul(d1, Constant<V>(kInvSqrtAMinusD)), d2);
    const Field<V> right_y = NegateIf(IsNegative(Mul(rotated_x, z_inverse)), rotated_y);
    ToWords(words[n], Abs(Mul(divide, Carry(Wide(z.at[n]) - Wide(right_y)))));
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_BYTES_H_
