#include "storage/rocks_inspection.h"

#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "storage/durable_file.h"
#include "storage/rocks_database.h"
#include "storage/rocks_settings.h"
#include "storage/rocks_view.h"

namespace setlog {
namespace {

constexpr size_t kRewriteBatchBytes = size_t{1} << 20;

class RocksInspection final : public StoreInspection {
 public:
  RocksInspection(std::unique_ptr<RocksLock> lock, std::unique_ptr<RocksView> view,
                  uint64_t memory_bytes)
      : lock_(std::move(lock)), view_(std::move(view)), memory_bytes_(memory_bytes) {}

  Store& store() override { return *view_; }

  absl::Status ScanRows(const std::function<bool(std::string_view, std::string_view)>&
                            visit) const override {
    // No key begins with ff: log numbers would have to reach 2^32 - 2^24.
    return view_->database().Scan("", "\xff", visit);
  }

  void VerifyFiles(const std::function<void(std::string, absl::Status)>& damaged,
                   const std::function<void(uint64_t, uint64_t)>& read) const override {
    const RocksDatabase& database = view_->database();
    std::vector<rocksdb::LiveFileMetaData> files;
    database.db().GetLiveFilesMetaData(&files);
    const rocksdb::Options options(RocksDatabaseSettings(),
                                   RocksRowSettings(memory_bytes_));
    uint64_t total = 0;
    for (const auto& file : files) total += file.size;
    uint64_t done = 0;
    for (const auto& file : files) {
      rocksdb::SstFileReader reader(options);
      const std::string path = file.db_path + file.name;
      rocksdb::Status status = reader.Open(path);
      if (status.ok()) status = reader.VerifyChecksum();
      if (!status.ok()) damaged(path, database.ToStatus(status));
      read(done += file.size, total);
    }
  }

 private:
  const std::unique_ptr<RocksLock> lock_;
  const std::unique_ptr<RocksView> view_;
  const uint64_t memory_bytes_;
};

// Collects rows into batches, and writes those.
class BatchWriter {
 public:
  explicit BatchWriter(const RocksDatabase* database) : database_(database) {}

  absl::Status Put(std::string_view key, std::string_view value) {
    const rocksdb::Status put = batch_.Put(rocksdb::Slice(key.data(), key.size()),
                                           rocksdb::Slice(value.data(), value.size()));
    if (!put.ok()) return database_->ToStatus(put);
    return batch_.GetDataSize() < kRewriteBatchBytes ? absl::OkStatus() : Write();
  }
  // Without the write-ahead log: a store that is not whole is thrown away anyhow, and
  // Finish flushes.
  absl::Status Write() {
    const rocksdb::Status written = database_->db().Write(BulkWrite(), &batch_);
    batch_.Clear();
    return database_->ToStatus(written);
  }

 private:
  const RocksDatabase* database_;
  rocksdb::WriteBatch batch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StoreInspection>> StoreInspection::Open(
    const std::string& path, uint64_t memory_bytes) {
  absl::StatusOr<std::unique_ptr<RocksLock>> lock = RocksLock::Take(path);
  if (!lock.ok()) return lock.status();
  const RocksOptions options{.path = path, .memory_bytes = memory_bytes};
  absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
      RocksDatabase::Open(options, RocksDatabase::Mode::kLook);
  if (!database.ok()) return database.status();
  const absl::StatusOr<StoreState> state = (*database)->ReadState();
  if (!state.ok()) return state.status();
  return std::make_unique<RocksInspection>(
      *std::move(lock), std::make_unique<RocksView>(*std::move(database), *state),
      memory_bytes);
}

absl::Status RewriteStore(const StoreInspection& from, const std::string& path,
                          uint64_t memory_bytes,
                          const std::function<bool(std::string_view)>& keep,
                          const std::function<absl::Status(const RowSink&)>& add) {
  absl::StatusOr<std::unique_ptr<RocksDatabase>> made = RocksDatabase::Open(
      {.path = path, .memory_bytes = memory_bytes}, RocksDatabase::Mode::kCreate);
  if (!made.ok()) return made.status();
  const RocksDatabase& database = **made;
  BatchWriter rows(&database);
  absl::Status written;
  absl::Status status =
      from.ScanRows([&](std::string_view key, std::string_view value) {
        if (keep(key)) written = rows.Put(key, value);
        return written.ok();
      });
  if (status.ok()) status = written;
  if (status.ok()) {
    status = add([&](std::string_view key, std::string_view value) {
      return rows.Put(key, value);
    });
  }
  if (status.ok()) status = rows.Write();
  if (status.ok()) {
    status = database.ToStatus(database.db().Flush(rocksdb::FlushOptions()));
  }
  return status.ok() ? SyncParentDirectory(path) : status;
}

}  // namespace setlog
