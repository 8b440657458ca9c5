// Two heads, the newest and the newest that witnesses cosigned: which of them a client
// takes, and that it never lets one be played off against the other.
#include "client/proof_file.h"
#include "log_client_fixture.h"

namespace setlog {
namespace {

using absl::StatusCode;

class CosignedHeadTest : public LogClientTest {
 protected:
  CosignedHeadTest() {
    server_.witness = WitnessKey();
    v1_end_ = log().tags()[0] + 1;  // the version "v1", its tag included
  }
  static SigningKey WitnessKey() {
    const Hash seed = Sha256(AsBytes("witness"));
    return MakeSigningKey("w.example", Ed25519PrivateKey::FromSeed(seed).value())
        .value();
  }
  Policy QuorumPolicy() {
    return ParsePolicy(
               "log " + FormatVkey(log().key()) + "\nwitness w " +
               FormatVkey(server_.witness->Verifier(SignatureType::kCosignature)) +
               "\nquorum w\n")
        .value();
  }
  LogClient Careful() { return Client({.policy = QuorumPolicy()}); }

  uint64_t v1_end_;
};

TEST_F(CosignedHeadTest, AQuorumIsMetByTheCosignedHeadAtItsOwnVersion) {
  server_.cosigned_size = v1_end_;
  LogClient client = Careful();
  const absl::StatusOr<VerifiedHead> head = client.Head();
  ASSERT_OK(head);
  EXPECT_EQ(head->version.checkpoint.size, v1_end_);
  EXPECT_EQ(head->version.cosigned_at_s, 1u);
  EXPECT_EQ(client.Lookup(*head, HashN(8), Positions::kProven)->answer.verdict,
            SetVerdict::kPresent);
  EXPECT_EQ(client.Lookup(*head, HashN(45), Positions::kNone)->answer.verdict,
            SetVerdict::kAbsent);
  EXPECT_OK(client.Head({.tag = "v1"}));
  // Its word is not given where nobody cosigned.
  EXPECT_STATUS(client.Head({.size = log().size()}), StatusCode::kDataLoss, "quorum");
}

TEST_F(CosignedHeadTest, WithoutACosignedHeadAQuorumIsNotMet) {
  EXPECT_STATUS(Careful().Head(), StatusCode::kDataLoss,
                "cosigned by nobody; not by w");
}

TEST_F(CosignedHeadTest, TheNewestHeadThatWasSeenIsKeptWhateverIsAskedFor) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  server_.cosigned_size = v1_end_;
  const absl::StatusOr<VerifiedHead> head = Careful().Head();
  ASSERT_OK(head);
  EXPECT_EQ(head->version.checkpoint.size, v1_end_);
  EXPECT_LT(head->version.index.m, before.highest_m);
  EXPECT_EQ(Known()->head, before.head);
  EXPECT_EQ(Known()->highest_m, before.highest_m);
  // Who bounds how far the set may lag is told, by what was seen.
  EXPECT_EQ(head->seen_size, before.head->checkpoint.size);
  EXPECT_OK(Careful().Head({}, {.max_lag = head->seen_size - head->version.index.m}));
  EXPECT_STATUS(
      Careful().Head({}, {.max_lag = head->seen_size - head->version.index.m - 1}),
      StatusCode::kDataLoss, "that was seen");
  // And from an older one it goes forward.
  server_.cosigned_size = log().size();
  log().Add(HashN(70));
  ASSERT_OK(Careful().Head());
  EXPECT_EQ(Known()->head, before.head);
  server_.cosigned_size = log().size();
  ASSERT_OK(Careful().Head());
  EXPECT_EQ(Known()->head->checkpoint.size, log().size());
}

TEST_F(CosignedHeadTest, NoHeadIsTakenBehindOneThatMetTheQuorum) {
  server_.cosigned_size = log().size();
  ASSERT_OK(Careful().Head());
  log().Add(HashN(70));
  server_.cosigned_size = v1_end_;
  EXPECT_STATUS(Careful().Head(), StatusCode::kDataLoss, "went back");
  EXPECT_EQ(Known()->head->checkpoint.size, log().size() - 1);
  // Nor with a newer one in between that nobody cosigned.
  ASSERT_OK(Pinned().Head());
  EXPECT_EQ(Known()->head->checkpoint.size, log().size());
  EXPECT_STATUS(Careful().Head(), StatusCode::kDataLoss, "went back");
  // Nor to an older version under the same head.
  server_.cosigned_size = log().size() - 1;
  ASSERT_OK(Careful().Head());
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() =
        EntryToProto(log().Prove(log().indexes()[1], *server_.cosigned_size));
  };
  EXPECT_STATUS(Careful().Head(), StatusCode::kDataLoss, "went back");
}

