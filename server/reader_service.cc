#include "server/reader_service.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "port/mutex.h"
#include "server/extension_stream.h"
#include "server/find_readable.h"
#include "server/rpc_status.h"
#include "server/write_deadline.h"

namespace setlog {
namespace {

// At most so many versions are being brought back at a time: each takes a pass over all
// rows of its log.
constexpr unsigned kOldLookupThreads = 2;

// What a stream that may be long asks before each message: whether it still may read.
using MayRead = std::function<absl::Status()>;

// Ends a stream that is refused from the start.
template <typename Message>
class RefusedStream final : public grpc::ServerWriteReactor<Message> {
 public:
  RefusedStream(const absl::Status& status, grpc::CallbackServerContext* context) {
    this->Finish(ToGrpcStatus(status, context));
  }
  void OnDone() override { delete this; }
};

// Sends the entries chunk by chunk, the next when the last is on its way.
class EntriesStream final : public grpc::ServerWriteReactor<v1::EntriesChunk> {
 public:
  EntriesStream(const Answers* answers, HeadFeed* feed, Slots* slots,
                std::chrono::milliseconds write_deadline, MayRead may_read,
                grpc::CallbackServerContext* context, v1::GetEntriesRequest request)
      : answers_(answers),
        slots_(slots),
        deadline_(feed, write_deadline, context),
        may_read_(std::move(may_read)),
        request_(std::move(request)),
        begin_(request_.begin()),
        end_(request_.end()) {
    Next();
  }
  void OnWriteDone(bool ok) override {
    deadline_.End();
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override {
    deadline_.Stop();
    slots_->Give();
    delete this;
  }

 private:
  void Next() {
    chunk_.Clear();
    const uint64_t begin = begin_;
    absl::Status status = may_read_();
    if (status.ok()) status = answers_->NextEntries(request_, &begin_, &end_, &chunk_);
    // The end, too, waits for what was sent before it.
    deadline_.Begin();
    if (!status.ok() || begin_ == begin) {
      Finish(ToGrpcStatus(status));
    } else {
      StartWrite(&chunk_);
    }
  }

  const Answers* const answers_;
  Slots* const slots_;
  WriteDeadline deadline_;
  const MayRead may_read_;
  const v1::GetEntriesRequest request_;
  uint64_t begin_;
  uint64_t end_;
  v1::EntriesChunk chunk_;
};

// Sends the head now, and after each change. A slow reader gets fewer heads, not a
// queue of them: each is made when the one before it has been taken.
class HeadStream final : public grpc::ServerWriteReactor<v1::Head> {
 public:
  HeadStream(const Answers* answers, const LogState* log, HeadFeed* feed, Slots* slots,
             std::chrono::milliseconds write_deadline, MayRead may_read,
             grpc::CallbackServerContext* context, v1::GetHeadRequest request)
      : answers_(answers),
        log_(log),
        feed_(feed),
        slots_(slots),
        deadline_(feed, write_deadline, context),
        may_read_(std::move(may_read)),
        request_(std::move(request)) {
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
      if (!ended_) deadline_.End();
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
    deadline_.Stop();
    slots_->Give();
    delete this;
  }

 private:
  void Send() {
    MutexLock lock(mutex_);
    if (writing_ || ended_) return;
    v1::Head head;
    absl::Status status = may_read_();
    // All streams are woken for all logs, and a head is much work beside looking.
    const uint64_t changes = log_->changes(request_.cosigned());
    if (status.ok() && changes == changes_) return;
    changes_ = changes;
    if (status.ok()) status = answers_->GetHead(request_, &head);
    if (!status.ok()) {
      ended_ = true;
      deadline_.Begin();
      Finish(ToGrpcStatus(status));
      return;
    }
    if (head.checkpoint() == last_checkpoint_) return;
    last_checkpoint_ = head.checkpoint();
    head_ = std::move(head);
    writing_ = true;
    deadline_.Begin();
    StartWrite(&head_);
  }
  void End(const grpc::Status& status) {
    MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = true;
    deadline_.Begin();
    Finish(status);
  }

