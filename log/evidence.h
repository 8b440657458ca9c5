// log/evidence.h -- what convicts a log: its own signatures on things that contradict
// each other.
//
//   Evidence evidence = TwoRoots{note, other_note};
//   absl::StatusOr<Misbehaviour> proven = VerifyEvidence(evidence, trust);
//   if (proven.ok()) Tell(proven->origin, proven->what);  // else it proves nothing
//
// Every kind is self-contained and stands under heads that the log's key signed. None
// can be made of the material of an honest log, by whomever: what merely does not
// verify is DataLoss or InvalidArgument (UNVERIFIED), never evidence. Who cosigned does
// not matter: the log is convicted by its own key, so no quorum is asked for. Pure;
// thread-safe. The kinds are in docs/format.md, "Evidence".
#ifndef SETLOG_LOG_EVIDENCE_H_
#define SETLOG_LOG_EVIDENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/entry_range.h"
#include "log/set_proof.h"
#include "log/verify.h"

namespace setlog {

// Checkpoints are signed notes. Where entries mean something, `manifest` shows that the
// log's entries are of the version that this code knows.

// An entry under a head of its own.
struct SignedEntry {
  std::string checkpoint;
  ProvenEntry entry;
  friend bool operator==(const SignedEntry&, const SignedEntry&) = default;
};

// Two heads of one size with different roots.
struct TwoRoots {
  std::string first;
  std::string second;
  friend bool operator==(const TwoRoots&, const TwoRoots&) = default;
};

// The larger head does not begin with the entries of the smaller one: the perfect
// subtrees that make up [0, a), and those that complete [0, b), lead to the root of
// size b and not to that of size a.
struct Fork {
  std::string smaller;
  std::string larger;
  std::vector<Hash> left;   // CoveringNodes(0, a)
  std::vector<Hash> right;  // CoveringNodes(a, b)
  friend bool operator==(const Fork&, const Fork&) = default;
};

// One position with two leaf hashes.
struct SignedLeaf {
  std::string checkpoint;
  Hash leaf_hash;
  std::vector<Hash> path;
  friend bool operator==(const SignedLeaf&, const SignedLeaf&) = default;
};
struct TwoLeaves {
  uint64_t position = 0;
  SignedLeaf first;
  SignedLeaf second;
  friend bool operator==(const TwoLeaves&, const TwoLeaves&) = default;
};

// Two index entries, the later with an m that is not greater.
struct IndexNotGrowing {
  ProvenEntry manifest;  // under one of the two heads
  SignedEntry earlier;
  SignedEntry later;
  friend bool operator==(const IndexNotGrowing&, const IndexNotGrowing&) = default;
};

// Two tag entries with one name.
struct TagTwice {
  ProvenEntry manifest;  // under one of the two heads
  SignedEntry earlier;
  SignedEntry later;
  friend bool operator==(const TagTwice&, const TagTwice&) = default;
};

// An entry that no log may hold at this position: by its form alone, or the manifest of
// position 0 by what it says.
struct MalformedEntry {
  std::string checkpoint;
  std::optional<ProvenEntry> manifest;  // none if it is the malformed entry
  ProvenEntry entry;
  friend bool operator==(const MalformedEntry&, const MalformedEntry&) = default;
};

// A tag for an m without an index entry: `range` is all entries from m to the tag.
struct TagWithoutIndex {
  std::string checkpoint;
  ProvenEntry manifest;
  ProvenEntry tag;
  EntryRange range;
  friend bool operator==(const TagWithoutIndex&, const TagWithoutIndex&) = default;
};

// An index entry whose n is not the count that its set root binds.
struct WrongCount {
  std::string checkpoint;
  ProvenEntry manifest;
  ProvenEntry index;
  Hash record;
  LookupProof lookup;
  friend bool operator==(const WrongCount&, const WrongCount&) = default;
};

// An index entry that does not follow from an earlier one (none: from the empty set)
// and the entries between their two m.
struct WrongExtension {
  std::string checkpoint;
  ProvenEntry manifest;
  std::optional<ProvenEntry> from;
  ProvenEntry to;
  EntryRange range;         // [from.m, to.m)
  std::string batch_proof;  // of the values touched, under from's root
  friend bool operator==(const WrongExtension&, const WrongExtension&) = default;
};

// A set root that says ABSENT of a record whose last event before m is an add, or
// PRESENT of one whose last event is a remove (or that has none). The range ends at m
// and begins anywhere at or before the record's last event; at 0 if it has none.
struct WrongAnswer {
  std::string checkpoint;
  ProvenEntry manifest;
  ProvenEntry index;
  Hash record;
  LookupProof lookup;
  EntryRange range;
  friend bool operator==(const WrongAnswer&, const WrongAnswer&) = default;
};

using Evidence =
    std::variant<TwoRoots, Fork, TwoLeaves, IndexNotGrowing, TagTwice, MalformedEntry,
                 TagWithoutIndex, WrongCount, WrongExtension, WrongAnswer>;

// What was proven.
struct Misbehaviour {
  std::string origin;
  VerifierKey log_key;    // whose signatures prove it
  std::string_view kind;  // NameOf
  std::string what;       // a sentence without full stop
};

// "two_roots", "fork", ...: the field of setlog.v1.Evidence.
std::string_view NameOf(const Evidence& evidence);
// A head of the evidence, not verified: tells the origin.
const std::string& AnyCheckpoint(const Evidence& evidence);

// The misbehaviour that the evidence proves to whoever trusts `trust` to name the log's
// key. DataLoss or InvalidArgument if it proves none; Unimplemented for a kind of log
// that this code does not know. O(size of the evidence).
absl::StatusOr<Misbehaviour> VerifyEvidence(const Evidence& evidence,
                                            const Trust& trust);

}  // namespace setlog

#endif  // SETLOG_LOG_EVIDENCE_H_
