// server/log_rows.h -- all that a store keeps of one log, recomputed from its entries.
//
//   absl::StatusOr<ReplayedLog> log = ReplayRows(
//       store, record, [&](const Write& row) { ... }, [](uint64_t done) {});
//
// The bundles and the head are the log; tiles, index rows and tag rows follow from
// them. A check compares the stored rows with these, a repair writes these. Pure but
// for the reads; thread-safe.
#ifndef SETLOG_SERVER_LOG_ROWS_H_
#define SETLOG_SERVER_LOG_ROWS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/entry.h"
#include "storage/store.h"

namespace setlog {

struct ReplayedLog {
  // Add and remove entries in the bundles before each bundle, and in all.
  std::vector<std::array<uint64_t, 2>> values_before;
  std::string manifest;  // entry 0's body
  uint64_t tiles = 0;    // rows given to `row`, by table
  uint64_t index_rows = 0;
  uint64_t tag_rows = 0;
};

// Reads every bundle, replays the log (log/replay.h: every entry, every index entry)
// and compares the root with the head's. `row` gets each row of kTile, kIndex and kTag
// as it must stand in the store, once; an error of it ends the replay. DataLoss, naming
// bundle or entry, if the log itself is damaged. O(entries); memory: 40 bytes a
// distinct value.
absl::StatusOr<ReplayedLog> ReplayRows(
    const Store& store, const LogRecord& record,
    const std::function<absl::Status(const Write& row)>& row,
    const std::function<void(uint64_t entries)>& progress);

// How many adds (or removes) stand in entries [0, end). One read.
absl::StatusOr<uint64_t> CountValues(const Store& store, const LogRecord& record,
                                     const ReplayedLog& log, EntryType type,
                                     uint64_t end);

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_ROWS_H_
