#include "server/writer_service.h"

#include "absl/strings/str_format.h"
#include "log/manifest.h"
#include "log/successor.h"
#include "server/rpc_status.h"

namespace setlog {

AppendStream::Service WriterService::StreamService() {
  return {access_,    audit_,         logs_, sequencer_,    store_,
          &sessions_, &append_slots_, feed_, open_deadline_};
}

grpc::ServerUnaryReactor* WriterService::CreateLog(grpc::CallbackServerContext* context,
                                                   const v1::CreateLogRequest* request,
                                                   v1::Head* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  AuditEvent event{.who = caller.Name(), .peer = context->peer(), .action = "create"};
  absl::Status allowed = access_->CheckIdentified(caller);
  if (allowed.ok()) {
    const absl::StatusOr<Manifest> manifest =
        ParseManifest(AsBytes(request->manifest()));
    if (manifest.ok()) event.origin = manifest->origin;
    allowed = manifest.ok() ? access_->Check(caller, Verb::kCreate, manifest->origin)
                            : manifest.status();
  }
  if (!allowed.ok()) {
    audit_->Record(event, allowed);
    reactor->Finish(ToGrpcStatus(allowed));
    return reactor;
  }
  logs_->Create(request->manifest(), [this, reactor, context, response,
                                      event](absl::StatusOr<HostedLog*> log) {
    absl::Status status = log.status();
    audit_->Record(event, status);
    if (status.ok()) {
      feed_->Follow(&(*log)->state);
      v1::GetHeadRequest head;
      head.set_origin((*log)->state.origin());
      status = answers_->GetHead(head, response);
    }
    reactor->Finish(ToGrpcStatus(status, context));
  });
  return reactor;
}

grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* WriterService::Append(
    grpc::CallbackServerContext* context) {
  return new AppendStream(EntryType::kAdd, StreamService(), context);
}

grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* WriterService::Remove(
    grpc::CallbackServerContext* context) {
  return new AppendStream(EntryType::kRemove, StreamService(), context);
}

absl::Status WriterService::CheckMayTag(const Caller& caller,
                                        const v1::TagRequest& request) const {
  // A successor's ends the log, and moves the trust of all who follow it: that is for
  // nobody who may only name versions, or make other logs.
  const bool successor = request.name().starts_with(kSuccessorPrefix);
  return access_->Check(caller, successor ? Verb::kHandover : Verb::kTag,
                        request.origin());
}

absl::StatusOr<LogState*> WriterService::CheckTag(const Caller& caller,
                                                  const v1::TagRequest& request) const {
  if (absl::Status s = CheckMayTag(caller, request); !s.ok()) return s;
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  if (absl::Status s = CheckTagName(request.name()); !s.ok()) return s;
  if (absl::Status s = CheckSuccessorTag(request.name(), request.origin()); !s.ok()) {
    return s;
  }
  return &(*log)->state;
}

grpc::ServerUnaryReactor* WriterService::Tag(grpc::CallbackServerContext* context,
                                             const v1::TagRequest* request,
                                             v1::TagResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  const AuditEvent event{.who = caller.Name(),
                         .peer = context->peer(),
                         .action = "tag",
                         .origin = request->origin(),
                         .tag = request->name()};
  absl::StatusOr<LogState*> log = CheckTag(caller, *request);
  const bool has_slot = log.ok() && tag_slots_.TryTake();
  if (log.ok() && !has_slot) log = Busy("too many tags wait for the index");
  const TagDone done = [=, this](const absl::Status& status) {
    if (has_slot) tag_slots_.Give();
    audit_->Record(event, status);
    reactor->Finish(ToGrpcStatus(status, context));
  };
  if (!log.ok()) {
    done(log.status());
    return reactor;
  }
  // What was acknowledged before the call must be in the version that it names.
  const uint64_t target = (*log)->head().changes_end;
  const auto deadline = std::chrono::steady_clock::now() + call_deadline_;
  feed_->Add([=, this, log = *log] {
    absl::Status ended;
    if (context->IsCancelled()) {
      ended = absl::CancelledError("the caller has gone");
    } else if (feed_->closed()) {
      ended = absl::UnavailableError("the server is stopping");
    } else if (const absl::Status health = sequencer_->health(); !health.ok()) {
      ended = health;
    } else if (log->head().index.entry.m < target) {
      if (std::chrono::steady_clock::now() < deadline) return false;
      ended = absl::DeadlineExceededError(
          absl::StrFormat("the index is at m = %d of %d: tag it later",
                          log->head().index.entry.m, target));
    }
    // It may have waited for long: the token may be revoked by now.
    if (ended.ok()) {
      ended = CheckMayTag(access_->Identify(AuthorizationOf(*context)), *request);
    }
    if (ended.ok()) return SequenceTag(done, log, request, response);
    done(ended);
    return true;
  });
  return reactor;
}

bool WriterService::SequenceTag(const TagDone& done, LogState* log,
                                const v1::TagRequest* request,
                                v1::TagResponse* response) {
  const uint64_t m = log->head().index.entry.m;
  // What comes in between is seen there, in its order.
  Sequencer::Step step = TagEntry{m, request->name()};
  if (request->has_unchanged_from()) {
    step = AppendTag{{m, request->name()}, request->unchanged_from()};
  }
  sequencer_->Append(log, std::move(step),
                     [done, response, m](absl::StatusOr<Sequenced> sequenced) {
                       if (sequenced.ok()) {
                         response->set_index_size(m);
                         response->set_position(sequenced->first);
                       }
                       done(sequenced.status());
                     });
  return true;
}

}  // namespace setlog
