// A set in parts against the slow one, and the list of records beside it.
#include "tools/local_set.h"

#include <algorithm>

#include "log/set_tree.h"
#include "log/sha256.h"
#include "testing.h"
#include "tools/record_list.h"

namespace setlog {
namespace {

Hash HashOf(uint64_t n) { return Sha256(AsBytes(std::to_string(n))); }

std::vector<Hash> Values(uint64_t count) {
  std::vector<Hash> values;
  for (uint64_t i = 0; i < count; ++i) values.push_back(HashOf(i));
  return values;
}

TEST(LocalSetTest, ItsRootIsTheSetRootAtEverySize) {
  for (const uint64_t count : {0, 1, 2, 3, 100, 5000}) {
    LocalSet set;
    const std::vector<Hash> values = Values(count);
    ASSERT_OK(set.Add(values));
    const auto summary = set.Summarize();
    ASSERT_OK(summary);
    EXPECT_EQ(summary->distinct, count);
    EXPECT_EQ(summary->root, SetRootOfValues(values)) << count;
  }
}

TEST(LocalSetTest, WhatComesTwiceOrInAnotherOrderIsTheSameSet) {
  std::vector<Hash> values = Values(900);
  const Hash root = SetRootOfValues(values);
  LocalSet set;
  std::ranges::reverse(values);
  for (const Hash& value : values) ASSERT_OK(set.Add({&value, 1}));
  ASSERT_OK(set.Add(std::span(values).first(100)));
  const auto summary = set.Summarize();
  ASSERT_OK(summary);
  EXPECT_EQ(summary->distinct, 900u);
  EXPECT_EQ(summary->root, root);
}

TEST(LocalSetTest, ItIsReadByRisingKeysEachOnce) {
  LocalSet set;
  const std::vector<Hash> values = Values(3000);
  ASSERT_OK(set.Add(values));
  ASSERT_OK(set.Add(values));
  std::vector<Hash> read;
  ASSERT_OK(set.Read([&](std::span<const Hash> piece) {
    read.insert(read.end(), piece.begin(), piece.end());
    return absl::OkStatus();
  }));
  std::vector<Hash> keys = SetKeys(read);
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  std::ranges::sort(read);
  std::vector<Hash> wanted = values;
  std::ranges::sort(wanted);
  EXPECT_EQ(read, wanted);
  EXPECT_STATUS(
      set.Read([](std::span<const Hash>) { return absl::AbortedError("stop"); }),
      absl::StatusCode::kAborted, "stop");
}

// More than the parts keep in memory.
TEST(LocalSetTest, WhatIsInFilesIsTheSameSet) {
  constexpr uint64_t kMany = 1'200'000;
  LocalSet set;
  const std::vector<Hash> values = Values(kMany);
  for (size_t i = 0; i < values.size(); i += 4096) {
    ASSERT_OK(set.Add(
        std::span(values).subspan(i, std::min<size_t>(4096, values.size() - i))));
  }
  const auto summary = set.Summarize();
  ASSERT_OK(summary);
  EXPECT_EQ(summary->distinct, kMany);
  EXPECT_EQ(summary->root, SetRootOfValues(values));
}

TEST(RecordListTest, GivesBackWhatItGotInOrderAsOftenAsAsked) {
  absl::StatusOr<RecordList> list = RecordList::Create();
  ASSERT_OK(list);
  std::vector<ListedRecord> records = {{HashOf(1), HashOf(2), "a.csv:7"},
                                       {HashOf(3), HashOf(3), ""},
                                       {HashOf(4), HashOf(5), std::string(70000, 'x')},
                                       {HashOf(6), HashOf(6), std::string("\0\n", 2)}};
  for (const ListedRecord& record : records) ASSERT_OK(list->Append(record));
  EXPECT_EQ(list->size(), records.size());
  for (int turn = 0; turn < 2; ++turn) {
    size_t next = 0;
    ASSERT_OK(list->Read([&](const ListedRecord& record) {
      EXPECT_EQ(record.record, records[next].record);
      EXPECT_EQ(record.value, records[next].value);
      EXPECT_EQ(record.name, records[next].name);
      ++next;
      return absl::OkStatus();
    }));
    EXPECT_EQ(next, records.size());
  }
}

}  // namespace
}  // namespace setlog
