// http/work_queue.h -- a few threads for what takes long, and a short queue.
//
//   WorkQueue queue(2, 64);
//   if (!queue.TryRun([=] { reactor->Finish(Answer()); })) return Busy("...");
//
// Never waits for room: a caller that is refused can say so at once. Thread-safe.
#ifndef SETLOG_HTTP_WORK_QUEUE_H_
#define SETLOG_HTTP_WORK_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "port/mutex.h"

namespace setlog {

class WorkQueue {
 public:
  using Task = absl::AnyInvocable<void()>;

  // At most `waiting` tasks wait, besides those that run.
  WorkQueue(unsigned threads, uint64_t waiting);
  // Runs what waits, then stops.
  ~WorkQueue();

  // False, with nothing done, if the queue is full.
  bool TryRun(Task task);

 private:
  void Run();

  const uint64_t max_waiting_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  uint64_t idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace setlog

#endif  // SETLOG_HTTP_WORK_QUEUE_H_
