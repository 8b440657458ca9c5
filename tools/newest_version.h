// tools/newest_version.h -- whether a version is the newest one in the first entries.
//
//   absl::Status newest = CheckNewest(log.connection(), head.version, size);
//
// A server that is asked for "the newest" chooses: any index entry below is true, and
// an older one is a smaller set. Here it has to show the entries in between.
#ifndef SETLOG_TOOLS_NEWEST_VERSION_H_
#define SETLOG_TOOLS_NEWEST_VERSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "client/connection.h"
#include "log/verify.h"

namespace setlog {

// No index entry stands between the version's own and position `size`. DataLoss if one
// does, or the version's head is smaller; else the connection's status. Fetches the
// entries in between, verified under the version's head.
absl::Status CheckNewest(const Connection& connection, const Version& version,
                         uint64_t size);

}  // namespace setlog

#endif  // SETLOG_TOOLS_NEWEST_VERSION_H_
