// The store on disk: crashes, damage, and being opened twice.
#include "storage/rocks_store.h"

#include <rocksdb/db.h>
#include <signal.h>
#include <sys/resource.h>

#include <map>
#include <set>

#include "log/sha256.h"
#include "storage/anchored_store.h"
#include "storage/rocks_inspection.h"
#include "storage/row_format.h"
#include "store_testing.h"
#include "testing.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

// Everything that a store holds.
struct Content {
  StoreState state;
  std::vector<std::string> logs;
  std::vector<std::pair<std::string, std::string>> rows;
  friend bool operator==(const Content&, const Content&) = default;
};

absl::StatusOr<Content> ContentOf(const Store& store) {
  Content content{.state = store.state()};
  absl::StatusOr<std::vector<LogRecord>> logs = store.Logs();
  if (!logs.ok()) return logs.status();
  for (const LogRecord& log : *logs) {
    content.logs.push_back(U64Key(log.log) + EncodeLogRow(log.head, log.origin));
    for (Table table :
         {Table::kBundle, Table::kTile, Table::kSession, Table::kTag, Table::kIndex}) {
      absl::Status scanned = store.Scan(
          log.log, table, "", "", [&](std::string_view key, std::string_view value) {
            content.rows.emplace_back(RowKey(log.log, table, key), value);
            return true;
          });
      if (!scanned.ok()) return scanned;
    }
  }
  return content;
}

class RocksStoreTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  RocksOptions Options(const std::string& name, bool create = false) const {
    return {.path = Path(name), .memory_bytes = 4 << 20, .create_if_missing = create};
  }
  // One commit of a growing log: rows new and overwritten, small and blob-sized.
  static absl::Status Append(Store& store, Random& random, size_t blob_bytes = 9000) {
    const uint64_t number = store.commit().number + 1;
    std::string blob(blob_bytes, '\0');
    for (char& byte : blob) byte = static_cast<char>(random());
    const LogNumber log = 1 + number % 2;
    return store.Commit(
        {.number = number,
         .writes = {{log, Table::kBundle, U64Key(number), blob},
                    {log, Table::kTile, U64Key(number / 4), U64Key(random())},
                    {log, Table::kSession, "session", U64Key(number)}},
         .heads = {{log, "a.example", {number, Sha256(AsBytes(blob))}}}});
  }

  TemporaryDirectory directory_;
};

TEST_F(RocksStoreTest, ASecondOpenIsRefusedClearly) {
  auto store = OpenRocksStore(Options("store", true));
  ASSERT_OK(store);
  EXPECT_STATUS(OpenRocksStore(Options("store")), absl::StatusCode::kFailedPrecondition,
                "another setlogd runs on " + Path("store"));
  store->reset();
  EXPECT_OK(OpenRocksStore(Options("store")));
}

TEST_F(RocksStoreTest, NothingThereIsNotFoundAndNothingIsMade) {
  EXPECT_STATUS(OpenRocksStore(Options("none")), absl::StatusCode::kNotFound,
                Path("none"));
  EXPECT_FALSE(fs::exists(Path("none")));
}

TEST_F(RocksStoreTest, ADirectoryOfOtherFilesIsNeitherOpenedNorFilled) {
  fs::create_directory(Path("home"));
  WriteAll(Path("home") + "/000007.sst", "precious");
  EXPECT_STATUS(OpenRocksStore(Options("home", true)), absl::StatusCode::kDataLoss,
                "no CURRENT");
  EXPECT_EQ(ReadAll(Path("home") + "/000007.sst"), "precious");
}

TEST_F(RocksStoreTest, AnUnknownFormatVersionIsRefusedByName) {
  { ASSERT_OK(OpenRocksStore(Options("store", true))); }
  std::string identity = EncodeIdentity(NewStoreId());
  identity[std::string_view("setlog store\n").size() + 3] = 9;
  {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, Path("store"), &raw).ok());
    const std::unique_ptr<rocksdb::DB> database(raw);
    ASSERT_TRUE(database->Put({}, IdentityKey(), identity).ok());
  }
  EXPECT_STATUS(OpenRocksStore(Options("store")), absl::StatusCode::kFailedPrecondition,
                "format version 9");
}

