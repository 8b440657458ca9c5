// log/sha256.h -- SHA-256, single and in batches, behind one table of kernels.
//
//   Hash h = Sha256(entry);
//   // The RFC 6962 level above `nodes`: H(0x01 | left | right) of each adjacent pair.
//   HashMany(kNodePrefix, nodes[0].data(), 64, nodes.size() / 2, parents);
//
// Every tree hash of setlog has the shape "a prefix of one to three bytes, then a body
// of fixed length"; HashPairs is for bodies whose two halves lie apart. Kernels, by
// what the CPU and its operating system offer, decided once:
//
//   avx512+sha-ni   16 messages in vectors; fewer than 11 at a time as by sha-ni
//   avx512          the same, fewer as by openssl
//   sha-ni          four messages in flight
//   openssl         one by one: always there; and messages of more than 244 bytes
//
// There is none for AVX2: its 8 lanes gain a quarter over OpenSSL, on CPUs that are
// older than all of the above. Thread-safe: the table is constant.
#ifndef SETLOG_LOG_SHA256_H_
#define SETLOG_LOG_SHA256_H_

#include <cstddef>
#include <initializer_list>

#include "log/bytes.h"
#include "log/sha256_kernels.h"

namespace setlog {

// out[i] = SHA-256(prefix | bodies[i * body_bytes, (i + 1) * body_bytes)), i < count.
// `out` may be the memory of `bodies` (each body is read before its slot is written)
// as long as 32 <= body_bytes.
using HashManyFunction = void (*)(Bytes prefix, const uint8_t* bodies,
                                  size_t body_bytes, size_t count, Hash* out);

// The message prefix | tag | left | right, both of 32 bytes.
using HashPair = sha256::Pair;
// out[i] = the digest of pairs[i], none of which may lie in `out`.
using HashPairsFunction = void (*)(uint8_t prefix, std::span<const HashPair> pairs,
                                   Hash* out);

struct Sha256Kernel {
  const char* name;
  HashManyFunction hash_many;
  HashPairsFunction hash_pairs;
};

// All kernels that this CPU can run, best first; the last is the portable one, which is
// always there and which every other is tested against.
std::span<const Sha256Kernel> Sha256Kernels();

// Of the first of Sha256Kernels().
void HashMany(Bytes prefix, const uint8_t* bodies, size_t body_bytes, size_t count,
              Hash* out);
void HashPairs(uint8_t prefix, std::span<const HashPair> pairs, Hash* out);

Hash Sha256(Bytes data);
// The digest of the concatenation of `parts`.
Hash Sha256(std::initializer_list<Bytes> parts);

}  // namespace setlog

#endif  // SETLOG_LOG_SHA256_H_
