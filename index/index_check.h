// index/index_check.h -- reads all of an index directory and says what is wrong.
//
//   absl::StatusOr<IndexCheck> check = CheckIndexFiles(directory, store.id(),
//   log_number);
//   // then: check->entry, and each of check->versions, must be what the log says
//
// Alters nothing, so it looks at the directory as a crash may have left it: whatever
// the next start would cut off or remove is no fault. Needs memory for the rows that
// are in journals and for the hashes of a few partitions, not for the whole top.
#ifndef SETLOG_INDEX_INDEX_CHECK_H_
#define SETLOG_INDEX_INDEX_CHECK_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "index/index_directory.h"
#include "index/version_top_file.h"
#include "log/entry.h"
#include "port/parallel.h"

namespace setlog {

struct IndexCheck {
  IndexEntry entry;  // the newest set that is whole; the rows lead to its root
  uint64_t rows = 0;
  std::vector<VersionTopFrame> versions;  // by m; each is whole in itself
};

// NotFound if there is no manifest: no index, which is no fault. DataLoss, naming the
// file, unless
//   - every file that counts is undamaged, all of it, and belongs to this log;
//   - each key's events alternate, an add first, in order of position;
//   - each bucket's members hash to what tops and journals say;
//   - all of them together lead to n and the set root of the last commit.
// Reads everything once, and hashes every member.
absl::StatusOr<IndexCheck> CheckIndexFiles(const IndexDirectory& directory,
                                           const StoreId& store, LogNumber log,
                                           const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_INDEX_INDEX_CHECK_H_
