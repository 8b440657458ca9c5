#include "log/sha256_streams.h"

#include <algorithm>
#include <cstring>

#include "log/sha256_kernel_table.h"

// The low-level calls, as in sha256.cc: the state of a digest on its way is theirs.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace setlog {
namespace {

void CompressPortable(std::span<Sha256Lane> lanes, size_t blocks) {
  for (Sha256Lane& lane : lanes) {
    SHA256_CTX context;
    SHA256_Init(&context);
    std::copy(std::begin(lane.state), std::end(lane.state), context.h);
    SHA256_Update(&context, lane.data, kSha256BlockBytes * blocks);
    std::copy(context.h, context.h + 8, lane.state);
    lane.data += kSha256BlockBytes * blocks;
  }
}

constexpr Sha256LanesKernel kPortable = {"openssl", 1, CompressPortable};

#ifdef SETLOG_SHA256_X86

void CompressShaNi(std::span<Sha256Lane> lanes, size_t blocks) {
  sha256::CompressLanesShaNi(lanes.data(), lanes.size(), blocks);
}

// What is left after the vectors goes to kRest.
template <void (*kRest)(std::span<Sha256Lane> lanes, size_t blocks)>
void CompressAvx512(std::span<Sha256Lane> lanes, size_t blocks) {
  const size_t done = sha256::CompressLanesAvx512(lanes.data(), lanes.size(), blocks);
  kRest(lanes.subspan(done), blocks);
}

void CompressShaNiVl(std::span<Sha256Lane> lanes, size_t blocks) {
  sha256::CompressLanesShaNiVl(lanes.data(), lanes.size(), blocks);
}

constexpr Sha256LanesKernel kShaNi = {"sha-ni", 3, CompressShaNi};
constexpr Sha256LanesKernel kAvx512 = {"avx512", 32, CompressAvx512<CompressPortable>};
constexpr Sha256LanesKernel kAvx512AndShaNi = {"avx512+sha-ni", 32,
                                               CompressAvx512<CompressShaNiVl>};

#else

constexpr Sha256LanesKernel kShaNi = kPortable;
constexpr Sha256LanesKernel kAvx512 = kPortable;
constexpr Sha256LanesKernel kAvx512AndShaNi = kPortable;

#endif

}  // namespace

std::span<const Sha256LanesKernel> Sha256LanesKernels() {
  static const Sha256KernelTable<Sha256LanesKernel> table(
      {.avx512_and_sha_ni = kAvx512AndShaNi,
       .avx512 = kAvx512,
       .sha_ni = kShaNi,
       .portable = kPortable});
  return table.kernels();
}

void CompressLanes(std::span<Sha256Lane> lanes, size_t blocks) {
  Sha256LanesKernels()[0].compress(lanes, blocks);
}

Sha256Lane StartSha256(const uint8_t* data) {
  Sha256Lane lane;
  std::copy(std::begin(sha256::kInitialState), std::end(sha256::kInitialState),
            lane.state);
  lane.data = data;
  return lane;
}

size_t PadSha256(uint64_t message_bytes, uint8_t* end) {
  const size_t partial = message_bytes % kSha256BlockBytes;
  const size_t padding =
      (partial < 56 ? kSha256BlockBytes : 2 * kSha256BlockBytes) - partial;
  std::memset(end, 0, padding);
  end[0] = 0x80;
  const uint64_t bits = 8 * message_bytes;
  for (size_t i = 0; i < 8; ++i) {
    end[padding - 1 - i] = static_cast<uint8_t>(bits >> 8 * i);
  }
  return padding;
}

Hash DigestOf(const Sha256Lane& lane) {
  Hash hash;
  for (size_t i = 0; i < Hash::kSize; ++i) {
    hash.data()[i] = static_cast<uint8_t>(lane.state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return hash;
}

}  // namespace setlog
