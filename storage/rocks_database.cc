#include "storage/rocks_database.h"

#include <rocksdb/env.h>
#include <rocksdb/utilities/debug.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "storage/rocks_settings.h"
#include "storage/row_format.h"

namespace setlog {
namespace {

std::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// For kLook, which must not roll the log files of the server's last run.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {}
};

// Older versions kept the set index in a family of its own, unused since the index has
// files of its own. RocksDB opens a database for writing only with all of its families.
rocksdb::Status DropOldFamily(const rocksdb::Options& settings,
                              const std::string& path) {
  constexpr char kOldFamily[] = "derived";
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(settings, path, &names);
  if (!status.ok() || std::count(names.begin(), names.end(), kOldFamily) == 0) {
    return status;
  }
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* raw = nullptr;
  status = rocksdb::DB::Open(
      settings, path,
      {{rocksdb::kDefaultColumnFamilyName, settings}, {kOldFamily, settings}},
      &families, &raw);
  const std::unique_ptr<rocksdb::DB> db(raw);
  if (status.ok()) status = db->DropColumnFamily(families[1]);
  for (auto* family : families) {
    db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDatabase>> RocksDatabase::Open(
    const RocksOptions& options, Mode mode) {
  std::unique_ptr<RocksDatabase> database(new RocksDatabase(options.path));
  rocksdb::Options settings(RocksDatabaseSettings(),
                            RocksRowSettings(options.memory_bytes));
  settings.create_if_missing = mode == Mode::kCreate;
  settings.error_if_exists = mode == Mode::kCreate;
  rocksdb::Status opened;
  rocksdb::DB* db = nullptr;
  if (mode == Mode::kLook) {
    settings.info_log = std::make_shared<NoLog>();
    opened = rocksdb::DB::OpenForReadOnly(settings, options.path, &db);
  } else {
    if (mode == Mode::kWrite) opened = DropOldFamily(settings, options.path);
    if (opened.ok()) opened = rocksdb::DB::Open(settings, options.path, &db);
  }
  database->db_.reset(db);
  if (opened.ok()) {
    absl::Status blobs = database->CheckBlobFiles();
    if (!blobs.ok()) return blobs;
    return database;
  }
  // Said of a store that exists, these mean damage: a file that is gone, a manifest
  // that names families or features that nobody chose.
  if (opened.IsCorruption() || opened.IsNotFound() || opened.IsPathNotFound() ||
      opened.IsInvalidArgument() || opened.IsNotSupported()) {
    return absl::DataLossError(
        absl::StrFormat("store %s: %s; restore the newest backup: `setlogd restore`",
                        options.path, opened.ToString()));
  }
  return database->ToStatus(opened);
}

RocksDatabase::~RocksDatabase() = default;

absl::StatusOr<std::string> RocksDatabase::Get(const std::string& key,
                                               Checksums checksums) const {
  rocksdb::ReadOptions options = CheckedRead();
  options.verify_checksums = checksums == Checksums::kVerified;
  // A block in the cache is taken for a verified one.
  options.fill_cache = options.verify_checksums;
  std::string value;
  const rocksdb::Status read = db_->Get(options, key, &value);
  if (read.ok()) return value;
  if (read.IsNotFound()) return absl::NotFoundError("no such row in the store");
  return ToStatus(read);
}

absl::Status RocksDatabase::GetMany(
    std::span<const std::string> keys,
    const std::function<absl::Status(size_t, std::string_view)>& visit) const {
  // Their values, of 9 KiB each, stay in the second-level cache until they are visited.
  constexpr size_t kAtATime = 16;
  rocksdb::ReadOptions options;
  options.verify_checksums = false;
  options.fill_cache = false;
  std::array<rocksdb::Slice, kAtATime> slices;
  std::array<rocksdb::PinnableSlice, kAtATime> values;
  std::array<rocksdb::Status, kAtATime> read;
  for (size_t begin = 0; begin < keys.size(); begin += kAtATime) {
    const size_t count = std::min(kAtATime, keys.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      slices[i] = keys[begin + i];
      values[i].Reset();
    }
    db_->MultiGet(options, db_->DefaultColumnFamily(), count, slices.data(),
                  values.data(), read.data(), /*sorted_input=*/true);
    for (size_t i = 0; i < count; ++i) {
      if (read[i].IsNotFound()) return absl::NotFoundError("no such row in the store");
      if (!read[i].ok()) return ToStatus(read[i]);
      absl::Status visited = visit(begin + i, ToView(values[i]));
      if (!visited.ok()) return visited;
    }
  }
  return absl::OkStatus();
}

absl::Status RocksDatabase::Scan(
    const std::string& first, const std::string& last,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (first >= last) return absl::OkStatus();
  rocksdb::ReadOptions options = CheckedRead();
  const rocksdb::Slice end(last);
  options.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options));
  for (row->Seek(first); row->Valid(); row->Next()) {
    if (!visit(ToView(row->key()), ToView(row->value()))) return absl::OkStatus();
  }
  return ToStatus(row->status());
}

absl::StatusOr<StoreState> RocksDatabase::ReadState() const {
  const absl::StatusOr<std::string> identity = Get(IdentityKey());
  const absl::StatusOr<std::string> point = Get(CommitKey());
  if (absl::IsNotFound(identity.status()) || absl::IsNotFound(point.status())) {
    return absl::DataLossError(absl::StrFormat(
        "store %s: its first rows are missing. Either its creation was interrupted, "
        "then it was never used: delete the directory; or it is damaged: restore the "
        "newest backup (`setlogd restore`)",
        path_));
  }
  if (!identity.ok()) return identity.status();
  if (!point.ok()) return point.status();
  const absl::StatusOr<StoreId> id = ParseIdentity(*identity);
  if (!id.ok()) return id.status();
  const absl::StatusOr<CommitRow> row = ParseCommitRow(*point);
  if (!row.ok()) return row.status();
  if (absl::Status whole = CheckNoCommitIsMissing(); !whole.ok()) return whole;
  return StoreState{.id = *id, .commit = row->commit, .previous = row->previous};
}

// A manifest that lost its tail does not name the newest tables any more. RocksDB takes
// that for the end of a manifest, and goes on with a WAL that begins after those
// tables: the newest commit is there, commits before it are not. The WAL's versions of
// the commit row must therefore count down, without a gap, to the one that is in a
// table.
absl::Status RocksDatabase::CheckNoCommitIsMissing() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  uint64_t in_tables = 0;  // the sequence number that tables reach
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (file.column_family_name != rocksdb::kDefaultColumnFamilyName) continue;
    in_tables = std::max(in_tables, file.largest_seqno);
  }
  std::vector<rocksdb::KeyVersion> versions;  // newest first
  const rocksdb::Status listed =
      rocksdb::GetAllKeyVersions(db_.get(), CommitKey(), CommitKey(),
                                 std::numeric_limits<size_t>::max(), &versions);
  if (!listed.ok()) return ToStatus(listed);
  std::optional<uint64_t> next;
  for (const rocksdb::KeyVersion& version : versions) {
    const absl::StatusOr<CommitRow> row = ParseCommitRow(version.value);
    if (!row.ok()) return row.status();
    if (next && row->commit.number + 1 != *next) break;
    next = row->commit.number;
    if (*next == 0 || version.sequence <= in_tables) return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrFormat(
      "store %s: commits before commit %u are missing: restore the newest backup "
      "(`setlogd restore`)",
      path_, next.value_or(0)));
}

