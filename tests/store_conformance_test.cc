// What every Store promises, asked of each of them.
#include <cstdlib>
#include <functional>
#include <map>
#include <thread>

#include "log/sha256.h"
#include "storage/anchored_store.h"
#include "storage/rocks_store.h"
#include "storage/store.h"
#include "store_testing.h"
#include "testing.h"

namespace setlog {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// Makes stores of one kind, and reopens them where that means something.
class StoreMaker {
 public:
  explicit StoreMaker(const std::string& kind) : kind_(kind) {}
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    if (kind_ == "memory") return NewMemoryStore();
    const RocksOptions options{.path = directory_.path() + "/store",
                               .memory_bytes = 8 << 20,
                               .create_if_missing = true};
    if (kind_ == "rocks") return OpenRocksStore(options);
    return OpenAnchoredStore(options, directory_.path() + "/anchor");
  }
  bool durable() const { return kind_ != "memory"; }

 private:
  std::string kind_;
  TemporaryDirectory directory_;
};

class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreTest() : maker_(GetParam()) {
    auto store = maker_.Open();
    if (!store.ok()) throw std::runtime_error(store.status().ToString());
    store_ = *std::move(store);
  }
  // A durable store is closed and opened again; the memory store stays.
  void Reopen() {
    if (!maker_.durable()) return;
    store_.reset();
    auto store = maker_.Open();
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  absl::Status Put(std::vector<Write> writes, std::vector<NewHead> heads = {}) {
    return store_->Commit({.number = store_->commit().number + 1,
                           .writes = std::move(writes),
                           .heads = std::move(heads)});
  }
  Rows Scanned(LogNumber log, Table table, std::string_view first = "",
               std::string_view last = "") {
    Rows rows;
    EXPECT_OK(store_->Scan(log, table, first, last,
                           [&](std::string_view key, std::string_view value) {
                             rows.emplace_back(key, value);
                             return true;
                           }));
    return rows;
  }

  StoreMaker maker_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreTest, ANewStoreStandsAtCommitZeroWithoutLogs) {
  EXPECT_EQ(store_->commit(), CommitPoint{});
  EXPECT_EQ(store_->previous_commit(), CommitPoint{});
  auto logs = store_->Logs();
  ASSERT_OK(logs);
  EXPECT_TRUE(logs->empty());
  EXPECT_STATUS(store_->Read(1, Table::kBundle, U64Key(0)), absl::StatusCode::kNotFound,
                "");
}

TEST_P(StoreTest, AReaderSeesWhatWasCommitted) {
  ASSERT_OK(Put({{1, Table::kBundle, U64Key(7), "bundle"},
                 {2, Table::kBundle, U64Key(7), "other log"},
                 {1, Table::kTile, U64Key(7), "other table"}}));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(*store_->Read(1, Table::kBundle, U64Key(7)), "bundle");
    EXPECT_EQ(*store_->Read(2, Table::kBundle, U64Key(7)), "other log");
    EXPECT_EQ(*store_->Read(1, Table::kTile, U64Key(7)), "other table");
    EXPECT_STATUS(store_->Read(2, Table::kTile, U64Key(7)), absl::StatusCode::kNotFound,
                  "");
    Reopen();
  }
}

TEST_P(StoreTest, TheLastWriteOfARowStands) {
  ASSERT_OK(
      Put({{1, Table::kBundle, U64Key(0), "a"}, {1, Table::kBundle, U64Key(0), "ab"}}));
  EXPECT_EQ(*store_->Read(1, Table::kBundle, U64Key(0)), "ab");
  ASSERT_OK(Put({{1, Table::kBundle, U64Key(0), "abc"}}));
  Reopen();
  EXPECT_EQ(*store_->Read(1, Table::kBundle, U64Key(0)), "abc");
}

TEST_P(StoreTest, RowsBesideTheCommitsStandAndMoveNothing) {
  ASSERT_OK(Put({{1, Table::kTag, "a", "old"}}, {{1, "example.org/a", {}}}));
  const StoreState before = store_->state();
  ASSERT_OK(
      store_->Keep({{1, Table::kWitness, "x", "1"}, {1, Table::kTag, "a", "new"}}));
  ASSERT_OK(store_->Keep({{1, Table::kWitness, "x", "2"}}));
  EXPECT_STATUS(
      store_->Keep({{1, Table::kWitness, "y", "3"}, {0, Table::kTag, "b", ""}}),
      absl::StatusCode::kInvalidArgument, "number 0");
  EXPECT_EQ(store_->state(), before);
  Reopen();
  EXPECT_EQ(store_->state(), before);
  EXPECT_EQ(*store_->Read(1, Table::kWitness, "x"), "2");
  EXPECT_EQ(*store_->Read(1, Table::kTag, "a"), "new");
  EXPECT_STATUS(store_->Read(1, Table::kWitness, "y"), absl::StatusCode::kNotFound, "");
  ASSERT_OK(Put({{1, Table::kWitness, "x", "4"}}));
  Reopen();
  EXPECT_EQ(*store_->Read(1, Table::kWitness, "x"), "4");
}

