// tools/upload.h -- sends the hashes of a command in its session, and checks that they
// stand in the log.
//
//   absl::StatusOr<AppendResult> result =
//       Upload(log, spool, session, Operation::kAdd, "adding", out);
//
// Goes on where an earlier run of the session stopped.
#ifndef SETLOG_TOOLS_UPLOAD_H_
#define SETLOG_TOOLS_UPLOAD_H_

#include "absl/status/statusor.h"
#include "client/appender.h"
#include "tools/append_session.h"
#include "tools/hash_spool.h"
#include "tools/log_session.h"

namespace setlog {

// What of the whole session stands in a signed head, where the server said; the server
// indexes it meanwhile. `doing` stands on the progress bar. The errors of Appender and
// CheckAppended; a new session of which nothing was sent is forgotten.
absl::StatusOr<AppendResult> Upload(LogSession& log, const HashSpool& spool,
                                    AppendSession& session, Operation operation,
                                    const char* doing, Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_UPLOAD_H_
