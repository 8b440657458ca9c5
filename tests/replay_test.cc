#include "log/replay.h"

#include <functional>
#include <map>
#include <random>

#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tree.h"
#include "port/parallel.h"
#include "testing.h"

namespace setlog {
namespace {

std::vector<std::string> HistoryEntries() {
  const nlohmann::json vectors = ReadTestJson("set_tree.json");
  std::vector<std::string> entries;
  for (const auto& hex : vectors["entries"]) {
    entries.push_back(*BytesFromHex(hex.get<std::string>()));
  }
  return entries;
}

std::optional<ReplayFault> FeedOne(Replay* replay, const std::string& entry) {
  const Bytes bytes = AsBytes(entry);
  return replay->Feed(std::span(&bytes, 1));
}

TEST(ReplayTest, MatchesTheHistoryVectorAtEverySize) {
  const nlohmann::json vectors = ReadTestJson("set_tree.json");
  const std::vector<std::string> entries = HistoryEntries();
  const nlohmann::json& expected = vectors["replay"];
  ASSERT_EQ(expected.size(), entries.size() + 1);
  Replay replay("example.com/vectors");
  for (size_t size = 0; size <= entries.size(); ++size) {
    if (size > 0) {
      const auto fault = FeedOne(&replay, entries[size - 1]);
      ASSERT_FALSE(fault) << "entry " << size - 1 << ": " << fault->reason;
    }
    EXPECT_EQ(replay.size(), expected[size]["size"].get<uint64_t>());
    EXPECT_EQ(ToHex(replay.Root()), expected[size]["log_root"].get<std::string>());
    const Replay::Set set = replay.CurrentSet();
    EXPECT_EQ(set.n, expected[size]["set_count"].get<uint64_t>()) << size;
    EXPECT_EQ(ToHex(set.root), expected[size]["set_root"].get<std::string>()) << size;
  }
  EXPECT_FALSE(replay.tags().empty());
}

TEST(ReplayTest, AnyChangedByteIsAFaultOrAnotherRoot) {
  const std::vector<std::string> entries = HistoryEntries();
  Replay truth("example.com/vectors");
  for (const std::string& entry : entries) ASSERT_FALSE(FeedOne(&truth, entry));
  size_t faults = 0;
  for (size_t changed = 0; changed < entries.size(); ++changed) {
    for (size_t byte = 0; byte < entries[changed].size(); byte += 5) {
      Replay replay("example.com/vectors");
      std::optional<ReplayFault> fault;
      for (size_t i = 0; i < entries.size() && !fault; ++i) {
        std::string entry = entries[i];
        if (i == changed) entry[byte] ^= 1;
        fault = FeedOne(&replay, entry);
      }
      EXPECT_TRUE(fault || replay.Root() != truth.Root());
      faults += fault.has_value();
    }
  }
  EXPECT_GT(faults, 50u);
}

// A legal log of five entries to put one bad entry after.
class ReplayFaultTest : public ::testing::Test {
 protected:
  void SetUp() override { SetUpAgain(); }
  void SetUpAgain() {
    replay_ = Replay("example.org/a");
    Manifest manifest;
    manifest.origin = "example.org/a";
    manifest.scheme = "bytes/1";
    ASSERT_FALSE(Feed(ManifestEntry{*FormatManifest(manifest)}));
    ASSERT_FALSE(Feed(IndexEntry{1, 0, EmptySetRoot()}));
    ASSERT_FALSE(Feed(AddEntry{value_}));
    ASSERT_FALSE(Feed(IndexEntry{3, 1, SetRootOfValues({value_})}));
    ASSERT_FALSE(Feed(TagEntry{3, "v1"}));
  }
  std::string FeedRaw(const std::string& entry) {
    const auto fault = FeedOne(&replay_, entry);
    if (!fault) return "";
    EXPECT_EQ(fault->position, replay_.size());
    return fault->reason;
  }
  std::optional<std::string> Feed(const Entry& entry) {
    const std::string reason = FeedRaw(Encode(entry));
    return reason.empty() ? std::nullopt : std::optional(reason);
  }

