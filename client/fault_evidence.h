// client/fault_evidence.h -- what convicts a log of the fault that a replay met.
//
//   std::optional<ReplayFault> fault = replay.Feed(entries);
//   absl::StatusOr<Evidence> evidence =
//       MakeFaultEvidence(connection, head, replay, *fault, entry);
//
// The replay holds the set as it was before the wrong index entry, so it can make the
// extension proof that contradicts it; entries and paths come from the server, and are
// verified under the head that it signed.
#ifndef SETLOG_CLIENT_FAULT_EVIDENCE_H_
#define SETLOG_CLIENT_FAULT_EVIDENCE_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "log/evidence.h"
#include "log/replay.h"

namespace setlog {

// `entry` stands at fault.position under the head: this is checked again. The result
// verifies (VerifyEvidence). ResourceExhausted if it would be too large for a file;
// FailedPrecondition for a fault that is no misbehaviour. Some calls, and the entries
// that the evidence holds; for a wrong index entry also one call for each leaf that
// its proof opens.
absl::StatusOr<Evidence> MakeFaultEvidence(const Connection& connection,
                                           const VerifiedHead& head,
                                           const Replay& replay,
                                           const ReplayFault& fault,
                                           const std::string& entry);

// The same for an audit that holds no set, of every fault but that of a wrong set
// (FailedPrecondition): with the newest index entry and the tags before the fault.
absl::StatusOr<Evidence> MakeEntryEvidence(const Connection& connection,
                                           const VerifiedHead& head,
                                           const std::optional<PlacedIndex>& last_index,
                                           const std::map<std::string, PlacedTag>& tags,
                                           const ReplayFault& fault,
                                           const std::string& entry);

// The log's key signed both heads, and the larger does not continue the smaller one:
// so says the larger one itself, by the verified proofs that `tree` gets under it.
absl::StatusOr<Evidence> MakeForkEvidence(const TreeClient& tree,
                                          const std::string& smaller_note,
                                          uint64_t smaller_size,
                                          const std::string& larger_note);

}  // namespace setlog

#endif  // SETLOG_CLIENT_FAULT_EVIDENCE_H_