TEST_P(StoreTest, CommitsAndRowsBesideThemDoNotDisturbEachOther) {
  ASSERT_OK(Put({}, {{1, "example.org/a", {}}}));
  constexpr uint64_t kRounds = 100;
  std::thread beside([&] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      ASSERT_OK(store_->Keep({{1, Table::kWitness, U64Key(i), "w"}}));
    }
  });
  for (uint64_t i = 0; i < kRounds; ++i) {
    EXPECT_OK(Put({{1, Table::kTag, std::to_string(i), "t"}}));
  }
  beside.join();
  Reopen();
  EXPECT_EQ(store_->commit().number, 1 + kRounds);
  EXPECT_EQ(Scanned(1, Table::kWitness).size(), kRounds);
  EXPECT_EQ(Scanned(1, Table::kTag).size(), kRounds);
}

TEST_P(StoreTest, ValuesOfAnyLengthUpToAMebibyteComeBack) {
  std::map<std::string, std::string> values;
  std::vector<Write> writes;
  for (size_t size : {0, 1, 255, 4096, 8191, 8192, 8960, 65536, 1 << 20}) {
    std::string value(size, '\0');
    for (size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 31 + size);
    values[U64Key(size)] = value;
    writes.push_back({1, Table::kBundle, U64Key(size), value});
  }
  ASSERT_OK(Put(writes));
  for (int opened = 0; opened < 2; ++opened) {
    for (const auto& [key, value] : values) {
      auto read = store_->Read(1, Table::kBundle, key);
      ASSERT_OK(read);
      EXPECT_TRUE(*read == value) << "a value of " << value.size() << " bytes changed";
    }
    Reopen();
  }
}

TEST_P(StoreTest, ManyRowsReadAtOnceAreWhatEachIsAlone) {
  // Short ones and ones as long as full bundles, flushed and not.
  std::vector<std::string> keys;
  std::vector<Write> writes;
  for (uint64_t i = 0; i < 50; ++i) {
    keys.push_back(U64Key(3 * i));
    writes.push_back({1, Table::kBundle, keys.back(),
                      std::string(i % 3 == 0 ? i : 8960 + i, static_cast<char>(i))});
  }
  ASSERT_OK(Put(writes));
  Reopen();
  writes[7].value = "newer";
  ASSERT_OK(Put({writes[7]}));
  size_t visited = 0;
  ASSERT_OK(store_->ReadManyUnchecked(1, Table::kBundle, keys,
                                      [&](size_t i, std::string_view row) {
                                        EXPECT_EQ(i, visited++);
                                        EXPECT_EQ(row, writes[i].value) << i;
                                        return absl::OkStatus();
                                      }));
  EXPECT_EQ(visited, keys.size());
  EXPECT_OK(store_->ReadManyUnchecked(
      1, Table::kBundle, {},
      [](size_t, std::string_view) { return absl::InternalError("no row"); }));

  // The visitor's error ends it, and so does a row that is not there.
  const auto until = [&](size_t last) {
    visited = 0;
    return store_->ReadManyUnchecked(
        1, Table::kBundle, keys, [&](size_t i, std::string_view) {
          ++visited;
          return i == last ? absl::AbortedError("enough") : absl::OkStatus();
        });
  };
  EXPECT_TRUE(absl::IsAborted(until(20)));
  EXPECT_EQ(visited, 21u);
  keys[30] = U64Key(91);
  EXPECT_TRUE(absl::IsNotFound(until(40)));
  EXPECT_EQ(visited, 30u);
}

TEST_P(StoreTest, KeysMayBeEmptyOrHoldAnyByte) {
  const std::vector<std::string> keys = {"", std::string(1, '\0'), "a", "\xff",
                                         "\xff\xff"};
  std::vector<Write> writes;
  for (const std::string& key : keys)
    writes.push_back({1, Table::kTag, key, "=" + key});
  writes.push_back({2, Table::kTag, "", "next log"});
  ASSERT_OK(Put(writes));
  Rows expected;
  for (const std::string& key : keys) expected.emplace_back(key, "=" + key);
  EXPECT_EQ(Scanned(1, Table::kTag), expected);
}

