#include "log/extension.h"

#include <algorithm>
#include <random>
#include <set>

#include "log/replay.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

Hash Record(uint64_t i) { return Sha256(AsBytes("record-" + std::to_string(i))); }

std::vector<Bytes> Views(std::span<const std::string> entries) {
  std::vector<Bytes> views;
  for (const std::string& entry : entries) views.push_back(AsBytes(entry));
  return views;
}

struct Vector {
  IndexEntry before;
  IndexEntry after;
  std::vector<std::string> entries;
  std::string proof;
};

Vector ParseVector(const nlohmann::json& json) {
  const auto triple = [&](const char* m, const char* n, const char* root) {
    return IndexEntry{json[m].get<uint64_t>(), json[n].get<uint64_t>(),
                      HashOf(json[root].get<std::string>())};
  };
  Vector vector{triple("m", "n", "root"),
                triple("m2", "n2", "root2"),
                {},
                *BytesFromHex(json["proof"].get<std::string>())};
  for (const auto& hex : json["entries"]) {
    vector.entries.push_back(*BytesFromHex(hex.get<std::string>()));
  }
  return vector;
}

absl::StatusOr<Extension> Verify(const Vector& vector) {
  return VerifyExtension(vector.before, vector.after, Views(vector.entries),
                         AsBytes(vector.proof));
}

TEST(ExtensionTest, MatchesEveryVectorAndTellsEvidenceFromRubbish) {
  const nlohmann::json vectors = ReadTestJson("extension.json");
  ASSERT_EQ(vectors.size(), 26u);
  size_t evidence = 0;
  for (const auto& json : vectors) {
    const absl::StatusOr<Extension> shown = Verify(ParseVector(json));
    const bool valid = json["valid"].get<bool>();
    EXPECT_EQ(shown.ok() && !shown->contradiction, valid)
        << json["note"] << " " << shown.status();
    if (valid) continue;
    const std::string rule = json["rule"].get<std::string>();
    const bool late = rule == "E5" || rule == "E6";
    EXPECT_EQ(shown.ok(), late) << json["note"] << " " << rule;
    evidence += late;
  }
  EXPECT_EQ(evidence, 5u);
}

TEST(ExtensionTest, AnyChangedByteOfTheProofIsRubbishNotEvidence) {
  size_t tried = 0;
  for (const auto& json : ReadTestJson("extension.json")) {
    if (!json["valid"].get<bool>()) continue;
    Vector vector = ParseVector(json);
    const std::string proof = vector.proof;
    for (size_t i = 0; i < proof.size(); ++i, ++tried) {
      vector.proof = proof;
      vector.proof[i] ^= static_cast<char>(1 << (i % 8));
      EXPECT_FALSE(Verify(vector).ok()) << json["note"] << " byte " << i;
      vector.proof = proof.substr(0, i);
      EXPECT_FALSE(Verify(vector).ok()) << json["note"] << " cut at " << i;
    }
    vector.proof = proof + '\0';
    EXPECT_FALSE(Verify(vector).ok()) << json["note"];
  }
  EXPECT_GT(tried, 1000u);
}

TEST(ExtensionTest, AnyOtherTripleIsRefusedOrContradicted) {
  for (const auto& json : ReadTestJson("extension.json")) {
    if (!json["valid"].get<bool>()) continue;
    const Vector truth = ParseVector(json);
    const auto accepts = [&](auto change) {
      Vector vector = truth;
      change(vector);
      const absl::StatusOr<Extension> shown = Verify(vector);
      return shown.ok() && !shown->contradiction;
    };
    ASSERT_TRUE(accepts([](Vector&) {}));
    EXPECT_FALSE(accepts([](Vector& v) { ++v.before.m; }));
    EXPECT_FALSE(accepts([](Vector& v) { ++v.before.n; }));
    EXPECT_FALSE(accepts([](Vector& v) { v.before.set_root.bytes[31] ^= 1; }));
    EXPECT_FALSE(accepts([](Vector& v) { ++v.after.m; }));
    EXPECT_FALSE(accepts([](Vector& v) { ++v.after.n; }));
    EXPECT_FALSE(accepts([](Vector& v) { --v.after.n; }));
    EXPECT_FALSE(accepts([](Vector& v) { v.after.set_root.bytes[0] ^= 0x80; }));
    EXPECT_FALSE(accepts([](Vector& v) { v.entries.push_back("\x05"); }));
  }
}

