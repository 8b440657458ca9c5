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
  void Step(uint64_t universe) {
    const uint64_t id = random_() % universe;
    const bool add = random_() % 4 != 0;
    entries_.push_back({id, add});
    changes_.push_back({SetKey(Record(id)), entries_.size() - 1, add});
  }
  std::set<uint64_t> MembersAt(uint64_t m) const {
    std::set<uint64_t> members;
    for (uint64_t i = 0; i < m; ++i) {
      if (entries_[i].second) {
        members.insert(entries_[i].first);
      } else {
        members.erase(entries_[i].first);
      }
    }
    return members;
  }
  Hash RootAt(uint64_t m) const {
    std::vector<Hash> values;
    for (uint64_t id : MembersAt(m)) values.push_back(Record(id));
    return SetRootOfValues(values);
  }
  Hash ValueAt(uint64_t position) const { return Record(entries_[position].first); }
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

void Advance(SetIndex* index, std::span<const SetChange> changes, uint64_t m) {
  const unsigned depth = index->WantedDepth(changes.size());
  if (depth > index->top().depth) index->Publish(index->PrepareDeeper(depth));
  SetIndex::Batch batch = index->Prepare(changes, m);
  const Hash promised = batch.root();
  index->Publish(std::move(batch));
  ASSERT_EQ(index->top().root(), promised);
}

void ExpectRightAnswers(const SetIndex& index, const SetView& top, const Model& model,
                        uint64_t universe) {
  const std::set<uint64_t> members = model.MembersAt(top.m());
  const Hash root = model.RootAt(top.m());
  ASSERT_EQ(top.root(), root);
  ASSERT_EQ(top.n(), members.size());
  std::vector<Hash> queries;
  for (uint64_t id = 0; id < universe + 5; ++id) queries.push_back(Record(id));
  for (uint64_t id = 0; id < queries.size(); ++id) {
    auto answer = index.Lookup(top, SetKey(queries[id]));
    ASSERT_OK(answer);
    ASSERT_EQ(answer->present, members.contains(id)) << id << " at " << top.m();
    if (top.n() > 0) answer->proof.terminal = model.ValueAt(answer->terminal_position);
    const auto verified = VerifyLookup(root, queries[id], answer->proof);
    ASSERT_OK(verified);
    ASSERT_EQ(*verified, members.contains(id));
    ASSERT_LT(answer->terminal_position, std::max<uint64_t>(top.m(), 1));
    const std::vector<SetEvent> events = index.Events(SetKey(queries[id]), top.m());
    ASSERT_EQ(!events.empty() && events.back().add, members.contains(id));
  }
  std::vector<Hash> keys = SetKeys(queries);
  std::sort(keys.begin(), keys.end());
  auto batch = index.BatchLookup(top, keys);
  ASSERT_OK(batch);
  for (const SetBatchAnswer::Leaf& leaf : batch->leaves) {
    batch->proof.replace(leaf.offset, Hash::kSize,
                         AsText(model.ValueAt(leaf.position)));
  }
  const auto present = VerifyBatch(root, top.n(), queries, AsBytes(batch->proof));
  ASSERT_OK(present);
  for (uint64_t id = 0; id < queries.size(); ++id) {
    ASSERT_EQ((*present)[id], members.contains(id));
  }
}

TEST(SetIndexTest, AnswersRightlyAtEveryVersionItEverHad) {
  size_t recent_views = 0;
  for (uint64_t universe : {1, 3, 40, 600}) {
    Model model(universe);
    SetIndex index;
    std::vector<uint64_t> versions = {0};
    for (int round = 0; round < 12; ++round) {
      const uint64_t begin = model.size();
      const uint64_t steps = 1 + model.Random() % (universe / 2 + 2);
      for (uint64_t i = 0; i < steps; ++i) model.Step(universe);
      ASSERT_NO_FATAL_FAILURE(Advance(&index, model.Changes(begin), model.size()));
      ASSERT_EQ(index.top().root(), model.RootAt(model.size()));
      versions.push_back(model.size());
      for (uint64_t m : versions) {
        if (const auto recent = index.RecentView(m)) {
          ++recent_views;
          ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(index, *recent, model, universe));
        }
      }
    }
    for (uint64_t m : versions) {
      const auto top = index.TopAt(m);
      ASSERT_OK(top);
      ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(index, *top, model, universe));
    }
    // A top made before the index grew on stays right.
    const auto old_top = index.TopAt(versions[1]);
    for (int i = 0; i < 400; ++i) model.Step(universe + 2000);
    ASSERT_NO_FATAL_FAILURE(
        Advance(&index, model.Changes(versions.back()), model.size()));
    ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(index, *old_top, model, universe));
  }
  EXPECT_GT(recent_views, 4u * 12u);
}

TEST(SetIndexTest, AnyBatchingLeadsToTheSameRoot) {
  Model model(7);
  for (int i = 0; i < 5000; ++i) model.Step(3000);
  const Hash root = model.RootAt(5000);
  for (uint64_t batch : {1, 7, 300, 4999, 5000}) {
    SetIndex index;
    for (uint64_t begin = 0; begin < 5000; begin += batch) {
      const uint64_t end = std::min<uint64_t>(5000, begin + batch);
      ASSERT_NO_FATAL_FAILURE(
          Advance(&index, model.Changes(begin).first(end - begin), end));
    }
    EXPECT_EQ(index.top().root(), root) << "batches of " << batch;
  }
}

