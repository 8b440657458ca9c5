// log/change_queue.h -- changes of the set that wait for their index entry.
//
//   ChangeQueue queue;
//   queue.Add({SetKey(value), position, true});     // in log order
//   ChangeQueue::Parts parts = queue.Before(m);     // those that an index entry covers
//   set.Apply(parts, m);  queue.Take(parts);
//
// By the first bits of their keys, so that a batch needs no sorting into parts, and a
// long queue no memory in one piece. Not thread-safe; no I/O.
#ifndef SETLOG_LOG_CHANGE_QUEUE_H_
#define SETLOG_LOG_CHANGE_QUEUE_H_

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "log/set_answer.h"
#include "log/set_tree.h"

namespace setlog {

class ChangeQueue {
 public:
  static constexpr unsigned kPartBits = 6;
  // Those whose keys begin with the bits of i, in log order. Views into the queue.
  using Parts = std::array<std::span<const SetChange>, 1 << kPartBits>;

  ChangeQueue() = default;
  explicit ChangeQueue(std::span<const SetChange> changes) {
    for (const SetChange& change : changes) Add(change);
  }

  void Add(const SetChange& change) {
    parts_[KeyPrefix(change.key, kPartBits)].changes.push_back(change);
    ++size_;
  }
  size_t size() const { return size_; }

  // Those at positions below m. O(log size).
  Parts Before(uint64_t m) const {
    Parts before;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const std::span<const SetChange> rest = parts_[i].rest();
      const auto end = std::partition_point(
          rest.begin(), rest.end(),
          [m](const SetChange& change) { return change.position < m; });
      before[i] = {rest.begin(), end};
    }
    return before;
  }
  // Drops what Before gave. What moved the rest to the front each time would be
  // quadratic in a log whose index lags behind.
  void Take(const Parts& before) {
    for (size_t i = 0; i < parts_.size(); ++i) {
      size_ -= before[i].size();
      parts_[i].taken += before[i].size();
      std::vector<SetChange>& changes = parts_[i].changes;
      if (2 * parts_[i].taken < changes.size()) continue;
      changes.erase(changes.begin(),
                    changes.begin() + static_cast<std::ptrdiff_t>(parts_[i].taken));
      parts_[i].taken = 0;
    }
  }

  // All of them, in log order. O(size * log size).
  std::vector<SetChange> InOrder() const {
    std::vector<SetChange> all;
    all.reserve(size_);
    for (const Part& part : parts_) {
      all.insert(all.end(), part.rest().begin(), part.rest().end());
    }
    std::sort(all.begin(), all.end(), [](const SetChange& a, const SetChange& b) {
      return a.position < b.position;
    });
    return all;
  }

 private:
  struct Part {
    std::vector<SetChange> changes;
    size_t taken = 0;
    std::span<const SetChange> rest() const {
      return std::span(changes).subspan(taken);
    }
  };
  std::array<Part, 1 << kPartBits> parts_;
  size_t size_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_LOG_CHANGE_QUEUE_H_
