// log/sha256_avx512_rounds.h -- the compression of SHA-256 for 16 messages at once: a
// vector holds one word of each.
//
// A round is a chain of dependent operations, so one vector leaves half of the units
// idle; two vectors of messages side by side fill them (1.2 to 1.4 times the rate).
// Include it only in files that are compiled for AVX-512 F and BW: all here has
// internal linkage, so that nothing of it is ever linked in place of portable code.
#ifndef SETLOG_LOG_SHA256_AVX512_ROUNDS_H_
#define SETLOG_LOG_SHA256_AVX512_ROUNDS_H_

#include <immintrin.h>

#include "log/sha256_kernels.h"

namespace setlog::sha256 {
namespace {

using Vector = __m512i;
constexpr size_t kLanes = 16;

[[gnu::always_inline]] inline Vector Add(Vector a, Vector b) {
  return _mm512_add_epi32(a, b);
}
[[gnu::always_inline]] inline Vector Xor3(Vector a, Vector b, Vector c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
[[gnu::always_inline]] inline Vector BigSigma0(Vector a) {
  return Xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
}
[[gnu::always_inline]] inline Vector BigSigma1(Vector e) {
  return Xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
}
[[gnu::always_inline]] inline Vector SmallSigma0(Vector w) {
  return Xor3(_mm512_ror_epi32(w, 7), _mm512_ror_epi32(w, 18), _mm512_srli_epi32(w, 3));
}
[[gnu::always_inline]] inline Vector SmallSigma1(Vector w) {
  return Xor3(_mm512_ror_epi32(w, 17), _mm512_ror_epi32(w, 19),
              _mm512_srli_epi32(w, 10));
}
[[gnu::always_inline]] inline Vector Choose(Vector e, Vector f, Vector g) {
  return _mm512_ternarylogic_epi32(e, f, g, 0xca);
}
[[gnu::always_inline]] inline Vector Majority(Vector a, Vector b, Vector c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0xe8);
}

// Word 16 n + t, n > 0, into the place of the word 16 before it.
[[gnu::always_inline]] inline void Expand(Vector* w, int t) {
  w[t & 15] = Add(Add(SmallSigma1(w[(t + 14) & 15]), w[(t + 9) & 15]),
                  Add(SmallSigma0(w[(t + 1) & 15]), w[t & 15]));
}

// Round t. The variables stay where they are and their names move: a is at -t mod 8.
[[gnu::always_inline]] inline void Round(Vector* s, int t, Vector constant_and_word) {
  const Vector a = s[(0 - t) & 7], b = s[(1 - t) & 7], c = s[(2 - t) & 7];
  const Vector d = s[(3 - t) & 7], e = s[(4 - t) & 7], f = s[(5 - t) & 7];
  const Vector g = s[(6 - t) & 7], h = s[(7 - t) & 7];
  const Vector known = Add(Add(h, constant_and_word), Choose(e, f, g));
  const Vector sigma = BigSigma1(e);
  // One addition more than through their sum, but one less on the way from e to e.
  s[(3 - t) & 7] = Add(Add(d, known), sigma);
  s[(7 - t) & 7] = Add(Add(known, sigma), Add(BigSigma0(a), Majority(a, b, c)));
}

// kGroups vectors of messages: their states and one block of each. One function for all
// blocks, and rolled up by 16 rounds: more code would not fit into the instruction
// cache.
template <int kGroups>
[[gnu::noinline]] void Compress(Vector (*state)[8], Vector (*w)[16]) {
  Vector s[kGroups][8];
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) s[g][i] = state[g][i];
  }
#pragma GCC unroll 16
  for (int t = 0; t < 16; ++t) {
    const Vector constant = _mm512_set1_epi32(static_cast<int>(kRoundConstants[t]));
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      Round(s[g], t, Add(constant, w[g][t]));
    }
  }
#pragma GCC unroll 1
  for (const uint32_t* k = kRoundConstants + 16; k != kRoundConstants + 64; k += 16) {
#pragma GCC unroll 16
    for (int t = 0; t < 16; ++t) {
      const Vector constant = _mm512_set1_epi32(static_cast<int>(k[t]));
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) {
        Expand(w[g], t);
        Round(s[g], t, Add(constant, w[g][t]));
      }
    }
  }
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) state[g][i] = Add(state[g][i], s[g][i]);
  }
}

// The four words of each 128-bit part of a..d change places with the four vectors.
[[gnu::always_inline]] inline void Transpose4(Vector& a, Vector& b, Vector& c,
                                              Vector& d) {
  const Vector ab_low = _mm512_unpacklo_epi32(a, b);
  const Vector ab_high = _mm512_unpackhi_epi32(a, b);
  const Vector cd_low = _mm512_unpacklo_epi32(c, d);
  const Vector cd_high = _mm512_unpackhi_epi32(c, d);
  a = _mm512_unpacklo_epi64(ab_low, cd_low);
  b = _mm512_unpackhi_epi64(ab_low, cd_low);
  c = _mm512_unpacklo_epi64(ab_high, cd_high);
  d = _mm512_unpackhi_epi64(ab_high, cd_high);
}

[[gnu::always_inline]] inline Vector SwapBytes(Vector words) {
  return _mm512_shuffle_epi8(
      words, _mm512_broadcast_i32x4(
                 _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3)));
}

// From 16 rows of 64 message bytes to 16 words of 16 messages.
[[gnu::always_inline]] inline void RowsToWords(Vector* r) {
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
#pragma GCC unroll 4
    for (int j = i; j < i + 4; ++j) r[j] = SwapBytes(r[j]);
    Transpose4(r[i], r[i + 1], r[i + 2], r[i + 3]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const Vector a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44);
    const Vector b = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xee);
    const Vector c = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44);
    const Vector d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xee);
    r[j] = _mm512_shuffle_i32x4(a, c, 0x88);
    r[4 + j] = _mm512_shuffle_i32x4(a, c, 0xdd);
    r[8 + j] = _mm512_shuffle_i32x4(b, d, 0x88);
    r[12 + j] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}

}  // namespace
}  // namespace setlog::sha256

#endif  // SETLOG_LOG_SHA256_AVX512_ROUNDS_H_
