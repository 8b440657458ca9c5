// client/upload_stream.h -- one Append or Remove stream, from its opening to its end.
//
//   UploadStream stream(connection, Operation::kAdd, open);
//   stream.Send(message);                    // queued: never blocks
//   UploadStream::View view = stream.WaitForChange(seen, deadline);
//   if (view.ended) absl::Status why = stream.Close();
//
// gRPC's threads write what is queued and read the acknowledgements; the owner looks at
// the newest of them. What an acknowledgement means, and what to do when a stream ends,
// is client/appender.h's. For one owner thread.
#ifndef SETLOG_CLIENT_UPLOAD_STREAM_H_
#define SETLOG_CLIENT_UPLOAD_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "client/connection.h"
#include "port/mutex.h"

namespace setlog {

enum class Operation { kAdd, kRemove };

class UploadStream
    : private grpc::ClientBidiReactor<v1::AppendRequest, v1::AppendResponse> {
 public:
  UploadStream(const Connection& connection, Operation operation,
               const v1::AppendRequest& open);
  // Cancels the stream if it still runs.
  ~UploadStream() override;

  // Queues a message, to be written after those before it.
  void Send(v1::AppendRequest message);

  struct View {
    uint64_t responses = 0;     // so many have come
    v1::AppendResponse newest;  // if any has
    bool ended = false;         // nothing more will come
  };
  View Look();
  // As soon as there are more responses than `seen`, or the stream has ended, or it is
  // `deadline`.
  View WaitForChange(uint64_t seen, std::chrono::steady_clock::time_point deadline);

  // Ends the stream, by cancelling if the server has not ended it; why it ended. Once.
  absl::Status Close();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  View LookLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<grpc::ClientContext> context_;
  v1::AppendResponse reading_;  // gRPC's, between StartRead and OnReadDone
  bool closed_ = false;         // the owner's

  Mutex mutex_;
  std::condition_variable changed_;
  // The front is being written iff `writing_`.
  std::deque<v1::AppendRequest> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t responses_ ABSL_GUARDED_BY(mutex_) = 0;
  v1::AppendResponse newest_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_UPLOAD_STREAM_H_