TEST_P(StoreTest, ScansAndReadLastMatchAnOrderedMap) {
  Random random(1);
  std::map<std::string, std::string> model;
  for (int commit = 0; commit < 20; ++commit) {
    std::vector<Write> writes;
    for (int i = 0; i < 10; ++i) {
      const std::string key = U64Key(random() % 300);
      const std::string value = U64Key(random());
      model[key] = value;
      writes.push_back({7, Table::kIndex, key, value});
      // Neighbours in key order that a scan must not stray into.
      writes.push_back({7, Table::kBundle, key, "b"});
      writes.push_back({7, Table::kSession, key, "s"});
      writes.push_back({6, Table::kIndex, key, "6"});
      writes.push_back({8, Table::kIndex, key, "8"});
    }
    ASSERT_OK(Put(writes));
  }
  Reopen();
  EXPECT_EQ(Scanned(7, Table::kIndex), Rows(model.begin(), model.end()));
  for (int i = 0; i < 200; ++i) {
    const std::string first = U64Key(random() % 310);
    const std::string last = U64Key(random() % 310);
    const Rows expected =
        first < last ? Rows(model.lower_bound(first), model.lower_bound(last)) : Rows();
    EXPECT_EQ(Scanned(7, Table::kIndex, first, last), expected);
    auto found = store_->ReadLast(7, Table::kIndex, first);
    auto bound = model.upper_bound(first);
    if (bound == model.begin()) {
      EXPECT_STATUS(found, absl::StatusCode::kNotFound, "");
    } else {
      --bound;
      ASSERT_OK(found);
      EXPECT_EQ(*found, (std::pair<std::string, std::string>(*bound)));
    }
  }
  EXPECT_STATUS(store_->ReadLast(5, Table::kIndex, U64Key(9)),
                absl::StatusCode::kNotFound, "");
}

TEST_P(StoreTest, AScanEndsWhenTheVisitorSaysSo) {
  ASSERT_OK(Put({{1, Table::kTag, "a", "1"}, {1, Table::kTag, "b", "2"}}));
  int seen = 0;
  ASSERT_OK(
      store_->Scan(1, Table::kTag, "", "", [&](std::string_view, std::string_view) {
        ++seen;
        return false;
      }));
  EXPECT_EQ(seen, 1);
}

TEST_P(StoreTest, AScanSeesOneMomentEvenIfItsVisitorWrites) {
  ASSERT_OK(Put({{1, Table::kTag, "a", "1"}, {1, Table::kTag, "b", "2"}}));
  int seen = 0;
  ASSERT_OK(
      store_->Scan(1, Table::kTag, "", "", [&](std::string_view, std::string_view) {
        EXPECT_OK(Put({{1, Table::kTag, "c" + std::to_string(seen), "new"}}));
        ++seen;
        return true;
      }));
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(Scanned(1, Table::kTag).size(), 4u);
}

TEST_P(StoreTest, LogsAreListedByNumberWithTheirNewestHeads) {
  ASSERT_OK(Put({}, {{2, "b.example", {5, Sha256(AsBytes("5"))}},
                     {1, "a.example", {3, Sha256(AsBytes("3"))}}}));
  ASSERT_OK(Put({}, {{2, "", {6, Sha256(AsBytes("6"))}},
                     {300, "c.example", {1, Sha256(AsBytes("1"))}}}));
  ASSERT_OK(Put({}, {{1, "never read", {4, Sha256(AsBytes("4"))}}}));
  for (int opened = 0; opened < 2; ++opened) {
    auto logs = store_->Logs();
    ASSERT_OK(logs);
    ASSERT_EQ(logs->size(), 3u);
    EXPECT_EQ((*logs)[0].log, 1u);
    EXPECT_EQ((*logs)[0].origin, "a.example");
    EXPECT_EQ((*logs)[0].head, (StoredHead{4, Sha256(AsBytes("4"))}));
    EXPECT_EQ((*logs)[1].log, 2u);
    EXPECT_EQ((*logs)[1].origin, "b.example");
    EXPECT_EQ((*logs)[1].head, (StoredHead{6, Sha256(AsBytes("6"))}));
    EXPECT_EQ((*logs)[2].log, 300u);
    EXPECT_EQ((*logs)[2].origin, "c.example");
    Reopen();
  }
}

