// What convicts a log, and that nothing convicts an honest one.

#include "log/evidence.h"

#include <set>

#include "evidence_samples.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::HasSubstr;

TEST(EvidenceTest, EveryKindConvictsTheLogThatLied) {
  LyingLog log;
  std::set<std::string_view> kinds;
  for (const Evidence& evidence : log.RealEvidence()) {
    const auto proven = VerifyEvidence(evidence, log.trust());
    ASSERT_OK(proven) << NameOf(evidence);
    EXPECT_EQ(proven->origin, "example.org/a");
    EXPECT_EQ(proven->log_key, log.log.key());
    EXPECT_EQ(proven->kind, NameOf(evidence));
    EXPECT_FALSE(proven->what.empty());
    kinds.insert(proven->kind);
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Evidence>);
}

TEST(EvidenceTest, NothingThatAnHonestLogSignedConvictsIt) {
  HonestLog honest;
  std::set<std::string_view> kinds;
  for (const Evidence& evidence : honest.AllShapes()) {
    const auto proven = VerifyEvidence(evidence, honest.trust());
    ASSERT_FALSE(proven.ok()) << NameOf(evidence) << ": " << proven->what;
    kinds.insert(NameOf(evidence));
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Evidence>);
}

// The material of one lie does not serve for another: what is real evidence of one log
// says nothing about an honest log with another key.
TEST(EvidenceTest, OnlyTheLogsOwnKeyCounts) {
  LyingLog log;
  HonestLog other;
  FakeLog other_key(ManifestFor("example.org/a"), "other");
  Trust nobody;
  Trust other_trust{.log_key = other_key.key()};
  for (const Evidence& evidence : log.RealEvidence()) {
    EXPECT_FALSE(VerifyEvidence(evidence, nobody).ok()) << NameOf(evidence);
    EXPECT_FALSE(VerifyEvidence(evidence, other_trust).ok()) << NameOf(evidence);
  }
}

TEST(EvidenceTest, BothSidesMustBeSignedByOneKey) {
  LyingLog log;
  FakeLog other(ManifestFor("example.org/a"), "other");
  other.Add(HashN(7));
  Policy policy;
  policy.logs = {{log.log.key(), ""}, {other.key(), ""}};
  // Each key for itself is trusted, and each of its heads.
  const Evidence mixed = TwoRoots{log.log.NoteAt(3), other.NoteAt(3)};
  EXPECT_FALSE(VerifyEvidence(mixed, {.policy = policy}).ok());
  const Evidence leaves = TwoLeaves{2, log.LeafOf(log.log, 2), log.LeafOf(other, 2)};
  EXPECT_FALSE(VerifyEvidence(leaves, {.policy = policy}).ok());
  const Evidence one = TwoRoots{other.NoteAt(3), other.NoteFor(3, HashN(0))};
  ASSERT_OK(VerifyEvidence(one, {.policy = policy}));
  EXPECT_EQ(VerifyEvidence(one, {.policy = policy})->log_key, other.key());
}

TEST(EvidenceTest, APolicyNamesKeysAndItsQuorumDoesNotMatter) {
  LyingLog log;
  Policy policy;
  policy.logs = {{log.log.key(), ""}};
  policy.witnesses = {{"w", log.log.key(), ""}};
  policy.quorum = Policy::Member{Policy::Member::Kind::kWitness, 0};
  const Evidence evidence = log.RealEvidence()[0];
  EXPECT_OK(VerifyEvidence(evidence, {.policy = policy}));
  EXPECT_OK(VerifyEvidence(evidence, {.log_key = log.log.key(), .policy = policy}));
  // A key that the policy does not name is none.
  policy.logs = {{FakeLog(ManifestFor("example.org/a"), "other").key(), ""}};
  EXPECT_FALSE(
      VerifyEvidence(evidence, {.log_key = log.log.key(), .policy = policy}).ok());
}

