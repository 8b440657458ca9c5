// model/model_tree.h -- the files of a model as they lie on the disk.
//
//   absl::StatusOr<ModelTree> tree = ListModel("dir", {.ignore_paths = ...});
//   tree->files[0].name;  // "config.json", in ResourceNameLess order
//   tree->odd;            // a symbolic link, a device: what cannot be signed
//
// Directories are not listed themselves. A model may be one file: its name is then the
// last part of the path. Nothing is read but names and attributes.
//
// Whoever names the model may do so by a link to its directory. All else is strict: a
// link to the file that is a model is what it would be in a directory, and no link is
// ever followed to a directory, not even if one takes the place of a directory while
// the tree is walked.
#ifndef SETLOG_MODEL_MODEL_TREE_H_
#define SETLOG_MODEL_MODEL_TREE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/open_below.h"

namespace setlog {

struct ModelFile {
  std::string name;  // from the model's root
  uint64_t bytes = 0;
  int64_t mtime_ns = 0;  // since 1970
  int64_t ctime_ns = 0;  // which nobody can set
};

// What stands where only files and directories may.
enum class OddKind : uint8_t {
  kSymlink,
  kSpecial,
  kUnreadable,  // here and now: nothing is said of what it is
  kBadName
};

struct OddFile {
  std::string name;  // may be any bytes
  OddKind kind;
  std::string detail;  // "a FIFO", "Permission denied", "not UTF-8"
  int error = 0;       // what errno said, if it did
};

struct ListOptions {
  std::vector<std::string> ignore_paths;
  // Links to files are listed as the file; links to directories are odd all the same.
  bool allow_symlinks = false;
};

struct ModelTree {
  std::string root;  // the directory, or of a single file the one it is in
  // It, open, so that the bytes are those of what was listed, whatever has that path
  // later.
  std::shared_ptr<const Descriptor> directory;
  bool single_file = false;
  std::string subject;  // the model's name, any bytes
  std::vector<ModelFile> files;
  std::vector<OddFile> odd;  // by name
};

// NotFound if there is nothing at `path`. O(files) calls of the system.
absl::StatusOr<ModelTree> ListModel(const std::string& path,
                                    const ListOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_MODEL_TREE_H_
