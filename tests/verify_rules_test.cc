// Every numbered rule of "Checking a proof file" by itself: a log whose own key signs a
// tree in which this one thing is wrong, so that all other rules hold.

#include <functional>

#include "fakes/fake_log.h"
#include "log/cosignature.h"
#include "log/verify.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr char kOrigin[] = "example.org/a";

struct File {
  VersionProof version;
  AnswerProof answer;
};

// 0 manifest, 1 index m = 1, 2 add one, 3 add two, 4 remove two, 5 index m = 5, 6 tag.
class VerifyRulesTest : public testing::Test {
 protected:
  VerifyRulesTest() : log_(ManifestFor(kOrigin)) {
    log_.Add(HashN(1));
    log_.Add(HashN(2));
    log_.Remove(HashN(2));
    log_.Index();
    log_.Tag("v1");
  }

  // The proof for a record under the head of the whole log.
  File Proof(uint64_t record) {
    File file{{log_.NoteAt(log_.size()), Prove(0), Prove(5), std::nullopt},
              {HashN(record), log_.Lookup(HashN(record), 5)}};
    if (record <= 2) file.answer.added = Prove(record + 1);
    if (record == 2) file.answer.removed = Prove(4);
    return file;
  }
  ProvenEntry Prove(uint64_t position) { return log_.Prove(position, log_.size()); }

  absl::StatusOr<Answer> Verify(const File& file) { return Verify(file, {}, Key()); }
  absl::StatusOr<Answer> Verify(const File& file, const Demands& demands,
                                const Trust& trust) {
    const absl::StatusOr<Version> version = VerifyVersion(file.version, trust, demands);
    if (!version.ok()) return version.status();
    return VerifyAnswer(*version, file.answer);
  }
  Trust Key() { return {.log_key = log_.key()}; }

  FakeLog log_;
};

TEST_F(VerifyRulesTest, WhatIsRightIsAccepted) {
  EXPECT_EQ(Verify(Proof(1))->verdict, SetVerdict::kPresent);
  EXPECT_EQ(Verify(Proof(2))->verdict, SetVerdict::kRemoved);
  EXPECT_EQ(Verify(Proof(3))->verdict, SetVerdict::kAbsent);
  File tagged = Proof(1);
  tagged.version.tag = Prove(6);
  EXPECT_OK(Verify(tagged, {.tag = "v1"}, Key()));
}

TEST_F(VerifyRulesTest, Rule1TheLogsOwnKeyAndTheQuorum) {
  const File file = Proof(1);
  EXPECT_STATUS(Verify(file, {}, {}), StatusCode::kDataLoss, "no key");
  const FakeLog other(ManifestFor(kOrigin), "other");
  EXPECT_STATUS(Verify(file, {}, {.log_key = other.key()}), StatusCode::kNotFound, "");
  // A key of another name that signed it all the same.
  const SigningKey named_b =
      MakeSigningKey("example.org/b",
                     Ed25519PrivateKey::FromSeed(Sha256(AsBytes("key"))).value())
          .value();
  File foreign = file;
  Note note = ParseNote(file.version.checkpoint).value();
  note = WithSignature(note, SignNote(note.text, named_b).value());
  foreign.version.checkpoint = FormatNote(note);
  EXPECT_STATUS(
      Verify(foreign, {}, {.log_key = named_b.Verifier(SignatureType::kEd25519)}),
      StatusCode::kDataLoss, "whose origin is");

  Policy policy;
  policy.logs = {{other.key(), ""}};
  EXPECT_STATUS(Verify(file, {}, {.policy = policy}), StatusCode::kDataLoss,
                "no log of the policy");
  policy.logs = {{log_.key(), ""}};
  EXPECT_OK(Verify(file, {}, {.policy = policy}));
  const SigningKey witness =
      MakeSigningKey("w.example", Ed25519PrivateKey::FromSeed(HashN(9)).value())
          .value();
  policy.witnesses = {{"w", witness.Verifier(SignatureType::kCosignature), ""}};
  policy.quorum = Policy::Member{Policy::Member::Kind::kWitness, 0};
  EXPECT_STATUS(Verify(file, {}, {.policy = policy}), StatusCode::kDataLoss, "quorum");
}

