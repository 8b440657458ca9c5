// client/head_waiter.h -- sleeps until a server tells of a newer version of a set.
//
//   HeadWaiter waiter(&connection, origin);
//   while (!done) {
//     waiter.Wait(known_m, 200ms);   // true: there may be something new
//     Follow();                      // only a verified head counts
//   }
//
// A thread of its own holds a WatchHeads stream and opens it again when it ends. What
// comes in it is a claim, and only a hint when to ask: a server that says nothing, or
// anything, changes when its heads are looked at and never what is believed. So who
// waits must look now and then anyway. For one caller thread.
#ifndef SETLOG_CLIENT_HEAD_WAITER_H_
#define SETLOG_CLIENT_HEAD_WAITER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "client/connection.h"
#include "port/mutex.h"

namespace setlog {

class HeadWaiter {
 public:
  // The connection must outlive it.
  HeadWaiter(const Connection* connection, std::string origin);
  HeadWaiter(const HeadWaiter&) = delete;
  // Ends the stream; does not wait for the server.
  ~HeadWaiter();

  // Waits until the newest index entry that was told of has an m greater than
  // `known_m`, or one was told of that is older than one before it, or for `longest`.
  // Whether that was so: at once if m is greater already (whoever does not believe it
  // waits a while first), and once for each time that it went back.
  bool Wait(uint64_t known_m, std::chrono::milliseconds longest);

 private:
  void Listen();
  // One stream, to its end.
  void ListenOnce();

  const Connection* connection_;
  const std::string origin_;

  Mutex mutex_;
  std::condition_variable changed_;
  uint64_t newest_m_ ABSL_GUARDED_BY(mutex_) = 0;
  bool went_back_ ABSL_GUARDED_BY(mutex_) = false;  // since the last Wait
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_HEAD_WAITER_H_
