// client/data_counts.h -- what follows from counting records against a set.
//
//   DataCounts counts{.members = index.n, .distinct = 1300, .not_members = 50};
//   absl::StatusOr<bool> holds = JudgeData(counts, /*subset=*/false);
//
// That all members are here is never concluded from numbers: the count in a head is its
// owner's word, and the set root, which binds it, is not. Pure.
#ifndef SETLOG_CLIENT_DATA_COUNTS_H_
#define SETLOG_CLIENT_DATA_COUNTS_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace setlog {

struct DataCounts {
  uint64_t members = 0;  // of the set, as its owner says
  uint64_t distinct = 0;
  uint64_t not_members = 0;  // of the distinct ones, as was proven
  bool same_root = false;    // of the set of these and the one in the log

  uint64_t present() const { return distinct - not_members; }
  uint64_t missing() const { return members - present(); }
};

// Whether they are the set, or for `subset` all of them members of it. DataLoss if what
// was proven contradicts the log's count.
absl::StatusOr<bool> JudgeData(const DataCounts& counts, bool subset);

}  // namespace setlog

#endif  // SETLOG_CLIENT_DATA_COUNTS_H_
