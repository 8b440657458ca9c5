// client/retry.h -- how long, and how often, a lost server is asked again.
//
//   Retry retry(15s);
//   while (true) {
//     absl::Status status = Ask();
//     if (status.ok() || !retry.WaitAfter(status)) return status;
//   }
//
// Waits grow from 50 ms to 2 s by doubling; each is cut by a random part of up to one
// half, so that many clients of one server do not come back together. The budget counts
// from the last progress, not from the first failure. Not thread-safe.
#ifndef SETLOG_CLIENT_RETRY_H_
#define SETLOG_CLIENT_RETRY_H_

#include <chrono>
#include <random>

#include "absl/status/status.h"

namespace setlog {

class Retry {
 public:
  explicit Retry(std::chrono::milliseconds budget);

  // Something was achieved: the whole budget is there again, and the next wait short.
  void Progress();
  // Sleeps, and returns true, if `status` may pass by itself (Unavailable, Aborted) and
  // the budget is not used up; returns false at once otherwise.
  bool WaitAfter(const absl::Status& status);
  // The same whatever the status; false once the budget is used up.
  bool Wait();

 private:
  using Clock = std::chrono::steady_clock;

  const std::chrono::milliseconds budget_;
  Clock::time_point last_progress_;
  std::chrono::milliseconds delay_;
  std::minstd_rand random_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_RETRY_H_
