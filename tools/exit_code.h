// tools/exit_code.h -- what the exit code of `setlog` says; scripts rely on it.
//
//   return ForStatus(absl::UnavailableError("no server"));  // kUnverified, 3
//   worst = Worst(worst, code);                             // of many records
//
//   0  verified, and it holds             PRESENT, LOGGED, done
//   1  verified, and it does not hold     ABSENT, REMOVED, REFUSED, differs
//   2  usage or bad input                 also: no such log, no permission
//   3  could not verify or reach          UNVERIFIED, UNSUPPORTED
//   4  misbehaviour proven                an evidence file is named
//
// Thread-safe: pure functions.
#ifndef SETLOG_TOOLS_EXIT_CODE_H_
#define SETLOG_TOOLS_EXIT_CODE_H_

#include "absl/status/status.h"

namespace setlog {

enum class ExitCode {
  kHolds = 0,
  kDoesNotHold = 1,
  kUsage = 2,
  kUnverified = 3,
  kMisbehaviour = 4,
};

// The code for a command that failed with `status`: kUsage for what the caller can put
// right, kUnverified for everything else that is not OK.
ExitCode ForStatus(const absl::Status& status);

// The code of a command that judged several things: 4 > 3 > 2 > 1 > 0.
ExitCode Worst(ExitCode a, ExitCode b);

// `--expect absent`: absence is then what holds. Only kHolds and kDoesNotHold swap.
ExitCode ExpectAbsent(ExitCode code);

}  // namespace setlog

#endif  // SETLOG_TOOLS_EXIT_CODE_H_
