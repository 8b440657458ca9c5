// server/limits.h -- how much of the server one crowd of callers can hold.
//
//   if (!slots.TryTake()) return Busy("too many streams are open");
//   ...
//   slots.Give();
//
// What is bounded, and where the numbers stand: docs/operations.md. A refusal is
// ResourceExhausted, and the answer's trailer `grpc-retry-pushback-ms` (gRPC proposal
// A6) says when to come back; the client waits that long. Thread-safe.
#ifndef SETLOG_SERVER_LIMITS_H_
#define SETLOG_SERVER_LIMITS_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"

namespace setlog {

struct Limits {
  uint64_t append_streams = 256;  // Append and Remove, open at a time
  uint64_t waiting_tags = 256;
  uint64_t watch_streams = 1024;
  uint64_t entry_streams = 256;
  // Reads that take long run on threads of their own, so that the others and the writes
  // need not wait behind them; those that wait for such a thread are counted.
  uint64_t waiting_batches = 256;
  uint64_t waiting_old_lookups = 64;
  // The VRF's: of queries, and of those who write.
  uint64_t waiting_proofs = 64;
  uint64_t waiting_labels = 64;
  // Extension proofs: made one at a time, for so many values at most (an index entry
  // covers no more), and held until their callers have them.
  uint64_t extension_streams = 4;
  uint64_t extension_values = uint64_t{1} << 20;
  uint64_t queue_bytes = uint64_t{64} << 20;  // records that wait for a commit
  uint64_t chunk_bytes = uint64_t{1} << 20;   // of entries in a message
  uint64_t listed = 1000;  // logs or tags in one answer: these stay below 4 MiB
  // No unary call waits longer than that, whatever its caller's deadline is.
  std::chrono::milliseconds call_deadline = std::chrono::hours(1);
  // An append stream opens its session, and a client takes each message of a stream
  // that it reads, within that.
  std::chrono::milliseconds open_deadline = std::chrono::seconds(20);
  std::chrono::milliseconds write_deadline = std::chrono::seconds(60);
};

class Slots {
 public:
  explicit Slots(uint64_t count) : free_(static_cast<int64_t>(count)) {}
  bool TryTake() {
    if (free_.fetch_sub(1) > 0) return true;
    free_.fetch_add(1);
    return false;
  }
  void Give() { free_.fetch_add(1); }

 private:
  std::atomic<int64_t> free_;
};

inline constexpr int kRetryAfterMs = 1000;

inline absl::Status Busy(std::string_view why) {
  return absl::ResourceExhaustedError(
      absl::StrFormat("%s: try again in %d ms", why, kRetryAfterMs));
}

// The trailer, and the name under which a status has it: server/rpc_status.h.
inline constexpr char kPushback[] = "grpc-retry-pushback-ms";

// The same with a time of its own; without one it is of no use to wait.
inline absl::Status BusyFor(std::string_view why, std::optional<int64_t> wait_ms) {
  absl::Status status = absl::ResourceExhaustedError(absl::StrFormat("%s", why));
  status.SetPayload(kPushback, absl::Cord(wait_ms ? std::to_string(*wait_ms) : ""));
  return status;
}

}  // namespace setlog

#endif  // SETLOG_SERVER_LIMITS_H_
