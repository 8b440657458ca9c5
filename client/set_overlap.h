// client/set_overlap.h -- which of many values are members of a version of a set.
//
//   absl::StatusOr<std::vector<Hash>> found =
//       MembersAmong(connection, upstream, values, progress);
//
// In one of two ways, whichever costs less: the values are looked up in batch proofs,
// by rising keys, so that the values of a proof share their paths; or, where the log
// has fewer entries than there are values, its members are fetched and recomputed into
// its set root (client/set_members.h). Both hold for the one version that is given, and
// no server is believed. Memory: 100 bytes a value, or what FetchMembers takes.
#ifndef SETLOG_CLIENT_SET_OVERLAP_H_
#define SETLOG_CLIENT_SET_OVERLAP_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/bytes.h"
#include "log/verify.h"

namespace setlog {

// Gets what is being done, how much of it is done and how much there is.
using OverlapProgress =
    std::function<void(const char* what, uint64_t done, uint64_t total)>;

// Those of `values`, which must be distinct, that are members, by value. DataLoss if
// something does not verify, else the connection's status.
absl::StatusOr<std::vector<Hash>> MembersAmong(const Connection& connection,
                                               const Version& version,
                                               std::vector<Hash> values,
                                               const OverlapProgress& progress);

}  // namespace setlog

#endif  // SETLOG_CLIENT_SET_OVERLAP_H_