// Every hash that shows where something stands.
std::vector<Hash*> PathHashes(Evidence& evidence) {
  std::vector<Hash*> hashes;
  const auto add = [&](std::vector<Hash>& path) {
    for (Hash& hash : path) hashes.push_back(&hash);
  };
  const auto add_entry = [&](ProvenEntry& entry) { add(entry.path); };
  std::visit(
      [&](auto& e) {
        if constexpr (requires { e.manifest.path; }) add_entry(e.manifest);
        if constexpr (requires { e.manifest->path; }) add_entry(*e.manifest);
        if constexpr (requires { e.entry; }) add_entry(e.entry);
        if constexpr (requires { e.tag; }) add_entry(e.tag);
        if constexpr (requires { e.index; }) add_entry(e.index);
        if constexpr (requires { e.to; }) add_entry(e.to);
        if constexpr (requires { e.earlier; }) add_entry(e.earlier.entry);
        if constexpr (requires { e.later; }) add_entry(e.later.entry);
        if constexpr (requires { e.first.path; }) add(e.first.path);
        if constexpr (requires { e.second.path; }) add(e.second.path);
        if constexpr (requires { e.left; }) add(e.left);
        if constexpr (requires { e.right; }) add(e.right);
        if constexpr (requires { e.range; }) add(e.range.left);
        if constexpr (requires { e.range; }) add(e.range.right);
        if constexpr (requires { e.lookup; }) add(e.lookup.siblings);
      },
      evidence);
  return hashes;
}

TEST(EvidenceTest, NothingIsBelievedToStandWhereItIsNotShownToStand) {
  LyingLog log;
  size_t changed = 0;
  std::vector<Evidence> all = log.RealEvidence();
  for (Evidence& evidence : all) {
    for (Hash* hash : PathHashes(evidence)) {
      hash->bytes[7] ^= 1;
      EXPECT_FALSE(VerifyEvidence(evidence, log.trust()).ok()) << NameOf(evidence);
      hash->bytes[7] ^= 1;
      ++changed;
    }
    ASSERT_OK(VerifyEvidence(evidence, log.trust()));
  }
  EXPECT_GT(changed, 50u);
}

TEST(EvidenceTest, ForksOfAllSizesAreShownAndNoContinuationIs) {
  FakeLog a(ManifestFor("example.org/a"));
  FakeLog b(ManifestFor("example.org/a"));
  constexpr uint64_t kSame = 5;
  for (uint64_t i = a.size(); i < 20; ++i) {
    a.Add(HashN(i));
    b.Add(HashN(i < kSame ? i : i + 100));
  }
  const Trust trust{.log_key = a.key()};
  for (uint64_t small = 1; small < 20; ++small) {
    for (uint64_t large = small + 1; large <= 20; ++large) {
      const Evidence fork = Fork{a.NoteAt(small), b.NoteAt(large), b.Cover(0, small),
                                 b.Cover(small, large)};
      EXPECT_EQ(VerifyEvidence(fork, trust).ok(), small > kSame)
          << small << " " << large;
      // The other log's subtrees do not lead to the larger head.
      const Evidence wrong = Fork{a.NoteAt(small), b.NoteAt(large), a.Cover(0, small),
                                  a.Cover(small, large)};
      EXPECT_FALSE(VerifyEvidence(wrong, trust).ok());
    }
  }
}

TEST(EvidenceTest, EveryMalformedEntryConvictsAndEveryWellFormedOneDoesNot) {
  const auto index = [](uint64_t m, uint64_t n) {
    return Encode(IndexEntry{m, n, HashN(0)});
  };
  const struct {
    std::string entry;
    bool malformed;
  } kCases[] = {
      {"", true},
      {"\x05", true},
      {"\xff", true},
      {std::string("\x01"), true},
      {Encode(AddEntry{HashN(1)}) + "x", true},
      {Encode(RemoveEntry{HashN(1)}).substr(0, 32), true},
      {Encode(ManifestEntry{ManifestFor("example.org/a")}), true},
      {index(0, 0), true},
      {index(3, 3), true},
      {index(4, 0), true},
      {index(3, 2) + "x", true},
      {Encode(TagEntry{4, "v"}), true},
      {Encode(TagEntry{3, "12"}), true},
      {Encode(TagEntry{3, "a b"}), true},
      {Encode(TagEntry{3, std::string(256, 'a')}), true},
      {Encode(AddEntry{HashN(1)}), false},
      {Encode(RemoveEntry{HashN(1)}), false},
      {index(3, 2), false},
      // Wrong, but not by its form alone.
      {Encode(TagEntry{3, "v"}), false},
  };
  for (const auto& c : kCases) {
    FakeLog log(ManifestFor("example.org/a"));
    log.Add(HashN(1));
    const uint64_t position = log.AppendBytes(c.entry);
    log.Add(HashN(2));
    const Evidence evidence =
        MalformedEntry{log.NoteAt(5), log.Prove(0, 5), log.Prove(position, 5)};
    const auto proven = VerifyEvidence(evidence, {.log_key = log.key()});
    EXPECT_EQ(proven.ok(), c.malformed) << ToHex(AsBytes(c.entry)) << proven.status();
    // Without the manifest nobody knows which forms the log has.
    const Evidence bare =
        MalformedEntry{log.NoteAt(5), std::nullopt, log.Prove(position, 5)};
    EXPECT_FALSE(VerifyEvidence(bare, {.log_key = log.key()}).ok());
  }
}

