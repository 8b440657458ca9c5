// Answers of private logs, offline: what a VRF proof must be, and what it cannot hide.
#include "fuzz/set_model.h"
#include "golden_notes.h"
#include "log/tree.h"
#include "log/verify.h"
#include "log/vrf_pad.h"
#include "rfc6962_model.h"
#include "testing.h"
#include "vrf_keys.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr uint64_t kIndex = 4;

// Labels of a, b and c: a stands, b was removed, c never was there.
class PrivateVerifyTest : public testing::Test {
 protected:
  PrivateVerifyTest() { Build(PrivateManifest(kLogName, key_)); }

  void Build(const std::string& manifest) {
    entries_ = {Encode(ManifestEntry{manifest}), Encode(AddEntry{LabelOf(a_)}),
                Encode(AddEntry{LabelOf(b_)}), Encode(RemoveEntry{LabelOf(b_)}),
                Encode(IndexEntry{4, 1, set_.root()})};
  }
  Hash LabelOf(const Hash& record) const { return key_.Label(record); }
  std::string Pi(const Hash& record) const {
    return std::string(AsText(key_.Prove(record).proof.bytes()));
  }

  ProvenEntry Prove(uint64_t position) const {
    Rfc6962Model tree([this](uint64_t i) { return LeafHash(AsBytes(entries_[i])); });
    return {position, entries_[position], tree.Path(position, 0, entries_.size())};
  }
  absl::StatusOr<Version> TheVersion() const {
    Rfc6962Model tree([this](uint64_t i) { return LeafHash(AsBytes(entries_[i])); });
    const uint64_t size = entries_.size();
    const std::string note =
        SignCheckpoint({kLogName, size, tree.Mth(0, size), {}}, LogKey()).value();
    return VerifyVersion({note, Prove(0), Prove(kIndex), std::nullopt},
                         {.log_key = Vkey(kLogVkey)}, {});
  }
  absl::StatusOr<Answer> Verify(const AnswerProof& proof) const {
    return VerifyAnswer(TheVersion().value(), proof);
  }

  AnswerProof Present() const {
    return {a_, set_.Lookup(LabelOf(a_)), Prove(1), std::nullopt, Pi(a_)};
  }
  AnswerProof Removed() const {
    return {b_, set_.Lookup(LabelOf(b_)), Prove(2), Prove(3), Pi(b_)};
  }
  AnswerProof Absent() const {
    return {c_, set_.Lookup(LabelOf(c_)), std::nullopt, std::nullopt, Pi(c_)};
  }

  const VrfSecretKey key_ = VrfKeyOf("vrf");
  const Hash a_ = ValueN(1), b_ = ValueN(2), c_ = ValueN(3);
  const SetModel set_{{key_.Label(a_)}};
  std::vector<std::string> entries_;
};

TEST_F(PrivateVerifyTest, AnAnswerIsAboutTheLabelThatItsProofShows) {
  const auto present = Verify(Present());
  ASSERT_OK(present);
  EXPECT_EQ(present->verdict, SetVerdict::kPresent);
  EXPECT_EQ(present->added_at, 1u);
  const auto removed = Verify(Removed());
  ASSERT_OK(removed);
  EXPECT_EQ(removed->verdict, SetVerdict::kRemoved);
  EXPECT_EQ(removed->removed_at, 3u);
  const auto absent = Verify(Absent());
  ASSERT_OK(absent);
  EXPECT_EQ(absent->verdict, SetVerdict::kAbsent);

  const Manifest manifest = TheVersion()->manifest;
  EXPECT_EQ(ValueOf(manifest, Present()).value(), LabelOf(a_));
  EXPECT_EQ(ValueOf(manifest, Absent()).value(), LabelOf(c_));
}

TEST_F(PrivateVerifyTest, EachBitOfEachProofCounts) {
  for (const AnswerProof& honest : {Present(), Removed(), Absent()}) {
    for (size_t i = 0; i < VrfProof::kSize; ++i) {
      for (const int bit : {0, 7}) {
        AnswerProof proof = honest;
        proof.vrf_proof[i] = static_cast<char>(proof.vrf_proof[i] ^ (1 << bit));
        EXPECT_FALSE(Verify(proof).ok()) << i;
      }
    }
  }
}

