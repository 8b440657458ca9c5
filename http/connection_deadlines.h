// http/connection_deadlines.h -- ends connections whose time is up, whatever they do.
//
//   ConnectionDeadlines deadlines(1s);                   // how often it looks
//   ConnectionDeadlines::Connection* one = deadlines.Add(fd, 60s);
//   one->EndIn(30s);                                     // from now on
//   deadlines.Remove(one);                               // before fd is closed
//
// libmicrohttpd counts from the last byte: who sends one now and then stays for ever.
// Here the socket is shut down, and its owner finds it closed. A deadline is one atomic
// store; each look costs some nanoseconds a connection. Thread-safe.
#ifndef SETLOG_HTTP_CONNECTION_DEADLINES_H_
#define SETLOG_HTTP_CONNECTION_DEADLINES_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "port/mutex.h"

namespace setlog {

class ConnectionDeadlines {
 public:
  using Clock = std::chrono::steady_clock;

  class Connection {
   public:
    void EndIn(Clock::duration time) { deadline_ = Clock::now() + time; }
    void Forever() { deadline_ = Clock::time_point::max(); }

   private:
    friend class ConnectionDeadlines;
    explicit Connection(int fd) : fd_(fd) {}
    const int fd_;
    std::atomic<Clock::time_point> deadline_ = Clock::time_point::max();
  };

  explicit ConnectionDeadlines(Clock::duration look_every);
  ~ConnectionDeadlines();

  // `fd` stays open until it is removed.
  Connection* Add(int fd, Clock::duration time);
  void Remove(Connection* connection);

 private:
  void Run();

  const Clock::duration look_every_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<Connection*, std::unique_ptr<Connection>> connections_
      ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses everything above
};

}  // namespace setlog

#endif  // SETLOG_HTTP_CONNECTION_DEADLINES_H_
