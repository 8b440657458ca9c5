#include "log/sha256.h"

// The low-level calls: EVP costs five times as much on 33-byte messages, because it
// fetches its method and allocates a context for each digest.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace setlog {
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

constexpr Sha256Kernel kKernels[] = {{"openssl", HashManyPortable}};

}  // namespace

std::span<const Sha256Kernel> Sha256Kernels() { return kKernels; }

void HashMany(Bytes prefix, const uint8_t* bodies, size_t body_bytes, size_t count,
              Hash* out) {
  kKernels[0].hash_many(prefix, bodies, body_bytes, count, out);
}

Hash Sha256(Bytes data) { return Sha256({data}); }

Hash Sha256(std::initializer_list<Bytes> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (Bytes part : parts) SHA256_Update(&context, part.data(), part.size());
  Hash hash;
  SHA256_Final(hash.data(), &context);
  return hash;
}

}  // namespace setlog
