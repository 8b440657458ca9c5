// tools/evidence_place.h -- misbehaviour that was found: kept in a file, and said.
//
//   return ReportEvidence(evidence, key, pinned, log.state(), fields, out);  // exit 4
//
// The file is <state>/evidence/<origin>-<hex>.evidence, which `setlog verify` judges.
#ifndef SETLOG_TOOLS_EVIDENCE_PLACE_H_
#define SETLOG_TOOLS_EVIDENCE_PLACE_H_

#include "client/state.h"
#include "log/evidence.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace setlog {

// Verifies the evidence once more, keeps it and says what it proves; `json` is added
// to. kUnverified, with the reason, if it proves nothing.
ExitCode ReportEvidence(const Evidence& evidence, const VerifierKey& key, bool pinned,
                        const StateDirectory& state, Json json, Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_EVIDENCE_PLACE_H_
