// Answers of logs that do what they may not: every rule of docs/format.md, "Checking a
// proof file", that an honest log cannot break.
#include "log/verify.h"

#include "fuzz/set_model.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "log/tree.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

std::string ManifestOf(const std::string& origin) {
  return Encode(
      ManifestEntry{FormatManifest({.origin = origin, .scheme = "bytes/1"}).value()});
}

// Signs whatever stands in `entries`.
struct AnyLog {
  std::vector<std::string> entries = {ManifestOf(kLogName)};

  uint64_t Append(const Entry& entry) {
    entries.push_back(Encode(entry));
    return entries.size() - 1;
  }
  ProvenEntry Prove(uint64_t position) const {
    Rfc6962Model tree([this](uint64_t i) { return LeafHash(AsBytes(entries[i])); });
    return {position, entries[position], tree.Path(position, 0, entries.size())};
  }
  std::string Note() const {
    Rfc6962Model tree([this](uint64_t i) { return LeafHash(AsBytes(entries[i])); });
    const Hash root = tree.Mth(0, entries.size());
    return SignCheckpoint({kLogName, entries.size(), root, {}}, LogKey()).value();
  }
};

class VerifyTest : public testing::Test {
 protected:
  // 0 manifest, 1 add a, 2 add b, 3 remove b, 4 index of m = 4, 5 tag v1, 6 and 7
  // later.
  VerifyTest() {
    log_.Append(AddEntry{a_});
    log_.Append(AddEntry{b_});
    log_.Append(RemoveEntry{b_});
    log_.Append(IndexEntry{4, 1, set_.root()});
    log_.Append(TagEntry{4, "v1"});
    log_.Append(AddEntry{b_});
    log_.Append(RemoveEntry{b_});
  }

  VersionProof VersionAt(uint64_t index) const {
    return {log_.Note(), log_.Prove(0), log_.Prove(index), std::nullopt};
  }
  absl::StatusOr<Version> Verify(const VersionProof& proof,
                                 const Demands& demands = {}) const {
    return VerifyVersion(proof, {.log_key = Vkey(kLogVkey)}, demands);
  }
  absl::StatusOr<Answer> VerifyRecord(const AnswerProof& proof) const {
    return VerifyAnswer(Verify(VersionAt(4)).value(), proof);
  }
  AnswerProof Removed() const {
    return {b_, set_.Lookup(b_), log_.Prove(2), log_.Prove(3), ""};
  }
  AnswerProof Present() const {
    return {a_, set_.Lookup(a_), log_.Prove(1), std::nullopt, ""};
  }

  const Hash a_ = ValueN(1), b_ = ValueN(2);
  const SetModel set_{{a_}};
  AnyLog log_;
};

TEST_F(VerifyTest, TheHonestAnswersVerify) {
  VersionProof version = VersionAt(4);
  version.tag = log_.Prove(5);
  EXPECT_OK(Verify(version, {.tag = "v1"}));
  EXPECT_EQ(VerifyRecord(Present())->verdict, SetVerdict::kPresent);
  EXPECT_EQ(VerifyRecord(Removed())->verdict, SetVerdict::kRemoved);
  EXPECT_EQ(VerifyRecord({b_, set_.Lookup(b_), {}, {}, ""})->verdict,
            SetVerdict::kAbsent);
}

TEST_F(VerifyTest, WithoutAnyKeyNothingIsBelieved) {
  EXPECT_STATUS(VerifyVersion(VersionAt(4), {}, {}), StatusCode::kDataLoss, "no key");
}

