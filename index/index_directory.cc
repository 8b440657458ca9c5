#include "index/index_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_format.h"
#include "index/file_tag.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr std::string_view kManifestName = "MANIFEST";
constexpr std::string_view kCommitsName = "commits.jnl";
constexpr size_t kPartitionDigits = 2;
constexpr size_t kNumberDigits = 12;

// Exactly so many decimal digits.
std::optional<uint64_t> Digits(std::string_view text, size_t count) {
  if (text.size() != count) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

struct ParsedName {
  std::optional<SequencedFile> file;
  std::string_view ending;
};

// pNN-SSSSSSSSSSSS.ENDING
std::optional<ParsedName> ParseSequenced(std::string_view name) {
  constexpr size_t kDash = 1 + kPartitionDigits;
  constexpr size_t kDot = kDash + 1 + kNumberDigits;
  if (name.size() <= kDot || name[0] != 'p' || name[kDash] != '-' ||
      name[kDot] != '.') {
    return std::nullopt;
  }
  const std::optional<uint64_t> partition =
      Digits(name.substr(1, kPartitionDigits), kPartitionDigits);
  const std::optional<uint64_t> seq =
      Digits(name.substr(kDash + 1, kNumberDigits), kNumberDigits);
  if (!partition || *partition >= 1u << kMaxPartitionBits || !seq || *seq == 0) {
    return std::nullopt;
  }
  return ParsedName{SequencedFile{static_cast<unsigned>(*partition), *seq},
                    name.substr(kDot + 1)};
}

// v-MMMMMMMMMMMM.top
std::optional<uint64_t> ParseVersionTop(std::string_view name) {
  constexpr std::string_view kStart = "v-";
  constexpr std::string_view kEnding = ".top";
  if (!name.starts_with(kStart) || !name.ends_with(kEnding) ||
      name.size() < kStart.size() + kEnding.size()) {
    return std::nullopt;
  }
  name.remove_prefix(kStart.size());
  name.remove_suffix(kEnding.size());
  return Digits(name, kNumberDigits);
}

void Place(std::string name, IndexFiles* files) {
  if (name == kManifestName) {
    files->manifest = true;
  } else if (name == kCommitsName) {
    files->commits = true;
  } else if (name.ends_with(".new")) {
    files->unfinished.push_back(std::move(name));
  } else if (const std::optional<uint64_t> m = ParseVersionTop(name)) {
    files->version_tops.push_back(*m);
  } else {
    const std::optional<ParsedName> parsed = ParseSequenced(name);
    std::vector<SequencedFile>* list = nullptr;
    if (parsed && parsed->ending == "run") list = &files->runs;
    if (parsed && parsed->ending == "top") list = &files->tops;
    if (parsed && parsed->ending == "jnl") list = &files->journals;
    if (list == nullptr) {
      files->strangers.push_back(std::move(name));
    } else {
      list->push_back(*parsed->file);
      files->max_seq = std::max(files->max_seq, parsed->file->seq);
    }
  }
}

}  // namespace

absl::Status IndexDirectory::Create() const {
  std::vector<std::string> missing;  // innermost first
  std::error_code error;
  for (std::filesystem::path path = path_;
       !path.empty() && !std::filesystem::exists(path, error) && !error;
       path = path.parent_path()) {
    missing.push_back(path.string());
  }
  for (auto path = missing.rbegin(); path != missing.rend(); ++path) {
    if (!std::filesystem::create_directory(*path, error) && error) {
      return FileError(error.value(), "create", *path);
    }
    if (absl::Status synced = SyncParentDirectory(*path); !synced.ok()) return synced;
  }
  if (std::filesystem::is_directory(path_, error)) return absl::OkStatus();
  return FileError(error ? error.value() : ENOTDIR, "use", path_);
}

