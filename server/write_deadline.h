// server/write_deadline.h -- ends a call whose client does not take what is sent.
//
//   WriteDeadline deadline(feed, limits.write_deadline, context);
//   deadline.Begin();  StartWrite(&message);     // or Finish
//   deadline.End();                              // in OnWriteDone
//   deadline.Stop();                             // in OnDone
//
// A client that stays connected and reads nothing would keep its stream, and the slot
// that the stream has, for ever: flow control has no time limit. Within a second or so
// after the deadline the call is cancelled, which ends the write. Thread-safe.
#ifndef SETLOG_SERVER_WRITE_DEADLINE_H_
#define SETLOG_SERVER_WRITE_DEADLINE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "server/head_feed.h"

namespace setlog {

class WriteDeadline {
 public:
  // What it is given must stay until Stop returns.
  WriteDeadline(HeadFeed* feed, std::chrono::milliseconds limit,
                grpc::CallbackServerContext* context)
      : feed_(feed), tick_(feed->AddTick([this, limit, context] {
          const int64_t began = began_;
          if (began == 0 || Clock::now() - At(began) < limit) return false;
          context->TryCancel();
          return true;
        })) {}

  void Begin() { began_ = Clock::now().time_since_epoch().count(); }
  void End() { began_ = 0; }
  // After this returns the call is not cancelled any more.
  void Stop() { feed_->RemoveTick(tick_); }

 private:
  using Clock = std::chrono::steady_clock;
  static Clock::time_point At(int64_t ticks) {
    return Clock::time_point(Clock::duration(ticks));
  }

  HeadFeed* const feed_;
  std::atomic<int64_t> began_ = 0;  // in the clock's ticks; 0: nothing is being sent
  const uint64_t tick_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_WRITE_DEADLINE_H_
