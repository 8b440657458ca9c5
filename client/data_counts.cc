#include "client/data_counts.h"

#include "absl/strings/str_format.h"

namespace setlog {

absl::StatusOr<bool> JudgeData(const DataCounts& counts, bool subset) {
  if (counts.same_root) {
    if (counts.distinct == counts.members) return true;
    return absl::DataLossError(absl::StrFormat(
        "the records here have the set root, and are %d; the log counts %d members: "
        "`setlog audit` tells whose fault that is",
        counts.distinct, counts.members));
  }
  if (counts.present() > counts.members) {
    return absl::DataLossError(absl::StrFormat(
        "%d members were shown of a set that has %d, as the log says: `setlog audit` "
        "tells whose fault that is",
        counts.present(), counts.members));
  }
  if (subset) return counts.not_members == 0;
  if (counts.not_members == 0 && counts.present() == counts.members) {
    return absl::DataLossError(absl::StrFormat(
        "all %d members are here, as the log counts them, but the set root is not "
        "that of these: `setlog audit` tells whose fault that is",
        counts.members));
  }
  return false;
}

}  // namespace setlog
