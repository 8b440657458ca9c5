// client/audit_state.h -- how far an audit came, kept between its runs.
//
//   absl::StatusOr<AuditStore> store = AuditStore::Open(home + "/audit", origin);
//   absl::StatusOr<std::optional<AuditState>> state = store->Load();
//   absl::Status kept = store->Save({note, replay.state()});
//
//   DIR/<hex>.audit    hex = SHA-256 of the origin; its form is in docs/format.md
//   DIR/<hex>.lock     held while a store is open: one audit of a log at a time
//
// It ends in the SHA-256 of all before it, and the set in it leads to the set root of
// the last index entry. A damaged file is refused (DataLoss), never taken for none:
// the message names it and the remedy. Saving costs a write of 40 bytes a member,
// and loading about one hash a member. Not thread-safe.
#ifndef SETLOG_CLIENT_AUDIT_STATE_H_
#define SETLOG_CLIENT_AUDIT_STATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/atomic_file.h"
#include "log/replay.h"

namespace setlog {

struct AuditState {
  // The signed head that the entries of `replay` stand under; larger than they are if
  // the audit was interrupted.
  std::string note;
  ReplayState replay;
};

class AuditStore {
 public:
  // Waits until no other audit of this log uses the directory, which is created.
  static absl::StatusOr<AuditStore> Open(const std::string& directory,
                                         std::string origin);

  const std::string& path() const { return path_; }

  // Nothing if nothing was ever saved.
  absl::StatusOr<std::optional<AuditState>> Load() const;
  // Durable on OK, and the old one or the new one at any time.
  absl::Status Save(std::string_view note, const ReplayState& replay) const;

 private:
  AuditStore(std::string path, std::string origin, FileLock lock)
      : path_(std::move(path)), origin_(std::move(origin)), lock_(std::move(lock)) {}
  std::string path_;
  std::string origin_;
  FileLock lock_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_AUDIT_STATE_H_
