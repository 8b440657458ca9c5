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

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/anchor.h"
#include "storage/rocks_store.h"
#include "storage/store.h"

namespace setlog {

// What happens in a store, for those who count it. Called on the thread that asked the
// store; must not block, nor ask the store. Both may be empty.
struct StoreObserver {
  // A commit is durable: how long the synced write took, and the anchor after it.
  std::function<void(std::chrono::nanoseconds write, std::chrono::nanoseconds anchor)>
      committed;
  // An operation failed: "commit", "keep", "anchor" or "read". NotFound is no failure.
  std::function<void(std::string_view operation, const absl::Status& status)> failed;
};

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
    std::optional<uint64_t> accept_rollback = std::nullopt,
    StoreObserver observer = {});

// What OpenAnchoredStore asks: whether a store at `state` may be gone on with, given
// what Anchor::Open said. Also for backups, before they are put in place.
absl::Status JudgeAnchor(const StoreState& state, const std::string& anchor_path,
                         const absl::StatusOr<Anchor>& anchor,
                         std::optional<uint64_t> accept_rollback);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ANCHORED_STORE_H_
