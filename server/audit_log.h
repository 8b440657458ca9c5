// server/audit_log.h -- DIR/audit.log: who wrote what, and who was refused.
//
//   audit.Record({.who = caller.Name(), .peer = context->peer(), .action = "tag",
//                 .origin = origin, .tag = name}, status);
//
// One JSON object a line (docs/operations.md), appended with one write to a file of
// mode 0600; never a token, a record hash or a caller's free text. To rotate it, move
// it away: the next line opens a new file. Refusals are limited (a burst of 100, then
// one a second, for all strangers together and for each token; `skipped` counts the
// others), so that nobody fills the disk with them. Not synced: power loss may take the
// last lines. Thread-safe.
#ifndef SETLOG_SERVER_AUDIT_LOG_H_
#define SETLOG_SERVER_AUDIT_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "port/mutex.h"

namespace setlog {

struct AuditEvent {
  std::string who;     // Caller::Name()
  std::string peer;    // as gRPC names it
  std::string action;  // create, add, remove, tag, prove, token create, ...
  std::string origin;  // left out unless it is well-formed
  std::string tag;     // left out unless it is well-formed
  std::string token;   // the id of the token that was made or revoked
  // Records that this stream made durable, or that were proven or labelled.
  std::optional<uint64_t> count;
};

class AuditLog {
 public:
  // The file's error if it cannot be opened; FailedPrecondition if others may read it.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(
      const std::string& path, std::function<int64_t()> now_us);
  ~AuditLog();

  // Never fails the call that it is about: a line that cannot be written is reported on
  // stderr.
  void Record(const AuditEvent& event, const absl::Status& result);
  // For a stream that has been let in and has written nothing yet.
  void RecordOpened(const AuditEvent& event);

 private:
  AuditLog(std::string path, std::function<int64_t()> now_us)
      : path_(std::move(path)), now_us_(std::move(now_us)) {}
  void Write(const AuditEvent& event, const std::string& result, bool limited);
  // Opens the file, again if its name leads elsewhere by now.
  absl::Status Reopen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const std::function<int64_t()> now_us_;
  Mutex mutex_;
  int descriptor_ ABSL_GUARDED_BY(mutex_) = -1;
  // What was used of an allowance of lines.
  struct Used {
    int64_t full_us = 0;  // when nothing of it will be used any more
    uint64_t skipped = 0;
  };
  std::map<std::string, Used> used_ ABSL_GUARDED_BY(mutex_);  // by `who`
  bool torn_ ABSL_GUARDED_BY(mutex_) = false;  // the last line has no end
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_AUDIT_LOG_H_
