// client/file_list.h -- the files that the FILE arguments of a command name, in order.
//
//   FileList files = *FileList::Open({"a.png", "images/"});
//   absl::StatusOr<std::optional<std::string>> name = files.Next();  // nullopt: the
//   end
//
// A directory stands for the regular files below it, in the byte order of their paths;
// a link to a file counts as that file. Anything else in it (a link to a directory or
// to nothing, a FIFO, a socket, a device) is an error: skipping it would leave data out
// unnoticed. Named as a FILE itself, anything that can be read is legal. Memory: one
// listing for each level. Thread-compatible.
#ifndef SETLOG_CLIENT_FILE_LIST_H_
#define SETLOG_CLIENT_FILE_LIST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

class FileList {
 public:
  // Looks at every FILE, so that a misspelt one is found before any work is done.
  // NotFound, PermissionDenied, InvalidArgument ("-" twice).
  static absl::StatusOr<FileList> Open(std::vector<std::string> names);

  // The next file; "-" for standard input. Errors as above, naming the path; it was
  // then passed over, and the next call goes on behind it.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  FileList() = default;
  absl::Status PushDirectory(std::string path);

  struct Level {
    std::string path;                // ends in '/'
    std::vector<std::string> names;  // sorted backwards; directories end in '/'
  };

  std::vector<std::string> names_;  // backwards
  std::vector<Level> levels_;       // the directories being walked, outermost first
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_FILE_LIST_H_
