// storage/rocks_store.h -- the Store on disk: RocksDB in one directory.
//
//   absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksStore(
//       {.path = "/srv/setlog/store", .create_if_missing = true});
//
// Opened alone, RocksDB may lose the newest commits of a damaged store without a word.
// A server therefore opens it through anchored_store.h.
// Thread-safe like every Store.
#ifndef SETLOG_STORAGE_ROCKS_STORE_H_
#define SETLOG_STORAGE_ROCKS_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"

namespace setlog {

struct RocksOptions {
  std::string path;
  // For the block cache and all write buffers together. RocksDB's table readers come on
  // top: at most 512 open files, whose indexes are in the cache.
  uint64_t memory_bytes = uint64_t{256} << 20;
  // Creates the store only where there is no directory or an empty one: files without
  // a store among them are a damaged store, and creating would delete them.
  bool create_if_missing = false;
  // Called with where an existing store stands, while none of its files is altered yet.
  // An error ends the opening and is what OpenRocksStore returns.
  std::function<absl::Status(const StoreState&)> accept;
};

// NotFound: nothing there. FailedPrecondition: another process has the store open, or
// its format version is unknown. DataLoss: damaged. ResourceExhausted: the disk is
// full. Unavailable: any other I/O error. Cost: two replays of the write-ahead log,
// which has at most about memory_bytes (the first one only looks).
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksOptions& options);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_STORE_H_
