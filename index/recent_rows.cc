#include "index/recent_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace setlog {
namespace {

constexpr size_t kRowsPerCell = 8;   // as the cells are cut
constexpr size_t kCrowdedCell = 24;  // on average: they are cut anew
constexpr unsigned kMaxCellBits = 24;
constexpr size_t kAhead = 4;  // rows whose cell is fetched while others move

}  // namespace

RecentRows::RecentRows(unsigned partition_bits, size_t expected)
    : partition_bits_(partition_bits) {
  const unsigned bits = std::bit_width(expected / kRowsPerCell);
  CutAnew(std::min(bits, kMaxCellBits));
}

void RecentRows::CutAnew(unsigned cell_bits) {
  std::vector<Cell> old = std::move(cells_);
  cell_bits_ = cell_bits;
  cells_ = std::vector<Cell>(size_t{1} << cell_bits);
  capacity_ = 0;
  for (Cell& cell : old) {
    const EventRow* row = cell.rows.get();
    const EventRow* const end = row + cell.size;
    while (row != end) {
      const size_t target = CellOf(PrefixOf(row->key));
      const EventRow* next = row;
      while (next != end && CellOf(PrefixOf(next->key)) == target) ++next;
      MergeInto(&cells_[target], {row, next});
      row = next;
    }
    cell.rows.reset();
  }
}

void RecentRows::Grow(Cell* cell, size_t size) {
  if (size <= cell->capacity) return;
  // A third more, so that rows move a few times each; little, for there are many cells.
  const size_t capacity = std::max<size_t>(size, cell->capacity + cell->capacity / 3);
  void* memory = std::realloc(cell->rows.get(), capacity * sizeof(EventRow));
  if (memory == nullptr) throw std::bad_alloc();
  static_cast<void>(cell->rows.release());
  cell->rows.reset(static_cast<EventRow*>(memory));
  capacity_ += capacity - cell->capacity;
  cell->capacity = static_cast<uint32_t>(capacity);
}

void RecentRows::MergeInto(Cell* cell, std::span<const EventRow> rows) {
  Grow(cell, cell->size + rows.size());
  // From the back, so that each row moves once.
  EventRow* const begin = cell->rows.get();
  EventRow* to = begin + cell->size + rows.size();
  const EventRow* old = begin + cell->size;
  for (size_t i = rows.size(); i > 0;) {
    if (old != begin && old[-1] > rows[i - 1]) {
      *--to = *--old;
    } else {
      *--to = rows[--i];
    }
  }
  cell->size += static_cast<uint32_t>(rows.size());
}

void RecentRows::Insert(std::span<const EventRow> rows) {
  size_ += rows.size();
  if (size_ > kCrowdedCell * cells_.size() && cell_bits_ < kMaxCellBits) {
    CutAnew(std::min<unsigned>(std::bit_width(size_ / kRowsPerCell), kMaxCellBits));
  }
  for (size_t begin = 0; begin < rows.size();) {
    const size_t cell = CellOf(PrefixOf(rows[begin].key));
    size_t end = begin + 1;
    while (end < rows.size() && CellOf(PrefixOf(rows[end].key)) == cell) ++end;
    if (end + kAhead < rows.size()) {
      __builtin_prefetch(cells_[CellOf(PrefixOf(rows[end + kAhead].key))].rows.get());
    }
    MergeInto(&cells_[cell], rows.subspan(begin, end - begin));
    begin = end;
  }
}

void RecentRows::Fill(std::span<const EventRow> rows) {
  size_ = rows.size();
  CutAnew(std::min<unsigned>(std::bit_width(size_ / kRowsPerCell), kMaxCellBits));
  std::vector<uint32_t> counts(cells_.size());
  for (const EventRow& row : rows) ++counts[CellOf(PrefixOf(row.key))];
  for (size_t i = 0; i < cells_.size(); ++i) Grow(&cells_[i], counts[i]);
  for (const EventRow& row : rows) {
    Cell& cell = cells_[CellOf(PrefixOf(row.key))];
    cell.rows.get()[cell.size++] = row;
  }
  for (Cell& cell : cells_) std::sort(cell.rows.get(), cell.rows.get() + cell.size);
}

size_t RecentRows::memory_bytes() const {
  return capacity_ * sizeof(EventRow) + cells_.size() * sizeof(Cell);
}

void RecentRows::Cursor::SeekPrefix(uint64_t prefix) {
  cell_ = rows_->CellOf(prefix);
  const Cell& cell = rows_->cells_[cell_];
  row_ = cell.rows.get();
  end_ = row_ + cell.size;
  row_ = std::partition_point(
      row_, end_, [prefix](const EventRow& row) { return PrefixOf(row.key) < prefix; });
  if (row_ == end_) NextCell();
}

void RecentRows::Cursor::NextCell() {
  while (row_ == end_ && ++cell_ < rows_->cells_.size()) {
    const Cell& cell = rows_->cells_[cell_];
    row_ = cell.rows.get();
    end_ = row_ + cell.size;
  }
}

}  // namespace setlog