TEST_F(RocksStoreTest, AcceptIsAskedWithTheStateAndCanRefuse) {
  Random random(1);
  StoreState state;
  {
    auto store = OpenRocksStore(Options("store", true));
    ASSERT_OK(store);
    for (int i = 0; i < 5; ++i) ASSERT_OK(Append(**store, random));
    state = (*store)->state();
  }
  RocksOptions options = Options("store");
  StoreState seen;
  options.accept = [&](const StoreState& at) {
    seen = at;
    return absl::DataLossError("not this one");
  };
  EXPECT_STATUS(OpenRocksStore(options), absl::StatusCode::kDataLoss, "not this one");
  EXPECT_EQ(seen, state);
  EXPECT_OK(OpenRocksStore(Options("store")));
}

// After a failed write nobody knows what is on the disk, until it is read again.
TEST_F(RocksStoreTest, AfterAFailedWriteEveryCommitIsRefusedUntilReopened) {
  Random random(9);
  auto store = OpenRocksStore(Options("store", true));
  ASSERT_OK(store);
  for (int i = 0; i < 3; ++i) ASSERT_OK(Append(**store, random, 300));
  const Content before = *ContentOf(**store);

  // The disk takes no file beyond 64 KiB.
  signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  rlimit limited = unlimited;
  limited.rlim_cur = 64 << 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limited), 0);
  EXPECT_STATUS(Append(**store, random, 200000), absl::StatusCode::kUnavailable,
                Path("store"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);

  EXPECT_STATUS(Append(**store, random, 300), absl::StatusCode::kFailedPrecondition,
                "reopen");
  EXPECT_STATUS((*store)->Checkpoint(Path("copy")),
                absl::StatusCode::kFailedPrecondition, "reopen");
  EXPECT_EQ((*store)->state(), before.state);
  store->reset();
  store = OpenRocksStore(Options("store"));
  ASSERT_OK(store);
  EXPECT_TRUE(*ContentOf(**store) == before);
  EXPECT_OK(Append(**store, random, 300));
}

// The files as a killed process leaves them: copied while the store is open.
TEST_F(RocksStoreTest, AKilledProcessLosesNoCommit) {
  Random random(2);
  auto store = OpenRocksStore(Options("store", true));
  ASSERT_OK(store);
  for (int i = 0; i < 12; ++i) {
    ASSERT_OK(Append(**store, random));
    CopyDirectory(Path("store"), Path("copy"));
    auto copy = OpenRocksStore(Options("copy"));
    ASSERT_OK(copy);
    auto expected = ContentOf(**store);
    auto found = ContentOf(**copy);
    ASSERT_OK(expected);
    ASSERT_OK(found);
    EXPECT_TRUE(*found == *expected) << "after commit " << i + 1;
  }
}

// A power cut ends the write-ahead log anywhere, or leaves garbage there, past what was
// synced. Whatever of it is readable is whole commits.
TEST_F(RocksStoreTest, ATornLogRecoversToACommit) {
  Random random(3);
  auto store = OpenRocksStore(Options("store", true));
  ASSERT_OK(store);
  std::vector<Content> after = {*ContentOf(**store)};
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK(Append(**store, random, 300));
    after.push_back(*ContentOf(**store));
  }
  std::string log;
  for (const auto& file : fs::directory_iterator(Path("store"))) {
    if (file.path().extension() == ".log" && fs::file_size(file) > 0) {
      EXPECT_EQ(log, "");
      log = file.path().filename().string();
    }
  }
  const std::string whole = ReadAll(Path("store") + "/" + log);
  ASSERT_GT(whole.size(), 2000u);
  std::set<uint64_t> numbers;
  for (size_t size = 150; size <= whole.size(); size += 61) {
    CopyDirectory(Path("store"), Path("copy"));
    std::string torn = whole.substr(0, size);
    if (size % 2 == 0) {
      for (size_t i = size; i < whole.size(); ++i) torn += static_cast<char>(random());
    }
    WriteAll(Path("copy") + "/" + log, torn);
    auto copy = OpenRocksStore(Options("copy"));
    ASSERT_OK(copy) << size;
    auto found = ContentOf(**copy);
    ASSERT_OK(found);
    ASSERT_LT(found->state.commit.number, after.size());
    EXPECT_TRUE(*found == after[found->state.commit.number]) << size;
    numbers.insert(found->state.commit.number);
  }
  EXPECT_GE(numbers.size(), 5u);
}

