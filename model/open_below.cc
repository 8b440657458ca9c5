#include "model/open_below.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace setlog {
namespace {

constexpr int kAny = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int Flags(const OpenBelowOptions& options) {
  return kAny | (options.directory ? O_DIRECTORY : 0) |
         (options.follow_last ? 0 : O_NOFOLLOW);
}

// One component. With O_DIRECTORY and O_NOFOLLOW, a link is said to be no directory.
Descriptor OpenStep(int above, const char* name, int flags) {
  Descriptor opened(::openat(above, name, flags));
  struct stat found;
  if (!opened.ok() && errno == ENOTDIR && (flags & O_NOFOLLOW) != 0 &&
      ::fstatat(above, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = S_ISLNK(found.st_mode) ? ELOOP : ENOTDIR;
  }
  return opened;
}

Descriptor OpenStrictly(int root, const char* name, int flags) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags & ~O_NOFOLLOW);  // `resolve` says it better
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Descriptor(
      static_cast<int>(::syscall(SYS_openat2, root, name, &how, sizeof how)));
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ < 0) return;
  const int error = errno;
  ::close(value_);
  errno = error;
}

Descriptor OpenDirectory(const std::string& path) {
  return Descriptor(::open(path.c_str(), kAny | O_DIRECTORY));
}

Descriptor OpenBelow(int root, const std::string& name,
                     const OpenBelowOptions& options) {
  if (options.follow_last) return OpenBelowStepwise(root, name, options);
  Descriptor opened = OpenStrictly(root, name.c_str(), Flags(options));
  // EPERM is what filters of system calls say of one that they do not know.
  if (!opened.ok() && (errno == ENOSYS || errno == EPERM)) {
    return OpenBelowStepwise(root, name, options);
  }
  return opened;
}

Descriptor OpenBelowStepwise(int root, const std::string& name,
                             const OpenBelowOptions& options) {
  Descriptor above;
  size_t begin = 0;
  for (size_t slash; (slash = name.find('/', begin)) != name.npos; begin = slash + 1) {
    const std::string component = name.substr(begin, slash - begin);
    Descriptor next = OpenStep(above.ok() ? above.value() : root, component.c_str(),
                               O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (!next.ok()) return next;
    above = std::move(next);
  }
  return OpenStep(above.ok() ? above.value() : root, name.c_str() + begin,
                  Flags(options));
}

}  // namespace setlog
