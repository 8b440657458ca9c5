#include "log/set_index.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "log/sha256.h"
#include "port/parallel.h"
#include "testing.h"

namespace setlog {
namespace {

Hash Record(uint64_t i) { return Sha256(AsBytes("record-" + std::to_string(i))); }

// A log of adds and removes with the slow model beside it: the set as std::set.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {}

  // One more entry: mostly adds, some of them duplicates, some removes of members,
  // of strangers, and re-additions.
  void Step(uint64_t universe, unsigned adds_of_four = 3) {
    const uint64_t id = random_() % universe;
    const bool add = random_() % 4 < adds_of_four;
    entries_.push_back({id, add});
    changes_.push_back({SetKey(Record(id)), entries_.size() - 1, add});
  }
  std::set<uint64_t> Members() const {
    std::set<uint64_t> members;
    for (const auto& [id, add] : entries_) {
      add ? (void)members.insert(id) : (void)members.erase(id);
    }
    return members;
  }
  Hash Root() const {
    std::vector<Hash> values;
    for (uint64_t id : Members()) values.push_back(Record(id));
    return SetRootOfValues(values);
  }
  bool AddedAt(uint64_t position) const { return entries_.at(position).second; }
  Hash ValueAt(uint64_t position) const { return Record(entries_.at(position).first); }
  std::span<const SetChange> Changes(uint64_t begin) const {
    return std::span(changes_).subspan(begin);
  }
  uint64_t size() const { return entries_.size(); }
  uint64_t Random() { return random_(); }

 private:
  std::mt19937_64 random_;
  std::vector<std::pair<uint64_t, bool>> entries_;
  std::vector<SetChange> changes_;
};

std::string Rows(const SetIndex& index) {
  return index.EncodeRows(0, index.page_count());
}

void ExpectRightAnswers(const SetIndex& index, const Model& model, uint64_t universe) {
  const std::set<uint64_t> members = model.Members();
  const Hash root = model.Root();
  ASSERT_EQ(index.m(), model.size());
  ASSERT_EQ(index.root(), root);
  ASSERT_EQ(index.n(), members.size());
  std::vector<Hash> queries;
  for (uint64_t id = 0; id < universe + 5; ++id) queries.push_back(Record(id));
  for (uint64_t id = 0; id < queries.size(); ++id) {
    auto answer = index.Lookup(SetKey(queries[id]));
    ASSERT_OK(answer);
    ASSERT_EQ(answer->present, members.contains(id)) << id << " at " << index.m();
    if (index.n() > 0) {
      ASSERT_TRUE(model.AddedAt(answer->terminal_position));
      answer->proof.terminal = model.ValueAt(answer->terminal_position);
    }
    const auto verified = VerifyLookup(root, queries[id], answer->proof);
    ASSERT_OK(verified);
    ASSERT_EQ(*verified, members.contains(id));
  }
  std::vector<Hash> keys = SetKeys(queries);
  std::sort(keys.begin(), keys.end());
  auto batch = index.BatchLookup(keys);
  ASSERT_OK(batch);
  for (const SetBatchAnswer::Leaf& leaf : batch->leaves) {
    batch->proof.replace(leaf.offset, Hash::kSize,
                         AsText(model.ValueAt(leaf.position)));
  }
  const auto present = VerifyBatch(root, index.n(), queries, AsBytes(batch->proof));
  ASSERT_OK(present);
  for (uint64_t id = 0; id < queries.size(); ++id) {
    ASSERT_EQ((*present)[id], members.contains(id));
  }
}

TEST(SetIndexTest, AnswersRightlyAtEveryVersionThatItComesTo) {
  for (uint64_t universe : {1, 3, 40, 600}) {
    Model model(universe);
    SetIndex index;
    ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(index, model, universe));
    for (int round = 0; round < 14; ++round) {
      const uint64_t begin = model.size();
      const uint64_t steps = model.Random() % (universe / 2 + 2);
      const unsigned adds_of_four = 1 + model.Random() % 3;
      for (uint64_t i = 0; i < steps; ++i) model.Step(universe, adds_of_four);
      index.Apply(model.Changes(begin), model.size());
      ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(index, model, universe));
    }
  }
}

