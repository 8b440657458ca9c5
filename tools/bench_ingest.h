// tools/bench_ingest.h -- appends as fast as a server takes it, and measures.
//
//   IngestOptions options{.origins = {origin}, .records = 1'000'000};
//   absl::StatusOr<IngestResult> result = Ingest(connection, records, options);
//   result->records / result->seconds;                  // durable, in a signed head
//
// Each client has one append stream. It keeps a window of messages under way, on a
// thread of its own (at_a_time = 0), or sends `at_a_time` records and waits for their
// acknowledgement before it sends more. A latency is the time from handing a message to
// gRPC to its acknowledgement. The clients take the records from the front in pieces,
// so that after a run of one log exactly the first `records` are in it. A stream that
// breaks ends the run: what is measured is the server, not the client's patience
// (client/appender.h).
#ifndef SETLOG_TOOLS_BENCH_INGEST_H_
#define SETLOG_TOOLS_BENCH_INGEST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/upload_stream.h"
#include "tools/bench_records.h"

namespace setlog {

struct IngestOptions {
  std::vector<std::string> origins;  // client c appends to origin c modulo their number
  Operation operation = Operation::kAdd;
  uint64_t first = 0;    // number of the first record
  uint64_t records = 0;  // in all, of all clients
  size_t clients = 1;
  size_t at_a_time = 0;
  // Nothing is sent after that.
  std::optional<std::chrono::microseconds> duration;
  // The same, at any time, from another thread.
  const std::atomic<bool>* stop = nullptr;
  // Gets the number of acknowledged records, again and again.
  std::function<void(uint64_t)> progress;
};

struct IngestResult {
  uint64_t records = 0;  // acknowledged: as many as were sent
  double seconds = 0;    // from the first message to the last acknowledgement
  std::vector<float> latencies_us;
  // Of each origin, one past the position of the last record; 0 if it got none.
  std::vector<uint64_t> ends;
};

// The status of the first stream that broke, if one did.
absl::StatusOr<IngestResult> Ingest(const Connection& connection,
                                    const BenchRecords& records,
                                    const IngestOptions& options);

}  // namespace setlog

#endif  // SETLOG_TOOLS_BENCH_INGEST_H_
