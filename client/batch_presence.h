// client/batch_presence.h -- whether many values are members of one version of a set.
//
//   absl::StatusOr<BatchPresence> found =
//       LookUpBatch(connection, head.version, values);   // at most 4,096
//   if (found->present[0]) ...
//
// Every answer comes from one proof, verified under the version's set root. Whether an
// absent value was a member before is not asked: LogClient::BatchLookup does that.
#ifndef SETLOG_CLIENT_BATCH_PRESENCE_H_
#define SETLOG_CLIENT_BATCH_PRESENCE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/verify.h"

namespace setlog {

struct BatchPresence {
  std::vector<bool> present;  // of each value, in order
  std::string proof;          // the batch proof that shows it
};

// One call. DataLoss if the answer does not verify, else the server's status.
absl::StatusOr<BatchPresence> LookUpBatch(const Connection& connection,
                                          const Version& version,
                                          std::span<const Hash> values);

}  // namespace setlog

#endif  // SETLOG_CLIENT_BATCH_PRESENCE_H_
