// server/store_check.h -- reads a whole data directory and says all that is wrong.
//
//   absl::StatusOr<StoreCheck> check = CheckDataDirectory(
//       {.data_dir = "/var/lib/setlog"}, [](const CheckProgress&) {});
//   for (const Finding& finding : check->findings) ...
//
// Takes the store's lock and alters nothing. What it looks at, in this order: whether
// the store opens, the anchor, each file's checksums, whether every row belongs to
// somebody, each log (log_check.h), keys, token, and files that nobody knows.
#ifndef SETLOG_SERVER_STORE_CHECK_H_
#define SETLOG_SERVER_STORE_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/finding.h"
#include "storage/rocks_inspection.h"
#include "storage/store.h"

namespace setlog {

struct CheckProgress {
  std::string what;  // "files", or a log's origin
  uint64_t done = 0;
  uint64_t total = 0;
};
using CheckProgressFn = std::function<void(const CheckProgress&)>;

struct CheckedLog {
  LogRecord record;
  std::string vkey;
};

struct StoreCheck {
  std::vector<Finding> findings;
  StoreState state;
  std::vector<CheckedLog> logs;

  // The worst there is.
  Finding::Kind worst() const;
};

struct DataDirectory {
  std::string data_dir;
  std::string anchor_path = "";  // empty: DIR/anchor
  uint64_t memory_bytes = uint64_t{256} << 20;

  std::string store_path() const { return data_dir + "/store"; }
  std::string anchor() const {
    return anchor_path.empty() ? data_dir + "/anchor" : anchor_path;
  }
};

// FailedPrecondition: a server has the store open. NotFound: there is no data
// directory. Everything else is a finding. O(bytes of the store).
absl::StatusOr<StoreCheck> CheckDataDirectory(const DataDirectory& where,
                                              const CheckProgressFn& progress);

// The same on a store that is open already.
StoreCheck CheckDataDirectory(const DataDirectory& where, StoreInspection& store,
                              const CheckProgressFn& progress);

// The parts of it that concern an opened store alone: files, rows, logs. With a data
// directory for its keys the index snapshots are checked too.
StoreCheck CheckStore(StoreInspection& store, const std::string& keys_data_dir,
                      const CheckProgressFn& progress);

}  // namespace setlog

#endif  // SETLOG_SERVER_STORE_CHECK_H_
