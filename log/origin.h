// log/origin.h -- what a log may be called.
//
//   EXPECT_OK(CheckOrigin("data.example.org/gsm8k"));
//   CheckOrigin("data.example.org/../etc");   // InvalidArgument: a component is ".."
//   CheckOrigin("Data.Example.Org");          // InvalidArgument: upper case in the
//   host
//
//   origin    = host *("/" component)            at most 255 bytes
//   host      = 1*(a-z 0-9 . -)
//   component = 1*(A-Z a-z 0-9 . _ ~ -)
//
// Neither host nor component is ".", "..", "tile", "checkpoint" or "lookup", and the
// whole is not "metrics" or "healthz". An origin becomes a URL, a directory and a key
// name, so it is checked before it becomes any of them: nothing in it needs escaping,
// leaves its directory, or collides with what the server puts beside it.
// Thread-safe: a pure function.
#ifndef SETLOG_LOG_ORIGIN_H_
#define SETLOG_LOG_ORIGIN_H_

#include <string_view>

#include "absl/status/status.h"

namespace setlog {

inline constexpr size_t kMaxOriginBytes = 255;

// OK iff `origin` has the form above; otherwise InvalidArgument saying what is wrong.
absl::Status CheckOrigin(std::string_view origin);

}  // namespace setlog

#endif  // SETLOG_LOG_ORIGIN_H_
