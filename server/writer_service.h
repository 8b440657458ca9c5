// server/writer_service.h -- what a data-set owner does (proto/setlog/v1/writer.proto).
#ifndef SETLOG_SERVER_WRITER_SERVICE_H_
#define SETLOG_SERVER_WRITER_SERVICE_H_

#include <chrono>
#include <functional>

#include "server/access.h"
#include "server/answers.h"
#include "server/append_stream.h"
#include "server/audit_log.h"
#include "server/head_feed.h"
#include "server/limits.h"
#include "server/log_directory.h"
#include "server/sequencer.h"
#include "setlog/v1/writer.grpc.pb.h"
#include "storage/store.h"

namespace setlog {

class WriterService final : public v1::Writer::CallbackService {
 public:
  // What it is given must outlive it.
  WriterService(const Access* access, AuditLog* audit, LogDirectory* logs,
                const Answers* answers, Sequencer* sequencer, HeadFeed* feed,
                const Store* store, const Limits& limits)
      : access_(access),
        audit_(audit),
        append_slots_(limits.append_streams),
        tag_slots_(limits.waiting_tags),
        call_deadline_(limits.call_deadline),
        open_deadline_(limits.open_deadline),
        logs_(logs),
        answers_(answers),
        sequencer_(sequencer),
        feed_(feed),
        store_(store) {}

  grpc::ServerUnaryReactor* CreateLog(grpc::CallbackServerContext* context,
                                      const v1::CreateLogRequest* request,
                                      v1::Head* response) override;
  grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* Append(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::AppendRequest, v1::AppendResponse>* Remove(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Tag(grpc::CallbackServerContext* context,
                                const v1::TagRequest* request,
                                v1::TagResponse* response) override;

 private:
  AppendStream::Service StreamService();
  absl::Status CheckMayTag(const Caller& caller, const v1::TagRequest& request) const;
  absl::StatusOr<LogState*> CheckTag(const Caller& caller,
                                     const v1::TagRequest& request) const;
  // Called once, with what became of a tag.
  using TagDone = std::function<void(const absl::Status&)>;
  // False if the tag is in a commit that is not published yet: to be asked again.
  bool SequenceTag(const TagDone& done, LogState* log, const v1::TagRequest* request,
                   v1::TagResponse* response);

  const Access* const access_;
  AuditLog* const audit_;
  Slots append_slots_;
  Slots tag_slots_;
  const std::chrono::milliseconds call_deadline_;
  const std::chrono::milliseconds open_deadline_;
  LogDirectory* const logs_;
  const Answers* const answers_;
  Sequencer* const sequencer_;
  HeadFeed* const feed_;
  const Store* const store_;
  OpenSessions sessions_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_WRITER_SERVICE_H_
