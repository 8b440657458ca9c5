// storage/rocks_database.h -- one open RocksDB directory: opening, locking, raw reads.
//
//   absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
//       RocksDatabase::Open(options, RocksDatabase::Mode::kLook);
//   absl::StatusOr<StoreState> state = (*database)->ReadState();
//
// Internal to storage/: knows rows, not what may be written when (rocks_store.cc).
// Thread-safe.
#ifndef SETLOG_STORAGE_ROCKS_DATABASE_H_
#define SETLOG_STORAGE_ROCKS_DATABASE_H_

#include <rocksdb/db.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocks_store.h"
#include "storage/store.h"

namespace setlog {

class RocksDatabase {
 public:
  enum class Mode {
    kLook,    // reads all, replays the WAL in memory, alters no file, takes no lock
    kWrite,   // an existing one; drops the family `derived` that older versions made
    kCreate,  // fails if there is one
  };
  // Errors as OpenRocksStore's.
  static absl::StatusOr<std::unique_ptr<RocksDatabase>> Open(
      const RocksOptions& options, Mode mode);
  ~RocksDatabase();

  const std::string& path() const { return path_; }
  rocksdb::DB& db() const { return *db_; }

  enum class Checksums { kVerified, kIgnored };
  absl::StatusOr<std::string> Get(const std::string& key,
                                  Checksums checksums = Checksums::kVerified) const;
  // Get of keys that strictly increase, with their checksums ignored, one search of the
  // tables for many of them. NotFound if there is no such row.
  absl::Status GetMany(
      std::span<const std::string> keys,
      const std::function<absl::Status(size_t i, std::string_view row)>& visit) const;
  // Rows with first <= key < last until `visit` returns false.
  absl::Status Scan(const std::string& first, const std::string& last,
                    const std::function<bool(std::string_view key,
                                             std::string_view value)>& visit) const;
  // DataLoss also if there are commits whose rows are neither in tables nor in the WAL.
  absl::StatusOr<StoreState> ReadState() const;

  // DataLoss = corrupt, ResourceExhausted = disk full, NotFound, Unavailable = the
  // rest; the message names the directory.
  absl::Status ToStatus(const rocksdb::Status& status) const;

 private:
  explicit RocksDatabase(std::string path) : path_(std::move(path)) {}
  absl::Status CheckBlobFiles() const;
  absl::Status CheckNoCommitIsMissing() const;

  const std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
};

// RocksDB's LOCK file of a directory, held without opening the database.
class RocksLock {
 public:
  // FailedPrecondition if a process, this one included, has the store open; it is named
  // where the kernel tells.
  static absl::StatusOr<std::unique_ptr<RocksLock>> Take(const std::string& path);
  ~RocksLock();

 private:
  explicit RocksLock(rocksdb::FileLock* lock) : lock_(lock) {}
  rocksdb::FileLock* lock_;
};

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_DATABASE_H_
