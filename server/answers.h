// server/answers.h -- what readers get, in the messages of proto/setlog/v1.
//
// Without gRPC's calling machinery, so that every transport gives the same answers.
// Errors are statuses whose codes gRPC sends as they are. Thread-safe.
#ifndef SETLOG_SERVER_ANSWERS_H_
#define SETLOG_SERVER_ANSWERS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/limits.h"
#include "server/log_directory.h"
#include "server/log_state.h"
#include "server/tree_reader.h"
#include "setlog/v1/reader.pb.h"
#include "storage/store.h"

namespace setlog {

class Answers {
 public:
  // Lists have at most `limits.listed` members, messages of entries about
  // `limits.chunk_bytes`.
  Answers(const Store* store, const TreeReader* reader, const LogDirectory* logs,
          const Limits& limits = {})
      : store_(store),
        reader_(reader),
        logs_(logs),
        max_listed_(limits.listed),
        max_chunk_bytes_(limits.chunk_bytes) {}

  // Of the logs for which `shown` says true.
  absl::Status ListLogs(const v1::ListLogsRequest& request,
                        const std::function<bool(const HostedLog&)>& shown,
                        v1::ListLogsResponse* response) const;
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

 private:
  absl::Status LookupIn(HostedLog& log, const v1::LookupRequest& request,
                        v1::LookupResponse* response) const;
  absl::StatusOr<PlacedIndex> IndexAt(const LogState& log, uint64_t head_size,
                                      const PlacedIndex& newest, uint64_t m) const;

  const Store* const store_;
  const TreeReader* const reader_;
  const LogDirectory* const logs_;
  const uint64_t max_listed_;
  const uint64_t max_chunk_bytes_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_ANSWERS_H_