// What a store of an older version looks like: a second family, with rows that nothing
// asks for, in tables and in memory.
TEST_F(RocksStoreTest, AStoreOfAnOlderVersionOpensTheSameWithoutItsSecondFamily) {
  Random random(12);
  Content content;
  {
    auto store = OpenRocksStore(Options("store", true));
    ASSERT_OK(store);
    for (int i = 0; i < 5; ++i) ASSERT_OK(Append(**store, random));
    content = *ContentOf(**store);
  }
  const auto families = [this] {
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, Path("store"), &names).ok());
    return names;
  };
  {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, Path("store"), &raw).ok());
    const std::unique_ptr<rocksdb::DB> database(raw);
    rocksdb::ColumnFamilyHandle* derived = nullptr;
    ASSERT_TRUE(database->CreateColumnFamily({}, "derived", &derived).ok());
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    ASSERT_TRUE(
        database->Put(unlogged, derived, RowKey(1, Table::kTag, "a"), "1").ok());
    ASSERT_TRUE(database->Flush({}, derived).ok());
    ASSERT_TRUE(
        database->Put(unlogged, derived, RowKey(1, Table::kTag, "b"), "2").ok());
    database->DestroyColumnFamilyHandle(derived).PermitUncheckedError();
  }
  ASSERT_EQ(families().size(), 2u);
  {
    auto look = StoreInspection::Open(Path("store"), 4 << 20);
    ASSERT_OK(look);
    EXPECT_TRUE(*ContentOf((*look)->store()) == content);
  }
  EXPECT_EQ(families().size(), 2u);  // looking changes nothing
  for (int opened = 0; opened < 2; ++opened) {
    auto store = OpenRocksStore(Options("store"));
    ASSERT_OK(store);
    EXPECT_TRUE(*ContentOf(**store) == content);
    EXPECT_EQ(families(), std::vector<std::string>{"default"});
    ASSERT_OK(Append(**store, random));
    content = *ContentOf(**store);
  }
}

// ---- Damage. Promise: an opened store is the same, or refused; a read of damaged rows
// is an error. Never a shorter or other history.

enum class Outcome { kSame, kRefused, kReadRefused };

class DamageTest : public RocksStoreTest {
 protected:
  // A tiny store with tables, blob files, several write-ahead logs' worth of history
  // and commits that are in the log only, copied as a kill leaves it.
  void SetUp() override {
    Random random(4);
    {
      auto store = Open("store", true);
      ASSERT_OK(store);
      for (int i = 0; i < 6; ++i) ASSERT_OK(Append(**store, random));
    }
    {  // Opening writes tables; more of them, so that there is more than one.
      auto store = Open("store");
      ASSERT_OK(store);
      for (int i = 0; i < 6; ++i) ASSERT_OK(Append(**store, random));
    }
    auto store = Open("store");
    ASSERT_OK(store);
    for (int i = 0; i < 6; ++i) ASSERT_OK(Append(**store, random, 500));
    content_ = *ContentOf(**store);
    CopyDirectory(directory_.path(), pristine_.path() + "/all");
    store->reset();
    for (const auto& file : fs::directory_iterator(pristine_.path() + "/all/store")) {
      const std::string name = file.path().filename().string();
      const bool text = name.starts_with("LOG") || name.starts_with("OPTIONS");
      if (fs::file_size(file) > 0 && !text) files_.push_back(name);
    }
    std::sort(files_.begin(), files_.end());
  }
  absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& name,
                                              bool create = false) {
    return OpenAnchoredStore(Options(name, create), Path("anchor"));
  }
  void Restore() { CopyDirectory(pristine_.path() + "/all", directory_.path()); }
  std::string FilePath(const std::string& name) const { return Path("store/") + name; }

  // Opens the store as a server would (which may create stores) and reads all of it.
  Outcome Judge(const std::string& what) {
    auto store = Open("store", true);
    if (!store.ok()) {
      EXPECT_THAT(
          store.status().code(),
          ::testing::AnyOf(absl::StatusCode::kDataLoss, absl::StatusCode::kUnavailable))
          << what << ": " << store.status();
      EXPECT_THAT(std::string(store.status().message()),
                  ::testing::HasSubstr(directory_.path()));
      return Outcome::kRefused;
    }
    EXPECT_EQ((*store)->state(), content_.state) << what;
    auto found = ContentOf(**store);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), absl::StatusCode::kDataLoss)
          << what << ": " << found.status();
      return Outcome::kReadRefused;
    }
    EXPECT_TRUE(*found == content_) << what << ": another history was served";
    return Outcome::kSame;
  }

  TemporaryDirectory pristine_;
  Content content_;
  std::vector<std::string> files_;
};

TEST_F(DamageTest, TheUndamagedStoreOpensTheSame) {
  Restore();
  EXPECT_EQ(Judge("nothing"), Outcome::kSame);
}