TEST_F(VerifyRulesTest, Rule2EveryPathIsForThisHead) {
  File file = Proof(2);
  file.version.tag = Prove(6);
  ASSERT_OK(Verify(file));
  const std::vector<std::function<ProvenEntry&(File&)>> entries = {
      [](File& f) -> ProvenEntry& { return f.version.manifest; },
      [](File& f) -> ProvenEntry& { return f.version.index; },
      [](File& f) -> ProvenEntry& { return *f.version.tag; },
      [](File& f) -> ProvenEntry& { return *f.answer.added; },
      [](File& f) -> ProvenEntry& { return *f.answer.removed; }};
  for (size_t i = 0; i < entries.size(); ++i) {
    File wrong = file;
    entries[i](wrong).path.back() = HashN(77);
    SCOPED_TRACE(i);
    EXPECT_STATUS(Verify(wrong), StatusCode::kDataLoss, "leads to root");
    // The right path, but of a smaller tree.
    File older = file;
    ProvenEntry& entry = entries[i](older);
    entry.path.pop_back();
    EXPECT_FALSE(Verify(older).ok());
  }
}

TEST_F(VerifyRulesTest, Rule3TheManifestAtZeroOfThisOrigin) {
  File file = Proof(1);
  file.version.manifest = Prove(2);
  EXPECT_STATUS(Verify(file), StatusCode::kDataLoss, "not at position 0");
  // A second manifest, at its own place.
  const uint64_t again = log_.Append(ManifestEntry{ManifestFor(kOrigin)});
  file = Proof(1);
  file.version.manifest = Prove(again);
  EXPECT_STATUS(Verify(file), StatusCode::kDataLoss, "not at position 0");
  // An add entry at position 0, or a manifest that says something else.
  const auto with_first = [&](const std::string& first) {
    File changed = Proof(1);
    const uint64_t size = log_.size();
    Rfc6962Model tree(
        [&](uint64_t i) { return LeafHash(AsBytes(i == 0 ? first : log_.entry(i))); });
    const auto move = [&](ProvenEntry& entry) {
      entry.path = tree.Path(entry.position, 0, size);
    };
    changed.version.checkpoint = log_.NoteFor(size, tree.Mth(0, size));
    changed.version.manifest.entry = first;
    move(changed.version.manifest);
    move(changed.version.index);
    move(*changed.answer.added);
    return Verify(changed);
  };
  const auto manifest = [](const std::string& json) {
    return Encode(ManifestEntry{json});
  };
  const std::string good = ManifestFor(kOrigin);
  EXPECT_OK(with_first(manifest(good)));
  EXPECT_FALSE(with_first(Encode(AddEntry{HashN(1)})).ok());
  EXPECT_STATUS(with_first(manifest(" " + good)), StatusCode::kInvalidArgument,
                "RFC 8785");
  EXPECT_STATUS(with_first(manifest(ManifestFor("example.org/b"))),
                StatusCode::kDataLoss, "the manifest is of example.org/b");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string json = good;
    json.replace(json.find(from), from.size(), to);
    return with_first(manifest(json));
  };
  EXPECT_STATUS(replaced("\"version\":1", "\"version\":2"), StatusCode::kUnimplemented,
                "version 2");
  EXPECT_STATUS(replaced("bytes/1", "bytes/9"), StatusCode::kUnimplemented, "scheme");
}

TEST_F(VerifyRulesTest, Rule3APlainLogHasNoVrfProof) {
  File file = Proof(3);
  file.answer.vrf_proof = std::string(80, 'x');
  EXPECT_STATUS(Verify(file), StatusCode::kDataLoss, "VRF");
}

