// tools/spool_file.h -- an unlinked temporary file, for what a command cannot keep in
// memory.
//
//   absl::StatusOr<int> file = OpenSpoolFile();   // in TMPDIR, else /tmp
//   if (write(*file, ...) < 0) return SpoolError(errno);
//
// Nobody else can open it, and no crash leaves it behind.
#ifndef SETLOG_TOOLS_SPOOL_FILE_H_
#define SETLOG_TOOLS_SPOOL_FILE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

// A descriptor, which the caller closes.
absl::StatusOr<int> OpenSpoolFile();

// What errno means for it, naming TMPDIR. A full disk is ResourceExhausted.
absl::Status SpoolError(int error);

}  // namespace setlog

#endif  // SETLOG_TOOLS_SPOOL_FILE_H_
