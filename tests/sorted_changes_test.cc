#include "index/sorted_changes.h"

#include <algorithm>
#include <random>

#include "index/file_tag.h"
#include "port/parallel.h"
#include "testing.h"

namespace setlog {
namespace {

enum class Keys { kSpread, kCrowded, kFew };

std::vector<SetChange> Changes(std::mt19937_64* random, size_t count, Keys keys) {
  std::vector<SetChange> changes;
  for (size_t i = 0; i < count; ++i) {
    Hash key;
    for (uint8_t& byte : key.bytes) byte = static_cast<uint8_t>((*random)());
    // Chosen keys: all in one partition, most of them with the same first bytes.
    if (keys == Keys::kCrowded) {
      std::fill(key.bytes.begin(), key.bytes.begin() + 10, uint8_t{9});
      if (i % 3 == 0) key.bytes[7] = static_cast<uint8_t>((*random)());
    }
    // The same keys again and again, as values that are added and removed have them.
    if (keys == Keys::kFew) {
      std::fill(key.bytes.begin() + 1, key.bytes.end(), uint8_t{0});
    }
    changes.push_back({key, 1000 + 3 * i, (*random)() % 2 == 0});
  }
  return changes;
}

TEST(SortedChangesTest, EveryPartitionHasItsChangesByKeyAndThenByPosition) {
  Parallel parallel(2);
  std::mt19937_64 random(1);
  RowRoom room;  // used again, also for fewer
  for (const Keys keys : {Keys::kSpread, Keys::kCrowded, Keys::kFew}) {
    for (const unsigned bits : {0u, 6u}) {
      for (const size_t count : {0, 1, 2, 32, 33, 1000, 70000}) {
        const std::vector<SetChange> changes = Changes(&random, count, keys);
        std::vector<EventRow> model;
        for (const SetChange& change : changes) {
          model.push_back({change.key, EventWord(change.position, change.add)});
        }
        std::sort(model.begin(), model.end());
        const SortedChanges sorted(changes, bits, &room, std::ref(parallel));
        std::vector<EventRow> found;
        for (size_t p = 0; p < size_t{1} << bits; ++p) {
          for (const EventRow& row : sorted.part(p)) {
            ASSERT_EQ(PartitionOf(row.key, bits), p);
            found.push_back(row);
          }
        }
        ASSERT_EQ(found, model) << count << " of " << bits << " bits";
      }
    }
  }
}

}  // namespace
}  // namespace setlog
