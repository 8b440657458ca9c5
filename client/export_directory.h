// client/export_directory.h -- files that many read while one writes them.
//
//   absl::StatusOr<ExportDirectory> out = ExportDirectory::Open("/srv/www/pets");
//   absl::Status put = out->Put("tile/0/000", bytes);      // nobody sees it yet
//   absl::Status flushed = out->Flush();                   // all there, durable
//   absl::Status last = out->Put("checkpoint", note);      // names what came before
//
// Whoever is killed, a file is not there, or whole; and one that was put after a Flush
// is there only if all before it are. Put and Flush are all that an export asks of
// where it goes: what object stores have too. Files wait in DIR/.export, which Open
// empties of them. Not thread-safe; between processes a lock lets one in at a time.
#ifndef SETLOG_CLIENT_EXPORT_DIRECTORY_H_
#define SETLOG_CLIENT_EXPORT_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/atomic_file.h"

namespace setlog {

class ExportDirectory {
 public:
  // The name of a file for what an export itself has to remember.
  static constexpr char kMemory[] = ".export/previous";

  // Makes it, and those above it, if need be. Waits while another holds it.
  static absl::StatusOr<ExportDirectory> Open(std::string path);

  const std::string& path() const { return path_; }
  // A file that is there. NotFound; InvalidArgument over `max_bytes`.
  absl::StatusOr<std::string> Read(const std::string& name, size_t max_bytes) const;
  // A file that replaces what has this name, if anything, with the next Flush; after
  // every few hundred files they come by themselves.
  absl::Status Put(const std::string& name, std::string_view bytes);
  // On OK all that was put is there and survives power loss. Two syncs of the file
  // system, and one for each 512 files before.
  absl::Status Flush();

  // Takes away what is in a directory below, but for the file `keep` ("" = nothing),
  // and the directory if it is empty then. Fine if it is not there. At once; durable
  // later.
  absl::Status Prune(const std::string& directory, const std::string& keep);

  uint64_t files() const { return files_; }  // put so far, of those that are shown

 private:
  ExportDirectory(std::string path, FileLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string Staged(size_t place) const;
  absl::Status Sync() const;
  // Gives what waits its names. On OK its content is durable, its names are not yet.
  absl::Status Publish();

  std::string path_;
  FileLock lock_;
  std::vector<std::string> names_;  // of what waits
  uint64_t files_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_EXPORT_DIRECTORY_H_