TEST_F(VerifyRulesTest, Rule4TheIndexEntryOfItsForm) {
  const Hash root = log_.IndexAt(5).set_root;
  const auto with = [&](const std::string& entry) {
    const uint64_t position = log_.AppendBytes(entry);
    File file = Proof(3);
    file.version.index = Prove(position);
    return Verify(file);
  };
  EXPECT_OK(with(Encode(IndexEntry{5, 1, root})));
  EXPECT_OK(with(Encode(IndexEntry{8, 1, root})));  // m = its own position
  EXPECT_STATUS(with(Encode(IndexEntry{10, 1, root})), StatusCode::kInvalidArgument,
                "beyond it");
  EXPECT_STATUS(with(Encode(IndexEntry{1, 1, root})), StatusCode::kInvalidArgument,
                "n must be below m");
  EXPECT_STATUS(with(Encode(IndexEntry{5, 1, root}) + "x"),
                StatusCode::kInvalidArgument, "49");
  EXPECT_STATUS(with(Encode(TagEntry{5, "v9"})), StatusCode::kDataLoss, "of type tag");
}

TEST_F(VerifyRulesTest, Rule5TheCountIsTheIndexEntrys) {
  // The set root binds one member; the index entry beside it says two.
  const uint64_t position = log_.Append(IndexEntry{5, 2, log_.IndexAt(5).set_root});
  File file = Proof(3);
  file.version.index = Prove(position);
  ASSERT_OK(VerifyLookup(log_.IndexAt(5).set_root, HashN(3), file.answer.lookup));
  EXPECT_STATUS(Verify(file), StatusCode::kDataLoss, "number of members");
}

TEST_F(VerifyRulesTest, Rule6TheTagIsOfThisIndexEntryAndBehindIt) {
  const uint64_t tag = log_.Append(TagEntry{1, "v0"});
  File file = Proof(1);
  file.version.tag = Prove(tag);
  EXPECT_STATUS(Verify(file), StatusCode::kDataLoss, "is m = 1, the index entry");
  // A tag that stands before the index entry it names.
  FakeLog early(ManifestFor(kOrigin));
  early.Add(HashN(1));
  early.Append(TagEntry{2, "v1"});
  FakeLog other(ManifestFor(kOrigin));
  const uint64_t index = early.Append(IndexEntry{2, 0, other.IndexAt(1).set_root});
  const File before{
      {early.NoteAt(5), early.Prove(0, 5), early.Prove(index, 5), early.Prove(3, 5)},
      {HashN(3), other.Lookup(HashN(3), 1)}};
  EXPECT_STATUS(Verify(before, {}, {.log_key = early.key()}), StatusCode::kDataLoss,
                "does not come after");
  File untagged = before;
  untagged.version.tag.reset();
  EXPECT_OK(Verify(untagged, {}, {.log_key = early.key()}));
}

TEST_F(VerifyRulesTest, Rule7TheEntriesThatTheVerdictNeedsAndNoOthers) {
  const auto verify = [&](uint64_t record, std::optional<uint64_t> added,
                          std::optional<uint64_t> removed) {
    File file = Proof(record);
    file.answer.added.reset();
    file.answer.removed.reset();
    if (added) file.answer.added = Prove(*added);
    if (removed) file.answer.removed = Prove(*removed);
    return Verify(file);
  };
  // After m = 5: 7 add one, 8 remove one, 9 add two, 10 remove two.
  log_.Append(AddEntry{HashN(1)});
  log_.Append(RemoveEntry{HashN(1)});
  log_.Append(AddEntry{HashN(2)});
  log_.Append(RemoveEntry{HashN(2)});
  const StatusCode kLost = StatusCode::kDataLoss;
  EXPECT_OK(verify(1, 2, {}));
  EXPECT_STATUS(verify(1, {}, {}), kLost, "without the entry");
  EXPECT_STATUS(verify(1, 3, {}), kLost, "another record's");
  EXPECT_STATUS(verify(1, 7, {}), kLost, "after this version");
  EXPECT_STATUS(verify(1, 4, {}), kLost, "of type remove");
  EXPECT_STATUS(verify(1, 2, 8), kLost, "PRESENT with an entry that removed");
  EXPECT_OK(verify(2, 3, 4));
  EXPECT_OK(verify(2, {}, {}));  // ABSENT, which it is
  EXPECT_STATUS(verify(2, {}, 4), kLost, "without the add");
  EXPECT_STATUS(verify(2, 3, {}), kLost, "ABSENT with an entry that added");
  EXPECT_STATUS(verify(2, 3, 8), kLost, "another record's");
  EXPECT_STATUS(verify(2, 3, 10), kLost, "not between");
  EXPECT_STATUS(verify(2, 9, 10), kLost, "after this version");
  EXPECT_STATUS(verify(2, 3, 9), kLost, "of type add");
  EXPECT_STATUS(verify(3, 2, {}), kLost, "ABSENT with an entry that added");
}

