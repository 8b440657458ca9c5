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

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/anchor.h"
#include "storage/rocks_store.h"
#include "storage/store.h"

namespace setlog {

// Errors of OpenRocksStore, and DataLoss if store and anchor do not belong together
// (CheckAnchor): no file has been altered then. A new pair is made only if there is
// neither, or a store without a commit. `options.accept` is called after the anchor
// agreed.
//
// `accept_rollback`: the commit that somebody decided to go on from, although the
// anchor shows a later one, is missing or is unreadable. The store must stand at
// exactly this commit; then the anchor is made anew. FailedPrecondition if it stands
// elsewhere, or if there is nothing to accept.
absl::StatusOr<std::unique_ptr<Store>> OpenAnchoredStore(
    const RocksOptions& options, const std::string& anchor_path,
    std::optional<uint64_t> accept_rollback = std::nullopt);

// What OpenAnchoredStore asks: whether a store at `state` may be gone on with, given
// what Anchor::Open said. Also for backups, before they are put in place.
absl::Status JudgeAnchor(const StoreState& state, const std::string& anchor_path,
                         const absl::StatusOr<Anchor>& anchor,
                         std::optional<uint64_t> accept_rollback);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ANCHORED_STORE_H_
