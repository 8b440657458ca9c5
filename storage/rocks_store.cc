#include "storage/rocks_store.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "storage/durable_file.h"
#include "storage/rocks_database.h"
#include "storage/rocks_settings.h"
#include "storage/rocks_view.h"
#include "storage/row_format.h"

namespace setlog {
namespace {

class RocksStore final : public RocksView {
 public:
  RocksStore(std::unique_ptr<RocksDatabase> database, const StoreState& state)
      : RocksView(std::move(database), state), state_(state) {}

  absl::Status Commit(const GroupCommit& commit) override {
    const std::lock_guard writer(writer_mutex_);
    if (absl::Status usable = Usable(); !usable.ok()) return usable;
    const StoreState before = state();
    if (absl::Status fit = CheckCommit(before.commit, commit); !fit.ok()) return fit;

    // Grown once: it would else be copied again and again as it doubles.
    constexpr size_t kRowOverhead = 64;
    size_t reserved = 4096;
    for (const Write& write : commit.writes) {
      reserved += write.key.size() + write.value.size() + kRowOverhead;
    }
    rocksdb::WriteBatch batch(reserved, 0, kRowChecksumBytes, 0);
    rocksdb::Status put;  // the first failure: RocksDB refuses keys of 4 GiB
    for (const Write& write : commit.writes) {
      if (!put.ok()) break;
      put = batch.Put(RowKey(write.log, write.table, write.key), write.value);
    }
    for (const NewHead& head : commit.heads) {
      const absl::StatusOr<std::string> origin = OriginFor(head);
      if (!origin.ok()) {
        failed_ = !absl::IsInvalidArgument(origin.status());
        return origin.status();
      }
      if (put.ok()) put = batch.Put(LogKey(head.log), EncodeLogRow(head.head, *origin));
    }
    const CommitRow row{NextCommitPoint(before.commit, commit.heads), before.commit};
    if (put.ok()) put = batch.Put(CommitKey(), EncodeCommitRow(row));
    if (!put.ok()) return absl::InvalidArgumentError(put.ToString());

    absl::Status written = Settle(database_->db().Write(DurableWrite(), &batch));
    if (!written.ok()) return written;
    const std::lock_guard lock(state_mutex_);
    state_.commit = row.commit;
    state_.previous = row.previous;
    return absl::OkStatus();
  }

  // RocksDB joins it with a commit that is being written, or puts it after it.
  absl::Status Keep(const std::vector<Write>& rows) override {
    if (absl::Status usable = Usable(); !usable.ok()) return usable;
    rocksdb::WriteBatch batch(0, 0, kRowChecksumBytes, 0);
    for (const Write& row : rows) {
      if (row.log == 0) return absl::InvalidArgumentError("no log has number 0");
      const rocksdb::Status put =
          batch.Put(RowKey(row.log, row.table, row.key), row.value);
      if (!put.ok()) return absl::InvalidArgumentError(put.ToString());
    }
    return Settle(database_->db().Write(DurableWrite(), &batch));
  }

  StoreState state() const override {
    const std::lock_guard lock(state_mutex_);
    return state_;
  }

  absl::StatusOr<StoreState> Checkpoint(const std::string& directory) override {
    // Before commits are held up, so that what is left to flush then is little.
    if (absl::Status usable = Usable(); !usable.ok()) return usable;
    rocksdb::Status made = database_->db().Flush(rocksdb::FlushOptions());
    if (!made.ok()) return database_->ToStatus(made);
    const std::lock_guard writer(writer_mutex_);
    if (absl::Status usable = Usable(); !usable.ok()) return usable;
    rocksdb::Checkpoint* raw = nullptr;
    made = rocksdb::Checkpoint::Create(&database_->db(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    if (made.ok()) made = checkpoint->CreateCheckpoint(directory);
    if (!made.ok()) return database_->ToStatus(made);
    return state();
  }

 private:
  absl::Status Usable() const {
    if (!failed_) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrFormat(
        "store %s: an earlier write failed, so what is on the disk is unknown: reopen "
        "the store",
        database_->path()));
  }

  // The outcome of a write; a failure is the last write of this object.
  absl::Status Settle(const rocksdb::Status& written) {
    if (!written.ok()) failed_ = true;
    return database_->ToStatus(written);
  }

  absl::StatusOr<std::string> OriginFor(const NewHead& head) const {
    const std::string key = LogKey(head.log);
    absl::StatusOr<std::string> row = database_->Get(key);
    if (absl::IsNotFound(row.status())) {
      if (!head.origin.empty()) return head.origin;
      return absl::InvalidArgumentError(
          absl::StrFormat("log %u is new and has no origin", head.log));
    }
    if (!row.ok()) return row.status();
    absl::StatusOr<LogRecord> log = ParseLogRow(key, *row);
    if (!log.ok()) return log.status();
    return log->origin;
  }

  std::atomic<bool> failed_ = false;
  std::mutex writer_mutex_;  // one Commit at a time; taken before state_mutex_
  mutable std::mutex state_mutex_;
  StoreState state_ ABSL_GUARDED_BY(state_mutex_);
};

enum class Found { kNothing, kStore };

// What is in the directory. Files of a store without CURRENT, which names the manifest,
// are a damaged one; RocksDB would create a new store over them.
absl::StatusOr<Found> Look(const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::Env::Default()->GetChildren(path, &names);
  if (listed.IsNotFound() || listed.IsPathNotFound()) return Found::kNothing;
  if (!listed.ok()) {
    return absl::UnavailableError(
        absl::StrFormat("store %s: %s", path, listed.ToString()));
  }
  if (std::find(names.begin(), names.end(), "CURRENT") != names.end()) {
    return Found::kStore;
  }
  for (const std::string& name : names) {
    if (name.starts_with(".") || name.starts_with("LO")) continue;  // LOCK, LOG
    return absl::DataLossError(absl::StrFormat(
        "store %s: there are files such as %s but no CURRENT. If this was to be a new "
        "store, name an empty directory; else restore the newest backup",
        path, name));
  }
  return Found::kNothing;
}

// Held while a store is made beside others in one directory.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory)
      : descriptor_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    held_ = descriptor_ >= 0 && flock(descriptor_, LOCK_EX) == 0;
  }
  ~DirectoryLock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  bool held() const { return held_; }