TEST_F(VerifyRulesTest, Rule7TheRemoveComesAfterTheAdd) {
  FakeLog log(ManifestFor(kOrigin));
  log.Remove(HashN(1));  // 2
  log.Add(HashN(1));     // 3
  log.Remove(HashN(1));  // 4
  const uint64_t index = log.Index();
  const uint64_t size = log.size();
  File file{
      {log.NoteAt(size), log.Prove(0, size), log.Prove(index, size), std::nullopt},
      {HashN(1), log.Lookup(HashN(1), 5), log.Prove(3, size), log.Prove(4, size)}};
  ASSERT_OK(Verify(file, {}, {.log_key = log.key()}));
  file.answer.removed = log.Prove(2, size);
  EXPECT_STATUS(Verify(file, {}, {.log_key = log.key()}), StatusCode::kDataLoss,
                "not between");
}

TEST_F(VerifyRulesTest, Rule8WhatWasAskedFor) {
  File file = Proof(1);  // m = 5, size 7
  const auto with = [&](const Demands& demands) {
    return Verify(file, demands, Key());
  };
  const StatusCode kLost = StatusCode::kDataLoss;
  EXPECT_OK(with({.m = 5}));
  EXPECT_STATUS(with({.m = 4}), kLost, "not for m = 4");
  EXPECT_OK(with({.max_lag = 2}));
  EXPECT_STATUS(with({.max_lag = 1}), kLost, "2 entries behind");
  EXPECT_OK(with({.m = 5, .max_lag = 1}));  // what was asked for may be old
  EXPECT_STATUS(with({.tag = "v1"}), kLost, "not for version v1");
  file.version.tag = Prove(6);
  EXPECT_STATUS(with({.tag = "v2"}), kLost, "not for version v2");
  EXPECT_OK(with({.tag = "v1", .max_lag = 1}));
  EXPECT_STATUS(with({.oldest_cosignature_s = 1}), kLost, "without witnesses");
  EXPECT_STATUS(with({.require_replay = true}), kLost, "not audited");
}

TEST_F(VerifyRulesTest, Rule8AgeAndReplayByCosignatures) {
  const SigningKey witness =
      MakeSigningKey("w.example", Ed25519PrivateKey::FromSeed(HashN(9)).value())
          .value();
  File file = Proof(1);
  Note note = ParseNote(file.version.checkpoint).value();
  note = WithSignature(note, SignCosignature(note.text, witness, 1000).value());
  file.version.checkpoint = FormatNote(note);
  Policy policy;
  policy.logs = {{log_.key(), ""}};
  policy.witnesses = {{"w", witness.Verifier(SignatureType::kCosignature), ""}};
  policy.quorum = Policy::Member{Policy::Member::Kind::kWitness, 0};
  const Trust trust{.policy = policy};
  EXPECT_OK(Verify(file, {.oldest_cosignature_s = 1000}, trust));
  EXPECT_STATUS(Verify(file, {.oldest_cosignature_s = 1001}, trust),
                StatusCode::kDataLoss, "stale");
  EXPECT_OK(
      Verify(file, {.oldest_cosignature_s = 900, .latest_cosignature_s = 1000}, trust));
  EXPECT_STATUS(
      Verify(file, {.oldest_cosignature_s = 900, .latest_cosignature_s = 999}, trust),
      StatusCode::kDataLoss, "from the future");
  EXPECT_OK(Verify(file, {.latest_cosignature_s = 999}, trust));
  EXPECT_STATUS(Verify(file, {.require_replay = true}, trust), StatusCode::kDataLoss,
                "not audited");
  policy.groups = {{"replay", 1, {*policy.quorum}}};
  EXPECT_OK(Verify(file, {.require_replay = true}, {.policy = policy}));
}

}  // namespace
}  // namespace setlog
