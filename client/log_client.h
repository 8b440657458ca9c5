// client/log_client.h -- one log, asked over a connection, every answer verified.
//
//   LogClient log(&connection, &state, {.origin = origin, .key = key});
//   absl::StatusOr<VerifiedHead> head = log.Head({.tag = "v1"});
//   absl::StatusOr<LookupResult> found = log.Lookup(*head, record, Positions::kProven);
//   std::string file = FormatProofFile({head->proof, found->proof});
//
// Records are named by their hashes in private logs too: what they are in the log,
// their labels, a VrfSource says, by default the server's Prover, and its VRF proofs
// are verified like the rest (DataLoss). Evidence speaks of labels only: it is made
// public.
//
// Nothing is returned that was not verified, but for what a comment calls a claim. An
// answer that does not verify is DataLoss (UNVERIFIED), or Unimplemented (UNSUPPORTED)
// for a kind of log that this code does not know; everything else is the server's own
// status. Entries and tree proofs are in client/tree_client.h. Not thread-safe; any
// number of them may share a connection and a state directory.
#ifndef SETLOG_CLIENT_LOG_CLIENT_H_
#define SETLOG_CLIENT_LOG_CLIENT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/conviction.h"
#include "client/head_follower.h"
#include "client/logged_value.h"
#include "client/state.h"
#include "client/tree_client.h"
#include "client/vrf_source.h"
#include "log/verify.h"

namespace setlog {

// What a server says of its logs: claims.
struct LogSummary {
  std::string origin;
  std::string vkey;
  uint64_t size = 0;
};
absl::StatusOr<std::vector<LogSummary>> ListLogs(const Connection& connection);

// kProven: with the entries that added (and removed) the record, as a proof file needs
// them. kNone: present or absent only, in a smaller answer; `proof` is then no file's.
enum class Positions { kNone, kProven };

struct LookupResult {
  Answer answer;
  AnswerProof proof;
};

struct PlacedTagEntry {
  TagEntry tag;
  uint64_t position = 0;
};

class LogClient {
 public:
  // The most records that one BatchLookup call may name.
  static constexpr size_t kBatchRecords = 4096;

  // Both must outlive it.
  LogClient(const Connection* connection, const StateDirectory* state,
            TrustOptions options);

  // Who makes the labels of a private log from now on. Must outlive it.
  void UseVrf(const VrfSource* vrf) { vrf_ = vrf; }

  const std::string& origin() const { return follower_.options().origin; }

  // The newest head with one version of the set; see HeadFollower::Follow.
  absl::StatusOr<VerifiedHead> Head(const At& at = {}, const Demands& demands = {});
  // `head` under the newest checkpoint that witnesses cosigned as the server's policy
  // wants it, if that one holds its version: what a proof file is best made of. `head`
  // itself if there is none, or it does not meet `demands`. One call.
  absl::StatusOr<VerifiedHead> Cosigned(const VerifiedHead& head,
                                        const Demands& demands);
  // See HeadFollower.
  absl::StatusOr<bool> MeetsQuorum(const std::string& note) const {
    return follower_.MeetsQuorum(note);
  }
  // Why the last call failed, if it met two heads that contradict each other.
  const std::optional<HeadContradiction>& contradiction() const {
    return follower_.contradiction();
  }
  // What the last call met, if the log's own signatures show that it lied.
  const std::optional<Conviction>& conviction() const {
    return conviction_ ? conviction_ : follower_.conviction();
  }

  // Creates the log from its manifest (RFC 8785 form, of this origin) and takes its
  // first head. InvalidArgument for a malformed manifest; AlreadyExists if the origin
  // is taken, or this client already knows a head of it. `maybe_created`: an earlier
  // call may have created it although its answer was lost, so a log with the very same
  // manifest is a success too.
  absl::StatusOr<VerifiedHead> CreateLog(std::string_view manifest,
                                         bool maybe_created = false);

  // Names the set as it is now; the version that the name then has, verified.
  // AlreadyExists if the name is another version's; a tag that was made since this call
  // began, by a try whose answer was lost, is its own. Waits for the index.
  // FailedPrecondition, and no tag, if an add or remove stands at or after
  // `unchanged_from`.
  absl::StatusOr<VerifiedHead> TagSet(
      const std::string& name, std::optional<uint64_t> unchanged_from = std::nullopt);

  // What stands in the log for each record: client/logged_value.h.
  absl::StatusOr<std::vector<LoggedValue>> ValuesOf(const VerifiedHead& head,
                                                    std::span<const Hash> records,
                                                    WithProofs with_proofs) const;

  // Whether `record` is in the set of that version. Without positions REMOVED is not
  // told from ABSENT. One call, and in a private log one for its label.
  absl::StatusOr<LookupResult> Lookup(const VerifiedHead& head, const Hash& record,
                                      Positions positions) const;
  // The same for what ValuesOf gave. One call.
  absl::StatusOr<LookupResult> Lookup(const VerifiedHead& head,
                                      const LoggedValue& value,
                                      Positions positions) const;
  // The same for what stands in the log, whatever record it is of: `proof` then is that
  // of a file for a plain log only.
  absl::StatusOr<LookupResult> LookupValue(const VerifiedHead& head, const Hash& value,
                                           Positions positions) const;

  // The verdict on each record, in order, all under the same version. One call for each
  // 4,096 records, in a private log two, and one for each that turns out REMOVED. That
  // others of the absent were never in the set before is a claim, as everywhere.
  absl::StatusOr<std::vector<SetVerdict>> BatchLookup(
      const VerifiedHead& head, std::span<const Hash> records) const;
  absl::StatusOr<std::vector<SetVerdict>> BatchLookup(
      const VerifiedHead& head, std::span<const LoggedValue> values) const;

  // All tags of the log, each proven under the head; that there are no others is a
  // claim.
  absl::StatusOr<std::vector<PlacedTagEntry>> Tags(const VerifiedHead& head) const;

  // Waits until an index entry covers the entry at `position`; returns a head whose
  // newest version does. `progress` gets each new index size, as a claim. Gives up when
  // the server is lost for the connection's retry_for.
  absl::StatusOr<VerifiedHead> WaitIndexed(
      uint64_t position, const std::function<void(uint64_t index_size)>& progress);

 private:
  // Judges candidates for an answer under `head` that was refused with `status`.
  absl::Status Accuse(const VerifiedHead& head, std::span<const Evidence> candidates,
                      const absl::Status& status) const;
  // What a lookup answer that does not verify may be evidence of.
  std::vector<Evidence> EvidenceOf(const VerifiedHead& head,
                                   const AnswerProof& answer) const;

  // For at most kBatchRecords.
  absl::StatusOr<std::vector<SetVerdict>> OneBatch(const VerifiedHead& head,
                                                   std::span<const Hash> values) const;

  const Connection* connection_;
  const StateDirectory* state_;
  HeadFollower follower_;
  const VrfSource* vrf_ = nullptr;  // nothing: the connection's Prover
  mutable std::optional<Conviction> conviction_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_LOG_CLIENT_H_
