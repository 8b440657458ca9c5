// index/sorted_changes.h -- a batch of changes as rows: by partition, each in order.
//
//   RowRoom room;
//   const SortedChanges sorted(changes, partition_bits, &room, parallel);
//   for (const EventRow& row : sorted.part(p)) ...     // by (key, position)
//
// Keys are hashes, so their next bits spread them evenly: two passes put each row among
// the few that it is compared with. Keys that were chosen to share them cost n log n.
// Belongs to one thread; const members may run together.
#ifndef SETLOG_INDEX_SORTED_CHANGES_H_
#define SETLOG_INDEX_SORTED_CHANGES_H_

#include <atomic>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "index/event_row.h"
#include "log/parallel_for.h"
#include "log/set_index.h"

namespace setlog {

// Memory for the rows of one batch, kept for the next one: pages that are fresh cost
// the kernel more than the sorting costs us. Whoever shares it between threads takes it
// with a try_lock, and does without if another has it.
class RowRoom {
 public:
  bool try_lock() { return !taken_.test_and_set(std::memory_order_acquire); }
  void unlock() { taken_.clear(std::memory_order_release); }
  // Room for `count` rows, with whatever it held last; until the next call.
  std::span<EventRow> For(size_t count);

 private:
  struct Free {
    void operator()(EventRow* rows) const { std::free(rows); }
  };

  std::atomic_flag taken_;
  std::unique_ptr<EventRow, Free> rows_;
  size_t size_ = 0;
};

class SortedChanges {
 public:
  // O(changes), on the threads of `parallel` where there are many. The rows are in
  // `room`, 40 bytes a change.
  SortedChanges(std::span<const SetChange> changes, unsigned partition_bits,
                RowRoom* room, const ParallelFor& parallel = InOrder);

  std::span<const EventRow> part(size_t p) const {
    return rows_.subspan(ends_[p], ends_[p + 1] - ends_[p]);
  }

 private:
  std::span<EventRow> rows_;
  std::vector<size_t> ends_;  // of the partition before, by partition
};

// Sorts rows of one partition, whose keys begin with the same `partition_bits` bits.
void SortRows(std::span<EventRow> rows, unsigned partition_bits);

}  // namespace setlog

#endif  // SETLOG_INDEX_SORTED_CHANGES_H_
