// log/bucket_hasher.h -- hashes the tries of many buckets of keys together.
#ifndef SETLOG_LOG_BUCKET_HASHER_H_
#define SETLOG_LOG_BUCKET_HASHER_H_

#include <span>
#include <utility>
#include <vector>

#include "log/bytes.h"
#include "log/set_tree.h"

namespace setlog {

// Keys whose tries are hashed together: enough for full kernel batches at every height,
// and a forest that stays in the second-level cache.
inline constexpr size_t kForestKeys = 1 << 12;

// Hashes a sequence of buckets' live keys in forests of about kForestKeys.
// `done(bucket, hash)` is called for each bucket in the order given.
template <typename Done>
class BucketHasher {
 public:
  explicit BucketHasher(Done done) : done_(std::move(done)) {}

  void AddKey(const Hash& key) { keys_.push_back(key); }
  // Takes back the keys that were added since the last bucket ended.
  void DropKeys() { keys_.resize(pending_.empty() ? 0 : pending_.back().second); }
  void EndBucket(size_t bucket) {
    pending_.push_back({bucket, keys_.size()});
    if (keys_.size() >= kForestKeys) Flush();
  }
  void Flush() {
    ends_.clear();
    size_t begin = 0;
    for (const auto& [bucket, end] : pending_) {
      if (end != begin) ends_.push_back(end);
      begin = end;
    }
    const SetForest forest(keys_, ends_);
    begin = 0;
    size_t run = 0;
    for (const auto& [bucket, end] : pending_) {
      done_(bucket, end == begin ? kNoSubtree : forest.hash(forest.root(run++)));
      begin = end;
    }
    keys_.clear();
    pending_.clear();
  }

 private:
  Done done_;
  std::vector<Hash> keys_;
  std::vector<std::pair<size_t, size_t>> pending_;  // bucket, end of its keys
  std::vector<size_t> ends_;  // of those that have keys; kept for its memory
};

}  // namespace setlog

#endif  // SETLOG_LOG_BUCKET_HASHER_H_
