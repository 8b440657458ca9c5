#include "tools/upload.h"

#include "absl/strings/str_format.h"
#include "client/append_check.h"
#include "tools/progress.h"

namespace setlog {
namespace {

// Sends what the session does not have yet.
absl::StatusOr<AppendResult> Send(const LogSession& log, const HashSpool& spool,
                                  AppendSession& session, Operation operation,
                                  const char* doing, Output& out) {
  Progress progress(doing, spool.size(), out.quiet());
  Appender appender(&log.connection(), {.origin = log.origin(),
                                        .session = session.id(),
                                        .operation = operation,
                                        .progress = [&progress](uint64_t durable) {
                                          progress.Update(durable);
                                        }});
  const absl::StatusOr<uint64_t> durable = appender.Open();
  if (!durable.ok()) {
    // Nothing was sent, so nothing binds these inputs yet.
    if (session.is_new()) session.Forget().IgnoreError();
    return durable.status();
  }
  if (*durable > spool.size()) {
    return absl::DataLossError(absl::StrFormat(
        "the server has %d records of a session that has %d: --restart begins anew",
        *durable, spool.size()));
  }
  if (*durable > 0) {
    out.Note(
        absl::StrFormat("going on where an earlier run stopped: %d of %d records "
                        "are in the log",
                        *durable, spool.size()));
  }
  const absl::Status sent = spool.Read(
      *durable,
      [&appender](std::span<const Hash> piece) { return appender.Write(piece); });
  if (!sent.ok()) return sent;
  return appender.Finish();
}

// An acknowledgement is the server's word; where the records stand in the signed head
// can be checked, and their hashes are at hand.
absl::Status CheckStanding(LogSession& log, const HashSpool& spool, Operation operation,
                           const AppendResult& result) {
  if (result.added == 0) return absl::OkStatus();
  const absl::StatusOr<VerifiedHead> head = log.Head({}, {});
  if (!head.ok()) return head.status();
  const TreeClient tree(&log.connection(), head->version.checkpoint);
  return CheckAppended(tree, operation, result,
                       [&spool](uint64_t begin, const RecordPieces& callback) {
                         return spool.Read(begin, callback);
                       });
}

}  // namespace

absl::StatusOr<AppendResult> Upload(LogSession& log, const HashSpool& spool,
                                    AppendSession& session, Operation operation,
                                    const char* doing, Output& out) {
  absl::StatusOr<AppendResult> result =
      Send(log, spool, session, operation, doing, out);
  if (!result.ok()) return result;
  const absl::Status stands = CheckStanding(log, spool, operation, *result);
  if (!stands.ok()) return stands;
  return result;
}

}  // namespace setlog