absl::Status RocksDatabase::ToStatus(const rocksdb::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrFormat("store %s: %s", path_, status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

// RocksDB looks for its table files when it opens, for a blob file only when it is
// read.
absl::Status RocksDatabase::CheckBlobFiles() const {
  std::vector<rocksdb::ColumnFamilyMetaData> families;
  db_->GetAllColumnFamilyMetaData(&families);
  for (const rocksdb::ColumnFamilyMetaData& family : families) {
    for (const rocksdb::BlobMetaData& blob : family.blob_files) {
      const std::string name = path_ + "/" + blob.blob_file_name;
      uint64_t bytes = 0;
      const rocksdb::Status found = rocksdb::Env::Default()->GetFileSize(name, &bytes);
      if (!found.ok() || bytes != blob.blob_file_size) {
        return absl::DataLossError(
            absl::StrFormat("store %s: %s is missing or has a wrong size: restore the "
                            "newest backup (`setlogd restore`)",
                            path_, name));
      }
    }
  }
  return absl::OkStatus();
}

namespace {

// " (process 1234)" of whoever locked the file, or nothing. From the kernel's list: to
// open the file here, and to close it, would drop a lock that this process has on it.
std::string HolderOf(const std::string& lock_path) {
  struct stat info;
  if (stat(lock_path.c_str(), &info) != 0) return "";
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number, kind, advice, mode, pid, file;
    fields >> number >> kind >> advice >> mode >> pid >> file;
    if (kind != "POSIX" || mode != "WRITE" || pid == "0") continue;
    if (file.substr(file.rfind(':') + 1) != std::to_string(info.st_ino)) continue;
    return " (process " + pid + ")";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksLock>> RocksLock::Take(const std::string& path) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked =
      rocksdb::Env::Default()->LockFile(path + "/LOCK", &lock);
  if (locked.ok()) return std::unique_ptr<RocksLock>(new RocksLock(lock));
  if (locked.IsNotFound() || locked.IsPathNotFound()) {
    return absl::NotFoundError(absl::StrFormat("there is no store in %s", path));
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("another setlogd runs on %s%s: %s", path,
                      HolderOf(path + "/LOCK"), locked.ToString()));
}

RocksLock::~RocksLock() {
  rocksdb::Env::Default()->UnlockFile(lock_).PermitUncheckedError();
}

}  // namespace setlog