TEST(SetIndexTest, PartsOnSeveralThreadsLeadToTheSameRoot) {
  Parallel threads(3);
  const ParallelFor parallel = std::ref(threads);
  Model model(77);
  SetIndex index;
  index.ForgetOlder();
  for (int round = 0; round < 8; ++round) {
    const uint64_t begin = model.size();
    const uint64_t steps = round % 2 == 0 ? 6000 : 300;
    for (uint64_t i = 0; i < steps; ++i) model.Step(9000);
    const unsigned depth = index.WantedDepth(steps);
    if (depth > index.top().depth) {
      index.Publish(index.PrepareDeeper(depth, parallel), parallel);
    }
    SetIndex::Batch batch = index.Prepare(model.Changes(begin), model.size(), parallel);
    ASSERT_EQ(batch.root(), model.RootAt(model.size()));
    ASSERT_EQ(batch.n(), model.MembersAt(model.size()).size());
    index.Publish(std::move(batch), parallel);
    ASSERT_EQ(index.top().root(), model.RootAt(model.size()));
    EXPECT_EQ(index.TopAt(begin)->root(), model.RootAt(begin));
  }
}

// An owner can choose values whose keys share their first 64 bits no better than by
// 2^64 hashes, but an index takes any keys.
TEST(SetIndexTest, KeysThatBeginAlikeKeepTheirOrder) {
  std::vector<SetChange> changes;
  std::set<Hash> keys;
  std::mt19937_64 random(3);
  for (uint64_t i = 0; i < 3000; ++i) {
    Hash key;  // 64 equal bits, then few that differ
    key.bytes[8 + i % 24] = static_cast<uint8_t>(random());
    key.bytes[31] = static_cast<uint8_t>(random());
    const bool add = i % 5 != 4;
    changes.push_back({key, i, add});
    add ? (void)keys.insert(key) : (void)keys.erase(key);
  }
  SetIndex index;
  const SetIndex::Batch batch = index.Prepare(changes, changes.size());
  EXPECT_EQ(batch.n(), keys.size());
  const std::vector<Hash> sorted(keys.begin(), keys.end());
  EXPECT_EQ(batch.root(), SetRoot(sorted.size(), SortedTop(sorted)));
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
  ASSERT_NO_FATAL_FAILURE(Advance(&index, model.Changes(0), 200000));
  const uint64_t before = index.buckets_written();
  for (int i = 0; i < 1000; ++i) model.Step(1u << 30);
  index.Publish(index.Prepare(model.Changes(200000), 201000));
  EXPECT_GT(index.buckets_written(), before);
  EXPECT_LE(index.buckets_written() - before, 1000u);
  EXPECT_EQ(index.top().root(), model.RootAt(201000));
}

TEST(SetIndexTest, ASnapshotIsTheSameIndexPageByPage) {
  Model model(3);
  SetIndex index;
  for (int i = 0; i < 20000; ++i) model.Step(9000);
  ASSERT_NO_FATAL_FAILURE(Advance(&index, model.Changes(0), model.size()));
  ASSERT_GT(index.page_count(), 2u);
  const SetTop& top = index.top();
  const std::vector<Hash> hashes(index.bucket_hashes().begin(),
                                 index.bucket_hashes().end());
  auto restored = SetIndex::Restore(top.m, top.n, index.rows(), top.root(), hashes,
                                    AsBytes(index.EncodeHistory()));
  ASSERT_OK(restored);
  for (size_t page = 0; page < index.page_count(); ++page) {
    EXPECT_FALSE(restored->page_loaded(page));
    std::string bytes = index.EncodePage(page);
    for (size_t i = 0; i < bytes.size(); i += 997) {
      std::string damaged = bytes;
      damaged[i] ^= 4;
      EXPECT_STATUS(restored->InstallPage(page, AsBytes(damaged)),
                    absl::StatusCode::kDataLoss, "index page");
      EXPECT_STATUS(restored->InstallPage(page, AsBytes(bytes).first(i)),
                    absl::StatusCode::kDataLoss, "index page");
    }
    // Rows of another page under a digest of their own.
    EXPECT_STATUS(restored->InstallPage(
                      page, AsBytes(index.EncodePage((page + 1) % index.page_count()))),
                  absl::StatusCode::kDataLoss, "index page");
    ASSERT_OK(restored->InstallPage(page, AsBytes(bytes)));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(*restored, restored->top(), model, 200));
  const auto old_top = restored->TopAt(5000);
  ASSERT_OK(old_top);
  ASSERT_NO_FATAL_FAILURE(ExpectRightAnswers(*restored, *old_top, model, 200));

  std::vector<Hash> wrong = hashes;
  wrong[1].bytes[0] ^= 1;
  EXPECT_STATUS(SetIndex::Restore(top.m, top.n, index.rows(), top.root(), wrong, {}),
                absl::StatusCode::kDataLoss, "set root");
}

TEST(SetIndexTest, LookupsNeedOnlyThePagesThatPagesForNames) {
  Model model(4);
  SetIndex index;
  for (int i = 0; i < 30000; ++i) model.Step(1u << 30);
  ASSERT_NO_FATAL_FAILURE(Advance(&index, model.Changes(0), model.size()));
  for (int i = 0; i < 50; ++i) {
    auto restored = SetIndex::Restore(index.top().m, index.top().n, index.rows(),
                                      index.top().root(), index.bucket_hashes(),
                                      AsBytes(index.EncodeHistory()));
    ASSERT_OK(restored);
    const Hash key = SetKey(model.ValueAt(model.Random() % model.size()));
    const std::vector<size_t> pages =
        restored->PagesFor(restored->top(), std::span(&key, 1));
    ASSERT_LE(pages.size(), 2u);
    for (size_t page : pages) {
      ASSERT_OK(restored->InstallPage(page, AsBytes(index.EncodePage(page))));
    }
    const auto answer = restored->Lookup(restored->top(), key);
    ASSERT_OK(answer);
    EXPECT_EQ(answer->proof, index.Lookup(index.top(), key)->proof);
  }
}

}  // namespace
}  // namespace setlog
