// index/top_file.h -- the bucket hashes of one partition, in one immutable file.
//
//   absl::Status durable = WriteTopFile(path, identity, partition,
//                                       {.depth = 20, .m = m, .n = live}, hashes);
//   auto top = TopFile::Open(path, identity, partition);   // reads and checks it all
//   std::copy(top->hashes().begin(), top->hashes().end(), nodes);
//
//   tag 32 | u64 depth | u64 m | u64 n | u64 checksum of the hashes | u64 checksum of
//   the header so far | 2^(depth - partition bits) hashes of 32 bytes
//
// A bucket without live keys has kNoSubtree, 32 zero bytes. Immutable:
// thread-safe.
#ifndef SETLOG_INDEX_TOP_FILE_H_
#define SETLOG_INDEX_TOP_FILE_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/file_tag.h"
#include "index/mapped_file.h"
#include "log/bytes.h"

namespace setlog {

// Hashes of 2^32 buckets would be 128 GiB.
inline constexpr unsigned kMaxTopDepth = 32;

struct TopFrame {
  unsigned depth = 0;  // of the whole set's top, at least the partition bits
  uint64_t m = 0;      // of the set that the hashes are of
  uint64_t n = 0;      // live members of the partition at m
  friend bool operator==(const TopFrame&, const TopFrame&) = default;
};

// Writes and syncs; the name as with RunWriter. `hashes` has 2^(depth - partition
// bits). AlreadyExists if there is such a file; an incomplete file is removed.
absl::Status WriteTopFile(const std::string& path, const IndexIdentity& identity,
                          unsigned partition, const TopFrame& frame,
                          std::span<const Hash> hashes);

class TopFile {
 public:
  // NotFound, DataLoss (of another index or damaged anywhere), Unavailable. Reads all.
  static absl::StatusOr<TopFile> Open(const std::string& path,
                                      const IndexIdentity& identity,
                                      unsigned partition);

  const TopFrame& frame() const { return frame_; }
  std::span<const Hash> hashes() const { return hashes_; }

 private:
  TopFile(MappedFile file, const TopFrame& frame, std::span<const Hash> hashes)
      : file_(std::move(file)), frame_(frame), hashes_(hashes) {}

  MappedFile file_;
  TopFrame frame_;
  std::span<const Hash> hashes_;  // in file_
};

}  // namespace setlog

#endif  // SETLOG_INDEX_TOP_FILE_H_