TEST(SetIndexTest, AnyBatchingLeadsToTheSameRoot) {
  Model model(7);
  for (int i = 0; i < 5000; ++i) model.Step(3000);
  const Hash root = model.Root();
  for (uint64_t batch : {1, 7, 300, 1023, 1024, 4999, 5000}) {
    SetIndex index;
    for (uint64_t begin = 0; begin < 5000; begin += batch) {
      const uint64_t end = std::min<uint64_t>(5000, begin + batch);
      index.Apply(model.Changes(begin).first(end - begin), end);
    }
    EXPECT_EQ(index.root(), root) << "batches of " << batch;
    EXPECT_EQ(index.n(), model.Members().size());
  }
}

// Growing, shrinking to nearly nothing, and growing again, in parts and not.
TEST(SetIndexTest, PartsOnSeveralThreadsLeadToTheSameRoot) {
  Parallel threads(3);
  const ParallelFor parallel = std::ref(threads);
  Model model(77);
  SetIndex index;
  for (int round = 0; round < 12; ++round) {
    const uint64_t begin = model.size();
    const uint64_t steps = round % 3 == 1 ? 300 : 6000;
    const unsigned adds_of_four = round / 4 % 2 == 0 ? 3 : 0;
    for (uint64_t i = 0; i < steps; ++i) model.Step(9000, adds_of_four);
    index.Apply(model.Changes(begin), model.size(), parallel);
    ASSERT_EQ(index.root(), model.Root());
    ASSERT_EQ(index.n(), model.Members().size());
  }
}

TEST(SetIndexTest, ABatchTakenBackLeavesNothing) {
  Parallel threads(2);
  Model model(5);
  SetIndex index;
  for (int round = 0; round < 12; ++round) {
    const Hash root = index.root();
    const std::string rows = Rows(index);
    const uint64_t m = index.m(), n = index.n();
    const uint64_t begin = model.size();
    const uint64_t steps = round % 2 == 0 ? 200 : 5000;
    for (uint64_t i = 0; i < steps; ++i) {
      model.Step(4000, round % 4 < 2 ? 3 : 1);
    }
    const auto undo =
        index.Apply(model.Changes(begin), model.size(), std::ref(threads));
    ASSERT_EQ(index.root(), model.Root());
    index.Revert(undo, std::ref(threads));
    ASSERT_EQ(index.root(), root);
    ASSERT_EQ(index.m(), m);
    ASSERT_EQ(index.n(), n);
    ASSERT_EQ(Rows(index), rows);
    index.Apply(model.Changes(begin), model.size());
    ASSERT_EQ(index.root(), model.Root());
  }
}

// An owner can choose values whose keys share their first 64 bits no better than by
// 2^64 hashes, but an index takes any keys.
TEST(SetIndexTest, KeysThatBeginAlikeKeepTheirOrder) {
  std::vector<SetChange> changes;
  std::set<Hash> keys;
  std::mt19937_64 random(3);
  SetIndex index;
  for (uint64_t batch = 0; batch < 4; ++batch) {
    changes.clear();
    for (uint64_t i = 0; i < 3000; ++i) {
      Hash key;  // 64 equal bits, then few that differ
      key.bytes[8 + i % 24] = static_cast<uint8_t>(random());
      key.bytes[31] = static_cast<uint8_t>(random());
      const bool add = i % 5 != 4;
      changes.push_back({key, 3000 * batch + i, add});
      add ? (void)keys.insert(key) : (void)keys.erase(key);
    }
    index.Apply(changes, 3000 * (batch + 1));
    EXPECT_EQ(index.n(), keys.size());
    const std::vector<Hash> sorted(keys.begin(), keys.end());
    EXPECT_EQ(index.root(), SetRoot(sorted.size(), SortedTop(sorted)));
  }
}

