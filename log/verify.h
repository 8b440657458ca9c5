// log/verify.h -- the checks on an answer, in their order: first the version of the set
// that it is for, then the record.
//
//   absl::StatusOr<Version> version = VerifyVersion(version_proof, trust, demands);
//   absl::StatusOr<Answer> answer = VerifyAnswer(*version, answer_proof);
//   answer->verdict == SetVerdict::kAbsent;   // from the set that origin committed to
//
// This is all that stands behind a proof file, on plain structs: no I/O, no clock. The
// numbered rules are in docs/format.md, "Checking a proof file". Any failure is
// DataLoss or InvalidArgument (UNVERIFIED), or Unimplemented (UNSUPPORTED: a manifest
// of a kind this code does not know). There are no partial answers.
#ifndef SETLOG_LOG_VERIFY_H_
#define SETLOG_LOG_VERIFY_H_

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/policy.h"
#include "log/set_proof.h"
#include "log/vkey.h"

namespace setlog {

// An entry and its inclusion path under a checkpoint that is known from elsewhere.
struct ProvenEntry {
  uint64_t position = 0;
  std::string entry;
  std::vector<Hash> path;
  friend bool operator==(const ProvenEntry&, const ProvenEntry&) = default;
};

// What leads from a signed checkpoint to a set root.
struct VersionProof {
  std::string checkpoint;  // signed note
  ProvenEntry manifest;
  ProvenEntry index;
  std::optional<ProvenEntry> tag;
  friend bool operator==(const VersionProof&, const VersionProof&) = default;
};

// What leads from a set root to an answer about one record.
struct AnswerProof {
  Hash record;
  LookupProof lookup;
  std::optional<ProvenEntry> added;    // PRESENT and REMOVED
  std::optional<ProvenEntry> removed;  // REMOVED
  std::string vrf_proof;               // private logs: 80 bytes
  friend bool operator==(const AnswerProof&, const AnswerProof&) = default;
};

// Whose word counts: a log's key, or a policy (which names log keys and witnesses).
// With both, the note must satisfy both.
struct Trust {
  std::optional<VerifierKey> log_key;
  std::optional<Policy> policy;
};

struct Demands {
  std::optional<std::string> tag;  // the answer must be for this version
  std::optional<uint64_t> m;       // the answer must be for this m
  // Without tag and m: the most entries that m may lag behind the head.
  std::optional<uint64_t> max_lag;
  // The quorum must be met by cosignatures no older than this (POSIX seconds).
  std::optional<uint64_t> oldest_cosignature_s;
  // And by none later than this: a witness whose clock is ahead shows no freshness.
  uint64_t latest_cosignature_s = std::numeric_limits<uint64_t>::max();
  bool require_replay = false;
};

// A version of the set that a trusted checkpoint commits to.
struct Version {
  Checkpoint checkpoint;
  VerifierKey log_key;
  Manifest manifest;
  IndexEntry index;
  uint64_t index_position = 0;
  std::optional<TagEntry> tag;
  // The oldest time that still meets the policy's quorum, if it has one.
  std::optional<uint64_t> cosigned_at_s;
  // Members of the policy's group `replay` that cosigned: they recomputed the set.
  std::vector<std::string> replayed_by;
  uint64_t replay_group_size = 0;
  bool replay_met = false;
};

enum class SetVerdict { kPresent, kAbsent, kRemoved };

struct Answer {
  SetVerdict verdict = SetVerdict::kAbsent;
  std::optional<uint64_t> added_at;    // position of an add of the record
  std::optional<uint64_t> removed_at;  // REMOVED: position of the remove after it
};

// A note that `trust` accepts: signed by the log, and the quorum met.
struct TrustedHead {
  Checkpoint checkpoint;
  VerifierKey log_key;
  PolicyResult policy;  // without a policy: no cosigners, quorum_met
};
absl::StatusOr<TrustedHead> VerifyHead(const std::string& note, const Trust& trust);

// OK if the demand for freshness, if there is one, is met by the head's cosignatures.
absl::Status CheckFreshness(const TrustedHead& head, const Trust& trust,
                            const Demands& demands);

// OK iff `entry` stands at its position under the checkpoint.
absl::Status VerifyEntry(const ProvenEntry& entry, const Checkpoint& checkpoint);

absl::StatusOr<Version> VerifyVersion(const VersionProof& proof, const Trust& trust,
                                      const Demands& demands);

// The value r that stands in the log for proof.record: the record hash itself, or in a
// private log its label, as the VRF proof shows it. Both kinds refuse the other's
// proof.
absl::StatusOr<Hash> ValueOf(const Manifest& manifest, const AnswerProof& proof);

// The verdict on proof.record in the set of `version`. PRESENT and REMOVED need their
// entries, ABSENT must not have any: a proof has no field that is not used.
absl::StatusOr<Answer> VerifyAnswer(const Version& version, const AnswerProof& proof);

// The same for who knows already that `value` is what stands in the log for the record:
// proof.record and proof.vrf_proof are not looked at.
absl::StatusOr<Answer> VerifyValue(const Version& version, const Hash& value,
                                   const AnswerProof& proof);

}  // namespace setlog

#endif  // SETLOG_LOG_VERIFY_H_
