// server/head_feed.h -- calls back when heads move.
//
// One thread on which everything runs that waits for a log to get further: heads to be
// sent to watchers, tags that wait for the index. The sequencer only wakes it up.
#ifndef SETLOG_SERVER_HEAD_FEED_H_
#define SETLOG_SERVER_HEAD_FEED_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "port/mutex.h"
#include "server/log_state.h"

namespace setlog {

class HeadFeed {
 public:
  // Called after every change of any log, and once a second (for deadlines and callers
  // that have gone). Returns true when it is finished and to be dropped.
  using Listener = std::function<bool()>;

  HeadFeed();
  ~HeadFeed();

  // Wakes the feed whenever `log`, which must outlive it, has a new head.
  void Follow(LogState* log);
  uint64_t Add(Listener listener);
  // After this returns the listener is not running and will not run again.
  void Remove(uint64_t id);
  // Called once a second only, however many heads there are: for deadlines.
  uint64_t AddTick(Listener listener);
  // As Remove.
  void RemoveTick(uint64_t id);
  // The server is stopping: listeners run once more, and end what waits.
  void Close();
  bool closed() const { return closed_; }

 private:
  void Run();

  std::atomic<bool> closed_ = false;
  Mutex wake_mutex_;
  std::condition_variable wake_;
  bool dirty_ ABSL_GUARDED_BY(wake_mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(wake_mutex_) = false;

  // Held while listeners run.
  Mutex listeners_mutex_;
  uint64_t next_id_ ABSL_GUARDED_BY(listeners_mutex_) = 1;
  std::map<uint64_t, Listener> listeners_ ABSL_GUARDED_BY(listeners_mutex_);
  std::map<LogState*, uint64_t> watchers_ ABSL_GUARDED_BY(listeners_mutex_);

  // Held while they run.
  Mutex ticks_mutex_;
  uint64_t next_tick_ ABSL_GUARDED_BY(ticks_mutex_) = 1;
  std::map<uint64_t, Listener> ticks_ ABSL_GUARDED_BY(ticks_mutex_);
  std::thread thread_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_HEAD_FEED_H_