// A log whose first entry is `first`, and one more of an unknown type.
Evidence FirstEntry(const std::string& first, bool judge_second) {
  const SigningKey key =
      MakeSigningKey("example.org/a",
                     Ed25519PrivateKey::FromSeed(Sha256(AsBytes("key"))).value())
          .value();
  const std::string second = "\x05";
  const Hash leaves[] = {LeafHash(AsBytes(first)), LeafHash(AsBytes(second))};
  const std::string note =
      SignCheckpoint({"example.org/a", 2, NodeHash(leaves[0], leaves[1]), {}}, key)
          .value();
  const ProvenEntry proven[] = {{0, first, {leaves[1]}}, {1, second, {leaves[0]}}};
  if (judge_second) return MalformedEntry{note, proven[0], proven[1]};
  return MalformedEntry{note, std::nullopt, proven[0]};
}

TEST(EvidenceTest, AManifestConvictsUnlessItIsOfAnotherVersion) {
  const Trust trust{.log_key = FakeLog(ManifestFor("example.org/a")).key()};
  const auto manifest = [](const std::string& json) {
    return std::string(1, 0) + json;
  };
  const std::string good = ManifestFor("example.org/a");
  for (const std::string& bad :
       {std::string("\x01"), manifest("{"), manifest(" " + good), manifest(""),
        manifest(ManifestFor("example.org/b")), manifest("{\"version\":1}")}) {
    EXPECT_OK(VerifyEvidence(FirstEntry(bad, false), trust)) << bad;
    EXPECT_FALSE(VerifyEvidence(FirstEntry(bad, true), trust).ok() &&
                 bad.find("example.org/b") == bad.npos)
        << bad;
  }
  EXPECT_FALSE(VerifyEvidence(FirstEntry(manifest(good), false), trust).ok());
  EXPECT_OK(VerifyEvidence(FirstEntry(manifest(good), true), trust));

  // A log of a later version may hold entries of type 05, quite honestly.
  std::string later = good;
  later.replace(later.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_STATUS(VerifyEvidence(FirstEntry(manifest(later), false), trust),
                absl::StatusCode::kUnimplemented, "version 2");
  EXPECT_STATUS(VerifyEvidence(FirstEntry(manifest(later), true), trust),
                absl::StatusCode::kUnimplemented, "version 2");
}

TEST(EvidenceTest, WrongAnswersOfBothKindsConvict) {
  // What the log did, and the set that its index entry shows instead.
  FakeLog log(ManifestFor("example.org/a"));
  FakeLog shadow(ManifestFor("example.org/a"));
  const uint64_t add = log.Add(HashN(1));        // 2, and shown absent
  const uint64_t add_two = log.Add(HashN(2));    // 3
  const uint64_t remove = log.Remove(HashN(2));  // 4, and shown present
  log.Add(HashN(4));                             // 5, and shown present
  shadow.Add(HashN(2));
  shadow.Add(HashN(3));  // never added
  shadow.Add(HashN(4));
  shadow.Add(HashN(4));
  const IndexEntry shown = shadow.IndexAt(shadow.Index());
  const uint64_t index = log.Append(shown);
  ASSERT_EQ(shown.m, 6u);
  const uint64_t size = log.size();
  const Trust trust{.log_key = log.key()};
  const auto judge = [&](uint64_t record, uint64_t begin) {
    const Evidence evidence = WrongAnswer{log.NoteAt(size),
                                          log.Prove(0, size),
                                          log.Prove(index, size),
                                          HashN(record),
                                          shadow.Lookup(HashN(record), 6),
                                          log.Range(begin, 6, size)};
    return VerifyEvidence(evidence, trust);
  };
  for (uint64_t begin = 0; begin <= 6; ++begin) {
    EXPECT_EQ(judge(1, begin).ok(), begin <= add) << begin;
    EXPECT_EQ(judge(2, begin).ok(), begin <= remove) << begin;
    EXPECT_EQ(judge(3, begin).ok(), begin == 0) << begin;
    EXPECT_FALSE(judge(4, begin).ok()) << begin;  // the truth
    EXPECT_FALSE(judge(5, begin).ok()) << begin;
  }
  EXPECT_LT(add_two, remove);
  EXPECT_THAT(judge(1, 2)->what, HasSubstr("absent"));
  EXPECT_THAT(judge(2, 2)->what, HasSubstr("removed at position 4"));
  EXPECT_THAT(judge(3, 0)->what, HasSubstr("never added"));
}

// A record that was removed, or added, after m is no lie of the set at m.
TEST(EvidenceTest, AnAnswerIsJudgedByTheEntriesUpToItsOwnM) {
  HonestLog honest;
  size_t tried = 0;
  for (uint64_t index : honest.log.indexes()) {
    const uint64_t m = honest.log.IndexAt(index).m;
    for (uint64_t record = 1; record < 6; ++record) {
      WrongAnswer e = honest.Answer(HashN(record), index, 0);
      for (uint64_t end = 0; end <= honest.size(); ++end) {
        if (end == m) continue;
        e.range = honest.log.Range(0, end, honest.size());
        EXPECT_FALSE(VerifyEvidence(e, honest.trust()).ok()) << record << " " << end;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 200u);
}

// Nor does a garbled list of subtrees make a fork of a log that only grew.
TEST(EvidenceTest, SubtreesThatAreNotTheLargerHeadsShowNothing) {
  HonestLog honest;
  Fork fork{honest.log.NoteAt(5), honest.log.NoteAt(9), honest.log.Cover(0, 5),
            honest.log.Cover(5, 9)};
  for (Hash& hash : fork.left) {
    hash.bytes[0] ^= 1;
    EXPECT_FALSE(VerifyEvidence(fork, honest.trust()).ok());
    hash.bytes[0] ^= 1;
  }
}

TEST(EvidenceTest, AnExtensionConvictsOnlyIfItIsOfTheseTwoEntries) {
  HonestLog honest;
  WrongExtension e = honest.Extension(1, 2);
  // Shorter and longer ranges, each proven to stand there.
  const uint64_t m = honest.log.IndexAt(honest.log.indexes()[1]).m;
  const uint64_t end = honest.log.IndexAt(honest.log.indexes()[2]).m;
  for (uint64_t begin = 0; begin < honest.size(); ++begin) {
    for (uint64_t stop = begin; stop <= honest.size(); ++stop) {
      e.range = honest.log.Range(begin, stop, honest.size());
      e.batch_proof = honest.log.Batch(honest.Touched(begin, stop), m);
      EXPECT_FALSE(VerifyEvidence(e, honest.trust()).ok()) << begin << " " << stop;
    }
  }
  EXPECT_LT(m, end);
}

TEST(EntryRangeTest, EveryRangeOfEverySmallTreeLeadsToItsRootAndNoOtherDoes) {
  FakeLog log(ManifestFor("example.org/a"));
  for (uint64_t i = 0; i < 18; ++i) log.Add(HashN(i));
  for (uint64_t size = 1; size <= log.size(); ++size) {
    const Checkpoint head{"example.org/a", size, log.RootAt(size), {}};
    for (uint64_t begin = 0; begin <= size; ++begin) {
      for (uint64_t end = begin; end <= size; ++end) {
        const EntryRange range = log.Range(begin, end, size);
        ASSERT_OK(VerifyRange(range, head)) << begin << " " << end << " " << size;
        EntryRange moved = range;
        ++moved.begin;
        EXPECT_FALSE(VerifyRange(moved, head).ok());
        if (begin == end) continue;
        EntryRange cut = range;
        cut.entries.pop_back();
        EXPECT_FALSE(VerifyRange(cut, head).ok());
        EntryRange other = range;
        other.entries.back().back() ^= 1;
        EXPECT_STATUS(VerifyRange(other, head), absl::StatusCode::kDataLoss,
                      "lead to root");
        EntryRange more = range;
        more.right.push_back(HashN(0));
        EXPECT_STATUS(VerifyRange(more, head), absl::StatusCode::kInvalidArgument,
                      "subtrees");
      }
    }
  }
  EXPECT_STATUS(RootAround(3, {}, 2, {}, {}), absl::StatusCode::kOutOfRange,
                "beyond the tree");
  EXPECT_STATUS(RootAround(UINT64_MAX, std::vector<Hash>(2), UINT64_MAX, {}, {}),
                absl::StatusCode::kOutOfRange, "beyond the tree");
}

}  // namespace
}  // namespace setlog
