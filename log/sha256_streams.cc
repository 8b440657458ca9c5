#include "log/sha256_streams.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "log/cpu_features.h"

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

void CompressAvx512(std::span<Sha256Lane> lanes, size_t blocks) {
  const size_t done = sha256::CompressLanesAvx512(lanes.data(), lanes.size(), blocks);
  sha256::CompressLanesShaNiVl(lanes.data() + done, lanes.size() - done, blocks);
}

constexpr Sha256LanesKernel kShaNi = {"sha-ni", 3, CompressShaNi};
constexpr Sha256LanesKernel kAvx512 = {"avx512+sha-ni", 32, CompressAvx512};

#else

constexpr Sha256LanesKernel kShaNi = kPortable;
constexpr Sha256LanesKernel kAvx512 = kPortable;

#endif

struct KernelTable {
  std::array<Sha256LanesKernel, 3> kernels;
  size_t count = 0;

  KernelTable() {
    const CpuFeatures cpu = DetectCpu();
    if (cpu.avx512 && cpu.sha_ni) kernels[count++] = kAvx512;
    if (cpu.sha_ni) kernels[count++] = kShaNi;
    kernels[count++] = kPortable;
  }
};

const KernelTable& Kernels() {
  static const KernelTable table;
  return table;
}

}  // namespace

std::span<const Sha256LanesKernel> Sha256LanesKernels() {
  const KernelTable& table = Kernels();
  return std::span(table.kernels).first(table.count);
}

void CompressLanes(std::span<Sha256Lane> lanes, size_t blocks) {
  Kernels().kernels[0].compress(lanes, blocks);
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