TEST_F(VerifyTest, TheManifestIsEntryZeroOfThisLog) {
  VersionProof proof = VersionAt(4);
  proof.manifest = log_.Prove(1);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "not at position 0");
  // A second manifest, further on.
  log_.entries.push_back(log_.entries[0]);
  proof = VersionAt(4);
  proof.manifest = log_.Prove(log_.entries.size() - 1);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "not at position 0");

  log_.entries[0] = ManifestOf("example.org/other");
  EXPECT_STATUS(Verify(VersionAt(4)), StatusCode::kDataLoss, "example.org/other");
  log_.entries[0] = Encode(ManifestEntry{"{}"});
  EXPECT_STATUS(Verify(VersionAt(4)), StatusCode::kInvalidArgument, "manifest");
  log_.entries[0] = Encode(AddEntry{a_});
  EXPECT_STATUS(Verify(VersionAt(4)), StatusCode::kInvalidArgument, "entry 0");
}

TEST_F(VerifyTest, AnEntryOfNoFormIsRefusedAlthoughItIsInTheLog) {
  log_.entries[4] += "x";
  EXPECT_STATUS(Verify(VersionAt(4)), StatusCode::kInvalidArgument, "49");
  log_.entries[4] = Encode(IndexEntry{5, 1, set_.root()});
  EXPECT_STATUS(Verify(VersionAt(4)), StatusCode::kInvalidArgument, "beyond it");
  EXPECT_STATUS(Verify(VersionAt(3)), StatusCode::kDataLoss, "of type remove");
}

TEST_F(VerifyTest, ATagNamesThisVersionAndComesAfterItsIndexEntry) {
  VersionProof proof = VersionAt(4);
  log_.entries[5] = Encode(TagEntry{3, "v1"});
  proof = VersionAt(4);
  proof.tag = log_.Prove(5);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "version v1 is m = 3");
  // The index entry for m = 4 stands behind the tag that names it.
  std::swap(log_.entries[4], log_.entries[5]);
  log_.entries[4] = Encode(TagEntry{4, "v1"});
  proof = VersionAt(5);
  proof.tag = log_.Prove(4);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "does not come after");
}

TEST_F(VerifyTest, DemandsAreMetOrTheProofIsRefused) {
  VersionProof tagged = VersionAt(4);
  tagged.tag = log_.Prove(5);
  EXPECT_STATUS(Verify(VersionAt(4), {.tag = "v1"}), StatusCode::kDataLoss,
                "for m = 4, not for version v1");
  EXPECT_STATUS(Verify(tagged, {.tag = "v2"}), StatusCode::kDataLoss,
                "not for version");
  EXPECT_OK(Verify(VersionAt(4), {.m = 4}));
  EXPECT_STATUS(Verify(VersionAt(4), {.m = 5}), StatusCode::kDataLoss, "not for m = 5");
  EXPECT_OK(Verify(VersionAt(4), {.max_lag = 4}));
  EXPECT_STATUS(Verify(VersionAt(4), {.max_lag = 3}), StatusCode::kDataLoss, "behind");
  // Who names a version asks for no newer one.
  EXPECT_OK(Verify(VersionAt(4), {.m = 4, .max_lag = 3}));
  EXPECT_OK(Verify(tagged, {.tag = "v1", .max_lag = 3}));
  EXPECT_STATUS(Verify(VersionAt(4), {.oldest_cosignature_s = 1}),
                StatusCode::kDataLoss, "no freshness without witnesses");
  EXPECT_STATUS(Verify(VersionAt(4), {.require_replay = true}), StatusCode::kDataLoss,
                "not audited");
}

