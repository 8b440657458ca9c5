// index/index_directory.h -- the names in an index directory, and what may go.
//
//   IndexDirectory dir("/srv/setlog/index/1");
//   absl::StatusOr<IndexFiles> files = dir.List();
//   std::string path = dir.RunPath(partition, files->max_seq + 1);
//   absl::Status removed = dir.RemoveUnnamed(manifest);
//
//   MANIFEST                 index_manifest.h
//   commits.jnl              commit_journal.h
//   pNN-SSSSSSSSSSSS.run     run_file.h    partition, sequence number, both decimal
//   pNN-SSSSSSSSSSSS.top     top_file.h
//   pNN-SSSSSSSSSSSS.jnl     journal.h
//   v-MMMMMMMMMMMM.top       version_top_file.h, m in decimal
//   *.new                    left by a crash while a file was being replaced
//
// A sequence number is never used twice in a directory. Thread-safe: it holds no state.
#ifndef SETLOG_INDEX_INDEX_DIRECTORY_H_
#define SETLOG_INDEX_INDEX_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/index_manifest.h"

namespace setlog {

struct SequencedFile {
  unsigned partition = 0;
  uint64_t seq = 0;
  auto operator<=>(const SequencedFile&) const = default;
};

struct IndexFiles {
  bool manifest = false;
  bool commits = false;
  // Sorted by partition, then by number.
  std::vector<SequencedFile> runs;
  std::vector<SequencedFile> tops;
  std::vector<SequencedFile> journals;
  std::vector<uint64_t> version_tops;   // their m, ascending
  std::vector<std::string> unfinished;  // *.new
  std::vector<std::string> strangers;   // names that are none of ours: left alone
  uint64_t max_seq = 0;                 // over runs, tops and journals
};

class IndexDirectory {
 public:
  explicit IndexDirectory(std::string path) : path_(std::move(path)) {}

  // Makes the directory, and those above it, durably, unless it is there.
  absl::Status Create() const;
  // NotFound if there is no directory; Unavailable.
  absl::StatusOr<IndexFiles> List() const;
  // Removes runs and tops that `manifest` does not name, and journals older than it
  // says. Stays away from all else.
  absl::Status RemoveUnnamed(const IndexManifest& manifest) const;
  // Removes what a crash left half made (*.new): for a start, while nothing is made.
  absl::Status RemoveUnfinished() const;
  // Removes every file of ours, MANIFEST first: the index is to be built anew.
  absl::Status RemoveAll() const;
  // Removes one file, if it is there.
  absl::Status Remove(const std::string& path) const;

  const std::string& path() const { return path_; }
  std::string ManifestPath() const;
  std::string CommitsPath() const;
  std::string RunPath(unsigned partition, uint64_t seq) const;
  std::string TopPath(unsigned partition, uint64_t seq) const;
  std::string JournalPath(unsigned partition, uint64_t seq) const;
  std::string VersionTopPath(uint64_t m) const;

 private:
  std::string path_;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_INDEX_DIRECTORY_H_
