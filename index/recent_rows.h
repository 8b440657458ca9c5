// index/recent_rows.h -- rows of one partition that are in no run yet, in memory.
//
//   RecentRows recent(partition_bits);
//   recent.Insert(sorted_rows);
//   RecentRows::Cursor cursor(recent);
//   for (cursor.SeekPrefix(first); cursor.valid(); cursor.Next()) use(cursor.key());
//
// Sorted cells by the key's next bits, about a dozen rows each, so that an insert moves
// a few rows and a seek needs one comparison of cells. About 50 bytes a row. Keys can
// be chosen to share a cell: its cost is then linear in its rows.
//
// Not thread-safe; cursors may run together, and end with the next Insert.
#ifndef SETLOG_INDEX_RECENT_ROWS_H_
#define SETLOG_INDEX_RECENT_ROWS_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
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

  // Rows in order of (key, word), of the partition, none of them there yet. About
  // 100 ns a row.
  void Insert(std::span<const EventRow> rows);
  // Different rows of the partition in any order, into none: each cell is allocated
  // once. Half of what Insert costs.
  void Fill(std::span<const EventRow> rows);

  size_t size() const { return size_; }
  size_t memory_bytes() const;

 private:
  struct Free {
    void operator()(EventRow* rows) const { std::free(rows); }
  };
  struct Cell {
    std::unique_ptr<EventRow, Free> rows;
    uint32_t size = 0;
    uint32_t capacity = 0;
  };

  size_t CellOf(uint64_t prefix) const {
    return cell_bits_ == 0
               ? 0
               : static_cast<size_t>(prefix << partition_bits_ >> (64 - cell_bits_));
  }
  void MergeInto(Cell* cell, std::span<const EventRow> rows);
  void Grow(Cell* cell, size_t size);
  void CutAnew(unsigned cell_bits);

  unsigned partition_bits_;
  unsigned cell_bits_ = 0;
  std::vector<Cell> cells_;
  size_t size_ = 0;
  size_t capacity_ = 0;
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