TEST_F(VerifyTest, APolicyDecidesWhoseHeadsCount) {
  const auto verify = [&](const std::string& policy, uint64_t time_s,
                          const Demands& demands) {
    VersionProof proof = VersionAt(4);
    if (time_s > 0) {
      const Note note = ParseNote(proof.checkpoint).value();
      proof.checkpoint = FormatNote(WithSignature(
          note, SignCosignature(note.text, WitnessKey(), time_s).value()));
    }
    return VerifyVersion(proof, {.policy = ParsePolicy(policy).value()}, demands)
        .status();
  };
  const std::string policy = "log " + kLogVkey + "\nwitness w1 " + kWitnessVkey +
                             "\ngroup replay any w1\nquorum ";
  EXPECT_OK(verify(policy + "none\n", 0, {}));
  EXPECT_OK(verify(policy + "replay\n", 100,
                   {.oldest_cosignature_s = 100, .require_replay = true}));
  EXPECT_STATUS(verify(policy + "replay\n", 0, {}), StatusCode::kDataLoss, "quorum");
  EXPECT_STATUS(verify(policy + "replay\n", 100, {.oldest_cosignature_s = 101}),
                StatusCode::kDataLoss, "stale");
  EXPECT_STATUS(verify(policy + "none\n", 0, {.require_replay = true}),
                StatusCode::kDataLoss, "not audited");
  const std::string other =
      FormatVkey(KeyOfByte(kLogName, 0x11).Verifier(SignatureType::kEd25519));
  EXPECT_STATUS(verify("log " + other + "\nquorum none\n", 0, {}),
                StatusCode::kDataLoss, "no log of the policy");
  // With a key as well, both must be satisfied.
  EXPECT_STATUS(VerifyVersion(VersionAt(4),
                              {.log_key = Vkey(other),
                               .policy = ParsePolicy(policy + "none\n").value()},
                              {}),
                StatusCode::kNotFound, "not signed by");
  // A wrong line of a known witness spoils the note.
  VersionProof proof = VersionAt(4);
  Note note = ParseNote(proof.checkpoint).value();
  NoteSignature line = SignCosignature(note.text, WitnessKey(), 100).value();
  line.signature.back() = static_cast<char>(line.signature.back() ^ 1);
  proof.checkpoint = FormatNote(WithSignature(note, line));
  EXPECT_STATUS(
      VerifyVersion(proof, {.policy = ParsePolicy(policy + "none\n").value()}, {}),
      StatusCode::kDataLoss, "cosignature");
}

TEST_F(VerifyTest, AnAddIsOfThisRecordAndBelowM) {
  AnswerProof proof = Present();
  proof.added = log_.Prove(2);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "another record's");
  proof.added = log_.Prove(3);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "of type remove");
  // In the set, says the index entry; but added only later.
  log_.entries[1] = Encode(AddEntry{ValueN(9)});
  log_.entries[6] = Encode(AddEntry{a_});
  proof.added = log_.Prove(6);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "after this version");
}

TEST_F(VerifyTest, ARemoveIsOfThisRecordBetweenTheAddAndM) {
  AnswerProof proof = Removed();
  proof.removed = log_.Prove(7);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "not between");
  proof.removed = log_.Prove(2);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "of type add");

  log_.entries[3] = Encode(RemoveEntry{a_});
  proof = Removed();
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "another record's");

  log_.entries[2] = Encode(RemoveEntry{b_});
  log_.entries[3] = Encode(AddEntry{b_});
  proof.added = log_.Prove(3);
  proof.removed = log_.Prove(2);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "not between");
}

TEST_F(VerifyTest, AnAnswerHasTheFieldsOfItsVerdictAndNoOthers) {
  AnswerProof proof = Present();
  proof.added.reset();
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "without the entry");
  proof = Present();
  proof.removed = log_.Prove(3);
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "that removed");
  proof = Removed();
  proof.removed.reset();
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "that added");
  proof = Removed();
  proof.added.reset();
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "without the add");
  proof = Present();
  proof.vrf_proof = "x";
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "VRF");
  proof = Present();
  ++proof.lookup.count;
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "number of members");
}

TEST_F(VerifyTest, APrivateLogsAnswerNeedsAVrfProof) {
  log_.entries[0] = Encode(ManifestEntry{
      FormatManifest({.origin = kLogName,
                      .scheme = "bytes/1",
                      .labels = VrfLabels{std::string(kVrfSuite), ValueN(3)}})
          .value()});
  EXPECT_STATUS(VerifyRecord(Present()), StatusCode::kDataLoss, "no VRF proof");
  AnswerProof proof = Present();
  proof.vrf_proof = std::string(80, 'x');
  EXPECT_STATUS(VerifyRecord(proof), StatusCode::kDataLoss, "the manifest's VRF key");
}

}  // namespace
}  // namespace setlog
