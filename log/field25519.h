// log/field25519.h -- numbers modulo p = 2^255 - 19, eight side by side.
//
//   Field<Lanes> x = FromBytes(...), y = ...;  // eight of each, one in each lane
//   Field<Lanes> z = Mul(x, y), w = Carry(Wide(x) + Wide(y));
//
// A number is the sum of limb[i] * 2^(51 i). A limb may be larger than 51 bits, and how
// large is known at every step; a multiplication looks at 52:
//
//   reduced   < 2^51 + 2^17   what Carry and everything that ends with it return
//   factor    < 2^52          what products take: reduced ones, and Opposite of them
//   Sum       < 2^63          what Carry takes. A product of factors is < 2^60.2
//
// So sums and differences of products cost no carry of their own: they are taken of the
// Sums, where a multiple of p is added to what would be negative (kBias: every limb >
// 2^60.9). tests/field25519_test.cc runs all of this with lanes that end the program
// when a bound is broken. All functions take the same time for all values.
#ifndef SETLOG_LOG_FIELD25519_H_
#define SETLOG_LOG_FIELD25519_H_

#include <stdint.h>

namespace setlog::lanes {

template <typename V>
struct Field {
  V limb[5];
};

template <typename V>
struct Sum {
  V limb[5];
};

inline constexpr uint64_t kLow51 = (uint64_t{1} << 51) - 1;
inline constexpr uint64_t kOne[5] = {1, 0, 0, 0, 0};

template <typename V>
[[gnu::always_inline]] inline Field<V> Constant(const uint64_t (&limbs)[5]) {
  return {{V::All(limbs[0]), V::All(limbs[1]), V::All(limbs[2]), V::All(limbs[3]),
           V::All(limbs[4])}};
}

template <typename V>
[[gnu::always_inline]] inline Sum<V> Wide(const Field<V>& a) {
  return {{a.limb[0], a.limb[1], a.limb[2], a.limb[3], a.limb[4]}};
}

template <typename V>
[[gnu::always_inline]] inline Sum<V> operator+(const Sum<V>& a, const Sum<V>& b) {
  return {{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2],
           a.limb[3] + b.limb[3], a.limb[4] + b.limb[4]}};
}

// a - b, for b < 2^60.9 and a < 2^62.4.
template <typename V>
[[gnu::always_inline]] inline Sum<V> operator-(const Sum<V>& a, const Sum<V>& b) {
  // 2^10 p
  const V first = V::All((kLow51 - 18) << 10), rest = V::All(kLow51 << 10);
  return {{a.limb[0] + (first - b.limb[0]), a.limb[1] + (rest - b.limb[1]),
           a.limb[2] + (rest - b.limb[2]), a.limb[3] + (rest - b.limb[3]),
           a.limb[4] + (rest - b.limb[4])}};
}

// 2 p - a: a factor, but not reduced.
template <typename V>
[[gnu::always_inline]] inline Field<V> Opposite(const Field<V>& a) {
  const V first = V::All((kLow51 - 18) << 1), rest = V::All(kLow51 << 1);
  return {{first - a.limb[0], rest - a.limb[1], rest - a.limb[2], rest - a.limb[3],
           rest - a.limb[4]}};
}

// Reduced: what is over 51 bits moves on, from the last limb to the first times 19. The
// carries are < 2^12, so one round without waiting for each other is enough.
template <typename V>
[[gnu::always_inline]] inline Field<V> Carry(const Sum<V>& a) {
  const V low = V::All(kLow51);
  return {{V::AddLow(a.limb[0] & low, a.limb[4] >> 51, V::All(19)),
           (a.limb[1] & low) + (a.limb[0] >> 51), (a.limb[2] & low) + (a.limb[1] >> 51),
           (a.limb[3] & low) + (a.limb[2] >> 51),
           (a.limb[4] & low) + (a.limb[3] >> 51)}};
}

// high * 2^255 + low, from sums of up to 5 low halves of products and twice as many
// high ones: t[k] < 14 * 2^52.
template <typename V>
[[gnu::always_inline]] inline Sum<V> Fold(const V (&t)[10]) {
  return {{t[0] + V::Times19(t[5]), t[1] + V::Times19(t[6]), t[2] + V::Times19(t[7]),
           t[3] + V::Times19(t[8]), t[4] + V::Times19(t[9])}};
}

// The product of two factors. The high half of limb i times limb j is worth 2^52, so it
// counts twice in limb i + j + 1.
template <typename V>
[[gnu::always_inline]] inline Sum<V> Product(const Field<V>& a, const Field<V>& b) {
  V t[10];
#pragma GCC unroll 10
  for (int k = 0; k < 10; ++k) t[k] = V::Zero();
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      t[i + j + 1] = V::AddHigh(t[i + j + 1], a.limb[i], b.limb[j]);
    }
  }
#pragma GCC unroll 10
  for (int k = 1; k < 10; ++k) t[k] = t[k] + t[k];
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; ++j) {
      t[i + j] = V::AddLow(t[i + j], a.limb[i], b.limb[j]);
    }
  }
  return Fold(t);
}

