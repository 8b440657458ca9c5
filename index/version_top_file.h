// index/version_top_file.h -- the top of the set at one old m, in one immutable file.
//
//   absl::Status durable = WriteVersionTop(path, identity, {m, n, depth, root}, nodes);
//   auto top = VersionTopFile::Open(path, identity, m);
//   const Hash& node = (*top)->nodes()[i];   // heap order: 1 is the root, 2i, 2i + 1
//
//   tag 32 | u64 m | u64 n | u64 depth | set root 32 | u64 checksum of the nodes |
//   u64 checksum of the header so far | 2^(depth + 1) nodes of 32 bytes, number 0
//   unused
//
// The tag has 0 partition bits: these files do not depend on partitions. Nodes are
// mapped and not checked when opened: a proof read from them is verified before it is
// served, so damage costs an error. Thread-safe. SIGBUS as with run_file.h.
#ifndef SETLOG_INDEX_VERSION_TOP_FILE_H_
#define SETLOG_INDEX_VERSION_TOP_FILE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/file_tag.h"
#include "index/mapped_file.h"
#include "log/bytes.h"

namespace setlog {

struct VersionTopFrame {
  uint64_t m = 0;
  uint64_t n = 0;
  unsigned depth = 0;
  Hash root;  // the set root at m
  friend bool operator==(const VersionTopFrame&, const VersionTopFrame&) = default;
};

// Writes beside `path`, syncs, renames. `nodes` has 2^(depth + 1), of which the first
// is not read. InvalidArgument if n and node 1 do not lead to the set root.
absl::Status WriteVersionTop(const std::string& path, const IndexIdentity& identity,
                             const VersionTopFrame& frame, std::span<const Hash> nodes);

class VersionTopFile {
 public:
  // NotFound; DataLoss if the header is damaged, of another log or m, or if n and node
  // 1 do not lead to its set root; Unavailable.
  static absl::StatusOr<std::unique_ptr<VersionTopFile>> Open(
      const std::string& path, const IndexIdentity& identity, uint64_t m);

  const VersionTopFrame& frame() const { return frame_; }
  std::span<const Hash> nodes() const { return nodes_; }
  uint64_t file_bytes() const { return file_.bytes().size(); }
  // Reads all nodes and checks their checksum.
  absl::Status CheckAll() const;

 private:
  VersionTopFile(MappedFile file, const VersionTopFrame& frame, uint64_t checksum,
                 std::span<const Hash> nodes)
      : file_(std::move(file)), frame_(frame), checksum_(checksum), nodes_(nodes) {}

  MappedFile file_;
  VersionTopFrame frame_;
  uint64_t checksum_;
  std::span<const Hash> nodes_;  // in file_
};

}  // namespace setlog

#endif  // SETLOG_INDEX_VERSION_TOP_FILE_H_
