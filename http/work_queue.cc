#include "http/work_queue.h"

#include <utility>

namespace setlog {

WorkQueue::WorkQueue(unsigned threads, uint64_t waiting) : max_waiting_(waiting) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkQueue::~WorkQueue() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::TryRun(Task task) {
  {
    const MutexLock lock(mutex_);
    // A task that an idle thread is about to take does not wait.
    if (tasks_.size() >= max_waiting_ + idle_) return false;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void WorkQueue::Run() {
  while (true) {
    Task task;
    {
      MutexLock lock(mutex_);
      ++idle_;
      lock.Wait(wake_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return stopping_ || !tasks_.empty();
      });
      --idle_;
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace setlog