TEST(ExtensionTest, MalformedEntriesAreRubbish) {
  const std::string add = Encode(AddEntry{Record(1)});
  for (const std::string& bad :
       {std::string(), std::string("\x05"), add + "x", add.substr(1),
        Encode(ManifestEntry{"{}"}), Encode(IndexEntry{9, 1, EmptySetRoot()}),
        Encode(TagEntry{1, "1"}), Encode(TagEntry{9, "a"})}) {
    ExtensionRange range(1);
    EXPECT_OK(range.Add(AsBytes(add)));
    EXPECT_STATUS(range.Add(AsBytes(bad)), absl::StatusCode::kInvalidArgument, "");
    EXPECT_EQ(range.end(), 2u);
  }
  ExtensionRange headless(0);
  EXPECT_FALSE(headless.Add(AsBytes(add)).ok());
}

// A log of adds and removes; beside it the slow model: the set as std::set.
class RandomLog {
 public:
  explicit RandomLog(uint64_t seed, uint64_t universe)
      : random_(seed), universe_(universe) {
    entries_.push_back(Encode(ManifestEntry{"{}"}));
    named_.push_back({});
  }
  void Step(int removes_in_8) {
    const Hash value = Record(random_() % universe_);
    const bool add = static_cast<int>(random_() % 8) >= removes_in_8;
    changes_.push_back({SetKey(value), entries_.size(), add});
    entries_.push_back(add ? Encode(AddEntry{value}) : Encode(RemoveEntry{value}));
    named_.push_back({value, add});
  }
  std::set<Hash> At(uint64_t m) const {
    std::set<Hash> set;
    for (uint64_t i = 1; i < m; ++i) {
      if (named_[i].add) {
        set.insert(named_[i].value);
      } else {
        set.erase(named_[i].value);
      }
    }
    return set;
  }
  IndexEntry VersionAt(uint64_t m) const {
    const std::set<Hash> set = At(m);
    return {m, set.size(), SetRootOfValues({set.begin(), set.end()})};
  }
  absl::StatusOr<Hash> ValueAt(uint64_t position) const {
    return named_[position].value;
  }
  std::span<const std::string> entries(uint64_t begin, uint64_t end) const {
    return std::span(entries_).subspan(begin, end - begin);
  }
  std::vector<SetChange> ChangesUpTo(uint64_t m) const {
    std::vector<SetChange> changes;
    for (const SetChange& change : changes_) {
      if (change.position < m) changes.push_back(change);
    }
    return changes;
  }
  uint64_t size() const { return entries_.size(); }
  uint64_t Random(uint64_t bound) { return random_() % bound; }

 private:
  struct Named {
    Hash value;
    bool add = false;
  };
  std::mt19937_64 random_;
  uint64_t universe_;
  std::vector<std::string> entries_;
  std::vector<Named> named_;
  std::vector<SetChange> changes_;
};

// The index after [0, m), and the proof for [m, m2) made from it.
absl::StatusOr<std::string> Prove(const RandomLog& log, uint64_t m, uint64_t m2) {
  SetIndex index;
  const std::vector<SetChange> changes = log.ChangesUpTo(m);
  index.Apply(changes, m);
  ExtensionRange range(m);
  for (const std::string& entry : log.entries(m, m2)) {
    if (absl::Status s = range.Add(AsBytes(entry)); !s.ok()) return s;
  }
  return MakeExtensionProof(index, range,
                            [&](uint64_t position) { return log.ValueAt(position); });
}

