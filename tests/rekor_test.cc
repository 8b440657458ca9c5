// How an entry is proven: each part broken alone. What it says: rekor_body_test.cc.
#include "model/rekor.h"

#include <functional>

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;

class RekorTest : public testing::Test {
 protected:
  SignedEnvelope Envelope() const {
    return {bundle_.payload, bundle_.signature, LeafOf(bundle_)};
  }
  absl::StatusOr<RekorEntry> Verify(const TlogEntry& entry) const {
    return VerifyRekorEntry(entry, root_.tlogs, Envelope());
  }
  TlogEntry Entry1() const { return sigstore_.Entry1(Dsse1(), kTestTime); }
  TlogEntry Entry2() const { return sigstore_.Entry2(HashedRekord2()); }
  Json Dsse1() const { return Dsse1Body(bundle_); }
  Json HashedRekord2() const { return HashedRekord2Body(bundle_); }

  const PrivateSigstore sigstore_;
  const TrustedRoot root_ = sigstore_.Root();
  const ModelBundle bundle_ = sigstore_.Bare({});
};

TEST_F(RekorTest, EntriesOfBothVersionsVerify) {
  const absl::StatusOr<RekorEntry> one = Verify(Entry1());
  ASSERT_OK(one);
  EXPECT_EQ(one->log, &root_.tlogs[0]);
  EXPECT_EQ(one->promised_us, kTestTime * 1'000'000);
  const absl::StatusOr<RekorEntry> two = Verify(Entry2());
  ASSERT_OK(two);
  EXPECT_EQ(two->log, &root_.tlogs[1]);
  EXPECT_FALSE(two->promised_us.has_value());
}

class InclusionTest : public RekorTest, public testing::WithParamInterface<int> {
 protected:
  TlogEntry Entry() const { return GetParam() == 1 ? Entry1() : Entry2(); }
};
INSTANTIATE_TEST_SUITE_P(Versions, InclusionTest, testing::Values(1, 2));

TEST_P(InclusionTest, WithoutProofAnEntryIsRefused) {
  TlogEntry entry = Entry();
  entry.inclusion.reset();
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "no inclusion proof");
}

TEST_P(InclusionTest, AnotherBodyIsNotIncluded) {
  TlogEntry entry = Entry();
  entry.canonicalized_body += " ";
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
}

TEST_P(InclusionTest, APathIsOfItsLengthIndexAndHashes) {
  TlogEntry entry = Entry();
  entry.inclusion->path.pop_back();
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "inclusion proof");
  entry = Entry();
  entry.inclusion->path.push_back(Hash());
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "inclusion proof");
  entry = Entry();
  entry.inclusion->path[1].bytes[31] ^= 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
  entry = Entry();
  entry.inclusion->log_index = 4;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
  entry.inclusion->log_index = PrivateSigstore::kSize;
  EXPECT_STATUS(Verify(entry), StatusCode::kOutOfRange, "inclusion proof");
}

TEST_P(InclusionTest, TheCheckpointIsOfTheProofsTree) {
  TlogEntry entry = Entry();
  entry.inclusion->tree_size += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "another tree");
  entry = Entry();
  entry.inclusion->root.bytes[0] ^= 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "another tree");
}

TEST_P(InclusionTest, AnotherLogsCheckpointIsRefused) {
  const PrivateSigstore other;
  const Json body = GetParam() == 1 ? Dsse1() : HashedRekord2();
  TlogEntry entry = Entry();
  entry.inclusion->checkpoint = GetParam() == 1 ? other.Checkpoint1(*entry.inclusion)
                                                : Entry1().inclusion->checkpoint;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "not signed by");
}

TEST_P(InclusionTest, AChangedCheckpointIsRefused) {
  TlogEntry entry = Entry();
  std::string& note = entry.inclusion->checkpoint;
  note.replace(note.find("\n11\n"), 4, "\n12\n");
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's checkpoint");
  entry.inclusion->checkpoint = "";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "the entry's checkpoint");
}

TEST_P(InclusionTest, LinesOfOthersOnTheCheckpointAreNotLookedAt) {
  TlogEntry entry = Entry();
  std::string& note = entry.inclusion->checkpoint;
  const std::string line =
      "\xE2\x80\x94 witness.example.org " + Base64("1234witness") + "\n";
  note.insert(note.find("\n\n") + 2, line);
  EXPECT_OK(Verify(entry));
  note += line;
  EXPECT_OK(Verify(entry));
}

