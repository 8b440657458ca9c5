#include "client/upload_stream.h"

#include <utility>

namespace setlog {

UploadStream::UploadStream(const Connection& connection, Operation operation,
                           const v1::AppendRequest& open)
    : context_(connection.NewContext(std::chrono::milliseconds(0))) {
  auto* async = connection.writer().async();
  if (operation == Operation::kAdd) {
    async->Append(context_.get(), this);
  } else {
    async->Remove(context_.get(), this);
  }
  // Writes are started by the owner's thread too; the hold keeps the stream alive for
  // them until Close, whatever becomes of the connection.
  AddHold();
  StartRead(&reading_);
  StartCall();
  Send(open);
}

UploadStream::~UploadStream() {
  if (!closed_) (void)Close();
}

void UploadStream::Send(v1::AppendRequest message) {
  const v1::AppendRequest* next = nullptr;
  {
    MutexLock lock(mutex_);
    outgoing_.push_back(std::move(message));
    if (!writing_ && !ended_) {
      writing_ = true;
      next = &outgoing_.front();
    }
  }
  // Outside of the lock: gRPC may call back on this thread.
  if (next != nullptr) StartWrite(next);
}

void UploadStream::OnWriteDone(bool ok) {
  const v1::AppendRequest* next = nullptr;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    // When a write fails the stream is lost, and the pending read ends it.
    if (!ok) return;
    outgoing_.pop_front();
    if (!outgoing_.empty()) {
      writing_ = true;
      next = &outgoing_.front();
    }
  }
  if (next != nullptr) StartWrite(next);
}

void UploadStream::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    if (ok) {
      ++responses_;
      newest_ = reading_;
    } else {
      ended_ = true;
    }
    changed_.notify_all();
  }
  if (ok) StartRead(&reading_);
}

void UploadStream::OnDone(const grpc::Status& status) {
  MutexLock lock(mutex_);
  ended_ = true;
  done_ = true;
  status_ = FromGrpc(status, *context_);
  changed_.notify_all();
}

UploadStream::View UploadStream::LookLocked() const {
  return {responses_, newest_, ended_};
}

UploadStream::View UploadStream::Look() {
  MutexLock lock(mutex_);
  return LookLocked();
}

UploadStream::View UploadStream::WaitForChange(
    uint64_t seen, std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  lock.WaitFor(
      changed_, deadline - std::chrono::steady_clock::now(),
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return responses_ != seen || ended_; });
  return LookLocked();
}

absl::Status UploadStream::Close() {
  closed_ = true;
  if (!Look().ended) context_->TryCancel();
  RemoveHold();
  MutexLock lock(mutex_);
  lock.Wait(changed_, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return done_; });
  return status_;
}

}  // namespace setlog
