// tools/bench_records.h -- the records of a benchmark: random hashes that need no
// memory.
//
//   const BenchRecords records(seed);
//   Hash r = records.At(7);               // the same for the same seed, everywhere
//
//   BenchRecords file = *BenchRecords::FromFile("records.packed");   // 32 bytes each
//
// Record i is four SplitMix64 words (the generator of Vigna's "splitmix64.c") at the
// places 4i..4i+3: as good as random for a log, made in a few nanoseconds, and asked
// for in any order. A record that was never appended is At(kAbsent + i). Thread-safe.
#ifndef SETLOG_TOOLS_BENCH_RECORDS_H_
#define SETLOG_TOOLS_BENCH_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class BenchRecords {
 public:
  // No log gets that many.
  static constexpr uint64_t kAbsent = uint64_t{1} << 60;

  explicit BenchRecords(uint64_t seed) : seed_(seed) {}
  // Reads all of it. InvalidArgument unless it is whole hashes, at least one.
  static absl::StatusOr<BenchRecords> FromFile(const std::string& path);

  // How many there are; nothing if there is no end to them.
  std::optional<uint64_t> count() const {
    if (file_.empty()) return std::nullopt;
    return file_.size();
  }

  Hash At(uint64_t i) const {
    if (i < file_.size()) return file_[i];
    Hash hash;
    for (uint64_t word = 0; word < Hash::kSize / 8; ++word) {
      const uint64_t mixed = Mixed(seed_ + (4 * i + word + 1) * 0x9e3779b97f4a7c15);
      std::memcpy(hash.data() + 8 * word, &mixed, 8);
    }
    return hash;
  }

 private:
  static uint64_t Mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t seed_ = 0;
  std::vector<Hash> file_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_BENCH_RECORDS_H_