TEST_F(CosignedHeadTest, ACosignedHeadOfAnotherHistoryIsAContradiction) {
  ASSERT_OK(Pinned().Head());
  FakeServer other;
  FakeLog& fork = other.Create(kOrigin);
  for (uint64_t i = 100; i <= 110; ++i) fork.Add(HashN(i));
  fork.Index();
  other.witness = WitnessKey();
  other.cosigned_size = fork.size();
  ASSERT_LT(fork.size(), log().size());
  const Connection elsewhere(other.Channel(), "", std::chrono::milliseconds(0));
  // It grows to where the proof that was asked for can be given.
  while (fork.size() < log().size()) fork.Add(HashN(fork.size()));
  LogClient client(&elsewhere, &state_, {.origin = kOrigin, .policy = QuorumPolicy()});
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "not shown to continue");
  EXPECT_TRUE(client.contradiction().has_value());
  EXPECT_EQ(Known()->head->checkpoint.size, log().size());
}

TEST_F(CosignedHeadTest, AnOlderHeadIsTakenOnlyFromWhoWasAskedForACosignedOne) {
  ASSERT_OK(Pinned().Head());
  server_.shown_size = v1_end_;
  LogClient plain = Pinned();
  EXPECT_STATUS(plain.Head(), StatusCode::kDataLoss, "went back");
  // With a policy too: the server shows no head as new as the known one.
  server_.cosigned_size = v1_end_;
  LogClient careful = Careful();
  EXPECT_STATUS(careful.Head(), StatusCode::kDataLoss, "went back");
  EXPECT_TRUE(careful.contradiction().has_value());
}

TEST_F(CosignedHeadTest, AProofFileStandsUnderTheCosignedHeadThatHoldsItsVersion) {
  // Entries after the newest index entry: the cosigned head has the newest version.
  const uint64_t cosigned = log().size();
  for (uint64_t i = 200; i < 210; ++i) log().Add(HashN(i));
  server_.cosigned_size = cosigned;
  LogClient client = Pinned();
  const absl::StatusOr<VerifiedHead> newest = client.Head();
  ASSERT_OK(newest);
  EXPECT_EQ(newest->version.checkpoint.size, log().size());
  const absl::StatusOr<VerifiedHead> head = client.Cosigned(*newest, {});
  ASSERT_OK(head);
  EXPECT_EQ(head->version.checkpoint.size, cosigned);
  EXPECT_EQ(head->version.index, newest->version.index);
  const absl::StatusOr<LookupResult> found =
      client.Lookup(*head, HashN(45), Positions::kProven);
  ASSERT_OK(found);
  // It satisfies who trusts the witness only.
  const Trust trust{.policy = QuorumPolicy()};
  const absl::StatusOr<Version> version = VerifyVersion(head->proof, trust, {});
  ASSERT_OK(version);
  EXPECT_EQ(VerifyAnswer(*version, found->proof)->verdict, SetVerdict::kPresent);
  EXPECT_EQ(Known()->head->checkpoint.size, log().size());
}

TEST_F(CosignedHeadTest, AProofFileNeverSaysAnotherVersionThanTheVerdict) {
  server_.cosigned_size = v1_end_;
  LogClient client = Pinned();
  const absl::StatusOr<VerifiedHead> newest = client.Head();
  ASSERT_OK(newest);
  const absl::StatusOr<VerifiedHead> head = client.Cosigned(*newest, {});
  ASSERT_OK(head);
  EXPECT_EQ(head->proof, newest->proof);
  // The tagged one is in it.
  const absl::StatusOr<VerifiedHead> tagged = client.Head({.tag = "v1"});
  ASSERT_OK(tagged);
  EXPECT_EQ(tagged->version.checkpoint.size, log().size());
  const absl::StatusOr<VerifiedHead> under = client.Cosigned(*tagged, {});
  ASSERT_OK(under);
  EXPECT_EQ(under->version.checkpoint.size, v1_end_);
  EXPECT_EQ(under->version.tag, tagged->version.tag);
  // Not if it falls short of what was demanded.
  EXPECT_EQ(client.Cosigned(*newest, {.max_lag = 1000})->proof, newest->proof);
}

}  // namespace
}  // namespace setlog
