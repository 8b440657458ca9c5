// server/lru_cache.h -- what was asked for last, up to a number of things.
//
//   LruCache<uint64_t, std::string> cache(256);
//   if (auto found = cache.Find(7)) return *found;
//   cache.Insert(7, std::make_shared<const std::string>(Read(7)));
//
// For values that never change, or that a newer one may take the place of at any time:
// a reader keeps what it has found although it is dropped meanwhile. Thread-safe; one
// short lock a call.
#ifndef SETLOG_SERVER_LRU_CACHE_H_
#define SETLOG_SERVER_LRU_CACHE_H_

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "port/mutex.h"

namespace setlog {

template <typename Key, typename Value>
class LruCache {
 public:
  using Ptr = std::shared_ptr<const Value>;

  // Holds at least one value.
  explicit LruCache(size_t capacity) : capacity_(std::max<size_t>(capacity, 1)) {}

  // nullptr if it is not there.
  Ptr Find(const Key& key) {
    MutexLock lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }

  // Replaces what is there under the key.
  void Insert(const Key& key, Ptr value) {
    MutexLock lock(mutex_);
    const auto found = places_.find(key);
    if (found != places_.end()) {
      found->second->second = std::move(value);
      recent_.splice(recent_.begin(), recent_, found->second);
      return;
    }
    recent_.emplace_front(key, std::move(value));
    places_.emplace(key, recent_.begin());
    if (recent_.size() <= capacity_) return;
    places_.erase(recent_.back().first);
    recent_.pop_back();
  }

 private:
  using Values = std::list<std::pair<Key, Ptr>>;

  const size_t capacity_;
  Mutex mutex_;
  Values recent_ ABSL_GUARDED_BY(mutex_);  // most recently used first
  absl::flat_hash_map<Key, typename Values::iterator> places_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace setlog

#endif  // SETLOG_SERVER_LRU_CACHE_H_
