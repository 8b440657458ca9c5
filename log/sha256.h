// log/sha256.h -- SHA-256, single and in batches, behind one table of kernels.
//
//   Hash h = Sha256(entry);
//   // The RFC 6962 level above `nodes`: H(0x01 | left | right) of each adjacent pair.
//   HashMany(kNodePrefix, nodes[0].data(), 64, nodes.size() / 2, parents);
//
// Every tree hash of setlog has the shape "a prefix of one to three bytes, then a body
// of fixed length", so one entry point is all that a kernel has to provide.
// Thread-safe: the table is constant.
#ifndef SETLOG_LOG_SHA256_H_
#define SETLOG_LOG_SHA256_H_

#include <cstddef>
#include <initializer_list>

#include "log/bytes.h"

namespace setlog {

// out[i] = SHA-256(prefix | bodies[i * body_bytes, (i + 1) * body_bytes)), i < count.
// `out` may be the memory of `bodies` (each body is read before its slot is written)
// as long as 32 <= body_bytes.
using HashManyFunction = void (*)(Bytes prefix, const uint8_t* bodies,
                                  size_t body_bytes, size_t count, Hash* out);

struct Sha256Kernel {
  const char* name;
  HashManyFunction hash_many;
};

// All kernels that this CPU can run, best first; the last is the portable one, which is
// always there and which every other is tested against.
std::span<const Sha256Kernel> Sha256Kernels();

// The first of Sha256Kernels().
void HashMany(Bytes prefix, const uint8_t* bodies, size_t body_bytes, size_t count,
              Hash* out);

Hash Sha256(Bytes data);
// The digest of the concatenation of `parts`.
Hash Sha256(std::initializer_list<Bytes> parts);

}  // namespace setlog

#endif  // SETLOG_LOG_SHA256_H_
