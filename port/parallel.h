// port/parallel.h -- running the turns of a loop on several threads.
//
//   Parallel parallel(2);                    // this thread and one more
//   parallel(64, [&](size_t i) { ... });     // returns when all turns are done
//
// Turns are taken one by one, so they need not be equally long; they must not throw. A
// loop within a turn runs on that turn's thread alone, in order. One caller at a time.
// Threads start with the first loop.
#ifndef SETLOG_PORT_PARALLEL_H_
#define SETLOG_PORT_PARALLEL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "log/parallel_for.h"

namespace setlog {

class Parallel {
 public:
  explicit Parallel(unsigned threads) : helpers_wanted_(threads - 1) {}
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;
  ~Parallel() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }

  void operator()(size_t count, const std::function<void(size_t)>& body) {
    if (count < 2 || helpers_wanted_ == 0 || inside_ == this) {
      return InOrder(count, body);
    }
    while (helpers_.size() < helpers_wanted_) {
      helpers_.emplace_back([this] { Help(); });
    }
    {
      const std::lock_guard lock(mutex_);
      body_ = &body;
      count_ = count;
      next_ = 0;
      ++loop_;
    }
    work_.notify_all();
    TakeTurns(body, count);
    Await([this] { return busy_ == 0; });
    std::unique_lock lock(mutex_);
    body_ = nullptr;  // who comes too late finds nothing to do
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  // A thread that went to sleep comes tens of microseconds late, so for about that long
  // it lends its core and looks again.
  template <typename Condition>
  static void Await(Condition condition) {
    for (int looks = 0; looks < 100 && !condition(); ++looks) {
      std::this_thread::yield();
    }
  }
  void TakeTurns(const std::function<void(size_t)>& body, size_t count) {
    const Parallel* const outside = std::exchange(inside_, this);
    for (size_t i; (i = next_.fetch_add(1)) < count;) body(i);
    inside_ = outside;
  }
  void Help() {
    size_t seen = 0;
    std::unique_lock lock(mutex_);
    while (true) {
      lock.unlock();
      Await([&] { return loop_ != seen; });
      lock.lock();
      work_.wait(lock,
                 [&] { return stopping_ || (body_ != nullptr && loop_ != seen); });
      if (stopping_) return;
      seen = loop_;
      const std::function<void(size_t)>& body = *body_;
      const size_t count = count_;
      ++busy_;
      lock.unlock();
      TakeTurns(body, count);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  // Whose turn this thread takes.
  static inline thread_local const Parallel* inside_ = nullptr;

  const size_t helpers_wanted_;
  std::vector<std::thread> helpers_;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(size_t)>* body_ = nullptr;
  size_t count_ = 0;
  std::atomic<size_t> loop_ = 0;  // changed under the mutex, like busy_
  std::atomic<size_t> busy_ = 0;
  bool stopping_ = false;
};

}  // namespace setlog

#endif  // SETLOG_PORT_PARALLEL_H_
