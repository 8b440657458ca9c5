#include "log/dense_top.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "index_model.h"
#include "log/bucket_hasher.h"
#include "testing.h"

namespace setlog {
namespace {

// The members of a log at some m, by the slow model, cut into buckets.
class Members {
 public:
  explicit Members(const std::map<Hash, uint64_t>& positions) : positions_(positions) {}

  LiveBucket Bucket(uint64_t bucket, unsigned depth) const {
    LiveBucket live;
    for (const auto& [key, position] : positions_) {
      if (KeyPrefix(key, depth) == bucket) live.push_back({key, position});
    }
    return live;
  }
  const std::map<Hash, uint64_t>& positions() const { return positions_; }

 private:
  std::map<Hash, uint64_t> positions_;
};

struct Version {
  Members members;
  uint64_t m;
  Hash root;
};

Hash RootOf(const Members& members) {
  std::vector<Hash> keys;
  for (const auto& [key, position] : members.positions()) keys.push_back(key);
  if (keys.empty()) return EmptySetRoot();
  const size_t end = keys.size();
  const SetForest forest(keys, std::span(&end, 1));
  return SetRoot(end, forest.hash(forest.root(0)));
}

// What a batch changes at the buckets, hashed apart from the top.
std::vector<TopNode> ChangedBuckets(const DenseTop& top, const Members& after) {
  std::vector<TopNode> changed;
  for (uint64_t b = 0; b < uint64_t{1} << top.depth(); ++b) {
    Hash hash = kNoSubtree;
    BucketHasher hasher([&](size_t, const Hash& h) { hash = h; });
    for (const LiveKey& key : after.Bucket(b, top.depth())) hasher.AddKey(key.key);
    hasher.EndBucket(b);
    hasher.Flush();
    const uint32_t node = static_cast<uint32_t>((uint64_t{1} << top.depth()) + b);
    if (top.node(node) != hash) changed.push_back({node, hash});
  }
  return changed;
}

void ExpectRight(const TopView& view, const Version& version, uint64_t universe,
                 const IndexModel& model) {
  ASSERT_EQ(view.root(), version.root) << "m " << version.m;
  const auto live = [&](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
    return version.members.Bucket(bucket, view.depth());
  };
  std::vector<Hash> queries;
  for (uint64_t id = 0; id < universe + 6; id += 3) {
    const Hash record = IndexModel::Record(id);
    queries.push_back(record);
    const Hash key = SetKey(record);
    const auto answer = LookupUnder(view, key, live);
    ASSERT_OK(answer);
    LookupProof proof = answer->proof;
    if (view.n() > 0) proof.terminal = model.ValueAt(answer->terminal_position);
    const auto present = VerifyLookup(version.root, record, proof);
    ASSERT_OK(present);
    ASSERT_EQ(*present, version.members.positions().contains(key));
    ASSERT_EQ(*present, answer->present);
  }
  std::vector<Hash> keys = SetKeys(queries);
  std::sort(keys.begin(), keys.end());
  auto batch = BatchLookupUnder(view, keys, live);
  ASSERT_OK(batch);
  for (const SetBatchAnswer::Leaf& leaf : batch->leaves) {
    batch->proof.replace(leaf.offset, Hash::kSize,
                         AsText(model.ValueAt(leaf.position)));
  }
  const auto present =
      VerifyBatch(version.root, view.n(), queries, AsBytes(batch->proof));
  ASSERT_OK(present);
  for (size_t i = 0; i < queries.size(); ++i) {
    ASSERT_EQ((*present)[i], version.members.positions().contains(SetKey(queries[i])));
  }
}

TEST(DenseTopTest, UndoRecordsShowEveryVersionSinceAndViewsOfThemProveIt) {
  for (const unsigned depth : {0u, 1u, 4u, 7u}) {
    for (const unsigned part_bits : {0u, 1u, 3u}) {
      if (part_bits > depth) continue;
      const uint64_t universe = 60;
      IndexModel model(depth * 8 + part_bits);
      DenseTop top(depth);
      std::deque<TopUndo> undos;
      std::vector<Version> versions;
      std::map<Hash, uint64_t> positions;
      versions.push_back({Members(positions), 0, EmptySetRoot()});
      for (int round = 0; round < 8; ++round) {
        const uint64_t begin = model.size();
        for (uint64_t i = 0; i < 1 + model.Random() % 12; ++i) model.Step(universe);
        for (const SetChange& change : model.Changes(begin, model.size())) {
          if (change.add) {
            positions.try_emplace(change.key, change.position);
          } else {
            positions.erase(change.key);
          }
        }
        const Members after(positions);
        std::vector<TopNode> changed = ChangedBuckets(top, after);
        // The parts apart, as partitions do it, and then what is above them.
        TopUndo undo(begin, versions.back().members.positions().size(), part_bits);
        std::vector<TopNode> all;
        std::vector<TopNode> part_nodes;
        const auto replaced = [&](const std::vector<TopNode>& level) {
          std::vector<TopNode> old;
          for (const TopNode& node : level)
            old.push_back({node.index, top.node(node.index)});
          return NodeTable(std::move(old));
        };
        for (uint32_t part = 0; part < 1u << part_bits; ++part) {
          std::vector<TopNode> mine;
          for (const TopNode& node : changed) {
            const uint32_t bucket = node.index - (1u << depth);
            if (bucket >> (depth - part_bits) == part) mine.push_back(node);
          }
          std::vector<NodeTable> tables;
          for (const auto& level : RaiseChanges(top, mine, part_bits)) {
            if (tables.empty()) part_nodes.push_back(level[0]);
            tables.push_back(replaced(level));
            all.insert(all.end(), level.begin(), level.end());
          }
          undo.SetPart(part, std::move(tables));
        }
        std::vector<NodeTable> upper;
        if (part_bits > 0) {
          auto levels = RaiseChanges(top, part_nodes, 0);
          if (!levels.empty()) levels.pop_back();
          for (const auto& level : levels) {
            upper.push_back(replaced(level));
            all.insert(all.end(), level.begin(), level.end());
          }
        }
        undo.SetUpper(std::move(upper));
        undos.push_back(std::move(undo));
        for (const TopNode& node : all) top.node(node.index) = node.hash;
        versions.push_back({after, model.size(), RootOf(after)});

        DenseTop whole(depth);
        for (uint64_t b = 0; b < uint64_t{1} << depth; ++b) {
          whole.level(depth)[b] = top.level(depth)[b];
        }
        whole.HashBelow(1);
        for (size_t i = 1; i < top.size(); ++i) ASSERT_EQ(whole.node(i), top.node(i));
        for (size_t v = 0; v < versions.size(); ++v) {
          std::vector<const TopUndo*> since;
          for (size_t u = v; u < undos.size(); ++u) since.push_back(&undos[u]);
          const TopView view(versions[v].m, versions[v].members.positions().size(),
                             depth, top.nodes(), since);
          ASSERT_NO_FATAL_FAILURE(ExpectRight(view, versions[v], universe, model));
        }
      }
    }
  }
}

TEST(DenseTopTest, ABucketThatIsNotWhatTheTopSaysGivesNoAnswer) {
  IndexModel model(3);
  std::map<Hash, uint64_t> positions;
  for (uint64_t i = 0; i < 50; ++i) positions[SetKey(IndexModel::Record(i))] = i;
  const Members members(positions);
  DenseTop top(3);
  for (const TopNode& node : ChangedBuckets(top, members))
    top.node(node.index) = node.hash;
  top.HashBelow(1);
  const TopView view(50, 50, 3, top.nodes());
  const Hash key = positions.begin()->first;
  const std::vector<std::function<void(LiveBucket*)>> damages = {
      [](LiveBucket* b) { b->clear(); },
      [](LiveBucket* b) { b->pop_back(); },
      [](LiveBucket* b) { b->front().key.bytes[31] ^= 1; },
      [](LiveBucket* b) { std::swap(b->front(), b->back()); },
      [](LiveBucket* b) { b->push_back(b->back()); },
  };
  for (const auto& damage : damages) {
    const auto live = [&](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
      LiveBucket rows = members.Bucket(bucket, 3);
      damage(&rows);
      return rows;
    };
    EXPECT_STATUS(LookupUnder(view, key, live), absl::StatusCode::kDataLoss, "bucket");
    EXPECT_STATUS(BatchLookupUnder(view, {&key, 1}, live), absl::StatusCode::kDataLoss,
                  "bucket");
  }
}

TEST(NodeTableTest, FindsWhatItHoldsAndNothingElse) {
  std::mt19937_64 random(1);
  for (const uint32_t spread : {1u, 2u, 7u, 1000u, 1u << 20}) {
    std::vector<TopNode> nodes;
    uint32_t index = 5;
    for (int i = 0; i < 300; ++i) {
      index += 1 + static_cast<uint32_t>(random() % spread);
      nodes.push_back({index, IndexModel::Record(index)});
    }
    const NodeTable table(nodes);
    size_t next = 0;
    for (uint32_t i = 0; i < index + 10; i += 1 + i / 5000) {
      while (next < nodes.size() && nodes[next].index < i) ++next;
      const Hash* found = table.Find(i);
      ASSERT_EQ(found != nullptr, next < nodes.size() && nodes[next].index == i) << i;
      if (found != nullptr) {
        ASSERT_EQ(*found, nodes[next].hash);
      }
    }
    for (const TopNode& node : nodes) ASSERT_EQ(*table.Find(node.index), node.hash);
  }
  EXPECT_EQ(NodeTable().Find(1), nullptr);
}

}  // namespace
}  // namespace setlog