  const Answers* const answers_;
  const LogState* const log_;
  HeadFeed* const feed_;
  Slots* const slots_;
  WriteDeadline deadline_;
  const MayRead may_read_;
  const v1::GetHeadRequest request_;
  uint64_t listener_ = 0;
  Mutex mutex_;
  v1::Head head_;
  std::optional<uint64_t> changes_ ABSL_GUARDED_BY(mutex_);  // when head_ was made
  std::string last_checkpoint_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

ReaderService::ReaderService(const Access* access, const LogDirectory* logs,
                             const Answers* answers, const ExtensionAnswers* extensions,
                             HeadFeed* feed, const Limits& limits)
    : access_(access),
      logs_(logs),
      answers_(answers),
      extensions_(extensions),
      feed_(feed),
      write_deadline_(limits.write_deadline),
      watch_slots_(limits.watch_streams),
      entry_slots_(limits.entry_streams),
      batches_(std::max(2U, std::thread::hardware_concurrency()),
               limits.waiting_batches),
      old_lookups_(kOldLookupThreads, limits.waiting_old_lookups),
      extension_slots_(limits.extension_streams),
      extension_queue_(1, limits.extension_streams) {}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* ReaderService::Answer(
    grpc::CallbackServerContext* context, const Request* request, Response* response,
    absl::Status (Answers::*answer)(const Request&, Response*) const,
    WorkQueue* (ReaderService::*queue_for)(const HostedLog&, const Request&)) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<HostedLog*> log = logs_->Find(request->origin());
  // Who asks matters only where not everybody may; looking at what a call came with is
  // not free.
  if (!log.ok() || (*log)->private_reads) {
    log = FindReadable(*logs_, *access_, access_->Identify(AuthorizationOf(*context)),
                       request->origin());
  }
  if (!log.ok()) {
    reactor->Finish(ToGrpcStatus(log.status()));
    return reactor;
  }
  WorkQueue* queue =
      queue_for == nullptr ? nullptr : (this->*queue_for)(**log, *request);
  const auto run = [=, answers = answers_] {
    // Nobody waits for it any more, after a long time in a queue perhaps.
    absl::Status status = absl::CancelledError("the caller has gone");
    if (!context->IsCancelled()) status = (answers->*answer)(*request, response);
    reactor->Finish(ToGrpcStatus(status, context));
  };
  if (queue == nullptr) {
    run();
  } else if (!queue->TryRun(run)) {
    reactor->Finish(ToGrpcStatus(
        Busy("too many lookups of this kind are waiting already"), context));
  }
  return reactor;
}

WorkQueue* ReaderService::QueueForLookup(const HostedLog& log,
                                         const v1::LookupRequest& request) {
  return log.index.Ready(request.index_size()) ? nullptr : &old_lookups_;
}

WorkQueue* ReaderService::QueueForBatch(const HostedLog& log,
                                        const v1::BatchLookupRequest& request) {
  return log.index.Ready(request.index_size()) ? &batches_ : &old_lookups_;
}

WorkQueue* ReaderService::QueueForTags(const HostedLog&, const v1::ListTagsRequest&) {
  return &batches_;
}

grpc::ServerUnaryReactor* ReaderService::ListLogs(grpc::CallbackServerContext* context,
                                                  const v1::ListLogsRequest* request,
                                                  v1::ListLogsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  const bool taken = batches_.TryRun([=, this] {
    const auto shown = [&](const HostedLog& log) {
      return access_->CheckRead(caller, log.state.origin(), log.private_reads).ok();
    };
    reactor->Finish(
        ToGrpcStatus(answers_->ListLogs(*request, shown, response), context));
  });
  if (!taken) {
    reactor->Finish(ToGrpcStatus(Busy("too many calls are waiting already"), context));
  }
  return reactor;
}
grpc::ServerUnaryReactor* ReaderService::GetLog(grpc::CallbackServerContext* context,
                                                const v1::GetLogRequest* request,
                                                v1::GetLogResponse* response) {
  return Answer(context, request, response, &Answers::GetLog);
}
grpc::ServerUnaryReactor* ReaderService::GetHead(grpc::CallbackServerContext* context,
                                                 const v1::GetHeadRequest* request,
                                                 v1::Head* response) {
  return Answer(context, request, response, &Answers::GetHead);
}
grpc::ServerWriteReactor<v1::Head>* ReaderService::WatchHeads(
    grpc::CallbackServerContext* context, const v1::GetHeadRequest* request) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  const MayRead may_read = [this, caller, origin = request->origin()] {
    return FindReadable(*logs_, *access_, caller, origin).status();
  };
  absl::Status allowed = may_read();
  const absl::StatusOr<HostedLog*> log = logs_->Find(request->origin());
  if (allowed.ok() && !log.ok()) allowed = log.status();
  if (allowed.ok() && !watch_slots_.TryTake()) allowed = Busy("too many heads watched");
  if (!allowed.ok()) return new RefusedStream<v1::Head>(allowed, context);
  return new HeadStream(answers_, &(*log)->state, feed_, &watch_slots_, write_deadline_,
                        may_read, context, *request);
}
grpc::ServerWriteReactor<v1::EntriesChunk>* ReaderService::GetEntries(
    grpc::CallbackServerContext* context, const v1::GetEntriesRequest* request) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  const MayRead may_read = [this, caller, origin = request->origin()] {
    return FindReadable(*logs_, *access_, caller, origin).status();
  };
  absl::Status allowed = may_read();
  if (allowed.ok() && !entry_slots_.TryTake()) {
    allowed = Busy("too many streams of entries are open");
  }
  if (!allowed.ok()) return new RefusedStream<v1::EntriesChunk>(allowed, context);
  return new EntriesStream(answers_, feed_, &entry_slots_, write_deadline_, may_read,
                           context, *request);
}
grpc::ServerUnaryReactor* ReaderService::GetInclusionProof(
    grpc::CallbackServerContext* context, const v1::GetInclusionProofRequest* request,
    v1::InclusionProof* response) {
  return Answer(context, request, response, &Answers::GetInclusionProof);
}
grpc::ServerUnaryReactor* ReaderService::GetConsistencyProof(
    grpc::CallbackServerContext* context, const v1::GetConsistencyProofRequest* request,
    v1::ConsistencyProof* response) {
  return Answer(context, request, response, &Answers::GetConsistencyProof);
}
grpc::ServerUnaryReactor* ReaderService::Lookup(grpc::CallbackServerContext* context,
                                                const v1::LookupRequest* request,
                                                v1::LookupResponse* response) {
  return Answer(context, request, response, &Answers::Lookup,
                &ReaderService::QueueForLookup);
}
grpc::ServerUnaryReactor* ReaderService::BatchLookup(
    grpc::CallbackServerContext* context, const v1::BatchLookupRequest* request,
    v1::BatchLookupResponse* response) {
  return Answer(context, request, response, &Answers::BatchLookup,
                &ReaderService::QueueForBatch);
}
grpc::ServerWriteReactor<v1::ExtensionProofChunk>* ReaderService::GetExtensionProof(
    grpc::CallbackServerContext* context, const v1::GetExtensionProofRequest* request) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  absl::Status allowed =
      FindReadable(*logs_, *access_, caller, request->origin()).status();
  if (allowed.ok() && !extension_slots_.TryTake()) {
    allowed = Busy("too many extension proofs are being made");
  }
  if (!allowed.ok()) {
    return new RefusedStream<v1::ExtensionProofChunk>(allowed, context);
  }
  auto* stream = new ExtensionStream(extensions_, feed_, &extension_slots_,
                                     write_deadline_, context, *request);
  if (!extension_queue_.TryRun([stream] { stream->Run(); })) {
    stream->Refuse(Busy("too many extension proofs are being made"));
  }
  return stream;
}
grpc::ServerUnaryReactor* ReaderService::ListTags(grpc::CallbackServerContext* context,
                                                  const v1::ListTagsRequest* request,
                                                  v1::ListTagsResponse* response) {
  return Answer(context, request, response, &Answers::ListTags,
                &ReaderService::QueueForTags);
}

}  // namespace setlog
