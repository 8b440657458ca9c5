// client/retry.h -- how long, and how often, a lost server is asked again.
//
//   Retry retry(15s);
//   while (true) {
//     absl::Status status = Ask();
//     if (status.ok() || !retry.WaitAfter(status)) return status;
//   }
//
// The n-th wait after a progress is a random time of up to min(2 s, 50 ms * 2^n), down
// to nothing ("full jitter"), so that many clients of one server come back spread out.
// A server that says when to come back (trailer `grpc-retry-pushback-ms`, gRPC proposal
// A6) is not asked before. The budget runs from the first failure since the last
// progress: it is the time that the server was lost, not the time that it worked in
// silence. Not thread-safe.
#ifndef SETLOG_CLIENT_RETRY_H_
#define SETLOG_CLIENT_RETRY_H_

#include <chrono>
#include <optional>
#include <random>

#include "absl/status/status.h"

namespace setlog {

// May the same call succeed by itself, later? Unavailable; Aborted; Cancelled, which is
// how a server that stops ends its calls; ResourceExhausted with a pushback: a full
// queue or a quota. Without one it is gRPC's own, of a message that is too long.
bool MayPass(const absl::Status& status);

// A server's "not before so long", kept with a status. Negative: never.
void SetPushback(absl::Status& status, std::chrono::milliseconds wait);
std::optional<std::chrono::milliseconds> PushbackOf(const absl::Status& status);

class Retry {
 public:
  explicit Retry(std::chrono::milliseconds budget);

  // Something was achieved: the whole budget is there again, and the next wait short.
  void Progress();
  // Sleeps, and returns true, if `status` may pass and the budget is not used up;
  // returns false at once otherwise, or when the server wants to be left alone for
  // longer than what is left of it.
  bool WaitAfter(const absl::Status& status);

 private:
  using Clock = std::chrono::steady_clock;

  const std::chrono::milliseconds budget_;
  std::optional<Clock::time_point> lost_since_;
  std::chrono::milliseconds longest_;  // of the next wait
  std::minstd_rand random_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_RETRY_H_
