// storage/anchored_store.h -- a store on disk that cannot go back unnoticed.
//
//   absl::StatusOr<std::unique_ptr<Store>> store = OpenAnchoredStore(
//       {.path = "/srv/setlog/store", .create_if_missing = true},
//       "/srv/setlog/anchor");
//   absl::Status durable = (*store)->Commit(commit);   // in the store, then the anchor
//
// The anchor may lie on another disk: then an old backup of the store's disk is noticed
// too. Thread-safe like every Store.
#ifndef SETLOG_STORAGE_ANCHORED_STORE_H_
#define SETLOG_STORAGE_ANCHORED_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/rocks_store.h"
#include "storage/store.h"

namespace setlog {

// Errors of OpenRocksStore, and DataLoss if store and anchor do not belong together
// (CheckAnchor): no file has been altered then. A new pair is made only if there is
// neither, or a store without a commit. `options.accept` is called after the anchor
// agreed.
absl::StatusOr<std::unique_ptr<Store>> OpenAnchoredStore(
    const RocksOptions& options, const std::string& anchor_path);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ANCHORED_STORE_H_
