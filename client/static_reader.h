// client/static_reader.h -- the Reader service from a log's files, without its server.
//
//   StaticReader service(*OpenStaticFiles("/srv/www/pets", {}));
//   grpc::ServerBuilder builder;
//   builder.RegisterService(&service);          // on no port: within the process
//
// So everything that asks a server through a Connection, and trusts it in nothing, asks
// files in the same way (client/static_connection.h). Answered: GetHead, GetEntries,
// GetInclusionProof, GetConsistencyProof, as a server of the same log would. Files name
// no key (GetLog is FAILED_PRECONDITION) and hold no set: the others are UNIMPLEMENTED.
//
// A version is found by reading entries from the end: the newest index entry is among
// the last ones. A tag is looked for in the last kTagEntries of them. Answers are
// checked against the checkpoint before they are given, so that an error can name the
// file; whose checkpoint it is, is for the client to check. Thread-safe; one thread of
// gRPC for each call.
#ifndef SETLOG_CLIENT_STATIC_READER_H_
#define SETLOG_CLIENT_STATIC_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/static_files.h"
#include "client/static_log.h"
#include "log/entry.h"
#include "setlog/v1/reader.grpc.pb.h"

namespace setlog {

class StaticReader final : public v1::Reader::Service {
 public:
  static constexpr uint64_t kTagEntries = uint64_t{1} << 22;
  // Of one message of entries, roughly.
  static constexpr size_t kChunkBytes = size_t{2} << 20;

  explicit StaticReader(std::unique_ptr<StaticFiles> files) : log_(std::move(files)) {}

  grpc::Status GetHead(grpc::ServerContext* context, const v1::GetHeadRequest* request,
                       v1::Head* response) override;
  grpc::Status GetEntries(grpc::ServerContext* context,
                          const v1::GetEntriesRequest* request,
                          grpc::ServerWriter<v1::EntriesChunk>* writer) override;
  grpc::Status GetInclusionProof(grpc::ServerContext* context,
                                 const v1::GetInclusionProofRequest* request,
                                 v1::InclusionProof* response) override;
  grpc::Status GetConsistencyProof(grpc::ServerContext* context,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::ConsistencyProof* response) override;

  grpc::Status GetLog(grpc::ServerContext* context, const v1::GetLogRequest* request,
                      v1::GetLogResponse* response) override;
  grpc::Status ListLogs(grpc::ServerContext* context,
                        const v1::ListLogsRequest* request,
                        v1::ListLogsResponse* response) override;
  grpc::Status ListTags(grpc::ServerContext* context,
                        const v1::ListTagsRequest* request,
                        v1::ListTagsResponse* response) override;
  grpc::Status Lookup(grpc::ServerContext* context, const v1::LookupRequest* request,
                      v1::LookupResponse* response) override;
  grpc::Status BatchLookup(grpc::ServerContext* context,
                           const v1::BatchLookupRequest* request,
                           v1::BatchLookupResponse* response) override;
  grpc::Status WatchHeads(grpc::ServerContext* context,
                          const v1::GetHeadRequest* request,
                          grpc::ServerWriter<v1::Head>* writer) override;
  grpc::Status GetExtensionProof(
      grpc::ServerContext* context, const v1::GetExtensionProofRequest* request,
      grpc::ServerWriter<v1::ExtensionProofChunk>* writer) override;

 private:
  enum class Checkpoint { kNow, kLast };
  absl::StatusOr<StaticHead> HeadOf(const std::string& origin, Checkpoint which,
                                    const Stopped& stopped);
  absl::Status NoSet(const char* what) const;
  absl::Status FillHead(const v1::GetHeadRequest& request, const Stopped& stopped,
                        v1::Head* response);
  absl::Status SendEntries(const v1::GetEntriesRequest& request, const Stopped& stopped,
                           grpc::ServerWriter<v1::EntriesChunk>* writer);
  absl::Status FillInclusion(const v1::GetInclusionProofRequest& request,
                             const Stopped& stopped, v1::InclusionProof* response);
  absl::Status FillConsistency(const v1::GetConsistencyProofRequest& request,
                               const Stopped& stopped, v1::ConsistencyProof* response);

  StaticLog log_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATIC_READER_H_
