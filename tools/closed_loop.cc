#include "tools/closed_loop.h"

#include <atomic>
#include <condition_variable>
#include <utility>

#include "port/mutex.h"

namespace setlog {

using Clock = std::chrono::steady_clock;

// A server that is gone fails calls faster than it ever answered them.
constexpr uint64_t kMostFailures = 1000;
constexpr std::chrono::milliseconds kProgressInterval(50);

class ClosedLoop {
 public:
  ClosedLoop(const LoopOptions& options, std::function<void(const LoopCall&)> start)
      : options_(options), start_(std::move(start)), slots_(options.concurrency) {}

  LoopResult Run() {
    for (size_t slot = 0; slot < slots_.size(); ++slot) Next(slot);
    MutexLock lock(mutex_);
    while (!lock.WaitFor(all_ended_, kProgressInterval,
                         [&] { return ended_ == slots_.size(); })) {
      if (options_.progress) options_.progress(calls_);
    }
    LoopResult result;
    result.seconds = std::chrono::duration<double>(last_ - begin_).count();
    result.first_failure = first_failure_;
    result.failed = failed_;
    for (const Slot& slot : slots_) {
      result.latencies_us.insert(result.latencies_us.end(), slot.latencies_us.begin(),
                                 slot.latencies_us.end());
    }
    result.calls = result.latencies_us.size();
    return result;
  }

  void Done(const LoopCall& call, absl::Status status) {
    const Clock::time_point now = Clock::now();
    Slot& slot = slots_[call.slot_];
    if (status.ok()) {
      slot.latencies_us.push_back(
          std::chrono::duration<float, std::micro>(now - slot.started).count());
      ++calls_;
    } else {
      ++failed_;
      MutexLock lock(mutex_);
      if (first_failure_.ok()) first_failure_ = std::move(status);
    }
    Next(call.slot_);
  }

 private:
  struct Slot {  // of one call at a time, so of one thread at a time
    Clock::time_point started;
    std::vector<float> latencies_us;
  };

  bool Over(uint64_t number) const {
    return (options_.calls && number >= *options_.calls) ||
           (options_.duration && Clock::now() >= begin_ + *options_.duration) ||
           failed_ >= kMostFailures;
  }

  void Next(size_t slot) {
    LoopCall call;
    call.loop_ = this;
    call.slot_ = slot;
    call.number_ = next_++;
    if (!Over(call.number_)) {
      slots_[slot].started = Clock::now();
      start_(call);
      return;
    }
    MutexLock lock(mutex_);
    last_ = Clock::now();
    ++ended_;
    all_ended_.notify_all();
  }

  const LoopOptions& options_;
  const std::function<void(const LoopCall&)> start_;
  const Clock::time_point begin_ = Clock::now();
  std::vector<Slot> slots_;
  std::atomic<uint64_t> next_ = 0;
  std::atomic<uint64_t> calls_ = 0;
  std::atomic<uint64_t> failed_ = 0;

  Mutex mutex_;
  std::condition_variable all_ended_;
  size_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
  Clock::time_point last_ ABSL_GUARDED_BY(mutex_) = begin_;
  absl::Status first_failure_ ABSL_GUARDED_BY(mutex_);
};

void LoopCall::Done(absl::Status status) const {
  loop_->Done(*this, std::move(status));
}

LoopResult RunLoop(const LoopOptions& options,
                   std::function<void(const LoopCall&)> start) {
  return ClosedLoop(options, std::move(start)).Run();
}

}  // namespace setlog