TEST(SetForestTest, EveryTopIsThatOfTheDefinition) {
  // node(d, L, R) by recursion, as the definition reads.
  const std::function<Hash(std::span<const Hash>)> top =
      [&](std::span<const Hash> keys) {
        if (keys.size() == 1) return keys[0];
        const unsigned bit = FirstDifferentBit(keys.front(), keys.back());
        const auto middle =
            std::partition_point(keys.begin(), keys.end(),
                                 [bit](const Hash& key) { return !KeyBit(key, bit); });
        const std::span<const Hash> left(keys.begin(), middle),
            right(middle, keys.end());
        return SetNode(static_cast<uint8_t>(bit), top(left), top(right));
      };
  for (size_t count = 1; count < 40000; count = count * 3 / 2 + 1) {
    std::vector<Hash> keys;
    for (size_t i = 0; i < count; ++i) keys.push_back(Record(i));
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(SortedTop(keys), top(keys)) << count;
    const std::vector<size_t> ends = {(count + 2) / 3, count};
    if (count < 3) continue;
    const SetForest forest(keys, ends);
    const std::span<const Hash> all = keys;
    EXPECT_EQ(forest.hash(forest.root(0)), top(all.first(ends[0])));
    EXPECT_EQ(forest.hash(forest.root(1)), top(all.subspan(ends[0])));
  }
}

TEST(SetIndexTest, AThousandMoreTouchTheirBucketsAndNoOthers) {
  SetIndex index;
  Model model(1);
  for (int i = 0; i < 200000; ++i) model.Step(1u << 30);
  index.Apply(model.Changes(0), 200000);
  const uint64_t before = index.buckets_written();
  for (int i = 0; i < 1000; ++i) model.Step(1u << 30);
  index.Apply(model.Changes(200000), 201000);
  EXPECT_GT(index.buckets_written(), before);
  EXPECT_LE(index.buckets_written() - before, 1000u);
  EXPECT_EQ(index.root(), model.Root());
}

absl::StatusOr<SetIndex> Load(const SetIndex& as, std::string_view rows, size_t piece) {
  SetIndex::Loader loader(as.n());
  for (size_t i = 0; i < rows.size(); i += piece) {
    if (absl::Status s = loader.Add(AsBytes(rows.substr(i, piece))); !s.ok()) return s;
  }
  return std::move(loader).Finish(as.m(), as.root());
}

TEST(SetIndexTest, ItsRowsMakeTheSameIndexAndOthersNone) {
  for (int steps : {0, 1, 30, 20000}) {
    Model model(3);
    SetIndex index;
    for (int i = 0; i < steps; ++i) model.Step(9000);
    index.Apply(model.Changes(0), model.size());
    const std::string rows = Rows(index);
    EXPECT_EQ(rows.size(), SetIndex::kRowBytes * index.n());
    std::string parts;
    for (size_t page = 0; page < index.page_count(); page += 3) {
      parts += index.EncodeRows(page, std::min(page + 3, index.page_count()));
    }
    EXPECT_EQ(parts, rows);
    auto loaded = Load(index, rows, 7 * SetIndex::kRowBytes);
    ASSERT_OK(loaded);
    ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(*loaded, model, 200));
    EXPECT_EQ(Rows(*loaded), rows);
    const uint64_t begin = model.size();
    for (int i = 0; i < 500; ++i) model.Step(9000);
    loaded->Apply(model.Changes(begin), model.size());
    EXPECT_EQ(loaded->root(), model.Root());

    for (size_t i = 0; i < rows.size(); i += 1 + rows.size() / 40) {
      std::string damaged = rows;
      damaged[i] ^= static_cast<char>(0x80);
      // Positions are for the digest of whoever stores the rows.
      if (i % SetIndex::kRowBytes < Hash::kSize) {
        EXPECT_STATUS(Load(index, damaged, 40000), absl::StatusCode::kDataLoss, "its");
      }
      EXPECT_STATUS(Load(index, rows.substr(0, i), 40000), absl::StatusCode::kDataLoss,
                    "its");
    }
    if (index.n() == 0) continue;
    EXPECT_STATUS(Load(index, rows + rows.substr(0, SetIndex::kRowBytes), 40000),
                  absl::StatusCode::kDataLoss, "out of order");
  }
}

}  // namespace
}  // namespace setlog
