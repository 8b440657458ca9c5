#include "log/sha256.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "log/sha256_kernel_table.h"
#include "log/sha256_kernels.h"

// The low-level calls: EVP costs five times as much on 33-byte messages, because it
// fetches its method and allocates a context for each digest.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace setlog {
namespace sha256 {

const uint32_t kInitialState[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
alignas(64) const uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

}  // namespace sha256

namespace {

void HashManyPortable(Bytes prefix, const uint8_t* bodies, size_t body_bytes,
                      size_t count, Hash* out) {
  for (size_t i = 0; i < count; ++i) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, prefix.data(), prefix.size());
    SHA256_Update(&context, bodies + i * body_bytes, body_bytes);
    SHA256_Final(out[i].data(), &context);
  }
}

void HashPairsPortable(uint8_t prefix, std::span<const HashPair> pairs, Hash* out) {
  for (size_t i = 0; i < pairs.size(); ++i) {
    const uint8_t head[] = {prefix, pairs[i].tag};
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, head, sizeof head);
    SHA256_Update(&context, pairs[i].left, Hash::kSize);
    SHA256_Update(&context, pairs[i].right, Hash::kSize);
    SHA256_Final(out[i].data(), &context);
  }
}

constexpr Sha256Kernel kPortable = {"openssl", HashManyPortable, HashPairsPortable};

#ifdef SETLOG_SHA256_X86

bool IsShort(Bytes prefix, size_t body_bytes) {
  return prefix.size() <= 3 && body_bytes <= sha256::kMaxMessageBytes - 3;
}

void HashManyShaNi(Bytes prefix, const uint8_t* bodies, size_t body_bytes, size_t count,
                   Hash* out) {
  if (!IsShort(prefix, body_bytes)) {
    return HashManyPortable(prefix, bodies, body_bytes, count, out);
  }
  sha256::HashManyShaNi(
      {prefix.data(), prefix.size(), bodies, body_bytes, count, out->data()});
}

void HashPairsShaNi(uint8_t prefix, std::span<const HashPair> pairs, Hash* out) {
  sha256::HashPairsShaNi(prefix, pairs.data(), pairs.size(), out->data());
}

constexpr Sha256Kernel kShaNi = {"sha-ni", HashManyShaNi, HashPairsShaNi};

// What is left of a batch after its full vectors goes to `kRest`.
template <const Sha256Kernel& kRest>
void HashManyAvx512(Bytes prefix, const uint8_t* bodies, size_t body_bytes,
                    size_t count, Hash* out) {
  size_t done = 0;
  if (IsShort(prefix, body_bytes)) {
    done = sha256::HashManyAvx512(
        {prefix.data(), prefix.size(), bodies, body_bytes, count, out->data()});
  }
  if (done == count) return;
  kRest.hash_many(prefix, bodies + done * body_bytes, body_bytes, count - done,
                  out + done);
}

template <const Sha256Kernel& kRest>
void HashPairsAvx512(uint8_t prefix, std::span<const HashPair> pairs, Hash* out) {
  const size_t done =
      sha256::HashPairsAvx512(prefix, pairs.data(), pairs.size(), out->data());
  if (done < pairs.size()) kRest.hash_pairs(prefix, pairs.subspan(done), out + done);
}

constexpr Sha256Kernel kAvx512 = {"avx512", HashManyAvx512<kPortable>,
                                  HashPairsAvx512<kPortable>};
constexpr Sha256Kernel kAvx512AndShaNi = {"avx512+sha-ni", HashManyAvx512<kShaNi>,
                                          HashPairsAvx512<kShaNi>};

#else

constexpr Sha256Kernel kShaNi = kPortable;
constexpr Sha256Kernel kAvx512 = kPortable;
constexpr Sha256Kernel kAvx512AndShaNi = kPortable;

#endif

}  // namespace

std::span<const Sha256Kernel> Sha256Kernels() {
  static const Sha256KernelTable<Sha256Kernel> table(
      {.avx512_and_sha_ni = kAvx512AndShaNi,
       .avx512 = kAvx512,
       .sha_ni = kShaNi,
       .portable = kPortable});
  return table.kernels();
}

void HashMany(Bytes prefix, const uint8_t* bodies, size_t body_bytes, size_t count,
              Hash* out) {
  Sha256Kernels()[0].hash_many(prefix, bodies, body_bytes, count, out);
}

void HashPairs(uint8_t prefix, std::span<const HashPair> pairs, Hash* out) {
  Sha256Kernels()[0].hash_pairs(prefix, pairs, out);
}

Hash Sha256(Bytes data) { return Sha256({data}); }

Hash Sha256(std::initializer_list<Bytes> parts) {
  Hash hash;
  // In one piece if it is short: the CPU's own kernel takes half the time of a context.
  std::array<uint8_t, 160> message;
  size_t size = 0;
  for (Bytes part : parts) {
    if (part.size() > message.size() - size) {
      size = message.size() + 1;
      break;
    }
    if (!part.empty()) std::memcpy(message.data() + size, part.data(), part.size());
    size += part.size();
  }
  if (size <= message.size()) {
    HashMany(Bytes(), message.data(), size, 1, &hash);
    return hash;
  }
  SHA256_CTX context;
  SHA256_Init(&context);
  for (Bytes part : parts) SHA256_Update(&context, part.data(), part.size());
  SHA256_Final(hash.data(), &context);
  return hash;
}

}  // namespace setlog
