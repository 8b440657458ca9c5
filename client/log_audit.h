// client/log_audit.h -- replays a log from a server up to a verified head.
//
//   LogAudit audit(&connection, head, Replay(origin));     // or one that goes on
//   absl::StatusOr<bool> finished = audit.Run(keep_progress);
//   if (audit.fault()) ...     // authenticated: the log's own entries break its
//   promises else if (*finished) ...    // every entry up to the head was checked
//
// Entries stream in while those before them are checked, which takes all cores when an
// index entry's set is to be computed. They are authenticated in one
// piece: what they add up to must be the head's tree, at the end, at a fault, and
// wherever CheckPrefix is called. Not thread-safe.
#ifndef SETLOG_CLIENT_LOG_AUDIT_H_
#define SETLOG_CLIENT_LOG_AUDIT_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "log/evidence.h"
#include "log/replay.h"
#include "port/parallel.h"

namespace setlog {

class LogAudit {
 public:
  // Both must outlive it. `replay` has at most the head's size, and met no fault.
  LogAudit(const Connection* connection, const VerifiedHead* head, Replay replay);

  const Replay& replay() const { return replay_; }
  // For the next audit: its entries are the log's if Run returned true, or CheckPrefix
  // OK. Not if it is faulted(): it met what may be a lie of the server alone, and the
  // next audit must begin with another one.
  Replay TakeReplay() && { return std::move(replay_); }
  const TreeClient& tree() const { return tree_; }

  // Whether everything that was fed stands under the head. DataLoss if it does not; one
  // or two calls.
  absl::Status CheckPrefix() const { return CheckRoot(replay_.size(), replay_.Root()); }

  // Checks the entries up to the head; true if all were, false if a fault was met.
  // `after_piece` is called after each piece, and at least several times a second; its
  // error ends the audit and is returned. DataLoss if the server sends what does not
  // stand under its head (which convicts nobody), FailedPrecondition for a replay that
  // is faulted(), else the connection's status.
  absl::StatusOr<bool> Run(const std::function<absl::Status()>& after_piece);

  // The fault that Run met, in an entry that stands under the head.
  const std::optional<ReplayFault>& fault() const { return fault_; }
  // What convicts the log of it.
  absl::StatusOr<Evidence> MakeEvidence() const;

 private:
  absl::Status CheckRoot(uint64_t size, const Hash& root) const;
  absl::Status AuthenticateFault(std::span<const Bytes> entries);

  const Connection* connection_;
  const VerifiedHead* head_;
  const TreeClient tree_;
  Parallel parallel_;
  Replay replay_;
  std::optional<ReplayFault> fault_;
  std::string fault_entry_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_LOG_AUDIT_H_
