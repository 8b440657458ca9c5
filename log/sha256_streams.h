// log/sha256_streams.h -- SHA-256 of several long messages at a time, on one core.
//
//   Sha256Lane lanes[] = {StartSha256(a), StartSha256(b)};
//   CompressLanes(lanes, 1024);   // the next 64 KiB of each
//   ...
//   // A message's last bytes, after which there is room for kMaxSha256Padding:
//   size_t padded = partial + PadSha256(message_bytes, end);  // = 64 * blocks
//   Hash h = DigestOf(lanes[0]);
//
// A round of SHA-256 waits for the one before it, and the rounds of other messages fill
// that time. Who calls keeps the messages' bytes coming; the last block, with its
// padding, is a block like any other. Kernels, by what the CPU and its operating system
// offer, decided once:
//
//   avx512+sha-ni   32 or 16 messages in vectors; fewer than 11 as by sha-ni, with more
//                   registers
//   avx512          the same, fewer as by openssl
//   sha-ni          three, two or one in flight
//   openssl         one by one: always there
//
// For one message that comes in pieces see log/sha256_stream.h, for many short ones
// log/sha256.h. Thread-safe: the table is constant.
#ifndef SETLOG_LOG_SHA256_STREAMS_H_
#define SETLOG_LOG_SHA256_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "log/bytes.h"
#include "log/sha256_kernels.h"

namespace setlog {

// The state of a message after some whole blocks, and where its next bytes are.
using Sha256Lane = sha256::Lane;

inline constexpr size_t kSha256BlockBytes = 64;
inline constexpr size_t kMaxSha256Padding = kSha256BlockBytes + 8;

struct Sha256LanesKernel {
  const char* name;
  // With fewer messages than this it is slower; more are no faster.
  size_t best_lanes;
  // Hashes the next `blocks` blocks of each lane, whose `data` moves on by them.
  void (*compress)(std::span<Sha256Lane> lanes, size_t blocks);
};

// All kernels that this CPU can run, best first; the last is the portable one, which is
// always there.
std::span<const Sha256LanesKernel> Sha256LanesKernels();

// Of the first of Sha256LanesKernels().
void CompressLanes(std::span<Sha256Lane> lanes, size_t blocks);

// At the beginning of a message whose first bytes are at `data`.
Sha256Lane StartSha256(const uint8_t* data);
// Writes what follows the last of a message's `message_bytes` bytes to `end`, which
// makes the message whole blocks, and returns its size: 9 to kMaxSha256Padding.
size_t PadSha256(uint64_t message_bytes, uint8_t* end);
// After the last block.
Hash DigestOf(const Sha256Lane& lane);

}  // namespace setlog

#endif  // SETLOG_LOG_SHA256_STREAMS_H_
