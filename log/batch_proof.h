// log/batch_proof.h -- batch proofs of one set made larger and smaller.
//
//   absl::StatusOr<std::string> both = MergeBatchProofs(a, b);      // of all queries
//   absl::StatusOr<std::string> few = NarrowBatchProof(both, keys); // of some of them
//
// For one set and one set of queries exactly one byte string is valid
// (log/set_proof.h), so the proof of many queries is that of its parts laid over each
// other, and the proof of some is the whole with the rest closed: what others have
// opened becomes one SIBLING. A server can so answer for more queries than it reads the
// set for in one turn, and an auditor make a small piece of evidence of a large proof.
// Neither verifies anything: whether the result is a proof decides PartialSet::Open.
// Pure; thread-safe.
#ifndef SETLOG_LOG_BATCH_PROOF_H_
#define SETLOG_LOG_BATCH_PROOF_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

// DataLoss unless both are in the form of proofs of one tree. An empty proof is that of
// the empty set. O(sum of both).
absl::StatusOr<std::string> MergeBatchProofs(Bytes a, Bytes b);

// `keys` (SetKey of the queries that are left) sorted and distinct. DataLoss if the
// proof is malformed, or is closed where one of them goes. Hashes what it closes: one
// node hash an item that goes.
absl::StatusOr<std::string> NarrowBatchProof(Bytes proof, std::span<const Hash> keys);

}  // namespace setlog

#endif  // SETLOG_LOG_BATCH_PROOF_H_
