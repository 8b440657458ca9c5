// SHA-256 of long messages, 16 or 32 of them in flight.
#include <immintrin.h>

#include "log/sha256_avx512_rounds.h"
#include "log/sha256_kernels.h"

namespace setlog::sha256 {
namespace {

// `count` messages, more than 16 (kGroups - 1) of them: the lanes that are left over
// do what the first does, and what they find is dropped.
template <int kGroups>
[[gnu::noinline]] void CompressGroups(Lane* lanes, size_t count, size_t blocks) {
  constexpr size_t kAll = kGroups * kLanes;
  alignas(64) uint32_t words[kGroups][8][kLanes];
  const uint8_t* data[kAll];
  for (size_t i = 0; i < kAll; ++i) {
    const Lane& lane = lanes[i < count ? i : 0];
    for (int j = 0; j < 8; ++j) words[i / kLanes][j][i % kLanes] = lane.state[j];
    data[i] = lane.data;
  }
  Vector state[kGroups][8];
  Vector w[kGroups][16];
  for (int g = 0; g < kGroups; ++g) {
    for (int j = 0; j < 8; ++j) state[g][j] = _mm512_load_si512(words[g][j]);
  }
  for (size_t at = 0; at < 64 * blocks; at += 64) {
    for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i) {
        w[g][i] = _mm512_loadu_si512(data[g * kLanes + i] + at);
      }
      RowsToWords(w[g]);
    }
    Compress<kGroups>(state, w);
  }
  for (int g = 0; g < kGroups; ++g) {
    for (int j = 0; j < 8; ++j) _mm512_store_si512(words[g][j], state[g][j]);
  }
  for (size_t i = 0; i < count; ++i) {
    for (int j = 0; j < 8; ++j) lanes[i].state[j] = words[i / kLanes][j][i % kLanes];
    lanes[i].data += 64 * blocks;
  }
}

}  // namespace

size_t CompressLanesAvx512(Lane* lanes, size_t count, size_t blocks) {
  size_t done = 0;
  while (count - done >= kWorthAVector) {
    const size_t left = count - done;
    if (left >= kLanes + kWorthAVector) {
      const size_t some = left < 2 * kLanes ? left : 2 * kLanes;
      CompressGroups<2>(lanes + done, some, blocks);
      done += some;
    } else {
      const size_t some = left < kLanes ? left : kLanes;
      CompressGroups<1>(lanes + done, some, blocks);
      done += some;
    }
  }
  return done;
}

}  // namespace setlog::sha256
