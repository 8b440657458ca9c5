// log/lanes_avx512ifma.h -- eight 64-bit lanes in one register of AVX-512.
//
// The arithmetic of log/field25519.h and what stands on it is written once, for a type
// of lanes; this is the fast one and log/lanes_portable.h says what its members do.
// Include it only in files that are compiled for AVX-512 F, DQ and IFMA: all here has
// internal linkage, so that nothing of it is ever linked in place of portable code.
#ifndef SETLOG_LOG_LANES_AVX512IFMA_H_
#define SETLOG_LOG_LANES_AVX512IFMA_H_

#include <immintrin.h>
#include <stdint.h>

namespace setlog::lanes {
namespace {

struct Avx512Lanes {
  __m512i v;

  static constexpr const char* kName = "avx512ifma";

  [[gnu::always_inline]] static Avx512Lanes Zero() { return {_mm512_setzero_si512()}; }
  [[gnu::always_inline]] static Avx512Lanes All(uint64_t value) {
    return {_mm512_set1_epi64(static_cast<long long>(value))};
  }
  [[gnu::always_inline]] static Avx512Lanes Load(const uint64_t* from) {
    return {_mm512_loadu_si512(from)};
  }
  [[gnu::always_inline]] void Store(uint64_t* to) const { _mm512_storeu_si512(to, v); }

  [[gnu::always_inline]] friend Avx512Lanes operator+(Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_add_epi64(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator-(Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_sub_epi64(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator&(Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_and_si512(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator|(Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_or_si512(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator^(Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_xor_si512(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator<<(Avx512Lanes a, int bits) {
    return {_mm512_slli_epi64(a.v, static_cast<unsigned>(bits))};
  }
  [[gnu::always_inline]] friend Avx512Lanes operator>>(Avx512Lanes a, int bits) {
    return {_mm512_srli_epi64(a.v, static_cast<unsigned>(bits))};
  }

  [[gnu::always_inline]] static Avx512Lanes AddLow(Avx512Lanes sum, Avx512Lanes a,
                                                   Avx512Lanes b) {
    return {_mm512_madd52lo_epu64(sum.v, a.v, b.v)};
  }
  [[gnu::always_inline]] static Avx512Lanes AddHigh(Avx512Lanes sum, Avx512Lanes a,
                                                    Avx512Lanes b) {
    return {_mm512_madd52hi_epu64(sum.v, a.v, b.v)};
  }
  [[gnu::always_inline]] static Avx512Lanes Times19(Avx512Lanes a) {
    return {_mm512_mullo_epi64(a.v, _mm512_set1_epi64(19))};
  }

  // One instruction each, whatever the lanes hold.
  [[gnu::always_inline]] static Avx512Lanes OrAnd(Avx512Lanes a, Avx512Lanes b,
                                                  Avx512Lanes c) {
    return {_mm512_ternarylogic_epi64(a.v, b.v, c.v, 0xf8)};
  }
  [[gnu::always_inline]] static Avx512Lanes Select(Avx512Lanes mask, Avx512Lanes a,
                                                   Avx512Lanes b) {
    return {_mm512_ternarylogic_epi64(mask.v, a.v, b.v, 0xca)};
  }
  [[gnu::always_inline]] static Avx512Lanes Xor3(Avx512Lanes a, Avx512Lanes b,
                                                 Avx512Lanes c) {
    return {_mm512_ternarylogic_epi64(a.v, b.v, c.v, 0x96)};
  }
  [[gnu::always_inline]] static Avx512Lanes Majority(Avx512Lanes a, Avx512Lanes b,
                                                     Avx512Lanes c) {
    return {_mm512_ternarylogic_epi64(a.v, b.v, c.v, 0xe8)};
  }
  template <int kBits>
  [[gnu::always_inline]] static Avx512Lanes RotateRight(Avx512Lanes a) {
    return {_mm512_ror_epi64(a.v, kBits)};
  }
  [[gnu::always_inline]] static Avx512Lanes Pick(Avx512Lanes low, Avx512Lanes high,
                                                 Avx512Lanes index) {
    return {_mm512_permutex2var_epi64(low.v, index.v, high.v)};
  }
  // Of each lane.
  [[gnu::always_inline]] static Avx512Lanes SwapBytes(Avx512Lanes a) {
    return {_mm512_shuffle_epi8(
        a.v, _mm512_broadcast_i32x4(
                 _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)))};
  }
  [[gnu::always_inline]] static Avx512Lanes IsZero(Avx512Lanes a) {
    return {_mm512_movm_epi64(_mm512_testn_epi64_mask(a.v, a.v))};
  }
};

}  // namespace
}  // namespace setlog::lanes

#endif  // SETLOG_LOG_LANES_AVX512IFMA_H_
