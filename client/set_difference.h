// client/set_difference.h -- what changed between two versions of a set, proven.
//
//   SetDifference between(&connection, older, newer);
//   absl::StatusOr<std::vector<MemberChange>> changes = between.Find(progress);
//   if (!changes.ok() && between.evidence()) ...        // the log contradicts itself
//
// Only values that an entry between the two m names can have changed. Those entries are
// fetched and authenticated; each value is looked up in both sets; and the newer set
// must say of each what the last entry says. Not thread-safe.
// Memory: about 160 bytes a value that the entries name.
#ifndef SETLOG_CLIENT_SET_DIFFERENCE_H_
#define SETLOG_CLIENT_SET_DIFFERENCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "log/evidence.h"
#include "log/extension.h"

namespace setlog {

struct MemberChange {
  Hash value;
  bool added = true;  // else removed
  friend bool operator==(const MemberChange&, const MemberChange&) = default;
};

class SetDifference {
 public:
  // Two versions of one log, older.version.index.m <= newer.version.index.m, and the
  // head of `newer` continues that of `older`. Everything must outlive it.
  SetDifference(const Connection* connection, const VerifiedHead* older,
                const VerifiedHead* newer);

  // Gets what is being done, how much of it is done and how much there is.
  using ProgressCallback =
      std::function<void(const char* what, uint64_t done, uint64_t total)>;

  // The changes from the older to the newer set, by value. DataLoss if something does
  // not verify or contradicts itself, else the connection's status.
  absl::StatusOr<std::vector<MemberChange>> Find(const ProgressCallback& progress);

  // Whether Find recomputed the newer root. If not (too many values for one proof), it
  // compared those that the entries between name, and n.
  bool root_checked() const { return root_checked_; }
  // What convicts the log, if Find failed for a contradiction that can be shown.
  const std::optional<Evidence>& evidence() const { return evidence_; }

 private:
  absl::StatusOr<ExtensionRange> FetchChanges(const ProgressCallback& progress);
  absl::Status CheckBatch(const ExtensionRange& range,
                          std::span<const ExtensionRange::Touch> touched,
                          const std::string& proof);
  // The status of a contradiction, after evidence of it was made if it can be.
  absl::Status Contradicts(const std::string& what, absl::StatusOr<Evidence> evidence);
  absl::StatusOr<Evidence> WrongEntry(uint64_t position, std::string entry);
  absl::StatusOr<Evidence> WrongMember(const Hash& value);
  absl::StatusOr<Evidence> WrongRoot(const ExtensionRange& range,
                                     const std::string& proof);

  const Connection* connection_;
  const VerifiedHead* older_;
  const VerifiedHead* newer_;
  const TreeClient tree_;  // under the newer head
  bool root_checked_ = false;
  std::optional<Evidence> evidence_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_SET_DIFFERENCE_H_
