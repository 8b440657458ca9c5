// server/reader_service.h -- what anybody may ask (proto/setlog/v1/reader.proto).
//
// Most answers take microseconds and are made where the call arrives. Batches, and
// lookups in versions that have to be brought back first, have threads and queues of
// their own: whoever asks for many of them waits, or is sent away, alone.
#ifndef SETLOG_SERVER_READER_SERVICE_H_
#define SETLOG_SERVER_READER_SERVICE_H_

#include <chrono>

#include "http/work_queue.h"
#include "server/access.h"
#include "server/answers.h"
#include "server/extension_answer.h"
#include "server/head_feed.h"
#include "server/limits.h"
#include "server/log_directory.h"
#include "setlog/v1/reader.grpc.pb.h"

namespace setlog {

class ReaderService final : public v1::Reader::CallbackService {
 public:
  // What it is given must outlive it; it must outlive all calls.
  ReaderService(const Access* access, const LogDirectory* logs, const Answers* answers,
                const ExtensionAnswers* extensions, HeadFeed* feed,
                const Limits& limits);

  grpc::ServerUnaryReactor* ListLogs(grpc::CallbackServerContext* context,
                                     const v1::ListLogsRequest* request,
                                     v1::ListLogsResponse* response) override;
  grpc::ServerUnaryReactor* GetLog(grpc::CallbackServerContext* context,
                                   const v1::GetLogRequest* request,
                                   v1::GetLogResponse* response) override;
  grpc::ServerUnaryReactor* GetHead(grpc::CallbackServerContext* context,
                                    const v1::GetHeadRequest* request,
                                    v1::Head* response) override;
  grpc::ServerWriteReactor<v1::Head>* WatchHeads(
      grpc::CallbackServerContext* context, const v1::GetHeadRequest* request) override;
  grpc::ServerWriteReactor<v1::EntriesChunk>* GetEntries(
      grpc::CallbackServerContext* context,
      const v1::GetEntriesRequest* request) override;
  grpc::ServerUnaryReactor* GetInclusionProof(
      grpc::CallbackServerContext* context, const v1::GetInclusionProofRequest* request,
      v1::InclusionProof* response) override;
  grpc::ServerUnaryReactor* GetConsistencyProof(
      grpc::CallbackServerContext* context,
      const v1::GetConsistencyProofRequest* request,
      v1::ConsistencyProof* response) override;
  grpc::ServerUnaryReactor* Lookup(grpc::CallbackServerContext* context,
                                   const v1::LookupRequest* request,
                                   v1::LookupResponse* response) override;
  grpc::ServerUnaryReactor* BatchLookup(grpc::CallbackServerContext* context,
                                        const v1::BatchLookupRequest* request,
                                        v1::BatchLookupResponse* response) override;
  grpc::ServerWriteReactor<v1::ExtensionProofChunk>* GetExtensionProof(
      grpc::CallbackServerContext* context,
      const v1::GetExtensionProofRequest* request) override;
  grpc::ServerUnaryReactor* ListTags(grpc::CallbackServerContext* context,
                                     const v1::ListTagsRequest* request,
                                     v1::ListTagsResponse* response) override;

 private:
  // Answers here, or on a thread of `queue` if there is one.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Answer(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      absl::Status (Answers::*answer)(const Request&, Response*) const,
      WorkQueue* (ReaderService::*queue_for)(const HostedLog&,
                                             const Request&) = nullptr);
  // For questions about the set: nullptr if they are answered at once.
  WorkQueue* QueueForLookup(const HostedLog& log, const v1::LookupRequest& request);
  WorkQueue* QueueForBatch(const HostedLog& log, const v1::BatchLookupRequest& request);
  WorkQueue* QueueForTags(const HostedLog& log, const v1::ListTagsRequest& request);

  const Access* const access_;
  const LogDirectory* const logs_;
  const Answers* const answers_;
  const ExtensionAnswers* const extensions_;
  HeadFeed* const feed_;
  const std::chrono::milliseconds write_deadline_;
  Slots watch_slots_;
  Slots entry_slots_;
  WorkQueue batches_;
  WorkQueue old_lookups_;
  Slots extension_slots_;
  WorkQueue extension_queue_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_READER_SERVICE_H_