TEST_F(RekorTest, ACheckpointOfV1HasTheNameOfItsKey) {
  TlogEntry entry = Entry1();
  const auto origin = [&](const std::string& name) {
    entry.inclusion->checkpoint = sigstore_.Checkpoint1(*entry.inclusion, name);
    return Verify(entry).status();
  };
  EXPECT_OK(origin("rekor.example.org"));
  EXPECT_OK(origin("rekor.example.org - 1"));
  EXPECT_STATUS(origin("rekor.example.org.evil.test"), StatusCode::kDataLoss,
                "signed it as the log rekor.example.org.evil.test");
  EXPECT_STATUS(origin("other.example.org - 1"), StatusCode::kDataLoss, "signed it as");
}

TEST_F(RekorTest, ACheckpointOfV2HasTheNameOfTheHost) {
  // Another name for the same key, in the trusted root: then another ID as well.
  Json json = sigstore_.RootJson();
  json["tlogs"][1]["baseUrl"] = "https://other.example.org";
  EXPECT_STATUS(
      VerifyRekorEntry(Entry2(), ParseTrustedRoot(json.dump())->tlogs, Envelope()),
      StatusCode::kInvalidArgument, "has the ID of another key or name");
  // The same key may sign for another origin, but not as this log.
  TlogEntry entry = Entry2();
  const std::string text =
      "other.example.org\n11\n" + ToBase64(entry.inclusion->root) + "\n";
  entry.inclusion->checkpoint = FormatNote({text, {*SignNote(text, sigstore_.rekor2)}});
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss,
                "whose origin is other.example.org");
}

TEST_F(RekorTest, KeysNotKnownHereVerifyNothing) {
  Json json = sigstore_.RootJson();
  json["tlogs"][0]["publicKey"]["keyDetails"] = "ML_DSA_65";
  EXPECT_STATUS(
      VerifyRekorEntry(Entry1(), ParseTrustedRoot(json.dump())->tlogs, Envelope()),
      StatusCode::kUnimplemented, "no ECDSA key on P-256 and no Ed25519 key");
}

TEST_F(RekorTest, AKeyThatIsNoneVerifiesNothing) {
  TrustedLog log = root_.tlogs[0];
  log.key = "key";
  EXPECT_STATUS(VerifyInclusionInLog(Entry1(), log), StatusCode::kInvalidArgument,
                "the entry's checkpoint");
  EXPECT_STATUS(VerifyEntryPromise(Entry1(), log), StatusCode::kInvalidArgument, "");
  log = root_.tlogs[1];
  log.key = std::string(32, '\0');
  EXPECT_STATUS(VerifyInclusionInLog(Entry2(), log), StatusCode::kInvalidArgument,
                "the entry's checkpoint");
  log = root_.tlogs[1];
  log.base_url = "https:///";
  EXPECT_STATUS(VerifyInclusionInLog(Entry2(), log), StatusCode::kInvalidArgument,
                "the entry's checkpoint");
}

TEST_F(RekorTest, ALogSignsCheckpointsAndOtherNotesProveNothing) {
  TlogEntry entry = Entry1();
  entry.inclusion->checkpoint = sigstore_.Note1("rekor.example.org\n11\n");
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument,
                "a checkpoint has at least three lines");
}

TEST_F(RekorTest, APromiseIsOfBodyTimeIndexAndLog) {
  TlogEntry entry = Entry1();
  entry.integrated_time_s += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.log_index += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.signed_entry_timestamp =
      sigstore_.Entry1(Intoto2Body(bundle_), kTestTime).signed_entry_timestamp;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.signed_entry_timestamp = PrivateSigstore().Promise(entry);
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry.signed_entry_timestamp = "promise";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "the entry's promise");
  entry = Entry1();
  TlogEntry elsewhere = entry;
  elsewhere.log_id = sigstore_.LogId2();
  entry.signed_entry_timestamp = sigstore_.Promise(elsewhere);
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
}

TEST_F(RekorTest, RekorV2PromisesNothing) {
  TlogEntry entry = Entry2();
  entry.signed_entry_timestamp = sigstore_.Promise(entry);
  EXPECT_STATUS(Verify(entry), StatusCode::kUnimplemented, "");
}

TEST_F(RekorTest, TimesAndIndicesThatNoPromiseCanHaveAreRefused) {
  TlogEntry entry = Entry1();
  entry.integrated_time_s = 253402300800;
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "beyond the year 9999");
  entry = Entry1();
  entry.log_index = (uint64_t{1} << 53) + 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "above 2^53");
}

}  // namespace
}  // namespace setlog
