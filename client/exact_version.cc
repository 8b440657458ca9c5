#include "client/exact_version.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/refused.h"

namespace setlog {

absl::StatusOr<VerifiedHead> ExactVersion(LogClient& log, uint64_t m) {
  absl::StatusOr<VerifiedHead> newest = log.Head();
  if (!newest.ok() || newest->version.index.m == m) return newest;
  const absl::Status none = absl::NotFoundError(
      absl::StrFormat("%s has no version of the set for m = %d up to its head of size "
                      "%d",
                      log.origin(), m, newest->version.checkpoint.size));
  if (m == 0 || newest->version.index.m < m) return none;

  // Below `low` entries it does not stand: an index entry's m is at most its position.
  // Among the first `high` there is one for m or a later one.
  uint64_t low = m;
  uint64_t high = newest->version.index_position + 1;
  uint64_t low_m = 0;  // of the last index entry among the first `low`, or less
  uint64_t high_m = newest->version.index.m;
  uint64_t step = 1;
  bool passed = false;
  while (low < high && high - low > 1) {
    // Ever further beyond m, and by halves once that was too far.
    const uint64_t middle = low + (high - low) / 2;
    const uint64_t size = passed ? middle : std::min(low + step, middle);
    absl::StatusOr<VerifiedHead> version = log.Head({.size = size});
    if (!version.ok() || version->version.index.m == m) return version;
    const uint64_t found = version->version.index.m;
    const uint64_t position = version->version.index_position;
    // The newest index entry of a larger size is no older one; and one for more than m
    // that stands below `low` would have been the answer there.
    if (found < low_m || found > high_m || (found > m && position < low)) {
      return Refused(log.origin(),
                     absl::StrFormat("for size %d the server says that the newest "
                                     "index entry is the one at %d for m = %d; that "
                                     "contradicts what it said for other sizes",
                                     size, position, found));
    }
    if (found < m) {
      low = size;
      low_m = found;
      step *= 2;
    } else {
      high = std::min(size, position + 1);
      high_m = found;
      passed = true;
    }
  }
  return none;
}

}  // namespace setlog
