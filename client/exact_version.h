// client/exact_version.h -- the version of the set at one m, proven under the head.
//
//   absl::StatusOr<VerifiedHead> version = ExactVersion(log, manifest.parent->m);
//   version->version.index.set_root == manifest.parent->set_root;
//
// A server is asked for versions by tag or by the size of the log, and where the index
// entry for an m stands nobody knows but the log: at m or some entries later. So this
// asks for sizes, until the entry is found or its place is seen to be empty.
#ifndef SETLOG_CLIENT_EXACT_VERSION_H_
#define SETLOG_CLIENT_EXACT_VERSION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "client/log_client.h"

namespace setlog {

// NotFound if no index entry up to the head has exactly this m; DataLoss if what the
// server says for one size contradicts another; else LogClient::Head's errors. One to
// three calls if the index follows the log closely; 2 log2(lag) else.
absl::StatusOr<VerifiedHead> ExactVersion(LogClient& log, uint64_t m);

}  // namespace setlog

#endif  // SETLOG_CLIENT_EXACT_VERSION_H_
