// client/static_files.h -- a log's published files, from a directory or a web server.
//
//   auto files = OpenStaticFiles("https://logs.example/pets", {.ca_file = ""});
//   auto fetcher = (*files)->NewFetcher(1 << 20);
//   (*fetcher)->Want("checkpoint");
//   (*fetcher)->Want("tile/0/000");                       // both are under way
//   absl::StatusOr<std::string> note = (*fetcher)->Next(stopped);  // in that order
//
// http:// and https:// are URLs of a log's prefix, everything else is a directory. The
// names are those of C2SP tlog-tiles, which the caller made (log/tile.h): nothing that
// was read ever becomes part of a path. What is read is not checked here, but its
// length is bounded. A fetcher is for one thread, the files are for any.
#ifndef SETLOG_CLIENT_STATIC_FILES_H_
#define SETLOG_CLIENT_STATIC_FILES_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

// Asked while something is waited for: true ends the wait.
using Stopped = std::function<bool()>;

class FileFetcher {
 public:
  virtual ~FileFetcher() = default;
  // Begins to get it. At most StaticFiles::ahead() are under way at a time.
  virtual void Want(const std::string& name) = 0;
  // What was wanted first of those that Next has not given yet; there is one. NotFound
  // (or PermissionDenied, which is how some object stores say it), ResourceExhausted
  // for one that is over the fetcher's limit, Unavailable for what may pass (with a
  // pushback if the server names a time: client/retry.h), Cancelled if stopped. Errors
  // name the file.
  virtual absl::StatusOr<std::string> Next(const Stopped& stopped) = 0;
};

class StaticFiles {
 public:
  virtual ~StaticFiles() = default;
  // Where the files are, as people write it: without a slash at its end.
  virtual const std::string& place() const = 0;
  // How many it is worth to have under way.
  virtual size_t ahead() const = 0;
  // Whether they are on a disk here, where more of them may be read than a reader
  // needs.
  virtual bool local() const = 0;
  // Of files of at most `max_bytes` each.
  virtual absl::StatusOr<std::unique_ptr<FileFetcher>> NewFetcher(
      size_t max_bytes) const = 0;

  std::string NameOf(const std::string& name) const { return place() + "/" + name; }
};

struct StaticFilesOptions {
  std::string ca_file;  // PEM, for https; empty: the system's authorities
  // How long whoever asks tries: one request never takes much longer. At most 30 s, and
  // at least 3 s, count.
  std::chrono::milliseconds retry_for{30000};
};

// Whether --from means a web server.
bool IsUrl(const std::string& from);

// InvalidArgument for a malformed URL or a CA file that cannot be read. Nothing is
// looked at yet.
absl::StatusOr<std::unique_ptr<StaticFiles>> OpenStaticFiles(
    const std::string& from, const StaticFilesOptions& options);

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATIC_FILES_H_
