// server/find_readable.h -- the one way from an origin that somebody names to a log
// that they read, whatever they came through.
#ifndef SETLOG_SERVER_FIND_READABLE_H_
#define SETLOG_SERVER_FIND_READABLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/access.h"
#include "server/log_directory.h"

namespace setlog {

// The log, if the caller may read it. NotFound in the same words for a log that does
// not exist and one that is private; else what Access::CheckRead says.
absl::StatusOr<HostedLog*> FindReadable(const LogDirectory& logs, const Access& access,
                                        const Caller& caller,
                                        const std::string& origin);

}  // namespace setlog

#endif  // SETLOG_SERVER_FIND_READABLE_H_