TEST_F(PrivateVerifyTest, AProofHasItsLength) {
  for (const size_t size : {1, 32, 79, 81, 160}) {
    AnswerProof proof = Present();
    proof.vrf_proof.resize(size);
    EXPECT_STATUS(Verify(proof), StatusCode::kInvalidArgument, "80");
  }
}

TEST_F(PrivateVerifyTest, ThereIsNoAnswerWithoutAProof) {
  for (AnswerProof proof : {Present(), Removed(), Absent()}) {
    proof.vrf_proof.clear();
    EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "no VRF proof");
  }
}

// Else whoever answers could call any record absent: the label of nothing is nowhere.
TEST_F(PrivateVerifyTest, AnotherRecordsProofDoesNotHideAPresentOne) {
  AnswerProof proof = Absent();
  proof.record = a_;
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
  proof = Removed();
  proof.record = a_;
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
}

TEST_F(PrivateVerifyTest, AnotherRecordsProofDoesNotMakeOnePresent) {
  AnswerProof proof = Present();
  proof.record = c_;
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
}

TEST_F(PrivateVerifyTest, AnotherKeysProofIsRefused) {
  const VrfSecretKey other = VrfKeyOf("another");
  AnswerProof proof = Present();
  proof.vrf_proof = std::string(AsText(other.Prove(a_).proof.bytes()));
  proof.lookup = set_.Lookup(other.Label(a_));
  proof.added.reset();
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
}

TEST_F(PrivateVerifyTest, TheProofOfAPadIsNoRecords) {
  AnswerProof proof = Absent();
  proof.vrf_proof = std::string(AsText(key_.Prove(PadInput(0)).proof.bytes()));
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
}

// The lookup is of the label, not of the record's hash: that is not in the log.
TEST_F(PrivateVerifyTest, ALookupOfAnotherValueIsRefused) {
  const Hash x = ValueN(4);
  const SetModel two{{LabelOf(a_), x}};
  entries_[kIndex] = Encode(IndexEntry{4, 2, two.root()});
  AnswerProof proof = Present();
  proof.lookup = two.Lookup(x);
  EXPECT_FALSE(Verify(proof).ok());
  proof.lookup = two.Lookup(LabelOf(a_));
  EXPECT_OK(Verify(proof));
}

TEST_F(PrivateVerifyTest, TheEntriesShownAreTheLabels) {
  AnswerProof proof = Present();
  proof.added = Prove(2);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "another record's");
  proof = Removed();
  entries_[2] = Encode(AddEntry{b_});  // the hash itself
  proof.added = Prove(2);
  proof.removed = Prove(3);
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "another record's");
}

TEST_F(PrivateVerifyTest, APlainLogTakesNoVrfProof) {
  Build(FormatManifest({.origin = kLogName, .scheme = "bytes/1"}).value());
  EXPECT_STATUS(Verify(Present()), StatusCode::kDataLoss, "without VRF labels");
  AnswerProof proof = Present();
  proof.vrf_proof = "x";
  EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "without VRF labels");
  // There the value is the record.
  proof.vrf_proof.clear();
  proof.record = LabelOf(a_);
  EXPECT_EQ(Verify(proof)->verdict, SetVerdict::kPresent);
}

// Under the identity all inputs have one output, whatever the proof.
TEST_F(PrivateVerifyTest, AManifestsKeyThatIsTheIdentityVerifiesNothing) {
  Hash no_element;
  no_element.bytes[31] = 0xFF;
  for (const Hash& key : {Hash(), no_element}) {
    const VrfLabels labels{std::string(kVrfSuite), key};
    Build(FormatManifest({.origin = kLogName, .scheme = "bytes/1", .labels = labels})
              .value());
    for (const AnswerProof& proof : {Present(), Removed(), Absent()}) {
      EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "the manifest's VRF key");
    }
  }
}

TEST_F(PrivateVerifyTest, AManifestsOtherKeyVerifiesNothing) {
  Build(PrivateManifest(kLogName, VrfKeyOf("another")));
  for (const AnswerProof& proof : {Present(), Removed(), Absent()}) {
    EXPECT_STATUS(Verify(proof), StatusCode::kDataLoss, "");
  }
}

}  // namespace
}  // namespace setlog
