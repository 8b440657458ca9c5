#include "index/recent_rows.h"

#include <algorithm>
#include <random>
#include <set>

#include "testing.h"

namespace setlog {
namespace {

EventRow RowOf(std::mt19937_64* random, unsigned partition_bits, bool crowded,
               uint64_t position) {
  EventRow row;
  for (uint8_t& byte : row.key.bytes) byte = static_cast<uint8_t>((*random)());
  // Chosen keys: thousands with the same first bytes.
  if (crowded) std::fill(row.key.bytes.begin(), row.key.bytes.begin() + 12, uint8_t{1});
  if (partition_bits > 0) row.key.bytes[0] = 0xa0 | (row.key.bytes[0] & 3);
  row.word = EventWord(position, (*random)() % 2 == 0);
  return row;
}

TEST(RecentRowsTest, RowsComeInOrderFromAnyPrefixWhateverWasInsertedHow) {
  for (const unsigned bits : {0u, 6u}) {
    for (const bool crowded : {false, true}) {
      for (const size_t expected : {size_t{0}, size_t{5000}}) {
        std::mt19937_64 random(bits);
        RecentRows rows(bits, expected);
        std::set<EventRow> model;
        for (const size_t count : {1, 5, 900, 1, 3000, 17}) {
          std::vector<EventRow> batch;
          for (size_t i = 0; i < count; ++i) {
            batch.push_back(RowOf(&random, bits, crowded, model.size() + i));
            // The same key again, as a removed value has it.
            if (i % 10 == 3 && !model.empty()) batch.back().key = model.begin()->key;
          }
          std::sort(batch.begin(), batch.end());
          rows.Insert(batch);
          model.insert(batch.begin(), batch.end());
          ASSERT_EQ(rows.size(), model.size());
          RecentRows::Cursor cursor(rows);
          cursor.SeekToFirst();
          for (const EventRow& row : model) {
            ASSERT_TRUE(cursor.valid());
            ASSERT_EQ(cursor.row(), row);
            cursor.Next();
          }
          ASSERT_FALSE(cursor.valid());
          for (int i = 0; i < 200; ++i) {
            const EventRow target = RowOf(&random, bits, crowded, 0);
            const uint64_t prefix = ReadU64(target.key);
            const auto first = std::find_if(
                model.begin(), model.end(),
                [&](const EventRow& row) { return ReadU64(row.key) >= prefix; });
            cursor.SeekPrefix(prefix);
            ASSERT_EQ(cursor.valid(), first != model.end());
            if (cursor.valid()) {
              ASSERT_EQ(cursor.row(), *first);
            }
          }
        }
      }
    }
  }
}

TEST(RecentRowsTest, FilledInAnyOrderIsWhatInsertingInOrderMakes) {
  for (const bool crowded : {false, true}) {
    for (const uint64_t count : {0, 1, 7, 9000}) {
      std::mt19937_64 random(count);
      std::vector<EventRow> all;
      for (uint64_t i = 0; i < count; ++i) {
        all.push_back(RowOf(&random, 6, crowded, i));
        if (i % 10 == 3) all.back().key = all.front().key;
      }
      RecentRows filled(6);
      filled.Fill(all);
      std::sort(all.begin(), all.end());
      ASSERT_EQ(filled.size(), count);
      const std::span<const EventRow> rows = all;
      // And goes on like any other.
      RecentRows grown(6);
      grown.Fill(rows.first(count / 2));
      grown.Insert(rows.subspan(count / 2));
      for (const RecentRows* made : {&filled, &grown}) {
        RecentRows::Cursor cursor(*made);
        cursor.SeekPrefix(0xa0ull << 56);
        for (const EventRow& row : all) {
          ASSERT_TRUE(cursor.valid());
          ASSERT_EQ(cursor.row(), row);
          cursor.Next();
        }
        ASSERT_FALSE(cursor.valid());
      }
    }
  }
}

TEST(RecentRowsTest, ARowTakesLittleMoreThanItself) {
  std::mt19937_64 random(1);
  RecentRows rows(6);
  uint64_t position = 0;
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<EventRow> added;
    for (int i = 0; i < 1000; ++i)
      added.push_back(RowOf(&random, 6, false, position++));
    std::sort(added.begin(), added.end());
    rows.Insert(added);
  }
  EXPECT_LT(rows.memory_bytes(), 96u * 100000);
}

}  // namespace
}  // namespace setlog
