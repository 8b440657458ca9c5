// tools/bench_proofs.h -- asks for proofs as fast as a server gives them, measures, and
// verifies a sample of what it got.
//
//   ProofWork work{.head = head, .members = {...}, .strangers = {...}};
//   ProofResult r = MeasureProofs(connection, ProofKind::kLookup, work, loop);
//   r.loop.calls / r.loop.seconds; r.verified; r.refused;
//
// Verifying is not in the times: it happens after them, on answers that were kept.
// Lookups are half of members and half of values that were never added, for one fixed
// version, as real clients ask (head first, then the record). A proof that does not
// verify, or that says the wrong thing of a record whose answer is known, is refused.
#ifndef SETLOG_TOOLS_BENCH_PROOFS_H_
#define SETLOG_TOOLS_BENCH_PROOFS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/connection.h"
#include "log/verify.h"
#include "tools/closed_loop.h"

namespace setlog {

enum class ProofKind { kInclusion, kLookup, kBatch };
const char* NameOf(ProofKind kind);  // "inclusion", "lookup", "batch"

struct ProofWork {
  Version version;  // verified; the head's size is that of the inclusion proofs
  // kLookup: of the newest version at any time. The answers are then for versions of
  // their own, and are kept for whoever finds those.
  bool newest = false;
  std::vector<Hash> members;    // values that the log added, at least one
  bool members_stay = true;     // they are members still: known from who added them
  std::vector<Hash> strangers;  // never added, at least one
  size_t batch = 4096;          // values in one kBatch call
};

// Kept from a call of an unpinned lookup, for whoever finds its version.
struct KeptLookup {
  Hash record;
  bool member = false;
  uint64_t m = 0;
  LookupProof proof;
};

struct ProofResult {
  LoopResult loop;
  double answer_bytes = 0;  // on average
  uint64_t values = 0;      // that were answered: more than calls for kBatch
  uint64_t verified = 0;
  uint64_t refused = 0;
  absl::Status first_refusal;
  std::vector<KeptLookup> kept;  // work.newest: not verified yet
};

ProofResult MeasureProofs(const Connection& connection, ProofKind kind,
                          const ProofWork& work, const LoopOptions& loop);

// Counts one verified answer, or one refused.
void Count(const absl::Status& judged, ProofResult& result);

// Whether the lookup's proof holds under `set_root` and says what it must.
absl::Status JudgeLookup(const Hash& set_root, const KeptLookup& lookup,
                         bool members_stay);

}  // namespace setlog

#endif  // SETLOG_TOOLS_BENCH_PROOFS_H_
