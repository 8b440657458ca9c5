// bench/random_hashes.h -- records to measure with: the same for the same seed.
#ifndef SETLOG_BENCH_RANDOM_HASHES_H_
#define SETLOG_BENCH_RANDOM_HASHES_H_

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "log/bytes.h"

namespace setlog {

inline std::vector<Hash> RandomHashes(size_t count, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<Hash> hashes(count);
  for (Hash& hash : hashes) {
    for (size_t i = 0; i < Hash::kSize; i += 8) {
      const uint64_t word = random();
      std::memcpy(hash.data() + i, &word, 8);
    }
  }
  return hashes;
}

}  // namespace setlog

#endif  // SETLOG_BENCH_RANDOM_HASHES_H_