  const Hash value_ = Sha256(AsBytes("a"));
  Replay replay_{"example.org/a"};
};

TEST_F(ReplayFaultTest, IsNamedForEachBadEntry) {
  using ::testing::HasSubstr;
  const struct {
    std::string entry;
    const char* reason;
  } kCases[] = {
      {"", "empty"},
      {"\x05" + std::string(32, 'x'), "unknown entry type"},
      {"\x01" + std::string(31, 'x'), "33"},
      {"\x02" + std::string(33, 'x'), "33"},
      {Encode(ManifestEntry{"{}"}), "the manifest is entry 0"},
      {Encode(IndexEntry{5, 1, EmptySetRoot()}), "the entries before m give n = 1"},
      {Encode(IndexEntry{5, 2, SetRootOfValues({value_})}), "says n = 2"},
      {Encode(IndexEntry{3, 1, SetRootOfValues({value_})}), "after one for m = 3"},
      {Encode(IndexEntry{6, 1, SetRootOfValues({value_})}), "beyond it"},
      {Encode(IndexEntry{5, 5, EmptySetRoot()}), "n must be below m"},
      {Encode(TagEntry{4, "v2"}), "no index entry"},
      {Encode(TagEntry{3, "v1"}), "second time"},
      {Encode(TagEntry{0, "v2"}), "m = 0"},
      {Encode(TagEntry{9, "v2"}), "beyond it"},
      {Encode(TagEntry{3, "12"}), "digits only"},
      {Encode(TagEntry{3, "a b"}), "A-Z a-z 0-9"},
      {Encode(TagEntry{3, std::string(256, 'a')}), "1 to 255"},
  };
  for (const auto& test : kCases) {
    SetUpAgain();
    EXPECT_THAT(FeedRaw(test.entry), HasSubstr(test.reason))
        << ToHex(AsBytes(test.entry));
    // Final: even a legal entry is not taken any more.
    EXPECT_THAT(FeedRaw(Encode(AddEntry{value_})), HasSubstr(test.reason));
  }
}

TEST(ReplayTest, AManifestOfAnotherVersionIsNoLie) {
  Replay replay("example.org/a");
  const auto fault =
      FeedOne(&replay,
              Encode(ManifestEntry{"{\"labels\":\"plain\",\"origin\":\"example.org/a\","
                                   "\"scheme\":\"bytes/1\",\"version\":2}"}));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->rule, ReplayFault::Rule::kUnsupported);
}

// What no index entry covers yet stays, however far the index is behind.
TEST(ReplayTest, AnIndexThatLagsBehindTakesItsChangesOneByOne) {
  Manifest manifest;
  manifest.origin = "example.org/a";
  manifest.scheme = "bytes/1";
  Replay replay("example.org/a");
  ASSERT_FALSE(FeedOne(&replay, Encode(ManifestEntry{*FormatManifest(manifest)})));
  constexpr uint64_t kAdds = 500;
  std::vector<Hash> values;
  for (uint64_t i = 0; i < kAdds; ++i) {
    values.push_back(Sha256(AsBytes(std::to_string(i))));
    ASSERT_FALSE(FeedOne(&replay, Encode(AddEntry{values.back()})));
  }
  const Replay::Set all = replay.CurrentSet();
  for (uint64_t n = 1; n < kAdds; n += 7) {
    const Hash root = SetRootOfValues({values.begin(), values.begin() + n});
    const auto fault = FeedOne(&replay, Encode(IndexEntry{n + 1, n, root}));
    ASSERT_FALSE(fault) << fault->reason;
    ASSERT_EQ(replay.state().pending.size(), kAdds - n);
    ASSERT_EQ(replay.state().pending.InOrder().front().key, SetKey(values[n]));
    EXPECT_EQ(replay.CurrentSet().root, all.root);
  }
}

// Batches of every size, on several threads, with removes and an index that lags.
class LongReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Manifest manifest;
    manifest.origin = "example.org/a";
    manifest.scheme = "bytes/1";
    entries_.push_back(Encode(ManifestEntry{*FormatManifest(manifest)}));
    std::mt19937_64 random(5);
    std::map<uint64_t, bool> members;
    for (const uint64_t batch : {1, 3000, 40, 9000, 1100, 2, 7000, 500, 12000, 1023}) {
      const bool shrinking = batch == 7000;
      for (uint64_t i = 0; i < batch; ++i) {
        const uint64_t id = random() % 9000;
        members[id] = shrinking ? random() % 8 == 0 : random() % 4 != 0;
        entries_.push_back(members[id] ? Encode(AddEntry{Value(id)})
                                       : Encode(RemoveEntry{Value(id)}));
      }
      std::vector<Hash> values;
      for (const auto& [id, in] : members) {
        if (in) values.push_back(Value(id));
      }
      const IndexEntry index{entries_.size(), values.size(), SetRootOfValues(values)};
      for (uint64_t i = random() % 300; i > 0; --i) {  // the index lags
        const uint64_t id = random() % 9000;
        members[id] = true;
        entries_.push_back(Encode(AddEntry{Value(id)}));
      }
      indexes_.push_back(entries_.size());
      entries_.push_back(Encode(index));
    }
  }
  static Hash Value(uint64_t id) { return Sha256(AsBytes(std::to_string(id))); }

  std::optional<ReplayFault> Feed(Replay& replay, uint64_t seed) const {
    std::mt19937_64 random(seed);
    std::vector<Bytes> views;
    for (const std::string& entry : entries_) views.push_back(AsBytes(entry));
    for (size_t begin = 0; begin < views.size();) {
      const size_t count = std::min<size_t>(1 + random() % 9000, views.size() - begin);
      if (auto fault = replay.Feed(std::span(views).subspan(begin, count)))
        return fault;
      begin += count;
    }
    return std::nullopt;
  }

  std::vector<std::string> entries_;
  std::vector<uint64_t> indexes_;  // positions
};

