#include "index/recent_rows.h"

#include <algorithm>
#include <new>
#include <utility>

#include "port/huge_pages.h"

namespace setlog {
namespace {

// Rows in a cell on average: when the cells are cut anew, and after that.
constexpr size_t kCrowdedCell = 10;
constexpr size_t kFreshCell = 7;
constexpr size_t kAhead = 8;  // rows whose cell is fetched while others move
constexpr size_t kLine = 64;

}  // namespace

RecentRows::RecentRows(unsigned partition_bits, size_t expected)
    : partition_bits_(partition_bits) {
  MakeCells(expected / kCrowdedCell + 1);
}

void RecentRows::MakeCells(size_t count) {
  const size_t bytes = count * kCellRows * sizeof(EventRow);
  void* memory = std::aligned_alloc(kLine, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  PreferHugePages(memory, bytes);
  cells_.reset(static_cast<EventRow*>(memory));
  sizes_.assign(count, 0);
}

std::vector<EventRow>& RecentRows::Spill(size_t cell) {
  std::vector<EventRow>& spilled = spilled_[cell];
  if (sizes_[cell] != kSpilled) {
    const std::span<const EventRow> rows(cells_.get() + cell * kCellRows, sizes_[cell]);
    spilled.assign(rows.begin(), rows.end());
    sizes_[cell] = kSpilled;
  }
  return spilled;
}

void RecentRows::Append(size_t cell, const EventRow& row) {
  if (sizes_[cell] < kCellRows) {
    cells_.get()[cell * kCellRows + sizes_[cell]++] = row;
  } else {
    Spill(cell).push_back(row);
  }
}

void RecentRows::CutAnew(size_t rows) {
  const std::unique_ptr<EventRow, Free> cells = std::move(cells_);
  const std::vector<uint8_t> sizes = std::move(sizes_);
  const auto spilled = std::exchange(spilled_, {});
  MakeCells(rows / kFreshCell + 1);
  for (size_t cell = 0; cell < sizes.size(); ++cell) {
    const std::span<const EventRow> old =
        sizes[cell] == kSpilled
            ? std::span<const EventRow>(spilled.at(cell))
            : std::span<const EventRow>(cells.get() + cell * kCellRows, sizes[cell]);
    for (const EventRow& row : old) Append(PlaceOf(PrefixOf(row.key)).cell, row);
  }
}

void RecentRows::MergeInto(size_t cell, std::span<const EventRow> rows) {
  const size_t before = RowsOf(cell).size();
  const size_t after = before + rows.size();
  EventRow* begin = cells_.get() + cell * kCellRows;
  if (after <= kCellRows) {
    sizes_[cell] = static_cast<uint8_t>(after);
  } else {
    std::vector<EventRow>& spilled = Spill(cell);
    spilled.resize(after);
    begin = spilled.data();
  }
  // From the back, so that each row moves once.
  EventRow* to = begin + after;
  const EventRow* old = begin + before;
  for (size_t i = rows.size(); i > 0;) {
    if (old != begin && RowBefore(rows[i - 1], old[-1])) {
      *--to = *--old;
    } else {
      *--to = rows[--i];
    }
  }
}

void RecentRows::Insert(std::span<const EventRow> rows) {
  size_ += rows.size();
  if (size_ > sizes_.size() * kCrowdedCell) CutAnew(size_);
  for (size_t begin = 0; begin < rows.size();) {
    const size_t cell = PlaceOf(PrefixOf(rows[begin].key)).cell;
    size_t end = begin + 1;
    while (end < rows.size() && PlaceOf(PrefixOf(rows[end].key)).cell == cell) ++end;
    if (end + kAhead < rows.size()) {
      // All of it: what is behind the new row moves.
      const EventRow* ahead =
          cells_.get() + PlaceOf(PrefixOf(rows[end + kAhead].key)).cell * kCellRows;
      for (size_t line = 0; line < kCellRows * sizeof(EventRow); line += kLine) {
        __builtin_prefetch(reinterpret_cast<const uint8_t*>(ahead) + line, 1);
      }
    }
    MergeInto(cell, rows.subspan(begin, end - begin));
    begin = end;
  }
}

void RecentRows::Fill(std::span<const EventRow> rows) {
  size_ = rows.size();
  MakeCells(size_ / kFreshCell + 1);
  for (const EventRow& row : rows) Append(PlaceOf(PrefixOf(row.key)).cell, row);
  for (size_t cell = 0; cell < sizes_.size(); ++cell) {
    if (sizes_[cell] == kSpilled) continue;
    EventRow* const begin = cells_.get() + cell * kCellRows;
    std::sort(begin, begin + sizes_[cell], RowBefore);
  }
  for (auto& [cell, spilled] : spilled_) {
    std::sort(spilled.begin(), spilled.end(), RowBefore);
  }
}

size_t RecentRows::memory_bytes() const {
  size_t bytes = sizes_.size() * (kCellRows * sizeof(EventRow) + 1);
  for (const auto& [cell, spilled] : spilled_) {
    bytes += spilled.capacity() * sizeof(EventRow);
  }
  return bytes;
}

void RecentRows::Cursor::SeekPrefix(uint64_t prefix) {
  const Place place = rows_->PlaceOf(prefix);
  cell_ = place.cell;
  const std::span<const EventRow> rows = rows_->RowsOf(cell_);
  const EventRow* const begin = rows.data();
  end_ = begin + rows.size();
  const auto before = [prefix](const EventRow& row) {
    return PrefixOf(row.key) < prefix;
  };
  if (rows.size() > kCellRows) {
    row_ = std::partition_point(begin, end_, before);
  } else {
    row_ = begin + Guess(place, rows.size());
    while (row_ != begin && !before(row_[-1])) --row_;
    while (row_ != end_ && before(*row_)) ++row_;
  }
  if (row_ == end_) NextCell();
}

void RecentRows::Cursor::NextCell() {
  while (row_ == end_ && ++cell_ < rows_->sizes_.size()) {
    const std::span<const EventRow> rows = rows_->RowsOf(cell_);
    row_ = rows.data();
    end_ = row_ + rows.size();
  }
}

}  // namespace setlog
