#include "client/exact_version.h"

#include <algorithm>

#include "absl/strings/str_format.h"

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
  uint64_t step = 1;
  bool passed = false;
  while (high - low > 1) {
    // Ever further beyond m, and by halves once that was too far.
    const uint64_t middle = low + (high - low) / 2;
    const uint64_t size = passed ? middle : std::min(low + step, middle);
    absl::StatusOr<VerifiedHead> version = log.Head({.size = size});
    if (!version.ok() || version->version.index.m == m) return version;
    if (version->version.index.m < m) {
      low = size;
      step *= 2;
    } else {
      high = std::min(size, version->version.index_position + 1);
      passed = true;
    }
  }
  return none;
}

}  // namespace setlog
