#include "server/head_feed.h"

#include <chrono>

namespace setlog {

HeadFeed::HeadFeed() : thread_([this] { Run(); }) {}

HeadFeed::~HeadFeed() {
  {
    MutexLock lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  MutexLock lock(listeners_mutex_);
  for (auto& [log, watcher] : watchers_) log->RemoveWatcher(watcher);
}

void HeadFeed::Follow(LogState* log) {
  const uint64_t watcher = log->AddWatcher([this] {
    {
      MutexLock lock(wake_mutex_);
      dirty_ = true;
    }
    wake_.notify_one();
  });
  MutexLock lock(listeners_mutex_);
  watchers_.emplace(log, watcher);
}

uint64_t HeadFeed::Add(Listener listener) {
  uint64_t id;
  {
    MutexLock lock(listeners_mutex_);
    id = next_id_++;
    listeners_.emplace(id, std::move(listener));
  }
  {
    MutexLock lock(wake_mutex_);
    dirty_ = true;  // what it waits for may have happened already
  }
  wake_.notify_one();
  return id;
}

void HeadFeed::Close() {
  closed_ = true;
  {
    MutexLock lock(wake_mutex_);
    dirty_ = true;
  }
  wake_.notify_one();
}

void HeadFeed::Remove(uint64_t id) {
  MutexLock lock(listeners_mutex_);
  listeners_.erase(id);
}

uint64_t HeadFeed::AddTick(Listener listener) {
  MutexLock lock(ticks_mutex_);
  ticks_.emplace(next_tick_, std::move(listener));
  return next_tick_++;
}

void HeadFeed::RemoveTick(uint64_t id) {
  MutexLock lock(ticks_mutex_);
  ticks_.erase(id);
}

void HeadFeed::Run() {
  auto last_tick = std::chrono::steady_clock::now();
  while (true) {
    {
      MutexLock lock(wake_mutex_);
      lock.WaitFor(wake_, std::chrono::seconds(1),
                   [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(wake_mutex_) {
                     return dirty_ || stopping_;
                   });
      if (stopping_) return;
      dirty_ = false;
    }
    {
      MutexLock lock(listeners_mutex_);
      std::erase_if(listeners_, [](const auto& item) { return item.second(); });
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_tick < std::chrono::seconds(1)) continue;
    last_tick = now;
    MutexLock lock(ticks_mutex_);
    std::erase_if(ticks_, [](const auto& item) { return item.second(); });
  }
}

}  // namespace setlog
