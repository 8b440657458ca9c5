#include "index/run_merge.h"

#include <optional>

namespace setlog {
namespace {

// How many of the first rows have keys up to that of `recent`. A key's older rows are
// those of the run.
size_t RowsUpTo(const RunRows& rows, const EventRow& recent) {
  const uint64_t prefix = PrefixOf(recent.key);
  size_t count = 0;
  while (count < rows.keys.size() && PrefixOf(rows.keys[count]) < prefix) ++count;
  while (count < rows.keys.size() && rows.keys[count] <= recent.key) ++count;
  return count;
}

}  // namespace

absl::StatusOr<RunWriter> MergedRun(const std::string& path,
                                    const IndexIdentity& identity, unsigned partition,
                                    uint64_t m, const RunFile* run,
                                    const RecentRows& frozen) {
  absl::StatusOr<RunWriter> writer = RunWriter::Create(path, identity, partition, m);
  if (!writer.ok()) return writer.status();
  std::optional<RunCursor> old;
  if (run != nullptr) {
    old.emplace(*run, RunCursor::ReadAhead::kSequential);
    old->SeekToFirst();
  }
  RecentRows::Cursor recent(frozen);
  if (frozen.size() > 0) recent.SeekToFirst();
  while (true) {
    // All rows of a page that come before the next recent one, together.
    while (old && old->valid()) {
      const RunRows rows = old->rows();
      const size_t count =
          recent.valid() ? RowsUpTo(rows, recent.row()) : rows.keys.size();
      if (count == 0) break;
      if (absl::Status s = writer->AddFirst(rows, count); !s.ok()) return s;
      old->Skip(count);
    }
    if (old && !old->status().ok()) return old->status();
    if (!recent.valid()) break;
    if (absl::Status s = writer->Add(recent.key(), recent.word()); !s.ok()) return s;
    recent.Next();
  }
  writer->StartWriting();
  return writer;
}

}  // namespace setlog
