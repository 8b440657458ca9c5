#include "client/file_list.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <utility>

#include "client/input_file.h"

namespace setlog {
namespace {

struct CloseDir {
  void operator()(DIR* directory) const { closedir(directory); }
};

absl::StatusOr<bool> IsDirectory(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return InputError(path, errno);
  return S_ISDIR(info.st_mode);
}

// What a directory's entry is: links are followed, but only to files.
absl::StatusOr<mode_t> EntryType(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return InputError(path, errno);
  if (!S_ISLNK(info.st_mode)) return info.st_mode;
  if (stat(path.c_str(), &info) != 0) return InputError(path, errno);
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        path + ": a link to a directory is not followed; name the directory itself");
  }
  return info.st_mode;
}

}  // namespace

absl::StatusOr<FileList> FileList::Open(std::vector<std::string> names) {
  if (std::count(names.begin(), names.end(), "-") > 1) {
    return absl::InvalidArgumentError("standard input (-) can be read only once");
  }
  for (const std::string& name : names) {
    if (name == "-") continue;
    if (absl::Status found = IsDirectory(name).status(); !found.ok()) return found;
  }
  FileList list;
  list.names_.assign(names.rbegin(), names.rend());
  return list;
}

absl::Status FileList::PushDirectory(std::string path) {
  if (!path.ends_with('/')) path.push_back('/');
  std::unique_ptr<DIR, CloseDir> directory(opendir(path.c_str()));
  if (directory == nullptr) return InputError(path, errno);
  Level level{std::move(path), {}};
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    // With the slash that follows it in the paths below, a directory sorts as they do.
    struct stat info;
    if (lstat((level.path + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      name.push_back('/');
    }
    level.names.push_back(std::move(name));
    errno = 0;
  }
  if (errno != 0) return InputError(level.path, errno);
  std::sort(level.names.begin(), level.names.end(), std::greater<>());
  levels_.push_back(std::move(level));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> FileList::Next() {
  while (true) {
    if (levels_.empty()) {
      if (names_.empty()) return std::nullopt;
      std::string name = std::move(names_.back());
      names_.pop_back();
      if (name == "-") return name;
      absl::StatusOr<bool> is_directory = IsDirectory(name);
      if (!is_directory.ok()) return is_directory.status();
      if (!*is_directory) return name;
      absl::Status status = PushDirectory(std::move(name));
      if (!status.ok()) return status;
      continue;
    }
    Level& level = levels_.back();
    if (level.names.empty()) {
      levels_.pop_back();
      continue;
    }
    std::string path = level.path + level.names.back();
    level.names.pop_back();
    if (path.ends_with('/')) {
      if (absl::Status status = PushDirectory(std::move(path)); !status.ok()) {
        return status;
      }
      continue;
    }
    absl::StatusOr<mode_t> type = EntryType(path);
    if (!type.ok()) return type.status();
    if (!S_ISREG(*type)) {
      return absl::InvalidArgumentError(path +
                                        ": is neither a regular file nor a directory");
    }
    return path;
  }
}

}  // namespace setlog
