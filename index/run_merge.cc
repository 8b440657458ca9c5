#include "index/run_merge.h"

#include "index/row_merge.h"
#include "index/run_writer.h"

namespace setlog {

absl::Status WriteMergedRun(const std::string& path, const IndexIdentity& identity,
                            unsigned partition, uint64_t m, const RunFile* run,
                            const RecentRows& frozen) {
  absl::StatusOr<RunWriter> writer = RunWriter::Create(path, identity, partition, m);
  if (!writer.ok()) return writer.status();
  RowMerge rows(run, &frozen, nullptr, RunCursor::ReadAhead::kSequential);
  for (rows.SeekToFirst(); rows.valid(); rows.Next()) {
    if (absl::Status s = writer->Add(rows.key(), rows.word()); !s.ok()) return s;
  }
  if (absl::Status s = rows.status(); !s.ok()) return s;
  return writer->Finish();
}

}  // namespace setlog