TEST(ExtensionTest, EveryRangeOfRandomLogsFollowsAsTheSlowModelSays) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    RandomLog log(seed, 1 + seed % 40);
    const uint64_t size = 1 + log.Random(60);
    while (log.size() < size) log.Step(static_cast<int>(seed % 8));
    for (int i = 0; i < 4; ++i) {
      const uint64_t m = log.Random(size + 1);
      const uint64_t m2 = m + log.Random(size - m + 1);
      const IndexEntry before = log.VersionAt(m);
      const IndexEntry after = log.VersionAt(m2);
      const absl::StatusOr<std::string> proof = Prove(log, m, m2);
      ASSERT_OK(proof);
      const absl::StatusOr<Extension> shown =
          VerifyExtension(before, after, Views(log.entries(m, m2)), AsBytes(*proof));
      ASSERT_OK(shown);
      EXPECT_FALSE(shown->contradiction) << *shown->contradiction;
      EXPECT_EQ(shown->n, after.n);
      EXPECT_EQ(shown->root, after.set_root);
      // And nothing else follows.
      IndexEntry wrong = after;
      ++wrong.n;
      EXPECT_TRUE(
          VerifyExtension(before, wrong, Views(log.entries(m, m2)), AsBytes(*proof))
              ->contradiction);
      wrong = after;
      wrong.set_root.bytes[log.Random(32)] ^= 1;
      EXPECT_TRUE(
          VerifyExtension(before, wrong, Views(log.entries(m, m2)), AsBytes(*proof))
              ->contradiction);
    }
  }
}

// The presence before, with the last change, says what was added and what removed.
TEST(ExtensionTest, TheTouchedValuesTellTheDifference) {
  RandomLog log(7, 30);
  while (log.size() < 90) log.Step(3);
  const uint64_t m = 40;
  const uint64_t m2 = 90;
  const std::set<Hash> old_set = log.At(m);
  const std::set<Hash> new_set = log.At(m2);
  ExtensionRange range(m);
  for (const std::string& entry : log.entries(m, m2)) {
    ASSERT_OK(range.Add(AsBytes(entry)));
  }
  const absl::StatusOr<std::string> proof = Prove(log, m, m2);
  ASSERT_OK(proof);
  const absl::StatusOr<Extension> shown =
      VerifyExtension(log.VersionAt(m), log.VersionAt(m2), range, AsBytes(*proof));
  ASSERT_OK(shown);
  const std::vector<ExtensionRange::Touch> touched = range.Touched();
  ASSERT_EQ(shown->was_present.size(), touched.size());
  std::set<Hash> changed;
  for (size_t i = 0; i < touched.size(); ++i) {
    EXPECT_EQ(shown->was_present[i], old_set.contains(touched[i].value));
    EXPECT_EQ(touched[i].add, new_set.contains(touched[i].value));
    changed.insert(touched[i].value);
  }
  for (uint64_t id = 0; id < 30; ++id) {
    if (changed.contains(Record(id))) continue;
    EXPECT_EQ(old_set.contains(Record(id)), new_set.contains(Record(id)));
  }
}

TEST(ExtensionTest, AValueOfAnotherLeafIsNoProof) {
  RandomLog log(1, 20);
  while (log.size() < 30) log.Step(1);
  SetIndex index;
  index.Apply(log.ChangesUpTo(20), 20);
  ExtensionRange range(20);
  for (const std::string& entry : log.entries(20, 30)) {
    ASSERT_OK(range.Add(AsBytes(entry)));
  }
  const auto make = [&](const ExtensionRange& of, Hash value) {
    return MakeExtensionProof(index, of, [&](uint64_t) { return value; }).status();
  };
  EXPECT_STATUS(make(range, Record(999)), absl::StatusCode::kDataLoss, "verify");
  EXPECT_STATUS(make(ExtensionRange(19), Record(1)), absl::StatusCode::kInvalidArgument,
                "from 19 on");
}

// Ranges larger than where ExtensionRange begins to drop what is overwritten.
TEST(ExtensionTest, ManyChangesOfFewValuesStayFew) {
  ExtensionRange range(1);
  for (uint64_t i = 0; i < 150'000; ++i) {
    const Hash value = Record(i % 10);
    const bool add = i < 149'995;
    ASSERT_OK(
        range.Add(AsBytes(add ? Encode(AddEntry{value}) : Encode(RemoveEntry{value}))));
  }
  EXPECT_EQ(range.end(), 150'001u);
  const std::vector<ExtensionRange::Touch> touched = range.Touched();
  ASSERT_EQ(touched.size(), 10u);
  size_t adds = 0;
  for (const ExtensionRange::Touch& touch : touched) adds += touch.add;
  EXPECT_EQ(adds, 5u);
}

}  // namespace
}  // namespace setlog
