// index/run_merge.h -- a partition's run and its frozen rows become a new run.
#ifndef SETLOG_INDEX_RUN_MERGE_H_
#define SETLOG_INDEX_RUN_MERGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "index/file_tag.h"
#include "index/recent_rows.h"
#include "index/run_file.h"
#include "index/run_writer.h"

namespace setlog {

// Writes a run with the rows of `run` (nullptr: none) and `frozen`, all of which have
// positions below m, to `path`; the caller finishes it. DataLoss if a page of `run` is
// bad, else as RunWriter. Nothing is left at `path` after an error. Sequential reads
// and writes.
absl::StatusOr<RunWriter> MergedRun(const std::string& path,
                                    const IndexIdentity& identity, unsigned partition,
                                    uint64_t m, const RunFile* run,
                                    const RecentRows& frozen);

}  // namespace setlog

#endif  // SETLOG_INDEX_RUN_MERGE_H_
