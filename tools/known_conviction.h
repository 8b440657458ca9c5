// tools/known_conviction.h -- a log that was convicted on this machine stays so.
//
//   if (WarnIfConvicted(state, origin, out)) ...     // no verdict on it is exit code 0
//   if (auto code = AlreadyConvicted(state, origin, out)) return *code;   // an audit
//
// Its signatures still verify, on whichever branch a server shows; but after it signed
// two, none of its newer answers is worth anything. What was proven is not proven away
// by a head that fits. `setlog trust remove` ends it. Not thread-safe.
#ifndef SETLOG_TOOLS_KNOWN_CONVICTION_H_
#define SETLOG_TOOLS_KNOWN_CONVICTION_H_

#include <optional>
#include <string>

#include "client/state.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace setlog {

// If the log is marked as convicted: says so on standard error, and every JSON result
// from then on has the field "convicted", the evidence file. One small file read.
bool WarnIfConvicted(const StateDirectory& state, const std::string& origin,
                     Output& out);

// The same as a verdict: MISBEHAVIOUR, again, which names the evidence.
std::optional<ExitCode> AlreadyConvicted(const StateDirectory& state,
                                         const std::string& origin, Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_KNOWN_CONVICTION_H_
