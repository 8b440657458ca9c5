// tools/print_conviction.h -- what a command says when a log is caught lying.
//
//   if (found) return PrintConviction(*found, pinned, status, Json::object(), out);
//
//   MISBEHAVIOUR of data.example.org/a: two heads of size 7 have different roots ...
//     evidence  SETLOG_HOME/evidence/data.example.org+a-0123456789abcdef.evidence
//
// Not thread-safe.
#ifndef SETLOG_TOOLS_PRINT_CONVICTION_H_
#define SETLOG_TOOLS_PRINT_CONVICTION_H_

#include "absl/status/status.h"
#include "client/conviction.h"
#include "client/state.h"
#include "log/evidence.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace setlog {

// Prints the verdict and where its evidence is; `json` is added to. `status` is what
// the command failed with. Returns kMisbehaviour.
ExitCode PrintConviction(const Conviction& found, bool pinned,
                         const absl::Status& status, Json json, Output& out);

// For a command that made the evidence itself: verifies it once more, keeps it and says
// what it proves; `json` is added to. kUnverified, with the reason, if it proves
// nothing.
ExitCode ReportEvidence(const Evidence& evidence, const VerifierKey& key, bool pinned,
                        const StateDirectory& state, Json json, Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_PRINT_CONVICTION_H_
