#include "index/run_merge.h"

#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>

#include "index/run_writer.h"
#include "index_testing.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr unsigned kPartition = 5;

// Few different first bytes, so that keys and their first 8 bytes meet again and again.
Hash KeyOf(std::mt19937_64* random, bool crowded) {
  Hash key;
  for (uint8_t& byte : key.bytes) byte = static_cast<uint8_t>((*random)());
  if (crowded) {
    std::fill(key.bytes.begin(), key.bytes.begin() + 8, uint8_t{0});
    std::fill(key.bytes.begin() + 9, key.bytes.end(), uint8_t{7});
    key.bytes[1] = static_cast<uint8_t>((*random)() % 3);
  }
  key.bytes[0] = kPartition << 2 | (key.bytes[0] & 3);
  return key;
}

std::vector<EventRow> RowsFrom(std::mt19937_64* random, size_t count, bool crowded,
                               uint64_t m0) {
  std::set<EventRow> rows;
  for (size_t i = 0; i < count; ++i) {
    rows.insert({KeyOf(random, crowded), EventWord(m0 + i, (*random)() % 2 == 0)});
  }
  return {rows.begin(), rows.end()};
}

TEST(RunMergeTest, AMergedRunHasTheRowsOfBothInOrder) {
  TempDir dir;
  std::mt19937_64 random(1);
  int name = 0;
  for (const bool crowded : {false, true}) {
    for (const size_t old_count : {0, 1, 109, 110, 111, 5000}) {
      for (const size_t new_count : {0, 1, 40, 5000}) {
        std::vector<EventRow> all = RowsFrom(&random, old_count, crowded, 0);
        const std::string old_path = dir.path() + "/" + std::to_string(name++);
        auto writer =
            RunWriter::Create(old_path, TestIdentity(), kPartition, old_count);
        ASSERT_OK(writer);
        for (const EventRow& row : all) ASSERT_OK(writer->Add(row.key, row.word));
        ASSERT_OK(writer->Finish());
        const auto old = RunFile::Open(old_path, TestIdentity(), kPartition);
        ASSERT_OK(old);

        const std::vector<EventRow> added =
            RowsFrom(&random, new_count, crowded, old_count);
        RecentRows frozen(6);
        frozen.Insert(added);
        all.insert(all.end(), added.begin(), added.end());
        std::sort(all.begin(), all.end());

        const uint64_t m = old_count + new_count;
        const std::string path = dir.path() + "/" + std::to_string(name++);
        auto run = MergedRun(path, TestIdentity(), kPartition, m, old->get(), frozen);
        ASSERT_OK(run);
        ASSERT_OK(run->Finish());
        const auto merged = RunFile::Open(path, TestIdentity(), kPartition);
        ASSERT_OK(merged);
        ASSERT_OK((*merged)->CheckAll());
        EXPECT_EQ((*merged)->m(), m);
        EXPECT_EQ((*merged)->rows(), all.size());
        RunCursor cursor(**merged);
        cursor.SeekToFirst();
        for (const EventRow& row : all) {
          ASSERT_TRUE(cursor.valid());
          ASSERT_EQ(cursor.row(), row);
          cursor.Next();
        }
        ASSERT_FALSE(cursor.valid());
        ASSERT_OK(cursor.status());
      }
    }
  }
}

TEST(RunMergeTest, ABadPageStopsTheMergeAndLeavesNoRun) {
  TempDir dir;
  std::mt19937_64 random(2);
  const std::vector<EventRow> rows = RowsFrom(&random, 500, false, 0);
  const std::string old_path = dir.path() + "/old";
  auto writer = RunWriter::Create(old_path, TestIdentity(), kPartition, rows.size());
  ASSERT_OK(writer);
  for (const EventRow& row : rows) ASSERT_OK(writer->Add(row.key, row.word));
  ASSERT_OK(writer->Finish());
  for (const uint64_t page : {0, 2, 4}) {
    FlipBit(old_path, page * kRunPageBytes + 100, 3);
    const auto old = RunFile::Open(old_path, TestIdentity(), kPartition);
    ASSERT_OK(old);
    RecentRows frozen(6);
    frozen.Insert(RowsFrom(&random, 20, false, rows.size()));
    const std::string path = dir.path() + "/new";
    EXPECT_STATUS(MergedRun(path, TestIdentity(), kPartition, 1000, old->get(), frozen),
                  absl::StatusCode::kDataLoss, "the checksum of page");
    EXPECT_NE(access(path.c_str(), F_OK), 0);
    FlipBit(old_path, page * kRunPageBytes + 100, 3);
  }
}

}  // namespace
}  // namespace setlog
