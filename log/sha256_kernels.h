// log/sha256_kernels.h -- what sha256.cc and its kernels for one kind of CPU share.
//
// A kernel's file is compiled for instructions that not every CPU has, so nothing that
// it instantiates may be linked in place of portable code: this header has plain types
// and no inline function, and what else such a file includes beside its intrinsics has
// internal linkage. Not for use elsewhere.
#ifndef SETLOG_LOG_SHA256_KERNELS_H_
#define SETLOG_LOG_SHA256_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

namespace setlog::sha256 {

extern const uint32_t kInitialState[8];
extern const uint32_t kRoundConstants[64];

// Fewer messages cost less one by one than a vector of 16 with idle lanes.
constexpr size_t kWorthAVector = 11;

// Messages of up to this many bytes are the kernels' work; longer ones, which are rare
// and pay no price for one call each, are OpenSSL's.
constexpr size_t kMaxBlocks = 4;
constexpr size_t kMaxMessageBytes = 64 * kMaxBlocks - 9;

// Message i is prefix | bodies[i * body_bytes, (i + 1) * body_bytes), its digest goes
// to out + 32 * i. `out` may be `bodies` if body_bytes >= 32. prefix_bytes + body_bytes
// <= kMaxMessageBytes, and prefix_bytes <= 3.
struct Batch {
  const uint8_t* prefix;
  size_t prefix_bytes;
  const uint8_t* bodies;
  size_t body_bytes;
  size_t count;
  uint8_t* out;
};

// The message prefix | tag | left | right, both of 32 bytes.
struct Pair {
  const uint8_t* left;
  const uint8_t* right;
  uint8_t tag;
};

// 16 messages in the lanes of a vector, two vectors in flight; needs AVX-512 F and BW.
// Return how many messages they hashed, from the first on: a rest that is not worth a
// vector is left to another kernel.
size_t HashManyAvx512(const Batch& batch);
size_t HashPairsAvx512(uint8_t prefix, const Pair* pairs, size_t count, uint8_t* out);

// Up to three messages in flight; need SHA-NI and SSE 4.1. Hash all.
void HashManyShaNi(const Batch& batch);
void HashPairsShaNi(uint8_t prefix, const Pair* pairs, size_t count, uint8_t* out);

// A message on its way: the state after the blocks that were hashed, in words, and the
// bytes that come next.
struct Lane {
  uint32_t state[8];
  const uint8_t* data;
};

// The next 64 * blocks bytes of each of `count` messages, whose `data` moves on.
void CompressLanesShaNi(Lane* lanes, size_t count, size_t blocks);
// The same; needs AVX-512 VL, too.
void CompressLanesShaNiVl(Lane* lanes, size_t count, size_t blocks);
// Returns how many of them it did, from the first on: a rest that is not worth a vector
// is left to another kernel.
size_t CompressLanesAvx512(Lane* lanes, size_t count, size_t blocks);

}  // namespace setlog::sha256

#endif  // SETLOG_LOG_SHA256_KERNELS_H_
