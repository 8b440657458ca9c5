// port/turnstile_mutex.h -- std::shared_mutex whose readers cannot keep a writer out.
//
//   const auto reading = mutex.LockShared();
//   const auto writing = mutex.LockUnique();
//
// std::shared_mutex lets new readers overtake a waiting writer, so readers that take
// turns would keep it waiting for ever. Here it waits in the turnstile, and they queue
// up behind it. Never to be locked again by a thread that holds it: a reader that comes
// again would wait for the writer that waits for it.
#ifndef SETLOG_PORT_TURNSTILE_MUTEX_H_
#define SETLOG_PORT_TURNSTILE_MUTEX_H_

#include <mutex>
#include <shared_mutex>

namespace setlog {

class TurnstileMutex {
 public:
  std::shared_lock<std::shared_mutex> LockShared() {
    { const std::lock_guard behind_writers(turnstile_); }
    return std::shared_lock(mutex_);
  }
  std::unique_lock<std::shared_mutex> LockUnique() {
    const std::lock_guard holds_new_readers_back(turnstile_);
    return std::unique_lock(mutex_);
  }

 private:
  std::shared_mutex mutex_;
  std::mutex turnstile_;
};

}  // namespace setlog

#endif  // SETLOG_PORT_TURNSTILE_MUTEX_H_
