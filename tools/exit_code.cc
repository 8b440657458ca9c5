#include "tools/exit_code.h"

#include <algorithm>

namespace setlog {

ExitCode ForStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kHolds;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kUsage;
    default:
      return ExitCode::kUnverified;
  }
}

ExitCode Worst(ExitCode a, ExitCode b) { return std::max(a, b); }

ExitCode ExpectAbsent(ExitCode code) {
  if (code == ExitCode::kHolds) return ExitCode::kDoesNotHold;
  if (code == ExitCode::kDoesNotHold) return ExitCode::kHolds;
  return code;
}

}  // namespace setlog
