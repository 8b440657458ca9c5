#include "index/run_file.h"

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "index/run_page.h"
#include "index/run_writer.h"
#include "index_testing.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr unsigned kPartition = 5;
constexpr uint64_t kM = 1'000'000'000;

Hash KeyOfPrefix(uint64_t prefix, uint64_t rest) {
  Hash key;
  for (int i = 0; i < 8; ++i) {
    key.bytes[i] = static_cast<uint8_t>(prefix >> (56 - 8 * i));
    key.bytes[24 + i] = static_cast<uint8_t>(rest >> (56 - 8 * i));
  }
  return key;
}

constexpr uint64_t kPartitionStart = uint64_t{kPartition} << 58;

// Rows of all kinds, in order: single ones, keys with a long history, and keys that
// share their first 8 bytes.
std::vector<EventRow> RandomRows(std::mt19937_64* random, size_t count) {
  std::set<EventRow> rows;
  while (rows.size() < count) {
    const uint64_t prefix = kPartitionStart | (*random)() >> 6;
    const size_t left = count - rows.size();
    const uint64_t position = (*random)() % (kM - 1000);
    switch ((*random)() % 8) {
      case 0:  // one key, many events
        for (size_t i = 0; i < std::min<size_t>(left, (*random)() % 400); ++i) {
          rows.insert({KeyOfPrefix(prefix, 0), EventWord(position + i, i % 2 == 0)});
        }
        break;
      case 1:  // many keys, one prefix
        for (size_t i = 0; i < std::min<size_t>(left, (*random)() % 400); ++i) {
          rows.insert(
              {KeyOfPrefix(prefix, (*random)()), EventWord(position + i, true)});
        }
        break;
      default:
        for (size_t i = 0; i < std::min<size_t>(left, 50); ++i) {
          rows.insert({KeyOfPrefix(kPartitionStart | (*random)() >> 6, (*random)()),
                       EventWord((*random)() % kM, true)});
        }
    }
  }
  return {rows.begin(), rows.end()};
}

absl::Status WriteRun(const std::string& path, std::span<const EventRow> rows) {
  auto writer = RunWriter::Create(path, TestIdentity(), kPartition, kM);
  if (!writer.ok()) return writer.status();
  for (const EventRow& row : rows) {
    if (absl::Status added = writer->Add(row.key, row.word); !added.ok()) return added;
  }
  return writer->Finish();
}

std::unique_ptr<RunFile> OpenRun(const std::string& path) {
  auto run = RunFile::Open(path, TestIdentity(), kPartition);
  EXPECT_OK(run);
  return *std::move(run);
}

class RunFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<RunFile> Make(std::span<const EventRow> rows) {
    const std::string path = dir_.path() + "/" + std::to_string(next_++) + ".run";
    EXPECT_OK(WriteRun(path, rows));
    return OpenRun(path);
  }
  TempDir dir_;
  int next_ = 0;
};

std::vector<EventRow> Walk(RunCursor* cursor) {
  std::vector<EventRow> rows;
  for (; cursor->valid(); cursor->Next()) rows.push_back(cursor->row());
  EXPECT_OK(cursor->status());
  return rows;
}

TEST_F(RunFileTest, HoldsExactlyTheRowsThatWereAddedAroundEveryPageBoundary) {
  std::mt19937_64 random(1);
  for (size_t count : {0, 1, 2, 109, 110, 111, 219, 220, 221, 1000, 28160, 28161}) {
    const std::vector<EventRow> rows = RandomRows(&random, count);
    const auto run = Make(rows);
    EXPECT_EQ(run->rows(), count);
    EXPECT_EQ(run->m(), kM);
    EXPECT_EQ(run->pages(), (count + 109) / 110);
    EXPECT_OK(run->CheckAll());
    for (auto ahead :
         {RunCursor::ReadAhead::kNone, RunCursor::ReadAhead::kSequential}) {
      RunCursor cursor(*run, ahead);
      EXPECT_FALSE(cursor.valid());
      cursor.SeekToFirst();
      EXPECT_EQ(Walk(&cursor), rows);
    }
  }
}

