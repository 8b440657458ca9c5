#include "tools/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

std::string TemporaryDirectory() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/tmp";
}

}  // namespace

absl::StatusOr<int> OpenSpoolFile() {
  std::string path = TemporaryDirectory() + "/setlog-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return SpoolError(errno);
  unlink(path.c_str());
  return file;
}

absl::Status SpoolError(int error) {
  const absl::Status status = absl::ErrnoToStatus(
      error, absl::StrFormat("%s, where hashes wait (TMPDIR names another place)",
                             TemporaryDirectory()));
  // A full disk is nothing that a server could be asked about again.
  return error == ENOSPC ? absl::ResourceExhaustedError(std::string(status.message()))
                         : status;
}

}  // namespace setlog