absl::StatusOr<IndexFiles> IndexDirectory::List() const {
  IndexFiles files;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    Place(entry->path().filename().string(), &files);
  }
  if (error) return FileError(error.value(), "list", path_);
  for (auto* list : {&files.runs, &files.tops, &files.journals}) {
    std::sort(list->begin(), list->end());
  }
  std::sort(files.version_tops.begin(), files.version_tops.end());
  return files;
}

absl::Status IndexDirectory::Remove(const std::string& path) const {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, "remove", path);
}

absl::Status IndexDirectory::RemoveUnnamed(const IndexManifest& manifest) const {
  const absl::StatusOr<IndexFiles> files = List();
  if (!files.ok()) return files.status();
  const auto named = [&](const SequencedFile& file) {
    return file.partition < manifest.partitions.size()
               ? manifest.partitions[file.partition]
               : PartitionFiles{.journal = file.seq + 1};
  };
  std::vector<std::string> unnamed;
  for (const SequencedFile& run : files->runs) {
    if (named(run).run != run.seq) unnamed.push_back(RunPath(run.partition, run.seq));
  }
  for (const SequencedFile& top : files->tops) {
    if (named(top).top != top.seq) unnamed.push_back(TopPath(top.partition, top.seq));
  }
  for (const SequencedFile& journal : files->journals) {
    if (named(journal).journal > journal.seq) {
      unnamed.push_back(JournalPath(journal.partition, journal.seq));
    }
  }
  for (const std::string& path : unnamed) {
    if (absl::Status removed = Remove(path); !removed.ok()) return removed;
  }
  return absl::OkStatus();
}

absl::Status IndexDirectory::RemoveUnfinished() const {
  const absl::StatusOr<IndexFiles> files = List();
  if (!files.ok()) return files.status();
  for (const std::string& name : files->unfinished) {
    if (absl::Status removed = Remove(path_ + "/" + name); !removed.ok())
      return removed;
  }
  return absl::OkStatus();
}

absl::Status IndexDirectory::RemoveAll() const {
  absl::Status removed = Remove(ManifestPath());
  if (!removed.ok()) return removed;
  const absl::StatusOr<IndexFiles> files = List();
  if (absl::IsNotFound(files.status())) return absl::OkStatus();
  if (!files.ok()) return files.status();
  std::vector<std::string> paths = {CommitsPath()};
  for (const SequencedFile& run : files->runs) {
    paths.push_back(RunPath(run.partition, run.seq));
  }
  for (const SequencedFile& top : files->tops) {
    paths.push_back(TopPath(top.partition, top.seq));
  }
  for (const SequencedFile& journal : files->journals) {
    paths.push_back(JournalPath(journal.partition, journal.seq));
  }
  for (uint64_t m : files->version_tops) paths.push_back(VersionTopPath(m));
  for (const std::string& name : files->unfinished) {
    paths.push_back(path_ + "/" + name);
  }
  for (const std::string& path : paths) {
    if (removed = Remove(path); !removed.ok()) return removed;
  }
  return absl::OkStatus();
}

std::string IndexDirectory::ManifestPath() const {
  return absl::StrFormat("%s/%s", path_, kManifestName);
}
std::string IndexDirectory::CommitsPath() const {
  return absl::StrFormat("%s/%s", path_, kCommitsName);
}
std::string IndexDirectory::RunPath(unsigned partition, uint64_t seq) const {
  return absl::StrFormat("%s/p%02d-%012d.run", path_, partition, seq);
}
std::string IndexDirectory::TopPath(unsigned partition, uint64_t seq) const {
  return absl::StrFormat("%s/p%02d-%012d.top", path_, partition, seq);
}
std::string IndexDirectory::JournalPath(unsigned partition, uint64_t seq) const {
  return absl::StrFormat("%s/p%02d-%012d.jnl", path_, partition, seq);
}
std::string IndexDirectory::VersionTopPath(uint64_t m) const {
  return absl::StrFormat("%s/v-%012d.top", path_, m);
}

}  // namespace setlog
