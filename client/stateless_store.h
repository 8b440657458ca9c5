// client/stateless_store.h -- what an audit without a set keeps between its runs.
//
//   StatelessStore store(home + "/audit", origin);
//   absl::StatusOr<std::optional<StatelessState>> state = store.Load();
//   absl::Status kept = store.Save(*next);
//
//   DIR/<hex>.stateless    hex = SHA-256 of the origin
//
//   {"head":"<note>","m":"7","n":"3","origin":"...","peaks":["<hex>",...],
//    "position":"7","set_root":"<hex>","size":"9","tags":[["v1","7","8"],...]}
//   <SHA-256 of the line above, hex>
//
// in RFC 8785 form (one line). It is what induction goes on from, so a damaged file is
// refused (DataLoss), never taken for none. Whoever audits a log of their own keeps it
// from others: a state that somebody made up proves nothing. Hold the lock of the
// directory (client/audit_state.h) meanwhile.
#ifndef SETLOG_CLIENT_STATELESS_STORE_H_
#define SETLOG_CLIENT_STATELESS_STORE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/stateless_audit.h"

namespace setlog {

class StatelessStore {
 public:
  StatelessStore(const std::string& directory, std::string origin);

  const std::string& path() const { return path_; }

  // Nothing if nothing was ever saved.
  absl::StatusOr<std::optional<StatelessState>> Load() const;
  // Durable on OK, and the old one or the new one at any time.
  absl::Status Save(const StatelessState& state) const;

 private:
  std::string path_;
  std::string origin_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATELESS_STORE_H_
