// server/repair.h -- makes a store anew from its log, where that is all it takes.
//
//   absl::StatusOr<Repair> repair = RepairDataDirectory(
//       {.data_dir = "/var/lib/setlog"}, [](const CheckProgress&) {});
//
// The damaged store is not touched: a second one is written beside it,
// DIR/store.repair, with its entries, heads, keys and sessions, and with tiles, index
// rows and tag rows recomputed from the entries. It is checked whole and then exchanged
// with the damaged one, in one step. So a crash leaves the one or the other, and
// running it again is always right. A damaged index is removed: the server makes it
// anew.
#ifndef SETLOG_SERVER_REPAIR_H_
#define SETLOG_SERVER_REPAIR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store_check.h"

namespace setlog {

struct Repair {
  StoreCheck before;
  // Something is damaged that the log cannot tell: nothing was changed.
  bool refused = false;
  std::vector<std::string> done;  // what was made anew; empty: there was nothing to do
};

// FailedPrecondition: a server runs. NotFound: no such directory. DataLoss: the store
// cannot be read at all. ResourceExhausted: no space for a second store. O(store).
absl::StatusOr<Repair> RepairDataDirectory(const DataDirectory& where,
                                           const CheckProgressFn& progress);

}  // namespace setlog

#endif  // SETLOG_SERVER_REPAIR_H_
