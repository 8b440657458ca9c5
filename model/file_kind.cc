#include "model/file_kind.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/time/time.h"

namespace setlog {

std::string FileKindName(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "a file";
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    case S_IFBLK:
    case S_IFCHR:
      return "a device";
    default:
      return "neither a file nor a directory";
  }
}

OddFile OddByError(std::string name, int error) {
  if (error == ELOOP) {
    return {std::move(name), OddKind::kSymlink, "a symbolic link", error};
  }
  // What opening a socket says.
  if (error == ENXIO) return {std::move(name), OddKind::kSpecial, "a socket", error};
  return {std::move(name), OddKind::kUnreadable, std::strerror(error), error};
}

bool NoDescriptorLeft(const OddFile& odd) {
  return odd.error == EMFILE || odd.error == ENFILE;
}

int64_t FileTimeNs(const struct timespec& time) {
  return absl::ToInt64Nanoseconds(absl::DurationFromTimespec(time));
}

}  // namespace setlog
