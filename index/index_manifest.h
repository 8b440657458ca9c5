// index/index_manifest.h -- the one file that says which files an index consists of.
//
//   absl::Status durable = WriteIndexManifest(dir + "/MANIFEST", manifest);
//   auto read = ReadIndexManifest(dir + "/MANIFEST", store.id(), log_number);
//
//   tag 32 | u64 depth | u64 m | u64 n | set root 32 |
//   for each partition: u64 run | u64 top | u64 journal | then u64 checksum
//
// Replaced whole (storage/durable_file.h), so that a crash leaves the old or the new.
// How many partitions there are stands in its tag: the other files must agree.
#ifndef SETLOG_INDEX_INDEX_MANIFEST_H_
#define SETLOG_INDEX_INDEX_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/file_tag.h"
#include "log/bytes.h"

namespace setlog {

// Sequence numbers of a partition's files.
struct PartitionFiles {
  uint64_t run = 0;      // 0: no run, all rows are in journals
  uint64_t top = 0;      // 0: no top, all hashes are in journals
  uint64_t journal = 0;  // journals with this number or a greater one count, in order
  friend bool operator==(const PartitionFiles&, const PartitionFiles&) = default;
};

struct IndexManifest {
  IndexIdentity identity;
  unsigned depth = 0;  // of the tops
  uint64_t m = 0;      // the set at some batch no later than the newest,
  uint64_t n = 0;      // its members
  Hash root;           // and set root
  std::vector<PartitionFiles> partitions;  // 2^identity.partition_bits
  friend bool operator==(const IndexManifest&, const IndexManifest&) = default;
};

// InvalidArgument if the number of partitions does not fit; else as ReplaceFile.
absl::Status WriteIndexManifest(const std::string& path, const IndexManifest& manifest);
// NotFound; DataLoss if damaged or of another log; Unavailable.
absl::StatusOr<IndexManifest> ReadIndexManifest(const std::string& path,
                                                const StoreId& store, LogNumber log);

}  // namespace setlog

#endif  // SETLOG_INDEX_INDEX_MANIFEST_H_
