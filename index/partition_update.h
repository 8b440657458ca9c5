// index/partition_update.h -- what a batch of changes does to one partition.
//
//   auto update = UpdatePartition(top, partition_bits, partition, changes, rows);
//   update->rows;                     // the events to append, in order
//   update->levels.front()[0].hash;   // the partition's node, if it changed
//
// Reads each touched bucket once, hashes it together with many others, and then the
// nodes above it. Changes nothing. Thread-safe for different partitions.
#ifndef SETLOG_INDEX_PARTITION_UPDATE_H_
#define SETLOG_INDEX_PARTITION_UPDATE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "index/event_row.h"
#include "index/row_merge.h"
#include "log/dense_top.h"

namespace setlog {

struct PartitionUpdate {
  std::vector<EventRow> rows;  // in order of (key, position)
  // New hashes, by level from the partition's node down to the buckets; only of nodes
  // that change. Empty if none does.
  std::vector<std::vector<TopNode>> levels;
  std::vector<NodeTable> replaced;  // the hashes that they replace
  uint64_t added = 0;               // adds and removes among the rows
  uint64_t removed = 0;
};

// `changes` in order of (key, position), positions at or after those of all `rows`, of
// the partition. DataLoss from `rows`.
absl::StatusOr<PartitionUpdate> UpdatePartition(const DenseTop& top,
                                                unsigned partition_bits,
                                                std::span<const EventRow> changes,
                                                RowMerge rows);

}  // namespace setlog

#endif  // SETLOG_INDEX_PARTITION_UPDATE_H_
