// server/backup.h -- copies of a data directory that can be trusted, and the way back.
//
//   absl::StatusOr<BackupManifest> backup = BackUp({.data_dir = "/var/lib/setlog"},
//                                                  "/backup/monday", options,
//                                                  progress);
//   absl::StatusOr<Restored> restored = Restore("/backup/monday", target, nullopt,
//   ...);
//
// A backup is written under another name, read back whole (every log's root recomputed
// from its entries) and renamed last: what bears the name is whole. A restored
// directory comes to be in the same way.
#ifndef SETLOG_SERVER_BACKUP_H_
#define SETLOG_SERVER_BACKUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/backup_manifest.h"
#include "server/store_check.h"

namespace setlog {

// Beside a running server, through checkpoint_door.h, or from a stopped directory,
// whose lock is held meanwhile. FailedPrecondition: `target` is there and not empty, or
// a server runs that cannot be asked. DataLoss: the copy, and so the store, is damaged.
absl::StatusOr<BackupManifest> BackUp(const DataDirectory& where,
                                      const std::string& target, bool with_keys,
                                      const CheckProgressFn& progress);

struct Restored {
  BackupManifest manifest;
  // Where the anchor stood that was overruled, if it was ahead of the backup.
  std::optional<uint64_t> rolled_back_from;
  std::vector<std::string> missing_keys;  // files that are to be put back by hand
};

// Makes `to.data_dir`, which must not exist or be empty, from a backup. An anchor that
// exists at `to.anchor_path` must agree with the backup, or `accept_rollback` must name
// the backup's commit. DataLoss: the backup is damaged, or older than the anchor.
absl::StatusOr<Restored> Restore(const std::string& backup, const DataDirectory& to,
                                 std::optional<uint64_t> accept_rollback,
                                 const CheckProgressFn& progress);

}  // namespace setlog

#endif  // SETLOG_SERVER_BACKUP_H_
