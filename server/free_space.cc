#include "server/free_space.h"

#include <sys/statvfs.h>

#include "absl/strings/str_format.h"

namespace setlog {

absl::Status FreeSpace::Check() const {
  for (const std::string& directory : directories_) {
    struct statvfs info;
    // What cannot be asked is not known to be full: the write itself will tell.
    if (statvfs(directory.c_str(), &info) != 0) continue;
    const uint64_t free = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
    if (free >= reserve_bytes_) continue;
    return absl::ResourceExhaustedError(absl::StrFormat(
        "read-only: the disk of %s has %d MiB left, fewer than the reserve of %d MiB; "
        "make room, or start with a smaller --min-free",
        directory, free >> 20, reserve_bytes_ >> 20));
  }
  return absl::OkStatus();
}

}  // namespace setlog
