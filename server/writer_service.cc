#include "server/writer_service.h"

#include "absl/strings/str_format.h"
#include "server/append_stream.h"
#include "server/rpc_status.h"

namespace setlog {

bool OpenSessions::Enter(const std::string& key) {
  MutexLock lock(mutex_);
  return keys_.insert(key).second;
}

void OpenSessions::Leave(const std::string& key) {
  MutexLock lock(mutex_);
  keys_.erase(key);
}

grpc::ServerUnaryReactor* WriterService::CreateLog(grpc::CallbackServerContext* context,
                                                   const v1::CreateLogRequest* request,
                                                   v1::Head* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (absl::Status s = access_->CheckWrite(*context); !s.ok()) {
    reactor->Finish(ToGrpcStatus(s));
    return reactor;
  }
  logs_->Create(request->manifest(),
                [this, reactor, response](absl::StatusOr<HostedLog*> log) {
                  absl::Status status = log.status();
                  if (status.ok()) {
                    feed_->Follow(&(*log)->state);
                    v1::GetHeadRequest head;
                    head.set_origin((*log)->state.origin());
                    status = answers_->GetHead(head, response);
                  }
                  reactor->Finish(ToGrpcStatus(status));
                });
  return reactor;
}

grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* WriterService::Append(
    grpc::CallbackServerContext* context) {
  return new AppendStream(EntryType::kAdd, access_->CheckWrite(*context), logs_,
                          sequencer_, store_, &sessions_);
}

grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* WriterService::Remove(
    grpc::CallbackServerContext* context) {
  return new AppendStream(EntryType::kRemove, access_->CheckWrite(*context), logs_,
                          sequencer_, store_, &sessions_);
}

absl::StatusOr<LogState*> WriterService::CheckTag(
    const grpc::CallbackServerContext& context, const v1::TagRequest& request) const {
  if (absl::Status s = access_->CheckWrite(context); !s.ok()) return s;
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  if (absl::Status s = CheckTagName(request.name()); !s.ok()) return s;
  return &(*log)->state;
}

grpc::ServerUnaryReactor* WriterService::Tag(grpc::CallbackServerContext* context,
                                             const v1::TagRequest* request,
                                             v1::TagResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<LogState*> log = CheckTag(*context, *request);
  if (!log.ok()) {
    reactor->Finish(ToGrpcStatus(log.status()));
    return reactor;
  }
  // What was acknowledged before the call must be in the version that it names.
  const uint64_t target = (*log)->head().changes_end;
  feed_->Add([=, this, log = *log] {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    if (feed_->closed()) {
      reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
      return true;
    }
    if (log->head().index.entry.m < target) return false;
    if (const absl::Status health = sequencer_->health(); !health.ok()) {
      reactor->Finish(ToGrpcStatus(health));
      return true;
    }
    return SequenceTag(reactor, log, request, response);
  });
  return reactor;
}

bool WriterService::SequenceTag(grpc::ServerUnaryReactor* reactor, LogState* log,
                                const v1::TagRequest* request,
                                v1::TagResponse* response) {
  const uint64_t m = log->head().index.entry.m;
  sequencer_->Append(log, TagEntry{m, request->name()},
                     [reactor, response, m](absl::StatusOr<Sequenced> sequenced) {
                       if (sequenced.ok()) {
                         response->set_index_size(m);
                         response->set_position(sequenced->first);
                       }
                       reactor->Finish(ToGrpcStatus(sequenced.status()));
                     });
  return true;
}

}  // namespace setlog
