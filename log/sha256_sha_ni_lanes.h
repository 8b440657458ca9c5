// log/sha256_sha_ni_lanes.h -- whole blocks of long messages with SHA-NI, up to three
// messages in flight; compiled twice, for CPUs with 16 and with 32 registers.
//
// Include it only in files that are compiled for SHA-NI and SSE 4.1: all here has
// internal linkage, so that nothing of it is ever linked in place of portable code.
#ifndef SETLOG_LOG_SHA256_SHA_NI_LANES_H_
#define SETLOG_LOG_SHA256_SHA_NI_LANES_H_

#include <immintrin.h>

#include "log/sha256_kernels.h"
#include "log/sha256_sha_ni_rounds.h"

namespace setlog::sha256 {
namespace {

template <int kMessages>
[[gnu::noinline]] void Compress(Lane* lanes, size_t blocks) {
  State state[kMessages];
  const uint8_t* data[kMessages];
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    const Vector dcba = Load(lanes[m].state), hgfe = Load(lanes[m].state + 4);
    state[m].feba = _mm_shuffle_epi32(_mm_unpacklo_epi64(dcba, hgfe), 0x1b);
    state[m].hgdc = _mm_shuffle_epi32(_mm_unpackhi_epi64(dcba, hgfe), 0x1b);
    data[m] = lanes[m].data;
  }
  for (size_t at = 0; at < 64 * blocks; at += 64) {
    CompressBlock<kMessages, true>(
        state, [&](int m, int i) { return Load(data[m] + at + 16 * i); });
  }
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    const Vector abef = _mm_shuffle_epi32(state[m].feba, 0x1b);
    const Vector cdgh = _mm_shuffle_epi32(state[m].hgdc, 0x1b);
    Vector* to = reinterpret_cast<Vector*>(lanes[m].state);
    _mm_storeu_si128(to, _mm_unpacklo_epi64(abef, cdgh));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi64(abef, cdgh));
    lanes[m].data += 64 * blocks;
  }
}

inline void CompressLanes(Lane* lanes, size_t count, size_t blocks) {
  // Four are two and two: one alone would wait for itself.
  for (; count == 3 || count > 4; count -= 3, lanes += 3) Compress<3>(lanes, blocks);
  for (; count >= 2; count -= 2, lanes += 2) Compress<2>(lanes, blocks);
  if (count == 1) Compress<1>(lanes, blocks);
}

}  // namespace
}  // namespace setlog::sha256

#endif  // SETLOG_LOG_SHA256_SHA_NI_LANES_H_
