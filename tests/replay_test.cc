#include "log/replay.h"

#include "log/set_tree.h"
#include "log/sha256.h"
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
    ASSERT_EQ(replay.state().pending.front().value, values[n]);
    EXPECT_EQ(replay.CurrentSet().root, all.root);
  }
}

// A wrong index entry leaves the set as it was, so that evidence can be made from it.
TEST_F(ReplayFaultTest, LeavesTheSetOfTheLastGoodIndexEntry) {
  ASSERT_FALSE(Feed(AddEntry{Sha256(AsBytes("b"))}));
  ASSERT_TRUE(Feed(IndexEntry{6, 1, SetRootOfValues({value_})}));
  EXPECT_EQ(replay_.state().set.top().m, 3u);
  EXPECT_EQ(replay_.state().set.top().root(), SetRootOfValues({value_}));
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
