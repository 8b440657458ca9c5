// tools/label_inputs.h -- what `add` and `remove` send to a private log: labels.
//
//   auto inputs = LabelInputs(spool, vrf, key, Operation::kAdd, out);
//   ...                                        // find the session, by inputs->digest
//   auto pads = PadsFor(log, vrf, key, PadCount(inputs->labels.size()), session, out);
//   absl::Status all = SpoolLabels(vrf, std::move(inputs->labels), *pads, to_send);
//
// Labels are made and sorted in memory, 36 bytes a record at most. The same inputs are
// the same labels in the same order again, whoever makes them; of the pads the session
// keeps which they are. So an interrupted run goes on with the very bytes it began
// with.
#ifndef SETLOG_TOOLS_LABEL_INPUTS_H_
#define SETLOG_TOOLS_LABEL_INPUTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/appender.h"
#include "client/vrf_source.h"
#include "log/bytes.h"
#include "log/vrf.h"
#include "tools/append_session.h"
#include "tools/hash_spool.h"
#include "tools/log_session.h"
#include "tools/output.h"

namespace setlog {

struct LabelledInputs {
  std::vector<Hash> labels;  // of the distinct records, rising; room for pads
  uint64_t duplicates = 0;   // records that were dropped
  Hash digest;               // SHA-256 of the labels
};

// The labels of all records. The errors of LabelsOf and CheckSource.
absl::StatusOr<LabelledInputs> LabelInputs(const HashSpool& records,
                                           const VrfSource& source,
                                           const VrfPublicKey& public_key,
                                           Operation operation, Output& out);

// The pads that go with so many labels: those that the session began with; else `count`
// new ones, above all that this machine used and all that are found in the set, which
// the session keeps. Waits for the index if it has to look. FailedPrecondition if the
// session began with another number of them.
absl::StatusOr<PadRange> PadsFor(LogSession& log, const VrfSource& source,
                                 const VrfPublicKey& public_key, uint64_t count,
                                 AppendSession& session, Output& out);

// Puts labels and pads, rising, into `to_send`.
absl::Status SpoolLabels(const VrfSource& source, std::vector<Hash> labels,
                         PadRange pads, HashSpool& to_send);

}  // namespace setlog

#endif  // SETLOG_TOOLS_LABEL_INPUTS_H_
