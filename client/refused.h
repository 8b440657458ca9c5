// client/refused.h -- the status of an answer that does not verify.
//
//   if (!version.ok()) return Refused("data.example.org/a", version.status());
//
// A verifier in log/ says InvalidArgument for malformed bytes. When a server sent them
// that is not the caller's mistake, so everything a check can say becomes DataLoss;
// only Unimplemented (a kind of log that this code does not know) stays. Pure.
#ifndef SETLOG_CLIENT_REFUSED_H_
#define SETLOG_CLIENT_REFUSED_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {

// `status` must not be OK.
inline absl::Status Refused(std::string_view origin, const absl::Status& status) {
  const auto code = absl::IsUnimplemented(status) ? absl::StatusCode::kUnimplemented
                                                  : absl::StatusCode::kDataLoss;
  return absl::Status(code,
                      absl::StrFormat("%s: %s", origin, std::string(status.message())));
}
inline absl::Status Refused(std::string_view origin, std::string_view what) {
  return absl::DataLossError(absl::StrFormat("%s: %s", origin, what));
}

}  // namespace setlog

#endif  // SETLOG_CLIENT_REFUSED_H_
