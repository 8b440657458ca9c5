#include "model/model_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/utf8.h"
#include "model/file_kind.h"
#include "model/open_below.h"

namespace setlog {
namespace {

class Walk {
 public:
  Walk(int root, const ListOptions& options, ModelTree* tree)
      : root_(root),
        allow_symlinks_(options.allow_symlinks),
        ignored_(options.ignore_paths.begin(), options.ignore_paths.end()),
        tree_(*tree) {}

  // All that is below the root. Directories wait in a list, so a deep tree needs
  // neither stack nor descriptors.
  void Directories() {
    directories_.push_back("");
    while (!directories_.empty()) {
      const std::string directory = std::move(directories_.back());
      directories_.pop_back();
      Directory(directory);
    }
  }

  // What has this name in `directory`, which is that of the path `name`.
  void Entry(int directory, const char* last, std::string name) {
    // What is below an ignored directory is never come to.
    if (ignored_.contains(name)) return;
    if (FirstIllFormedUtf8(name)) {
      return Odd(std::move(name), OddKind::kBadName, "its name is not UTF-8");
    }
    struct stat found;
    if (::fstatat(directory, last, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      return Unreadable(std::move(name), errno);
    }
    const bool link = S_ISLNK(found.st_mode);
    if (link && !allow_symlinks_) {
      return Odd(std::move(name), OddKind::kSymlink, "a symbolic link");
    }
    if (link && ::fstatat(directory, last, &found, 0) != 0) {
      if (!LeadsNowhere(errno)) return Unreadable(std::move(name), errno);
      return Odd(std::move(name), OddKind::kSymlink,
                 absl::StrFormat("a symbolic link that leads nowhere: %s",
                                 std::strerror(errno)));
    }
    if (S_ISREG(found.st_mode)) {
      tree_.files.push_back({std::move(name), static_cast<uint64_t>(found.st_size),
                             FileTimeNs(found.st_mtim), FileTimeNs(found.st_ctim)});
    } else if (link) {
      Odd(std::move(name), OddKind::kSymlink,
          absl::StrFormat("a symbolic link to %s", FileKindName(found.st_mode)));
    } else if (S_ISDIR(found.st_mode)) {
      directories_.push_back(std::move(name));
    } else {
      Odd(std::move(name), OddKind::kSpecial, FileKindName(found.st_mode));
    }
  }

 private:
  struct CloseDir {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };

  void Directory(const std::string& name) {
    Descriptor descriptor =
        OpenBelow(root_, name.empty() ? "." : name, {.directory = true});
    if (!descriptor.ok()) return Unreadable(name, errno);
    const std::unique_ptr<DIR, CloseDir> directory(::fdopendir(descriptor.value()));
    if (directory == nullptr) return Unreadable(name, errno);
    const int fd = descriptor.Release();
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view last = entry->d_name;
      if (last == "." || last == "..") continue;
      Entry(fd, entry->d_name, name.empty() ? std::string(last) : Below(name, last));
    }
    if (errno != 0) Unreadable(name, errno);
  }

  // Whether that is why a link cannot be followed, and not what this machine may read.
  static bool LeadsNowhere(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP ||
           error == ENAMETOOLONG;
  }

  static std::string Below(const std::string& directory, std::string_view last) {
    std::string name;
    name.reserve(directory.size() + 1 + last.size());
    return name.append(directory).append("/").append(last);
  }

  void Odd(std::string name, OddKind kind, std::string detail) {
    tree_.odd.push_back({std::move(name), kind, std::move(detail)});
  }
  void Unreadable(std::string name, int error) {
    if (name.empty()) name.push_back('.');
    tree_.odd.push_back(OddByError(std::move(name), error));
  }

  const int root_;
  const bool allow_symlinks_;
  const std::set<std::string> ignored_;
  ModelTree& tree_;
  std::vector<std::string> directories_;
};

// The last component, of which "dir/", "." and ".." say nothing themselves.
std::string NameOf(const std::string& path) {
  std::string name = std::filesystem::path(path).filename();
  if (name.empty() || name == "." || name == "..") {
    std::error_code ignored;
    name = std::filesystem::canonical(path, ignored).filename();
  }
  return name.empty() ? "/" : name;
}

void Sort(ModelTree* tree) {
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(tree->files.begin(), tree->files.end(), by_name);
  std::sort(tree->odd.begin(), tree->odd.end(), by_name);
}

absl::Status Failed(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrFormat("cannot read the model %s", path));
}

}  // namespace

absl::StatusOr<ModelTree> ListModel(const std::string& path,
                                    const ListOptions& options) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) return Failed(path);
  ModelTree tree{.subject = NameOf(path)};
  Descriptor root = OpenDirectory(path);
  if (root.ok()) {
    tree.root = path;
    Walk(root.value(), options, &tree).Directories();
  } else if (errno == ENOTDIR || errno == ENOENT || errno == ELOOP) {
    // `path` is there, but no directory: a file, a link to one, or what is odd.
    tree.single_file = true;
    tree.root = std::filesystem::path(path).parent_path();
    if (tree.root.empty()) tree.root.push_back('.');
    root = OpenDirectory(tree.root);
    if (!root.ok()) return Failed(path);
    Walk(root.value(), options, &tree)
        .Entry(root.value(), tree.subject.c_str(), tree.subject);
  } else {
    return Failed(path);
  }
  tree.directory = std::make_shared<const Descriptor>(std::move(root));
  Sort(&tree);
  return tree;
}

}  // namespace setlog
