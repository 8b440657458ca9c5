// port/mutex.h -- std::mutex with thread-safety annotations.
//
// Not absl::Mutex: Debian's Abseil is built without ThreadSanitizer's instrumentation,
// which then reports races that are none.
#ifndef SETLOG_PORT_MUTEX_H_
#define SETLOG_PORT_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace setlog {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : lock_(mutex.mutex_) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() {}

  // Releases the mutex while it waits; it is held again when `condition` returns true.
  template <typename Predicate>
  void Wait(std::condition_variable& condition, Predicate predicate) {
    condition.wait(lock_, predicate);
  }
  template <typename Duration, typename Predicate>
  bool WaitFor(std::condition_variable& condition, Duration duration,
               Predicate predicate) {
    return condition.wait_for(lock_, duration, predicate);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace setlog

#endif  // SETLOG_PORT_MUTEX_H_