// Product(a, a). Products of different limbs count twice, so there are three weights: 4
// for their high halves, 2 for their low halves and the high halves of squares of
// limbs, 1 for the low halves of these.
template <typename V>
[[gnu::always_inline]] inline Sum<V> SquareSum(const Field<V>& a) {
  V t[10];
#pragma GCC unroll 10
  for (int k = 0; k < 10; ++k) t[k] = V::Zero();
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
#pragma GCC unroll 5
    for (int j = i + 1; j < 5; ++j) {
      t[i + j + 1] = V::AddHigh(t[i + j + 1], a.limb[i], a.limb[j]);
    }
  }
#pragma GCC unroll 10
  for (int k = 2; k < 9; ++k) t[k] = t[k] + t[k];
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    t[2 * i + 1] = V::AddHigh(t[2 * i + 1], a.limb[i], a.limb[i]);
#pragma GCC unroll 5
    for (int j = i + 1; j < 5; ++j) {
      t[i + j] = V::AddLow(t[i + j], a.limb[i], a.limb[j]);
    }
  }
#pragma GCC unroll 10
  for (int k = 1; k < 10; ++k) t[k] = t[k] + t[k];
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    t[2 * i] = V::AddLow(t[2 * i], a.limb[i], a.limb[i]);
  }
  return Fold(t);
}

template <typename V>
[[gnu::always_inline]] inline Field<V> Mul(const Field<V>& a, const Field<V>& b) {
  return Carry(Product(a, b));
}

template <typename V>
[[gnu::always_inline]] inline Field<V> Square(const Field<V>& a) {
  return Carry(SquareSum(a));
}

template <typename V>
[[gnu::always_inline]] inline Field<V> Select(const V& mask, const Field<V>& a,
                                              const Field<V>& b) {
  return {{V::Select(mask, a.limb[0], b.limb[0]), V::Select(mask, a.limb[1], b.limb[1]),
           V::Select(mask, a.limb[2], b.limb[2]), V::Select(mask, a.limb[3], b.limb[3]),
           V::Select(mask, a.limb[4], b.limb[4])}};
}

// The limbs of the number that is less than p, each of 51 bits. `a` is reduced, so it
// is less than 2 p.
template <typename V>
[[gnu::always_inline]] inline Field<V> Canonical(const Field<V>& a) {
  const V low = V::All(kLow51);
  // 1 if a + 19 >= 2^255, that is, a >= p.
  V carry = (a.limb[0] + V::All(19)) >> 51;
#pragma GCC unroll 4
  for (int i = 1; i < 5; ++i) carry = (a.limb[i] + carry) >> 51;
  Field<V> out;
  carry = V::Times19(carry);
#pragma GCC unroll 5
  for (int i = 0; i < 5; ++i) {
    const V limb = a.limb[i] + carry;
    out.limb[i] = limb & low;
    carry = limb >> 51;
  }
  return out;
}

// Masks: all ones in the lanes where it is so.
template <typename V>
[[gnu::always_inline]] inline V IsZero(const Field<V>& a) {
  const Field<V> c = Canonical(a);
  return V::IsZero(c.limb[0] | c.limb[1] | c.limb[2] | c.limb[3] | c.limb[4]);
}

// RFC 9496: the least residue is odd.
template <typename V>
[[gnu::always_inline]] inline V IsNegative(const Field<V>& a) {
  return V::IsZero((Canonical(a).limb[0] & V::All(1)) ^ V::All(1));
}

// Reduced, as are those below.
template <typename V>
[[gnu::always_inline]] inline Field<V> NegateIf(const V& mask, const Field<V>& a) {
  return Select(mask, Carry(Wide(Opposite(a))), a);
}

template <typename V>
[[gnu::always_inline]] inline Field<V> Abs(const Field<V>& a) {
  return NegateIf(IsNegative(a), a);
}

// Words of eight strings of 32 bytes, least significant first. Bit 255 is ignored.
template <typename V>
[[gnu::always_inline]] inline Field<V> FromWords(const V* w) {
  const V low = V::All(kLow51);
  return {{w[0] & low, ((w[0] >> 51) | (w[1] << 13)) & low,
           ((w[1] >> 38) | (w[2] << 26)) & low, ((w[2] >> 25) | (w[3] << 39)) & low,
           (w[3] >> 12) & low}};
}

// The words of the number that is less than p. `a` is reduced.
template <typename V>
[[gnu::always_inline]] inline void ToWords(V* w, const Field<V>& a) {
  const Field<V> c = Canonical(a);
  w[0] = c.limb[0] | (c.limb[1] << 51);
  w[1] = (c.limb[1] >> 13) | (c.limb[2] << 38);
  w[2] = (c.limb[2] >> 26) | (c.limb[3] << 25);
  w[3] = (c.limb[3] >> 39) | (c.limb[4] << 12);
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_FIELD25519_H_
