// log/field25519_roots.h -- inverses and square roots modulo p, by raising to powers.
//
//   Invert(numbers);                        // 1 / a of each
//   SqrtRatio(roots, was_square, u, v);     // sqrt(u / v), if there is one
//
// Chains of some 250 squarings; kCount vectors of eight numbers at a time. Bounds: all
// are reduced (log/field25519.h). The same time for all values.
#ifndef SETLOG_LOG_FIELD25519_ROOTS_H_
#define SETLOG_LOG_FIELD25519_ROOTS_H_

#include "log/field25519.h"

namespace setlog::lanes {

inline constexpr uint64_t kSqrtM1[5] = {0x61b274a0ea0b0, 0x0d5a5fc8f189d,
                                        0x7ef5e9cbd0c60, 0x78595a6804c9e,
                                        0x2b8324804fc1d};

// Several of them, at[0] to at[kCount - 1]. A step of a long chain waits for the one
// before it; those of other chains fill that time.
template <typename V, int kCount>
struct Fields {
  Field<V> at[kCount];
};

template <typename V, int kCount>
[[gnu::noinline]] void MulTo(Fields<V, kCount>& out, const Fields<V, kCount>& a,
                             const Fields<V, kCount>& b) {
#pragma GCC unroll 4
  for (int n = 0; n < kCount; ++n) out.at[n] = Mul(a.at[n], b.at[n]);
}

// a^(2^times) into `a`.
template <typename V, int kCount>
[[gnu::noinline]] void SquareTimes(Fields<V, kCount>& a, int times) {
  for (int i = 0; i < times; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < kCount; ++n) a.at[n] = Square(a.at[n]);
  }
}

template <typename V, int kCount>
struct Powers {
  Fields<V, kCount> to_11;
  Fields<V, kCount> to_2_250_1;  // 2^250 - 1
};

template <typename V, int kCount>
void RaiseTo250(Powers<V, kCount>& powers, const Fields<V, kCount>& a) {
  Fields<V, kCount> t, u, v;
  Fields<V, kCount>& run = powers.to_2_250_1;
  const auto extend = [](Fields<V, kCount>& to, const Fields<V, kCount>& from,
                         int times, const Fields<V, kCount>& by) {
    Fields<V, kCount> raised = from;
    SquareTimes(raised, times);
    MulTo(to, raised, by);
  };
  t = a;
  SquareTimes(t, 1);                // 2
  extend(u, t, 2, a);               // 9
  MulTo(powers.to_11, u, t);        // 11
  extend(run, powers.to_11, 1, u);  // 2^5 - 1
  extend(run, run, 5, run);         // 2^10 - 1
  t = run;
  extend(u, run, 10, run);  // 2^20 - 1
  extend(v, u, 20, u);      // 2^40 - 1
  extend(run, v, 10, t);    // 2^50 - 1
  t = run;
  extend(u, run, 50, run);  // 2^100 - 1
  extend(v, u, 100, u);     // 2^200 - 1
  extend(run, v, 50, t);    // 2^250 - 1
}

// 1 / a, and 0 for 0: a^(p - 2).
template <typename V, int kCount>
void Invert(Fields<V, kCount>& a) {
  Powers<V, kCount> powers;
  RaiseTo250(powers, a);
  SquareTimes(powers.to_2_250_1, 5);
  MulTo(a, powers.to_2_250_1, powers.to_11);
}

// a^((p - 5) / 8)
template <typename V, int kCount>
void RaiseToP58(Fields<V, kCount>& out, const Fields<V, kCount>& a) {
  Powers<V, kCount> powers;
  RaiseTo250(powers, a);
  SquareTimes(powers.to_2_250_1, 2);
  MulTo(out, powers.to_2_250_1, a);
}

// SQRT_RATIO_M1 of RFC 9496 section 4.2: root = sqrt(u / v), and a mask of ones, where
// that is a square; else root = sqrt(i u / v), and none. Roots are not negative, and 0
// for u = 0 or v = 0 (a square if u = 0). u and v are reduced.
template <typename V, int kCount>
void SqrtRatio(Fields<V, kCount>& root, V (&was_square)[kCount],
               const Fields<V, kCount>& u, const Fields<V, kCount>& v) {
  Fields<V, kCount> uv3, power;
  for (int n = 0; n < kCount; ++n) {
    const Field<V> v3 = Mul(Square(v.at[n]), v.at[n]);
    uv3.at[n] = Mul(v3, u.at[n]);
    power.at[n] = Mul(Mul(uv3.at[n], v3), v.at[n]);  // u v^7
  }
  RaiseToP58(root, power);
  MulTo(root, root, uv3);
  const Field<V> i = Constant<V>(kSqrtM1);
  for (int n = 0; n < kCount; ++n) {
    const Sum<V> check = Product(v.at[n], Square(root.at[n]));
    const Field<V> iu = Mul(i, u.at[n]);
    const V correct = IsZero(Carry(check - Wide(u.at[n])));
    const V flipped = IsZero(Carry(check + Wide(u.at[n])));
    const V flipped_i = IsZero(Carry(check + Wide(iu)));
    const Field<V> turned = Mul(i, root.at[n]);
    root.at[n] = Abs(Select(flipped | flipped_i, turned, root.at[n]));
    was_square[n] = correct | flipped;
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_FIELD25519_ROOTS_H_
