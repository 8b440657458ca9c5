// server/writer_service.h -- what a data-set owner does (proto/setlog/v1/writer.proto).
#ifndef SETLOG_SERVER_WRITER_SERVICE_H_
#define SETLOG_SERVER_WRITER_SERVICE_H_

#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "port/mutex.h"
#include "server/access.h"
#include "server/answers.h"
#include "server/head_feed.h"
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

class WriterService final : public v1::Writer::CallbackService {
 public:
  // What it is given must outlive it.
  WriterService(const Access* access, LogDirectory* logs, const Answers* answers,
                Sequencer* sequencer, HeadFeed* feed, const Store* store)
      : access_(access),
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
  absl::StatusOr<LogState*> CheckTag(const grpc::CallbackServerContext& context,
                                     const v1::TagRequest& request) const;
  // False if the tag is in a commit that is not published yet: to be asked again.
  bool SequenceTag(grpc::ServerUnaryReactor* reactor, LogState* log,
                   const v1::TagRequest* request, v1::TagResponse* response);

  const Access* const access_;
  LogDirectory* const logs_;
  const Answers* const answers_;
  Sequencer* const sequencer_;
  HeadFeed* const feed_;
  const Store* const store_;
  OpenSessions sessions_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_WRITER_SERVICE_H_
