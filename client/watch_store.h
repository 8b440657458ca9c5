// client/watch_store.h -- how far a watch of some records came, kept between its runs.
//
//   absl::StatusOr<WatchStore> store = WatchStore::Open(home + "/watch", origin,
//   input); absl::StatusOr<std::optional<WatchState>> before = store->Load();
//   absl::Status kept = store->Save(watch.state());
//
//   DIR/<hex>.watch    hex = SHA-256 of origin LF input; its form is in docs/format.md
//   DIR/<hex>.lock     held while a store is open
//
// `input` says where the values come from, not what they are: so a file whose content
// was changed is still the same input. A damaged file is refused (DataLoss), never
// taken for none: else what changed since would go unreported. Not thread-safe.
#ifndef SETLOG_CLIENT_WATCH_STORE_H_
#define SETLOG_CLIENT_WATCH_STORE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/atomic_file.h"
#include "client/record_watch.h"

namespace setlog {

class WatchStore {
 public:
  // FailedPrecondition if another watch of this input has it open. Creates the
  // directory.
  static absl::StatusOr<WatchStore> Open(const std::string& directory,
                                         std::string origin, std::string input);

  const std::string& path() const { return path_; }

  // Nothing if nothing was ever saved. One read of 33 bytes a value.
  absl::StatusOr<std::optional<WatchState>> Load() const;
  // Durable on OK, and the old one or the new one at any time. Writes as much.
  absl::Status Save(const WatchState& state) const;

 private:
  WatchStore(std::string path, std::string origin, std::string input, FileLock lock)
      : path_(std::move(path)),
        origin_(std::move(origin)),
        input_(std::move(input)),
        lock_(std::move(lock)) {}
  std::string path_;
  std::string origin_;
  std::string input_;
  FileLock lock_;
};

// The file's bytes, and the inverse: DataLoss for anything that Format does not write.
std::string FormatWatchState(std::string_view origin, std::string_view input,
                             const WatchState& state);
absl::StatusOr<WatchState> ParseWatchState(std::string_view bytes,
                                           std::string_view origin,
                                           std::string_view input);

}  // namespace setlog

#endif  // SETLOG_CLIENT_WATCH_STORE_H_
