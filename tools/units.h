// tools/units.h -- sizes and durations as flags spell them.
//
//   *ParseSize("512MiB");     // 536870912
//   *ParseDuration("90s");    // 90'000'000 microseconds
//   ParseDuration("1.5h");    // InvalidArgument: an integer and ms, s, m, h or d
//
// An integer without sign or leading zeros, directly followed by one unit:
// MiB, M (2^20 bytes), GiB, G (2^30 bytes); ms, s, m (minutes), h, d (24 hours).
// Thread-safe: pure functions.
#ifndef SETLOG_TOOLS_UNITS_H_
#define SETLOG_TOOLS_UNITS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace setlog {

// Bytes. InvalidArgument, showing the form, also for what does not fit into 64 bits.
absl::StatusOr<uint64_t> ParseSize(std::string_view text);

// Microseconds. InvalidArgument, showing the form, also for more than 2^63 - 1 of them.
absl::StatusOr<int64_t> ParseDuration(std::string_view text);

// "3 d 4 h", "12 s": the two largest units that are not zero, for people.
std::string FormatDuration(int64_t duration_us);
// "1 record", "2 records".
std::string FormatCount(uint64_t count, std::string_view thing);

}  // namespace setlog

#endif  // SETLOG_TOOLS_UNITS_H_