TEST_F(DamageTest, AFlippedBitIsNeverAnotherHistory) {
  Random random(5);
  std::map<Outcome, int> outcomes;
  std::map<std::string, int> kinds;
  for (int round = 0; round < 300; ++round) {
    Restore();
    const std::string& name = files_[random() % files_.size()];
    std::string bytes = ReadAll(FilePath(name));
    const size_t at = random() % bytes.size();
    bytes[at] ^= static_cast<char>(1 << random() % 8);
    WriteAll(FilePath(name), bytes);
    ++outcomes[Judge("a bit of byte " + std::to_string(at) + " of " + name)];
    ++kinds[name.substr(0, name.find('-')).substr(name.find('.') + 1)];
  }                             // X
  EXPECT_GE(kinds.size(), 4u);  // CURRENT, MANIFEST, log, sst, blob, IDENTITY
  EXPECT_GT(outcomes[Outcome::kRefused], 30);  // X
}

TEST_F(DamageTest, ATruncatedFileIsNeverAnotherHistory) {
  Random random(6);
  std::map<Outcome, int> outcomes;
  for (int round = 0; round < 150; ++round) {
    Restore();
    const std::string& name = files_[random() % files_.size()];
    const size_t size = random() % fs::file_size(FilePath(name));
    fs::resize_file(FilePath(name), size);
    ++outcomes[Judge(name + " cut to " + std::to_string(size))];
  }
  EXPECT_GT(outcomes[Outcome::kRefused], 30);
}

// The newest tables are named by the manifest's last records, and commits after them
// are in the write-ahead log. A manifest without its tail is as good as one to RocksDB.
TEST_F(DamageTest, AManifestCutAnywhereIsRefusedEvenIfTheLogHasTheNewestCommit) {
  Random random(10);
  {
    auto store = Open("store");
    ASSERT_OK(store);
    for (int i = 0; i < 3; ++i) ASSERT_OK(Append(**store, random, 500));
  }
  auto store = Open("store");  // writes a table of what was in the log
  ASSERT_OK(store);
  for (int i = 0; i < 3; ++i) ASSERT_OK(Append(**store, random, 500));
  content_ = *ContentOf(**store);
  CopyDirectory(directory_.path(), pristine_.path() + "/all");
  store->reset();
  std::string manifest = ReadAll(pristine_.path() + "/all/store/CURRENT");
  manifest.pop_back();
  Restore();
  EXPECT_EQ(Judge("nothing"), Outcome::kSame);
  const size_t size = fs::file_size(pristine_.path() + "/all/store/" + manifest);
  int refused = 0;
  for (size_t cut = 0; cut < size; cut += 3) {
    Restore();
    fs::resize_file(FilePath(manifest), cut);
    refused += Judge(manifest + " cut to " + std::to_string(cut)) == Outcome::kRefused;
  }
  EXPECT_GE(refused * 3, static_cast<int>(size) * 9 / 10);
}

TEST_F(DamageTest, AZeroedBlockIsNeverAnotherHistory) {
  Random random(7);
  for (int round = 0; round < 100; ++round) {
    Restore();
    const std::string& name = files_[random() % files_.size()];
    std::string bytes = ReadAll(FilePath(name));
    const size_t at = random() % bytes.size() / 512 * 512;
    const size_t size = std::min<size_t>(512, bytes.size() - at);
    bytes.replace(at, size, size, '\0');
    WriteAll(FilePath(name), bytes);
    Judge("block at " + std::to_string(at) + " of " + name + " zeroed");
  }
}

TEST_F(DamageTest, AMissingFileIsRefused) {
  for (const std::string& name : files_) {
    Restore();
    fs::remove(FilePath(name));
    const Outcome outcome = Judge(name + " deleted");
    // RocksDB writes this one again; it means nothing to us.
    if (name != "IDENTITY") {
      EXPECT_EQ(outcome, Outcome::kRefused) << name;
    }
  }
}

TEST_F(DamageTest, ARefusedStoreIsLeftAsItIs) {
  Random random(8);
  for (int round = 0; round < 40; ++round) {
    Restore();
    const std::string& name = files_[random() % files_.size()];
    std::string bytes = ReadAll(FilePath(name));
    bytes[random() % bytes.size()] ^= 1;
    WriteAll(FilePath(name), bytes);
    CopyDirectory(Path("store"), pristine_.path() + "/damaged");
    if (Judge(name) != Outcome::kRefused) continue;
    for (const auto& file : fs::directory_iterator(pristine_.path() + "/damaged")) {
      const std::string file_name = file.path().filename().string();
      EXPECT_TRUE(ReadAll(file.path()) == ReadAll(FilePath(file_name)))
          << file_name << " was changed although " << name << " is damaged";
    }
  }
}

}  // namespace
}  // namespace setlog
