// server/reader_service.h -- what anybody may ask (proto/setlog/v1/reader.proto).
#ifndef SETLOG_SERVER_READER_SERVICE_H_
#define SETLOG_SERVER_READER_SERVICE_H_

#include "server/answers.h"
#include "server/head_feed.h"
#include "setlog/v1/reader.grpc.pb.h"

namespace setlog {

class ReaderService final : public v1::Reader::CallbackService {
 public:
  ReaderService(const Answers* answers, HeadFeed* feed)
      : answers_(answers), feed_(feed) {}

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
  grpc::ServerUnaryReactor* ListTags(grpc::CallbackServerContext* context,
                                     const v1::ListTagsRequest* request,
                                     v1::ListTagsResponse* response) override;

 private:
  const Answers* const answers_;
  HeadFeed* const feed_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_READER_SERVICE_H_
