// server/reader_service.h -- what anybody may ask (proto/setlog/v1/reader.proto).
#ifndef SETLOG_SERVER_READER_SERVICE_H_
#define SETLOG_SERVER_READER_SERVICE_H_

#include "absl/status/status.h"
#include "server/head_feed.h"
#include "server/log_directory.h"
#include "server/tree_reader.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "storage/store.h"

namespace setlog {

// Builds the answers; without gRPC's calling machinery, so that every transport gives
// the same ones. Thread-safe.
class Answers {
 public:
  Answers(const Store* store, const TreeReader* reader, const LogDirectory* logs)
      : store_(store), reader_(reader), logs_(logs) {}

  absl::Status ListLogs(v1::ListLogsResponse* response) const;
  absl::Status GetLog(const v1::GetLogRequest& request,
                      v1::GetLogResponse* response) const;
  absl::Status GetHead(const v1::GetHeadRequest& request, v1::Head* response) const;
  absl::Status GetInclusionProof(const v1::GetInclusionProofRequest& request,
                                 v1::InclusionProof* response) const;
  absl::Status GetConsistencyProof(const v1::GetConsistencyProofRequest& request,
                                   v1::ConsistencyProof* response) const;
  absl::Status Lookup(const v1::LookupRequest& request,
                      v1::LookupResponse* response) const;
  absl::Status BatchLookup(const v1::BatchLookupRequest& request,
                           v1::BatchLookupResponse* response) const;
  absl::Status ListTags(const v1::ListTagsRequest& request,
                        v1::ListTagsResponse* response) const;
  // The next chunk of [*begin, end) of the log, and moves *begin past it. With end = 0,
  // first sets it to the head.
  absl::Status NextEntries(const v1::GetEntriesRequest& request, uint64_t* begin,
                           uint64_t* end, v1::EntriesChunk* chunk) const;

  const LogDirectory& logs() const { return *logs_; }

 private:
  absl::StatusOr<PlacedIndex> IndexAt(const LogState& log, const PublishedHead& head,
                                      uint64_t m) const;

  const Store* const store_;
  const TreeReader* const reader_;
  const LogDirectory* const logs_;
};

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