TEST_F(LongReplayTest, LeadsToTheModelsSetsWhateverThePieces) {
  Parallel threads(3);
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Replay replay("example.org/a");
    if (seed > 0) replay.Use(std::ref(threads));
    const auto fault = Feed(replay, seed);
    ASSERT_FALSE(fault) << fault->position << ": " << fault->reason;
    std::vector<Hash> leaves;
    for (const std::string& entry : entries_) {
      leaves.push_back(LeafHash(AsBytes(entry)));
    }
    TileTree tree;
    tree.Append(leaves);
    EXPECT_EQ(replay.Root(), tree.Root());
    EXPECT_EQ(replay.state().index_sizes.size(), indexes_.size());
  }
}

TEST_F(LongReplayTest, CatchesALieInAnyIndexEntry) {
  Parallel threads(2);
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const std::string honest = entries_[indexes_[i]];
    const IndexEntry index = std::get<IndexEntry>(*DecodeEntry(AsBytes(honest)));
    IndexEntry other_root = index;
    other_root.set_root.bytes[i] ^= 1;
    IndexEntry other_n = index;
    ++other_n.n;
    IndexEntry other_m = index;
    --other_m.m;
    for (const IndexEntry& lie : {other_root, other_n, other_m}) {
      if (lie.n >= lie.m) continue;
      entries_[indexes_[i]] = Encode(lie);
      Replay replay("example.org/a");
      replay.Use(std::ref(threads));
      const auto fault = Feed(replay, i);
      // A last entry that changed nothing makes m - 1 as good.
      if (lie.m != index.m && !fault) continue;
      ASSERT_TRUE(fault);
      EXPECT_EQ(fault->position, indexes_[i]);
      EXPECT_EQ(fault->rule, ReplayFault::Rule::kIndexSet);
      const SetIndex& set = replay.state().set;
      if (i == 0) {
        EXPECT_EQ(set.root(), EmptySetRoot());
      } else {
        const IndexEntry before =
            std::get<IndexEntry>(*DecodeEntry(AsBytes(entries_[indexes_[i - 1]])));
        EXPECT_EQ(set.m(), before.m);
        EXPECT_EQ(set.n(), before.n);
        EXPECT_EQ(set.root(), before.set_root);
      }
    }
    entries_[indexes_[i]] = honest;
  }
}

// A wrong index entry leaves the set as it was, so that evidence can be made from it.
TEST_F(ReplayFaultTest, LeavesTheSetOfTheLastGoodIndexEntry) {
  ASSERT_FALSE(Feed(AddEntry{Sha256(AsBytes("b"))}));
  ASSERT_TRUE(Feed(IndexEntry{6, 1, SetRootOfValues({value_})}));
  EXPECT_EQ(replay_.state().set.m(), 3u);
  EXPECT_EQ(replay_.state().set.root(), SetRootOfValues({value_}));
}

TEST(ReplayTest, RefusesAForeignManifestAndANonCanonicalOne) {
  Manifest manifest;
  manifest.origin = "example.org/b";
  manifest.scheme = "bytes/1";
  const std::string body = *FormatManifest(manifest);
  Replay other("example.org/a");
  EXPECT_THAT(FeedOne(&other, Encode(ManifestEntry{body}))->reason,
              ::testing::HasSubstr("example.org/b"));
  Replay spaced("example.org/b");
  EXPECT_TRUE(FeedOne(&spaced, Encode(ManifestEntry{body + " "})));
  Replay headless("example.org/b");
  EXPECT_TRUE(FeedOne(&headless, Encode(AddEntry{})));
}

}  // namespace
}  // namespace setlog
