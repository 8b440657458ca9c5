#include "index/sorted_changes.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "index/file_tag.h"
#include "port/huge_pages.h"

namespace setlog {
namespace {

// Changes that one turn of a loop puts in place, at least: fewer are not worth it.
constexpr size_t kTurnChanges = size_t{1} << 14;
constexpr size_t kMaxTurns = 16;
// Rows that are put side by side before they are compared, on average.
constexpr size_t kRowsPerSlot = 4;
// So many slots are written in turn at the most: more would not stay in the cache.
constexpr unsigned kMaxSlotBits = 13;
constexpr size_t kFewRows = 32;

void SortFew(EventRow* begin, EventRow* end) {
  if (static_cast<size_t>(end - begin) > kFewRows)
    return std::sort(begin, end, RowBefore);
  for (EventRow* next = begin + 1; next < end; ++next) {
    const EventRow row = *next;
    EventRow* place = next;
    for (; place != begin && RowBefore(row, place[-1]); --place) *place = place[-1];
    *place = row;
  }
}

}  // namespace

void SortRows(std::span<EventRow> rows, unsigned partition_bits) {
  if (rows.empty()) return;
  EventRow* const begin = rows.data();
  if (rows.size() <= kFewRows) return SortFew(begin, begin + rows.size());
  const unsigned bits =
      std::min<unsigned>(std::bit_width(rows.size() / kRowsPerSlot), kMaxSlotBits);
  const auto slot_of = [&](const EventRow& row) {
    return static_cast<size_t>(PrefixOf(row.key) << partition_bits >> (64 - bits));
  };
  std::vector<size_t> ends((size_t{1} << bits) + 1, 0);
  for (const EventRow& row : rows) ++ends[slot_of(row) + 1];
  for (size_t slot = 1; slot < ends.size(); ++slot) ends[slot] += ends[slot - 1];
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  const std::vector<EventRow> unsorted(rows.begin(), rows.end());
  for (const EventRow& row : unsorted) rows[next[slot_of(row)]++] = row;
  for (size_t slot = 0; slot + 1 < ends.size(); ++slot) {
    SortFew(begin + ends[slot], begin + ends[slot + 1]);
  }
}

std::span<EventRow> RowRoom::For(size_t count) {
  if (count > size_) {
    rows_.reset();  // first, so that there are never two
    size_ = 0;
    rows_.reset(static_cast<EventRow*>(std::malloc(count * sizeof(EventRow))));
    if (!rows_) throw std::bad_alloc();
    size_ = count;
    PreferHugePages(rows_.get(), count * sizeof(EventRow));
  }
  return {rows_.get(), count};
}

SortedChanges::SortedChanges(std::span<const SetChange> changes,
                             unsigned partition_bits, RowRoom* room,
                             const ParallelFor& parallel)
    : rows_(room->For(changes.size())), ends_((size_t{1} << partition_bits) + 1, 0) {
  const size_t parts = ends_.size() - 1;
  const size_t turns = std::clamp<size_t>(changes.size() / kTurnChanges, 1, kMaxTurns);
  const auto of_turn = [&](size_t turn) {
    const size_t first = changes.size() * turn / turns;
    return changes.subspan(first, changes.size() * (turn + 1) / turns - first);
  };
  // Where the next row of each partition goes, by turn: those of the turns before come
  // first, so that the rows of a partition keep the order of the log.
  std::vector<std::vector<size_t>> next(turns, std::vector<size_t>(parts, 0));
  parallel(turns, [&](size_t turn) {
    for (const SetChange& change : of_turn(turn)) {
      ++next[turn][PartitionOf(change.key, partition_bits)];
    }
  });
  size_t end = 0;
  for (size_t p = 0; p < parts; ++p) {
    for (std::vector<size_t>& of : next) end += std::exchange(of[p], end);
    ends_[p + 1] = end;
  }
  parallel(turns, [&](size_t turn) {
    for (const SetChange& change : of_turn(turn)) {
      rows_[next[turn][PartitionOf(change.key, partition_bits)]++] = {
          change.key, EventWord(change.position, change.add)};
    }
  });
  const auto sort_part = [&](size_t p) {
    SortRows(rows_.subspan(ends_[p], ends_[p + 1] - ends_[p]), partition_bits);
  };
  if (turns == 1) {
    InOrder(parts, sort_part);
  } else {
    parallel(parts, sort_part);
  }
}

}  // namespace setlog
