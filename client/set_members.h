// client/set_members.h -- all members of one version of a set, shown to be complete.
//
//   absl::StatusOr<std::vector<Hash>> members =
//       FetchMembers(connection, head.version, [](uint64_t fetched) { ... });
//
// The entries before m are fetched and what they add up to is computed. It must have
// the count and the set root of the index entry, which stands under a verified head: so
// no member is missing and none was made up, whatever the server sent. Memory: some 200
// bytes an entry below m, at the peak.
#ifndef SETLOG_CLIENT_SET_MEMBERS_H_
#define SETLOG_CLIENT_SET_MEMBERS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/bytes.h"
#include "log/verify.h"

namespace setlog {

// In the order in which they came into the set. DataLoss if they are not the set that
// the index entry commits to; else the connection's status. Three hashes a member.
absl::StatusOr<std::vector<Hash>> FetchMembers(
    const Connection& connection, const Version& version,
    const std::function<void(uint64_t entries)>& progress);

}  // namespace setlog

#endif  // SETLOG_CLIENT_SET_MEMBERS_H_