// Seeks of every kind land where a search of a sorted list does.
void ExpectSeeksAgree(const RunFile& run, const std::vector<EventRow>& rows,
                      std::span<const Hash> targets) {
  RunCursor going(run);  // used again and again
  for (const Hash& target : targets) {
    const auto by_key = std::lower_bound(
        rows.begin(), rows.end(), target,
        [](const EventRow& row, const Hash& key) { return row.key < key; });
    const uint64_t prefix = ReadU64(target);
    const auto by_prefix = std::lower_bound(
        rows.begin(), rows.end(), prefix,
        [](const EventRow& row, uint64_t wanted) { return ReadU64(row.key) < wanted; });
    const auto expect_at = [&](RunCursor& cursor, auto expected) {
      ASSERT_OK(cursor.status());
      ASSERT_EQ(cursor.valid(), expected != rows.end());
      for (int i = 0; i < 3 && cursor.valid(); ++i, ++expected, cursor.Next()) {
        ASSERT_EQ(cursor.row(), *expected);
        ASSERT_EQ(cursor.prefix(), ReadU64(expected->key));
      }
    };
    going.Seek(target);
    expect_at(going, by_key);
    going.SeekPrefix(prefix);
    expect_at(going, by_prefix);
    RunCursor fresh(run);
    fresh.Seek(target);
    expect_at(fresh, by_key);
    RunCursor other(run);
    other.SeekPrefix(prefix);
    expect_at(other, by_prefix);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

std::vector<Hash> Targets(std::mt19937_64* random, const std::vector<EventRow>& rows) {
  std::vector<Hash> targets = {Hash{}, KeyOfPrefix(~uint64_t{0}, ~uint64_t{0})};
  for (int i = 0; i < 200; ++i) {
    targets.push_back(KeyOfPrefix(kPartitionStart | (*random)() >> 6, (*random)()));
    if (rows.empty()) continue;
    Hash key = rows[(*random)() % rows.size()].key;
    targets.push_back(key);
    key.bytes[31] += 1;
    targets.push_back(key);
    key.bytes[31] -= 2;
    targets.push_back(key);
  }
  return targets;
}

TEST_F(RunFileTest, SeeksAnywhereAgreeWithASortedList) {
  std::mt19937_64 random(2);
  for (size_t count : {0, 1, 110, 111, 500, 5000, 40000}) {
    const std::vector<EventRow> rows = RandomRows(&random, count);
    const auto run = Make(rows);
    std::vector<Hash> targets = Targets(&random, rows);
    ExpectSeeksAgree(*run, rows, targets);
    std::sort(targets.begin(), targets.end());  // forward, as a batch seeks
    ExpectSeeksAgree(*run, rows, targets);
  }
}

TEST_F(RunFileTest, KeysThatAllShareTheirFirst8BytesAreFound) {
  std::mt19937_64 random(3);
  std::set<EventRow> chosen;
  while (chosen.size() < 2000) {
    chosen.insert({KeyOfPrefix(kPartitionStart + 77, random() % 100'000),
                   EventWord(random() % kM, true)});
  }
  std::vector<EventRow> rows(chosen.begin(), chosen.end());
  ExpectSeeksAgree(*Make(rows), rows, Targets(&random, rows));
  // The same with others around them.
  const std::vector<EventRow> others = RandomRows(&random, 3000);
  chosen.insert(others.begin(), others.end());
  rows.assign(chosen.begin(), chosen.end());
  ExpectSeeksAgree(*Make(rows), rows, Targets(&random, rows));
}

TEST_F(RunFileTest, OneKeyWithAHistoryOfManyPagesIsFoundAtItsOldestEvent) {
  std::vector<EventRow> rows;
  for (uint64_t key = 1; key <= 3; ++key) {
    for (uint64_t i = 0; i < 700; ++i) {
      rows.push_back({KeyOfPrefix(kPartitionStart + 9, key), EventWord(i, i % 2 == 0)});
    }
  }
  std::mt19937_64 random(4);
  ExpectSeeksAgree(*Make(rows), rows, Targets(&random, rows));
}

TEST_F(RunFileTest, UnevenlySpreadKeysAreFound) {
  std::mt19937_64 random(5);
  std::set<EventRow> uneven;
  while (uneven.size() < 20000) {
    // The same number of keys below each power of two.
    const uint64_t prefix = kPartitionStart + (random() >> (7 + random() % 57));
    uneven.insert({KeyOfPrefix(prefix, random()), EventWord(random() % kM, true)});
  }
  const std::vector<EventRow> rows(uneven.begin(), uneven.end());
  ExpectSeeksAgree(*Make(rows), rows, Targets(&random, rows));
}

// A guess by how far the key is would be at row 10^18.
TEST_F(RunFileTest, FarBehindRowsThatStandCloseTogetherThereAreNone) {
  const std::vector<EventRow> rows = {
      {KeyOfPrefix(kPartitionStart, 1), EventWord(1, true)},
      {KeyOfPrefix(kPartitionStart + 1, 1), EventWord(2, true)}};
  const auto run = Make(rows);
  RunCursor cursor(*run);
  cursor.SeekPrefix(~uint64_t{0});
  EXPECT_FALSE(cursor.valid());
  cursor.Seek(KeyOfPrefix(~uint64_t{0}, 0));
  EXPECT_FALSE(cursor.valid());
  EXPECT_OK(cursor.status());
}

TEST_F(RunFileTest, TheLargestPositionAndKeySurvive) {
  const std::string path = dir_.path() + "/large.run";
  IndexIdentity whole = TestIdentity();
  whole.partition_bits = 0;
  auto writer = RunWriter::Create(path, whole, 0, kMaxPositions);
  ASSERT_OK(writer);
  const Hash last = KeyOfPrefix(~uint64_t{0}, ~uint64_t{0});
  ASSERT_OK(writer->Add(Hash{}, EventWord(0, false)));
  ASSERT_OK(writer->Add(last, EventWord(kMaxPositions - 1, true)));
  ASSERT_OK(writer->Finish());
  auto run = RunFile::Open(path, whole, 0);
  ASSERT_OK(run);
  RunCursor cursor(**run);
  cursor.Seek(last);
  ASSERT_TRUE(cursor.valid());
  EXPECT_EQ(cursor.row(), (EventRow{last, EventWord(kMaxPositions - 1, true)}));
}

TEST_F(RunFileTest, RowsOutOfOrderOrRangeAreRefusedAndTheFileIsGone) {
  const Hash key = KeyOfPrefix(kPartitionStart + 5, 5);
  const Hash smaller = KeyOfPrefix(kPartitionStart + 5, 4);
  const Hash stranger = KeyOfPrefix(kPartitionStart << 1, 0);
  const std::string path = dir_.path() + "/refused.run";
  const auto second = [&](const Hash& other, uint64_t word) {
    auto writer = RunWriter::Create(path, TestIdentity(), kPartition, kM);
    EXPECT_OK(writer);
    EXPECT_OK(writer->Add(key, EventWord(100, true)));
    return writer->Add(other, word);
  };
  EXPECT_OK(second(key, EventWord(101, false)));
  EXPECT_STATUS(second(key, EventWord(100, true)), absl::StatusCode::kInvalidArgument,
                "not after");
  // One position cannot be an add and a remove.
  EXPECT_STATUS(second(key, EventWord(100, false)), absl::StatusCode::kInvalidArgument,
                "not after");
  EXPECT_STATUS(second(smaller, EventWord(101, true)),
                absl::StatusCode::kInvalidArgument, "not after");
  EXPECT_STATUS(second(key, EventWord(kM, true)), absl::StatusCode::kInvalidArgument,
                "does not reach");
  EXPECT_STATUS(second(stranger, EventWord(101, true)),
                absl::StatusCode::kInvalidArgument, "another partition");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(RunFileTest, ANameIsNotUsedTwice) {
  const auto run = Make({});
  EXPECT_STATUS(RunWriter::Create(run->path(), TestIdentity(), kPartition, kM),
                absl::StatusCode::kAlreadyExists, run->path());
  EXPECT_TRUE(std::filesystem::exists(run->path()));
}

TEST_F(RunFileTest, FilesOfOthersAreRefused) {
  const auto run = Make({});
  const std::string& path = run->path();
  EXPECT_STATUS(RunFile::Open(path, TestIdentity(), kPartition + 1),
                absl::StatusCode::kDataLoss, "another partition");
  IndexIdentity other = TestIdentity();
  ++other.log;
  EXPECT_STATUS(RunFile::Open(path, other, kPartition), absl::StatusCode::kDataLoss,
                "another log");
  other = TestIdentity();
  other.store[15] ^= 1;
  EXPECT_STATUS(RunFile::Open(path, other, kPartition), absl::StatusCode::kDataLoss,
                "another log or store");
  other = TestIdentity();
  --other.partition_bits;
  EXPECT_STATUS(RunFile::Open(path, other, kPartition), absl::StatusCode::kDataLoss,
                "another partition");
  EXPECT_STATUS(RunFile::Open(dir_.path() + "/none.run", other, kPartition),
                absl::StatusCode::kNotFound, "none.run");
  EXPECT_STATUS(RunFile::Open(dir_.path(), other, kPartition),
                absl::StatusCode::kUnavailable, dir_.path());
}

// OK iff the file opens and every row can be read.
absl::Status ReadAll(const std::string& path, std::span<const EventRow> expected) {
  auto run = RunFile::Open(path, TestIdentity(), kPartition);
  if (!run.ok()) return run.status();
  const absl::Status whole = (*run)->CheckAll();
  RunCursor cursor(**run);
  cursor.SeekToFirst();
  std::vector<EventRow> rows;
  for (; cursor.valid(); cursor.Next()) rows.push_back(cursor.row());
  // Whatever a cursor gives before it stops is what was written.
  EXPECT_TRUE(std::equal(rows.begin(), rows.end(), expected.begin()));
  EXPECT_EQ(whole.ok(), cursor.status().ok());
  EXPECT_EQ(cursor.status().ok(), rows.size() == expected.size());
  return cursor.status();
}

TEST_F(RunFileTest, EveryFlippedByteIsRefusedOrNoticedWhenRead) {
  std::mt19937_64 random(6);
  const std::vector<EventRow> rows = RandomRows(&random, 112);
  const auto run = Make(rows);
  const std::string path = dir_.path() + "/flipped.run";
  std::filesystem::copy(run->path(), path);
  for (size_t i = 0; i < run->file_bytes(); ++i) {
    SCOPED_TRACE(i);
    FlipBit(path, i, i % 8);
    EXPECT_STATUS(ReadAll(path, rows), absl::StatusCode::kDataLoss, path);
    FlipBit(path, i, i % 8);
  }
  EXPECT_OK(ReadAll(path, rows));
}

TEST_F(RunFileTest, EveryTruncationAndAnyTailIsRefused) {
  std::mt19937_64 random(7);
  const auto run = Make(RandomRows(&random, 112));
  const std::string content = ReadFile(run->path());
  const std::string path = dir_.path() + "/cut.run";
  const auto expect_refused = [&] {
    EXPECT_STATUS(RunFile::Open(path, TestIdentity(), kPartition),
                  absl::StatusCode::kDataLoss, path);
  };
  WriteFile(path, content + '\0');
  expect_refused();
  WriteFile(path, content.substr(0, 8192) + content);
  expect_refused();
  WriteFile(path, content);
  for (size_t size = content.size(); size-- > 0;) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(path, size);
    expect_refused();
  }
}

// A file whose checksums are right and whose content is not what a writer makes.
TEST_F(RunFileTest, PagesThatNoWriterMakesAreRefusedWithRightChecksums) {
  std::mt19937_64 random(13);
  const std::vector<EventRow> rows = RandomRows(&random, 115);
  const auto run = Make(rows);
  const std::string content = ReadFile(run->path());
  const std::string path = dir_.path() + "/forged.run";
  const auto forge = [&](size_t page, auto change) {
    std::string forged = content;
    char* const bytes = forged.data() + page * kRunPageBytes;
    change(reinterpret_cast<uint8_t*>(bytes));
    std::string checksum;
    AppendU64(&checksum, ChecksumAt(page, AsBytes({bytes, kRunPageChecksum})));
    checksum.copy(bytes + kRunPageChecksum, 8);
    WriteFile(path, forged);
    return OpenRun(path)->CheckAll();
  };
  const auto expect_refused = [&](const absl::Status& status, std::string_view why) {
    EXPECT_STATUS(status, absl::StatusCode::kDataLoss, std::string(why));
  };
  EXPECT_OK(forge(0, [](uint8_t*) {}));
  EXPECT_OK(forge(1, [](uint8_t*) {}));
  expect_refused(forge(0, [](uint8_t* page) { --page[kRunPageCount + 1]; }), "number");
  expect_refused(forge(1, [](uint8_t* page) { ++page[kRunPageCount + 1]; }), "number");
  expect_refused(forge(1, [](uint8_t* page) { page[5 * 32] = 1; }), "beyond the rows");
  expect_refused(forge(1, [](uint8_t* page) { page[kRunPageWords + 25] = 1; }),
                 "beyond the rows");
  expect_refused(forge(1, [](uint8_t* page) { page[kRunPageCount + 2] = 1; }),
                 "beyond the rows");
  expect_refused(
      forge(0, [](uint8_t* page) { std::swap_ranges(page, page + 32, page + 32); }),
      "order of page 0");
  expect_refused(forge(0, [](uint8_t* page) { page[0] ^= 0x80; }), "a row");
  expect_refused(forge(0, [](uint8_t* page) { page[kRunPageWords] = 0xff; }), "a row");
  expect_refused(forge(0,
                       [](uint8_t* page) {
                         std::copy(page + 32, page + 64, page);
                         page[31] -= 1;
                       }),
                 "the place of page 0");
}

TEST_F(RunFileTest, SwappedPagesAreNoticed) {
  std::mt19937_64 random(8);
  const auto run = Make(RandomRows(&random, 440));
  std::string content = ReadFile(run->path());
  std::swap_ranges(content.begin(), content.begin() + 4096, content.begin() + 4096);
  const std::string path = dir_.path() + "/swapped.run";
  WriteFile(path, content);
  const auto swapped = OpenRun(path);
  RunCursor cursor(*swapped);
  cursor.SeekToFirst();
  EXPECT_FALSE(cursor.valid());
  EXPECT_STATUS(cursor.status(), absl::StatusCode::kDataLoss, "page 0");
  EXPECT_STATUS(swapped->CheckAll(), absl::StatusCode::kDataLoss, "page 0");
}

TEST_F(RunFileTest, ABadPageStopsACursorAndTheOthersStayReadable) {
  std::mt19937_64 random(9);
  const std::vector<EventRow> rows = RandomRows(&random, 550);
  const auto run = Make(rows);
  std::string content = ReadFile(run->path());
  content[2 * 4096 + 17] ^= 4;
  const std::string path = dir_.path() + "/bad.run";
  WriteFile(path, content);
  const auto bad = OpenRun(path);
  RunCursor cursor(*bad);
  cursor.SeekToFirst();
  for (size_t i = 0; i < 220; ++i, cursor.Next()) ASSERT_EQ(cursor.row(), rows[i]);
  EXPECT_FALSE(cursor.valid());
  EXPECT_STATUS(cursor.status(), absl::StatusCode::kDataLoss, "page 2");
  cursor.Seek(rows[270].key);
  EXPECT_FALSE(cursor.valid());
  EXPECT_STATUS(cursor.status(), absl::StatusCode::kDataLoss, path);
  cursor.Seek(rows[540].key);
  EXPECT_TRUE(cursor.valid());
  EXPECT_OK(cursor.status());
}

TEST_F(RunFileTest, AdvisingAnyPrefixesIsHarmless) {
  std::mt19937_64 random(10);
  for (size_t count : {0, 1, 5000}) {
    const auto run = Make(RandomRows(&random, count));
    std::vector<uint64_t> prefixes = {0, kPartitionStart, ~uint64_t{0}};
    for (int i = 0; i < 100; ++i) prefixes.push_back(kPartitionStart | random() >> 6);
    std::sort(prefixes.begin(), prefixes.end());
    run->WillNeed(prefixes);
    run->WillNeed({});
    run->WillNeed(0, ~uint64_t{0});
    run->WillNeed(prefixes[20], prefixes[30]);
    EXPECT_OK(run->CheckAll());
  }
}

TEST_F(RunFileTest, AWriteThatFailsNamesTheFileAndLeavesNone) {
  std::mt19937_64 random(11);
  const std::vector<EventRow> rows = RandomRows(&random, 40000);
  const std::string path = dir_.path() + "/full.run";
  for (rlim_t limit : {1, 500'000, 1'400'000, 1'490'000}) {
    const FileSizeLimit full(limit);
    EXPECT_STATUS(WriteRun(path, rows), absl::StatusCode::kUnavailable, path);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_OK(WriteRun(path, rows));
  EXPECT_STATUS(WriteRun(dir_.path() + "/none/x.run", rows),
                absl::StatusCode::kNotFound, "none/x.run");
}

TEST_F(RunFileTest, AFileRemovedWhileOpenCanStillBeRead) {
  std::mt19937_64 random(12);
  const std::vector<EventRow> rows = RandomRows(&random, 5000);
  const auto run = Make(rows);
  std::filesystem::remove(run->path());
  RunCursor cursor(*run);
  cursor.SeekToFirst();
  EXPECT_EQ(Walk(&cursor), rows);
}

}  // namespace
}  // namespace setlog
