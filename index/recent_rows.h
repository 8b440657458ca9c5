// index/recent_rows.h -- the rows of a partition that are not in a run yet, in order.
//
//   RecentRows rows(partition_bits);
//   rows.Insert(batch);                   // sorted
//   RecentRows::Cursor cursor(rows);
//   for (cursor.SeekPrefix(first); cursor.valid(); cursor.Next()) use(cursor.key());
//
// Cells of 16 places in one piece of memory, each for an equal share of the keys, which
// are hashes and so fill them evenly: where a key belongs is computed, not searched
// for, and can be fetched ahead. The cells are cut anew when they are 5/8 full on
// average; one that is full before that gets memory of its own. 64 to 95 bytes a row.
// Keys can be chosen to share a cell: its cost is then linear in its rows.
//
// Not thread-safe; cursors may run together, and end with the next Insert.
#ifndef SETLOG_INDEX_RECENT_ROWS_H_
#define SETLOG_INDEX_RECENT_ROWS_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "index/event_row.h"
#include "log/bytes.h"

namespace setlog {

class RecentRows {
 public:
  class Cursor;

  // `partition_bits`: the first bits of all keys, which are the same. `expected` rows
  // will not make the cells be cut anew.
  explicit RecentRows(unsigned partition_bits, size_t expected = 0);

  // Rows in order of (key, word), of the partition, none of them there yet. About 50 ns
  // a row.
  void Insert(std::span<const EventRow> rows);
  // Different rows of the partition in any order, into none.
  void Fill(std::span<const EventRow> rows);

  size_t size() const { return size_; }
  size_t memory_bytes() const;

  // Fetches the rows from this prefix on, as many as a bucket has, into the cache.
  // Inlined, or GCC takes a function that only fetches for one without effect.
  [[gnu::always_inline]] void Prefetch(uint64_t prefix) const {
    const Place place = PlaceOf(prefix);
    const size_t guess = Guess(place, sizes_[place.cell]);
    const auto* line = reinterpret_cast<const uint8_t*>(
        cells_.get() + place.cell * kCellRows + guess - (guess > 0));
    for (int i = 0; i < 4; ++i) __builtin_prefetch(line + 64 * i);
  }

 private:
  static constexpr size_t kCellRows = 16;
  static constexpr uint8_t kSpilled = 0xff;  // a size: the cell's rows are in spilled_

  struct Free {
    void operator()(EventRow* rows) const { std::free(rows); }
  };
  // A cell, and how far into its share of the keys, in parts of 2^64.
  struct Place {
    size_t cell;
    uint64_t share;
  };

  Place PlaceOf(uint64_t prefix) const {
    const auto product =
        static_cast<unsigned __int128>(prefix << partition_bits_) * sizes_.size();
    return {static_cast<size_t>(product >> 64), static_cast<uint64_t>(product)};
  }
  static size_t Guess(const Place& place, size_t size) {
    return static_cast<size_t>(
        static_cast<unsigned __int128>(place.share) * (size % kSpilled) >> 64);
  }
  std::span<const EventRow> RowsOf(size_t cell) const {
    if (sizes_[cell] == kSpilled) return spilled_.at(cell);
    return {cells_.get() + cell * kCellRows, sizes_[cell]};
  }
  void MakeCells(size_t count);
  // Behind the rows of the cell.
  void Append(size_t cell, const EventRow& row);
  std::vector<EventRow>& Spill(size_t cell);
  void MergeInto(size_t cell, std::span<const EventRow> rows);
  void CutAnew(size_t rows);

  unsigned partition_bits_;
  std::unique_ptr<EventRow, Free> cells_;  // kCellRows each, the first `size` in use
  std::vector<uint8_t> sizes_;
  std::unordered_map<size_t, std::vector<EventRow>> spilled_;
  size_t size_ = 0;
};

// A place among the rows. Seek before anything else.
class RecentRows::Cursor {
 public:
  explicit Cursor(const RecentRows& rows) : rows_(&rows) {}

  void SeekToFirst() { SeekPrefix(0); }
  // To the first row whose key's first 8 bytes, as a number, are at least `prefix`,
  // which must be of the partition.
  void SeekPrefix(uint64_t prefix);
  void Next() {
    ++row_;
    if (row_ == end_) NextCell();
  }

  const RecentRows& rows() const { return *rows_; }
  bool valid() const { return row_ != end_; }
  const EventRow& row() const { return *row_; }
  const Hash& key() const { return row_->key; }
  uint64_t word() const { return row_->word; }
  uint64_t prefix() const { return PrefixOf(row_->key); }

 private:
  void NextCell();

  const RecentRows* rows_;
  const EventRow* row_ = nullptr;
  const EventRow* end_ = nullptr;
  size_t cell_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_RECENT_ROWS_H_
