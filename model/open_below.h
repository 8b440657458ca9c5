// model/open_below.h -- opening what is below a directory, and nothing that is not.
//
//   Descriptor root = OpenDirectory("/models/demo");
//   Descriptor file = OpenBelow(root.value(), "sub/weights.bin", {});
//   if (!file.ok()) ... errno ...
//
// No link is followed, in no component, so whoever can change the directory while it is
// read cannot lead the reader elsewhere; ELOOP says that there is one. Nothing blocks:
// a FIFO is opened without a writer. The caller asks what it is that was opened.
#ifndef SETLOG_MODEL_OPEN_BELOW_H_
#define SETLOG_MODEL_OPEN_BELOW_H_

#include <string>
#include <utility>

namespace setlog {

// A file descriptor, closed at the end; or none, and errno says why.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();

  bool ok() const { return value_ >= 0; }
  int value() const { return value_; }
  // It is the caller's to close from now on.
  int Release() { return std::exchange(value_, -1); }

 private:
  int value_ = -1;
};

struct OpenBelowOptions {
  bool directory = false;  // must be one
  // The last component may be a link, which may lead anywhere; those above may not.
  bool follow_last = false;
};

// Of any path; links are followed.
Descriptor OpenDirectory(const std::string& path);

// `name` is relative and has no component "..". One call of the system, but for
// follow_last.
Descriptor OpenBelow(int root, const std::string& name,
                     const OpenBelowOptions& options);

// The same, for systems that have no openat2: a call for each component.
Descriptor OpenBelowStepwise(int root, const std::string& name,
                             const OpenBelowOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_OPEN_BELOW_H_
