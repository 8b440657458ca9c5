// log/vrf_hash_lanes.h -- the hashes of the VRF's suite, of eight records side by side.
//
//   HashBlocks(digest, key.output_block, kOutputAt, gammas);  // beta, of each Gamma
//
// Messages that differ in one part only: `blocks` are those of all of them, padded.
#ifndef SETLOG_LOG_VRF_HASH_LANES_H_
#define SETLOG_LOG_VRF_HASH_LANES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "log/sha512_lanes.h"
#include "log/vrf_kernels.h"

namespace setlog::lanes {

// The digests of eight messages: `blocks` with each of `bodies` at `at`.
template <typename V, size_t kBytes, size_t kBody>
[[gnu::noinline]] void HashBlocks(V (&digest)[8], const uint8_t (&blocks)[kBytes],
                                  size_t at, const uint8_t (&bodies)[8][kBody]) {
  static_assert(kBytes % kBlockBytes == 0);
  alignas(64) uint64_t words[kBytes / 8][8];
  uint8_t message[kBytes];
  memcpy(message, blocks, kBytes);
  for (int lane = 0; lane < 8; ++lane) {
    memcpy(message + at, bodies[lane], kBody);
    for (size_t i = 0; i < kBytes / 8; ++i) {
      memcpy(&words[i][lane], message + 8 * i, 8);
    }
  }
  Sha512Start(digest);
  for (size_t first = 0; first < kBytes / 8; first += 16) {
    V w[16];
    for (size_t i = 0; i < 16; ++i) w[i] = V::SwapBytes(V::Load(words[first + i]));
    Sha512Block(digest, w);
  }
}

// Strings of 32 bytes from their words, least significant byte first, at `at`.
template <typename V, size_t kSize>
[[gnu::always_inline]] inline void ToBytes(uint8_t (&out)[8][kSize], const V (&w)[4],
                                           size_t at = 0) {
  alignas(64) uint64_t words[4][8];
  for (int i = 0; i < 4; ++i) w[i].Store(words[i]);
  for (int lane = 0; lane < 8; ++lane) {
    for (int i = 0; i < 4; ++i) memcpy(out[lane] + at + 8 * i, &words[i][lane], 8);
  }
}

// The words of them.
template <typename V>
[[gnu::always_inline]] inline void FromBytes(V (&w)[4], const uint8_t (&in)[8][32]) {
  alignas(64) uint64_t words[4][8];
  for (int lane = 0; lane < 8; ++lane) {
    for (int i = 0; i < 4; ++i) memcpy(&words[i][lane], in[lane] + 8 * i, 8);
  }
  for (int i = 0; i < 4; ++i) w[i] = V::Load(words[i]);
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_HASH_LANES_H_
