#include "server/reader_service.h"

#include "port/mutex.h"
#include "server/rpc_status.h"

namespace setlog {
namespace {

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                 const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Sends the entries chunk by chunk, the next when the last is on its way.
class EntriesStream final : public grpc::ServerWriteReactor<v1::EntriesChunk> {
 public:
  EntriesStream(const Answers* answers, v1::GetEntriesRequest request)
      : answers_(answers),
        request_(std::move(request)),
        begin_(request_.begin()),
        end_(request_.end()) {
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    chunk_.Clear();
    const uint64_t begin = begin_;
    const absl::Status status =
        answers_->NextEntries(request_, &begin_, &end_, &chunk_);
    if (!status.ok() || begin_ == begin) {
      Finish(ToGrpcStatus(status));
    } else {
      StartWrite(&chunk_);
    }
  }

  const Answers* const answers_;
  const v1::GetEntriesRequest request_;
  uint64_t begin_;
  uint64_t end_;
  v1::EntriesChunk chunk_;
};

// Sends the head now, and after each change. A slow reader gets fewer heads, not a
// queue of them: each is made when the one before it has been taken.
class HeadStream final : public grpc::ServerWriteReactor<v1::Head> {
 public:
  HeadStream(const Answers* answers, HeadFeed* feed, v1::GetHeadRequest request)
      : answers_(answers), feed_(feed), request_(std::move(request)) {
    listener_ = feed_->Add([this] {
      if (feed_->closed()) {
        End({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
      } else {
        Send();
      }
      return false;
    });
  }
  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      writing_ = false;
    }
    if (ok) {
      Send();
    } else {
      End(grpc::Status::CANCELLED);
    }
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    feed_->Remove(listener_);
    delete this;
  }

 private:
  void Send() {
    MutexLock lock(mutex_);
    if (writing_ || ended_) return;
    v1::Head head;
    const absl::Status status = answers_->GetHead(request_, &head);
    if (!status.ok()) {
      ended_ = true;
      Finish(ToGrpcStatus(status));
      return;
    }
    if (head.checkpoint() == last_checkpoint_) return;
    last_checkpoint_ = head.checkpoint();
    head_ = std::move(head);
    writing_ = true;
    StartWrite(&head_);
  }
  void End(const grpc::Status& status) {
    MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = true;
    Finish(status);
  }

  const Answers* const answers_;
  HeadFeed* const feed_;
  const v1::GetHeadRequest request_;
  uint64_t listener_ = 0;
  Mutex mutex_;
  v1::Head head_;
  std::string last_checkpoint_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

grpc::ServerUnaryReactor* ReaderService::ListLogs(grpc::CallbackServerContext* context,
                                                  const v1::ListLogsRequest*,
                                                  v1::ListLogsResponse* response) {
  return Finish(context, answers_->ListLogs(response));
}
grpc::ServerUnaryReactor* ReaderService::GetLog(grpc::CallbackServerContext* context,
                                                const v1::GetLogRequest* request,
                                                v1::GetLogResponse* response) {
  return Finish(context, answers_->GetLog(*request, response));
}
grpc::ServerUnaryReactor* ReaderService::GetHead(grpc::CallbackServerContext* context,
                                                 const v1::GetHeadRequest* request,
                                                 v1::Head* response) {
  return Finish(context, answers_->GetHead(*request, response));
}
grpc::ServerWriteReactor<v1::Head>* ReaderService::WatchHeads(
    grpc::CallbackServerContext*, const v1::GetHeadRequest* request) {
  return new HeadStream(answers_, feed_, *request);
}
grpc::ServerWriteReactor<v1::EntriesChunk>* ReaderService::GetEntries(
    grpc::CallbackServerContext*, const v1::GetEntriesRequest* request) {
  return new EntriesStream(answers_, *request);
}
grpc::ServerUnaryReactor* ReaderService::GetInclusionProof(
    grpc::CallbackServerContext* context, const v1::GetInclusionProofRequest* request,
    v1::InclusionProof* response) {
  return Finish(context, answers_->GetInclusionProof(*request, response));
}
grpc::ServerUnaryReactor* ReaderService::GetConsistencyProof(
    grpc::CallbackServerContext* context, const v1::GetConsistencyProofRequest* request,
    v1::ConsistencyProof* response) {
  return Finish(context, answers_->GetConsistencyProof(*request, response));
}
grpc::ServerUnaryReactor* ReaderService::Lookup(grpc::CallbackServerContext* context,
                                                const v1::LookupRequest* request,
                                                v1::LookupResponse* response) {
  return Finish(context, answers_->Lookup(*request, response));
}
grpc::ServerUnaryReactor* ReaderService::BatchLookup(
    grpc::CallbackServerContext* context, const v1::BatchLookupRequest* request,
    v1::BatchLookupResponse* response) {
  return Finish(context, answers_->BatchLookup(*request, response));
}
grpc::ServerUnaryReactor* ReaderService::ListTags(grpc::CallbackServerContext* context,
                                                  const v1::ListTagsRequest* request,
                                                  v1::ListTagsResponse* response) {
  return Finish(context, answers_->ListTags(*request, response));
}

}  // namespace setlog