 private:
  const int descriptor_;
  bool held_ = false;
};

// A new store, under its name or not there at all: one whose making was cut short is
// made anew by the next start, and is not taken for a damaged one.
absl::Status CreateStore(const RocksOptions& options) {
  std::filesystem::path path = options.path;
  if (!path.has_filename()) path = path.parent_path();
  const std::filesystem::path parent =
      path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const DirectoryLock lock(parent);
  if (!lock.held()) {
    return absl::UnavailableError(
        absl::StrFormat("cannot make the store %s: %s cannot be locked", options.path,
                        parent.string()));
  }
  const absl::StatusOr<Found> found = Look(options.path);
  if (!found.ok()) return found.status();
  if (*found == Found::kStore) return absl::OkStatus();  // another process was faster

  RocksOptions fresh = options;
  fresh.path = path.string() + ".new";
  std::error_code failed;
  std::filesystem::remove_all(fresh.path, failed);
  {
    absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
        RocksDatabase::Open(fresh, RocksDatabase::Mode::kCreate);
    if (!database.ok()) return database.status();
    rocksdb::WriteBatch batch;
    rocksdb::Status written = batch.Put(IdentityKey(), EncodeIdentity(NewStoreId()));
    if (written.ok()) {
      written = batch.Put(CommitKey(), EncodeCommitRow({CommitPoint(), CommitPoint()}));
    }
    if (written.ok()) written = (*database)->db().Write(DurableWrite(), &batch);
    if (!written.ok()) return (*database)->ToStatus(written);
  }
  std::filesystem::remove_all(path, failed);  // at most a LOCK and a LOG, says Look
  if (!failed) std::filesystem::rename(fresh.path, path, failed);
  if (failed) {
    return absl::UnavailableError(absl::StrFormat(
        "cannot rename %s to %s: %s", fresh.path, path.string(), failed.message()));
  }
  return SyncParentDirectory(path.string());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksOptions& options) {
  const absl::StatusOr<Found> found = Look(options.path);
  if (!found.ok()) return found.status();
  if (*found == Found::kNothing) {
    if (!options.create_if_missing) {
      return absl::NotFoundError(
          absl::StrFormat("there is no store in %s", options.path));
    }
    if (absl::Status made = CreateStore(options); !made.ok()) return made;
  }

  // RocksDB's own opening deletes what it could not replay, so a store is judged first,
  // while a better copy of it may still be made. The lock makes it hold still
  // meanwhile; it has to be given back before RocksDB takes it itself.
  absl::StatusOr<std::unique_ptr<RocksLock>> lock = RocksLock::Take(options.path);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
      RocksDatabase::Open(options, RocksDatabase::Mode::kLook);
  if (!database.ok()) return database.status();
  const absl::StatusOr<StoreState> seen = (*database)->ReadState();
  if (!seen.ok()) return seen.status();
  if (options.accept) {
    if (absl::Status accepted = options.accept(*seen); !accepted.ok()) return accepted;
  }
  database->reset();
  lock->reset();

  database = RocksDatabase::Open(options, RocksDatabase::Mode::kWrite);
  if (!database.ok()) return database.status();
  const absl::StatusOr<StoreState> state = (*database)->ReadState();
  if (!state.ok()) return state.status();
  if (*state != *seen) {
    return absl::UnavailableError(absl::StrFormat(
        "store %s moved from commit %u to commit %u while it was being opened: another "
        "setlogd used it; start again",
        options.path, seen->commit.number, state->commit.number));
  }
  return std::make_unique<RocksStore>(*std::move(database), *state);
}

}  // namespace setlog
