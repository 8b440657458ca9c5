// server/append_stream.h -- one Append or Remove stream.
#ifndef SETLOG_SERVER_APPEND_STREAM_H_
#define SETLOG_SERVER_APPEND_STREAM_H_

#include <chrono>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "log/entry.h"
#include "port/mutex.h"
#include "server/access.h"
#include "server/audit_log.h"
#include "server/head_feed.h"
#include "server/limits.h"
#include "server/log_directory.h"
#include "server/sequencer.h"
#include "setlog/v1/writer.grpc.pb.h"
#include "storage/store.h"

namespace setlog {

// Sessions that a stream is appending to: a second stream of the same session would not
// know what the first has under way.
class OpenSessions {
 public:
  bool Enter(const std::string& key);
  void Leave(const std::string& key);

 private:
  Mutex mutex_;
  std::set<std::string> keys_ ABSL_GUARDED_BY(mutex_);
};

// Reads ahead while at most kWindowBytes are being sequenced, so a fast client fills
// the next group commit during this one and a slow disk makes the client wait instead
// of the server's memory grow. Acknowledgements are merged: the newest says it all.
class AppendStream final
    : public grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse> {
 public:
  static constexpr size_t kMaxHashesPerMessage = 65536;
  static constexpr uint64_t kWindowBytes = uint64_t{8} << 20;

  // What every stream uses, and outlives them all.
  struct Service {
    const Access* access;
    AuditLog* audit;
    LogDirectory* logs;
    Sequencer* sequencer;
    const Store* store;
    OpenSessions* sessions;
    Slots* slots;
    HeadFeed* feed;
    std::chrono::milliseconds open_deadline;
  };

  // Ends the call at once if the caller shows no token; later, if no session is opened
  // in time, or too many are open. A place is taken only with the right to write.
  AppendStream(EntryType type, const Service& service,
               grpc::CallbackServerContext* context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  absl::Status OpenSession(const v1::AppendRequest::Open& open);
  absl::Status TakeHashes();
  void OnSequenced(uint64_t bytes, uint64_t hashes, absl::StatusOr<Sequenced> result);
  // Starts whatever may be started now.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Once nothing of this stream is being sequenced: its session may be opened again,
  // and a client that saw the stream's end may do so at once.
  void LeaveSession() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // For whichever comes last: OnDone, or the end of the last request. Tells the audit
  // trail what became of the stream.
  void End();

  const EntryType type_;
  const Verb verb_;
  const Service service_;
  grpc::CallbackServerContext* const context_;
  const Caller caller_;
  const std::chrono::steady_clock::time_point begun_;
  uint64_t tick_ = 0;  // looks at whether the session was opened

  v1::AppendRequest request_;    // of the read under way
  v1::AppendResponse response_;  // of the write under way

  Mutex mutex_;
  AuditEvent event_ ABSL_GUARDED_BY(mutex_);
  absl::Status result_ ABSL_GUARDED_BY(mutex_);
  bool has_slot_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t durable_before_ ABSL_GUARDED_BY(mutex_) = 0;  // of earlier streams
  std::string entered_ ABSL_GUARDED_BY(mutex_);          // what sessions_ knows it by
  LogState* log_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::string session_key_ ABSL_GUARDED_BY(mutex_);  // empty until opened
  uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;        // records given to the sequencer
  v1::AppendResponse newest_ ABSL_GUARDED_BY(mutex_);
  bool answer_due_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t pending_ ABSL_GUARDED_BY(mutex_) = 0;  // requests being sequenced
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // the client has sent its last
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_APPEND_STREAM_H_
