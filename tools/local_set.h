// tools/local_set.h -- what a command was given, as a set: its size, its root, its
// members by rising keys. In little memory, however many there are.
//
//   LocalSet set;
//   absl::Status added = set.Add(values);       // any number of times
//   absl::StatusOr<SetSummary> here = set.Summarize();
//   here->root == version.index.set_root;       // it is that very set
//   absl::Status read = set.Read([&](std::span<const Hash> values) { ... });
//
// Values go into parts by the first bits of their keys, so that one part at a time is
// sorted, and the trees of all parts join under the nodes above them (log/set_tree.h).
// Memory: 32 MiB and 130 bytes for each value of one part in 128; the rest is in
// unlinked files. Not thread-safe.
#ifndef SETLOG_TOOLS_LOCAL_SET_H_
#define SETLOG_TOOLS_LOCAL_SET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "tools/hash_spool.h"

namespace setlog {

struct SetSummary {
  uint64_t distinct = 0;
  Hash root;  // the set root of a log that has just these members
};

class LocalSet {
 public:
  LocalSet();

  absl::Status Add(std::span<const Hash> values);

  // O(n log n), and three hashes a value.
  absl::StatusOr<SetSummary> Summarize() const;

  // Calls back with all values, each once, by rising keys, so that what is asked of a
  // server in one batch has few paths; an error of the callback ends it.
  absl::Status Read(const HashSpool::PieceCallback& callback) const;

 private:
  std::vector<std::unique_ptr<HashSpool>> parts_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_LOCAL_SET_H_
