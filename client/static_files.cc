#include "client/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/http_files.h"

namespace setlog {
namespace {

// What a disk can seek for at once; warm files cost two system calls more.
constexpr size_t kAhead = 32;

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot %s %s", what, path));
}

class OpenFile {
 public:
  // The kernel reads it while others are being read.
  explicit OpenFile(std::string path) : path_(std::move(path)) {
    // A pipe without a writer would hold up the opening.
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) {
      status_ = Failed("open", path_);
    } else {
      (void)::posix_fadvise(fd_, 0, 0, POSIX_FADV_WILLNEED);
    }
  }
  OpenFile(OpenFile&& other) noexcept
      : path_(std::move(other.path_)),
        fd_(std::exchange(other.fd_, -1)),
        status_(std::move(other.status_)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  absl::StatusOr<std::string> Read(size_t max_bytes) const {
    if (!status_.ok()) return status_;
    struct stat about {};
    if (::fstat(fd_, &about) != 0) return Failed("read", path_);
    if (!S_ISREG(about.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s is no regular file", path_));
    }
    // One byte more, to see the end: it may grow meanwhile.
    std::string bytes;
    size_t room = static_cast<size_t>(about.st_size) < max_bytes
                      ? static_cast<size_t>(about.st_size) + 1
                      : max_bytes + 1;
    size_t length = 0;
    while (length <= max_bytes) {
      bytes.resize(length + room);
      const ssize_t got = ::read(fd_, bytes.data() + length, room);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Failed("read", path_);
      if (got == 0) {
        bytes.resize(length);
        return bytes;
      }
      length += static_cast<size_t>(got);
      room = std::min(max_bytes + 1 - std::min(length, max_bytes), size_t{64} << 10);
    }
    return absl::ResourceExhaustedError(
        absl::StrFormat("%s is over %d bytes long", path_, max_bytes));
  }

 private:
  std::string path_;
  int fd_ = -1;
  absl::Status status_;
};

class DirectoryFetcher final : public FileFetcher {
 public:
  DirectoryFetcher(std::string prefix, size_t max_bytes)
      : prefix_(std::move(prefix)), max_bytes_(max_bytes) {}

  void Want(const std::string& name) override { files_.emplace_back(prefix_ + name); }
  absl::StatusOr<std::string> Next(const Stopped& stopped) override {
    const OpenFile file = std::move(files_.front());
    files_.pop_front();
    if (stopped()) return absl::CancelledError("nobody waits for it any more");
    return file.Read(max_bytes_);
  }

 private:
  const std::string prefix_;
  const size_t max_bytes_;
  std::deque<OpenFile> files_;
};

class DirectoryFiles final : public StaticFiles {
 public:
  explicit DirectoryFiles(std::string path) : path_(std::move(path)) {}

  const std::string& place() const override { return path_; }
  size_t ahead() const override { return kAhead; }
  bool local() const override { return true; }
  absl::StatusOr<std::unique_ptr<FileFetcher>> NewFetcher(
      size_t max_bytes) const override {
    return std::make_unique<DirectoryFetcher>(path_ + "/", max_bytes);
  }

 private:
  const std::string path_;
};

}  // namespace

bool IsUrl(const std::string& from) {
  return from.starts_with("http://") || from.starts_with("https://");
}

absl::StatusOr<std::unique_ptr<StaticFiles>> OpenStaticFiles(
    const std::string& from, const StaticFilesOptions& options) {
  if (from.empty()) {
    return absl::InvalidArgumentError("the place of a log's files is empty");
  }
  std::string place = from;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  if (IsUrl(from)) return OpenHttpFiles(std::move(place), options);
  return std::make_unique<DirectoryFiles>(std::move(place));
}

}  // namespace setlog
