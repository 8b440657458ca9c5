// log/sha256_sha_ni_rounds.h -- the compression of SHA-256 with the instructions made
// for it, of several messages in flight: a round waits for the one before it, and the
// rounds of other messages fill that time.
//
// Include it only in files that are compiled for SHA-NI and SSE 4.1: all here has
// internal linkage, so that nothing of it is ever linked in place of portable code.
#ifndef SETLOG_LOG_SHA256_SHA_NI_ROUNDS_H_
#define SETLOG_LOG_SHA256_SHA_NI_ROUNDS_H_

#include <immintrin.h>

#include "log/sha256_kernels.h"

namespace setlog::sha256 {
namespace {

using Vector = __m128i;
constexpr int kMaxMessages = 3;  // in flight; more do not fit into the registers

// As the instructions want them: {f, e, b, a} and {h, g, d, c}, low word first.
struct State {
  Vector feba;
  Vector hgdc;
};

[[gnu::always_inline]] inline Vector Load(const void* from) {
  return _mm_loadu_si128(static_cast<const Vector*>(from));
}

// One block of each of kMessages messages: load(m, i) is the i-th quarter of that of
// message m, as its bytes are. kAgain: another block of the same messages follows.
template <int kMessages, bool kAgain, typename LoadPart>
[[gnu::always_inline]] inline void CompressBlock(State* state, LoadPart load) {
  const Vector swap =
      _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  State s[kMessages];
  State before[kMessages];
  Vector w[kMessages][4];
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    s[m] = before[m] = state[m];
#ifndef __AVX512VL__
    // There are not registers for all. Of what the next block begins with, this can
    // wait in memory, for it is not on the way from a round to the next.
    if constexpr (kAgain) asm("" : "+m"(before[m]));
#endif
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) w[m][i] = _mm_shuffle_epi8(load(m, i), swap);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {  // four rounds each
    const Vector constants =
        _mm_load_si128(reinterpret_cast<const Vector*>(kRoundConstants + 4 * i));
#pragma GCC unroll 4
    for (int m = 0; m < kMessages; ++m) {
      Vector* v = w[m];
      const Vector words = _mm_add_epi32(v[i & 3], constants);
      s[m].hgdc = _mm_sha256rnds2_epu32(s[m].hgdc, s[m].feba, words);
      s[m].feba =
          _mm_sha256rnds2_epu32(s[m].feba, s[m].hgdc, _mm_shuffle_epi32(words, 0x0e));
      if (i < 12) {  // the words of the rounds 16 later
        const Vector sum =
            _mm_add_epi32(_mm_sha256msg1_epu32(v[i & 3], v[(i + 1) & 3]),
                          _mm_alignr_epi8(v[(i + 3) & 3], v[(i + 2) & 3], 4));
        v[i & 3] = _mm_sha256msg2_epu32(sum, v[(i + 3) & 3]);
      }
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    state[m].feba = _mm_add_epi32(s[m].feba, before[m].feba);
    state[m].hgdc = _mm_add_epi32(s[m].hgdc, before[m].hgdc);
  }
}

}  // namespace
}  // namespace setlog::sha256

#endif  // SETLOG_LOG_SHA256_SHA_NI_ROUNDS_H_