TEST_P(StoreTest, ASecondWriterIsRefusedAndWritesNothing) {
  ASSERT_OK(Put({{1, Table::kTag, "a", "1"}}));
  for (uint64_t number : {uint64_t{0}, uint64_t{1}, uint64_t{3}, ~uint64_t{0}}) {
    EXPECT_STATUS(
        store_->Commit({.number = number, .writes = {{1, Table::kTag, "a", "2"}}}),
        absl::StatusCode::kFailedPrecondition, "second writer");
  }
  EXPECT_EQ(*store_->Read(1, Table::kTag, "a"), "1");
  EXPECT_OK(Put({{1, Table::kTag, "a", "3"}}));
}

TEST_P(StoreTest, AnUnfitCommitWritesNothingAndStopsNothing) {
  const StoredHead head{1, Sha256(AsBytes("h"))};
  const Write good{1, Table::kTag, "a", "1"};
  EXPECT_STATUS(Put({good, {0, Table::kTag, "b", ""}}),
                absl::StatusCode::kInvalidArgument, "number 0");
  EXPECT_STATUS(Put({good}, {{0, "a.example", head}}),
                absl::StatusCode::kInvalidArgument, "number 0");
  EXPECT_STATUS(Put({good}, {{1, "a.example", head}, {1, "", head}}),
                absl::StatusCode::kInvalidArgument, "two heads");
  EXPECT_STATUS(Put({good}, {{1, "a.example", head}, {2, "", head}}),
                absl::StatusCode::kInvalidArgument, "no origin");
  EXPECT_EQ(store_->commit(), CommitPoint{});
  EXPECT_TRUE(Scanned(1, Table::kTag).empty());
  EXPECT_TRUE(store_->Logs()->empty());
  EXPECT_OK(Put({good}, {{1, "a.example", head}}));
}

// The chain as store.h defines it, computed from scratch.
TEST_P(StoreTest, TheChainIsTheRunningHashOfAllHeads) {
  Random random(2);
  Hash chain{};
  for (uint64_t number = 1; number <= 30; ++number) {
    std::vector<NewHead> heads;
    std::string text;
    for (LogNumber log = 1 + random() % 3; log < 6; log += 1 + random() % 3) {
      const StoredHead head{random(), Sha256(AsBytes(U64Key(random())))};
      heads.push_back({log, "x.example", head});
      text +=
          U64Key(log).substr(4) + U64Key(head.size) + std::string(AsText(head.root));
    }
    ASSERT_OK(Put({}, heads));
    const CommitPoint before{number - 1, chain};
    chain = Sha256(
        {AsBytes("setlog/commit/1\n"), chain, AsBytes(U64Key(number)), AsBytes(text)});
    EXPECT_EQ(store_->commit(), (CommitPoint{number, chain}));
    EXPECT_EQ(store_->previous_commit(), before);
    if (number % 10 == 0) {
      const StoreState state = store_->state();
      Reopen();
      EXPECT_EQ(store_->state(), state);
    }
  }
}

// Rows of one commit are never seen in part: the writer puts one number into two rows,
// and a scan that finds two numbers found half a commit.
TEST_P(StoreTest, ReadersNeverSeeHalfACommit) {
  ASSERT_OK(Put({{1, Table::kTag, "a", U64Key(0)}, {1, Table::kTag, "b", U64Key(0)}}));
  std::thread writer([&] {
    for (uint64_t i = 1; i <= 200; ++i) {
      EXPECT_OK(
          Put({{1, Table::kTag, "a", U64Key(i)}, {1, Table::kTag, "b", U64Key(i)}}));
    }
  });
  std::string newest = U64Key(0);
  while (newest != U64Key(200)) {
    const Rows rows = Scanned(1, Table::kTag);
    ASSERT_EQ(rows.size(), 2u);
    ASSERT_EQ(rows[0].second, rows[1].second);
    ASSERT_GE(rows[0].second, newest);
    newest = rows[0].second;
    const StoreState state = store_->state();
    EXPECT_EQ(state.previous.number + 1, state.commit.number);
  }
  writer.join();
}

TEST(StoreIdTest, EveryStoreHasItsOwn) {
  EXPECT_NE(NewMemoryStore()->id(), NewMemoryStore()->id());
}

TEST(U64KeyTest, ByteOrderIsNumberOrder) {
  const std::vector<uint64_t> numbers = {
      0, 1, 255, 256, 65535, uint64_t{1} << 32, ~uint64_t{0}};
  for (size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT(U64Key(numbers[i - 1]), U64Key(numbers[i]));
    EXPECT_EQ(U64Key(numbers[i]).size(), 8u);
  }
}

INSTANTIATE_TEST_SUITE_P(AllStores, StoreTest,
                         ::testing::Values("memory", "rocks", "anchored"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace setlog
