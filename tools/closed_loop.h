// tools/closed_loop.h -- keeps a number of calls under way, and measures each.
//
//   LoopResult all = RunLoop({.concurrency = 64, .duration = 5s},
//       [&](const LoopCall& call) { stub.async()->Lookup(..., [call](grpc::Status s) {
//         call.Done(FromGrpc(s, context)); }); });
//   all.calls / all.seconds; PercentilesOf(all.latencies_us);
//
// A closed loop: a slot starts its next call when the last one has ended, on the thread
// that ended it. So a server that stalls is asked less, and the percentiles are those
// of `concurrency` callers, not of callers who come at fixed times. A loop in which
// very many calls fail ends early.
#ifndef SETLOG_TOOLS_CLOSED_LOOP_H_
#define SETLOG_TOOLS_CLOSED_LOOP_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"

namespace setlog {

class ClosedLoop;

// One call, to be ended exactly once, from any thread.
class LoopCall {
 public:
  size_t slot() const { return slot_; }
  uint64_t number() const { return number_; }  // of all calls, from 0
  void Done(absl::Status status) const;

 private:
  friend class ClosedLoop;
  ClosedLoop* loop_ = nullptr;
  size_t slot_ = 0;
  uint64_t number_ = 0;
};

struct LoopOptions {
  size_t concurrency = 64;
  // Whichever comes first; one of them must be there.
  std::optional<uint64_t> calls;
  std::optional<std::chrono::microseconds> duration;
  std::function<void(uint64_t calls)> progress;  // again and again
};

struct LoopResult {
  uint64_t calls = 0;  // that succeeded
  uint64_t failed = 0;
  absl::Status first_failure;
  double seconds = 0;
  std::vector<float> latencies_us;  // of those that succeeded
};

// Returns when all calls have ended.
LoopResult RunLoop(const LoopOptions& options,
                   std::function<void(const LoopCall&)> start);

}  // namespace setlog

#endif  // SETLOG_TOOLS_CLOSED_LOOP_H_
