// A private log's client: records are asked about by hash, labels are looked up, and
// neither a lying prover nor a lying server gets a verdict out of it.
#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "client/log_client.h"
#include "client/proof_file.h"
#include "fakes/fake_prover.h"
#include "fakes/fake_server.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

constexpr const char* kOrigin = "example.org/a";

// The labels of HashN(1..40) are in the set, that of 7 was removed.
class PrivateClientTest : public testing::Test {
 protected:
  PrivateClientTest() : state_(StateDirectory::Open(dir_.path()).value()) {
    FakeLog& log = server_.CreateFrom(PrivateManifest(kOrigin, prover_.key()));
    for (uint64_t i = 1; i <= 40; ++i) log.Add(LabelN(i));
    log.Remove(LabelN(7));
    log.Index();
  }

  Hash LabelN(uint64_t n) const { return prover_.key().Label(HashN(n)); }
  LogClient Client() {
    return LogClient(&connection_, &state_,
                     {.origin = kOrigin, .key = server_.log().key()});
  }
  // Whatever the proof file says, by itself.
  absl::StatusOr<Answer> ByFile(const VerifiedHead& head, const LookupResult& found) {
    const auto file = ParseProofFile(FormatProofFile({head.proof, found.proof}));
    if (!file.ok()) return file.status();
    const auto version =
        VerifyVersion(file->version, {.log_key = server_.log().key()}, {});
    if (!version.ok()) return version.status();
    return VerifyAnswer(*version, file->answer);
  }

  TempDir dir_;
  StateDirectory state_;
  FakeProver prover_;
  FakeServer server_{"", &prover_};
  Connection connection_{server_.Channel(), "", std::chrono::milliseconds(0)};
};

TEST_F(PrivateClientTest, ARecordIsFoundByItsHashAndItsFileStandsAlone) {
  LogClient client = Client();
  const auto head = client.Head();
  ASSERT_OK(head);
  const std::pair<uint64_t, SetVerdict> cases[] = {
      {1, SetVerdict::kPresent}, {7, SetVerdict::kRemoved}, {41, SetVerdict::kAbsent}};
  for (const auto& [n, verdict] : cases) {
    const auto found = client.Lookup(*head, HashN(n), Positions::kProven);
    ASSERT_OK(found);
    EXPECT_EQ(found->answer.verdict, verdict) << n;
    EXPECT_EQ(found->proof.record, HashN(n));
    EXPECT_EQ(ValueOf(head->version.manifest, found->proof).value(), LabelN(n));
    const auto by_file = ByFile(*head, *found);
    ASSERT_OK(by_file);
    EXPECT_EQ(by_file->verdict, verdict);
  }
}

TEST_F(PrivateClientTest, WithoutPositionsItIsPresentOrAbsent) {
  LogClient client = Client();
  const auto head = client.Head().value();
  const auto verdict = [&](uint64_t n) {
    return client.Lookup(head, HashN(n), Positions::kNone)->answer.verdict;
  };
  EXPECT_EQ(verdict(1), SetVerdict::kPresent);
  EXPECT_EQ(verdict(41), SetVerdict::kAbsent);
}

TEST_F(PrivateClientTest, ManyRecordsAreOneMessageToEach) {
  LogClient client = Client();
  const auto head = client.Head().value();
  const std::vector<Hash> records = {HashN(41), HashN(7), HashN(1), HashN(1)};
  const auto verdicts = client.BatchLookup(head, records);
  ASSERT_OK(verdicts);
  EXPECT_THAT(*verdicts, ElementsAre(SetVerdict::kAbsent, SetVerdict::kRemoved,
                                     SetVerdict::kPresent, SetVerdict::kPresent));
  EXPECT_EQ(prover_.calls, 1);
}

// The label itself is no record's hash.
TEST_F(PrivateClientTest, ALabelIsAskedAboutAsWhatStandsInTheLog) {
  LogClient client = Client();
  const auto head = client.Head().value();
  EXPECT_EQ(client.Lookup(head, LabelN(1), Positions::kNone)->answer.verdict,
            SetVerdict::kAbsent);
  EXPECT_EQ(client.LookupValue(head, LabelN(1), Positions::kProven)->answer.verdict,
            SetVerdict::kPresent);
}

TEST_F(PrivateClientTest, TheKeyAtHandAsksNobodyForLabels) {
  LogClient client = Client();
  const KeyVrf own(&prover_.key());
  client.UseVrf(&own);
  const auto head = client.Head().value();
  const std::vector<Hash> records = {HashN(1), HashN(41)};
  EXPECT_THAT(client.BatchLookup(head, records).value(),
              ElementsAre(SetVerdict::kPresent, SetVerdict::kAbsent));
  const auto found = client.Lookup(head, HashN(1), Positions::kProven);
  ASSERT_OK(found);
  EXPECT_EQ(found->proof.vrf_proof.size(), VrfProof::kSize);
  EXPECT_OK(ByFile(head, *found));
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(PrivateClientTest, AnotherKeyAtHandGivesNoVerdict) {
  LogClient client = Client();
  const VrfSecretKey another = VrfKeyOf("another");
  const KeyVrf own(&another);
  client.UseVrf(&own);
  const auto head = client.Head().value();
  const std::vector<Hash> records = {HashN(1)};
  EXPECT_STATUS(client.BatchLookup(head, records), StatusCode::kDataLoss, kOrigin);
  EXPECT_STATUS(client.Lookup(head, HashN(1), Positions::kProven),
                StatusCode::kDataLoss, kOrigin);
}

TEST_F(PrivateClientTest, AProverBesideTheServerWillDo) {
  FakeProver beside;  // the same key
  ProverServer other(&beside);
  const Connection connection(other.Channel(), "", std::chrono::milliseconds(0));
  const RemoteVrf vrf(&connection, kOrigin);
  LogClient client = Client();
  client.UseVrf(&vrf);
  const auto head = client.Head().value();
  EXPECT_EQ(client.Lookup(head, HashN(1), Positions::kNone)->answer.verdict,
            SetVerdict::kPresent);
  EXPECT_EQ(beside.calls, 1);
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(PrivateClientTest, ALyingProverGetsNoVerdict) {
  LogClient client = Client();
  const auto head = client.Head().value();
  const std::vector<Hash> records = {HashN(1), HashN(41)};
  const std::string of_another(
      AsText(VrfKeyOf("another").Prove(HashN(1)).proof.bytes()));
  const std::function<void(v1::ProveResponse&)> lies[] = {
      [](v1::ProveResponse& answer) { answer.clear_proofs(); },
      [](v1::ProveResponse& answer) { answer.mutable_proofs()->append(80, 'x'); },
      [](v1::ProveResponse& answer) { (*answer.mutable_proofs())[50] ^= 1; },
      [](v1::ProveResponse& answer) { (*answer.mutable_proofs())[0] ^= 1; },
      [&](v1::ProveResponse& answer) {
        answer.mutable_proofs()->replace(0, 80, of_another);
      },
      // The absent one's for both: the present one would be called absent.
      [&](v1::ProveResponse& answer) {
        answer.mutable_proofs()->replace(
            0, 80, AsText(prover_.key().Prove(HashN(41)).proof.bytes()));
      },
  };
  for (const auto& lie : lies) {
    prover_.on_prove = lie;
    EXPECT_STATUS(client.BatchLookup(head, records), StatusCode::kDataLoss, kOrigin);
    EXPECT_STATUS(client.Lookup(head, HashN(1), Positions::kProven),
                  StatusCode::kDataLoss, kOrigin);
    EXPECT_STATUS(client.Lookup(head, HashN(1), Positions::kNone),
                  StatusCode::kDataLoss, kOrigin);
    // It is not the log that has signed this.
    EXPECT_FALSE(client.conviction().has_value());
  }
}

TEST_F(PrivateClientTest, WhatTheProverRefusesIsNoVerdict) {
  LogClient client = Client();
  const auto head = client.Head().value();
  prover_.refused = {grpc::StatusCode::RESOURCE_EXHAUSTED, "spent"};
  EXPECT_STATUS(client.Lookup(head, HashN(1), Positions::kNone),
                StatusCode::kResourceExhausted, "spent");
  prover_.refused = {grpc::StatusCode::FAILED_PRECONDITION, "no key"};
  const std::vector<Hash> records = {HashN(1)};
  EXPECT_STATUS(client.BatchLookup(head, records), StatusCode::kFailedPrecondition,
                "no key");
}

TEST_F(PrivateClientTest, ALyingServerGetsNoVerdict) {
  LogClient client = Client();
  const auto head = client.Head().value();
  // The answer is for another label.
  server_.on_lookup = [&](v1::LookupResponse& answer) {
    *answer.mutable_lookup() =
        LookupToProto(server_.log().Lookup(LabelN(2), head.version.index.m));
  };
  EXPECT_STATUS(client.Lookup(head, HashN(1), Positions::kNone), StatusCode::kDataLoss,
                kOrigin);
  server_.on_lookup = nullptr;
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    (*answer.mutable_proof())[5] ^= 1;
  };
  const std::vector<Hash> records = {HashN(1)};
  EXPECT_STATUS(client.BatchLookup(head, records), StatusCode::kDataLoss, kOrigin);
}

// Evidence is shown to everybody, and a record's hash is nobody's but who asked.
TEST_F(PrivateClientTest, EvidenceNamesTheLabelAndNeverTheRecord) {
  FakeLog& log = server_.log();
  FakeLog empty(PrivateManifest(kOrigin, prover_.key()));
  empty.Add(LabelN(99));
  empty.Index();
  const IndexEntry lie = empty.IndexAt(empty.indexes().back());
  log.IndexAs(lie.n, lie.set_root);
  server_.other_set = {&empty, lie.m};
  LogClient client = Client();
  const auto head = client.Head();
  ASSERT_OK(head);
  // The set denies what an entry before it added.
  EXPECT_STATUS(client.Lookup(*head, HashN(1), Positions::kProven),
                StatusCode::kDataLoss, "");
  ASSERT_TRUE(client.conviction().has_value());
  const auto bytes = ReadSmallFile(client.conviction()->path, kMaxEvidenceFileBytes);
  ASSERT_OK(bytes);
  const auto evidence = ParseEvidenceFile(*bytes);
  ASSERT_OK(evidence);
  EXPECT_OK(VerifyEvidence(*evidence, {.log_key = log.key()}));
  const auto* wrong = std::get_if<WrongAnswer>(&*evidence);
  ASSERT_NE(wrong, nullptr);
  EXPECT_EQ(wrong->record, LabelN(1));
  EXPECT_EQ(client.conviction()->misbehaviour.what.find(ToHex(HashN(1))),
            std::string::npos);
}

TEST_F(PrivateClientTest, AKeyInTheManifestThatIsNoneGivesNoVerdict) {
  const VrfLabels identity{std::string(kVrfSuite), Hash()};
  server_.CreateFrom(
      FormatManifest({.origin = kOrigin, .scheme = "bytes/1", .labels = identity})
          .value());
  LogClient client = Client();
  const auto head = client.Head();
  ASSERT_OK(head);
  EXPECT_STATUS(client.Lookup(*head, HashN(1), Positions::kNone), StatusCode::kDataLoss,
                kOrigin);
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(PrivateClientTest, APlainLogIsAskedWithoutAProver) {
  server_.Create(kOrigin).Add(HashN(1));
  server_.log().Index();
  LogClient client = Client();
  const auto head = client.Head();
  ASSERT_OK(head);
  const auto found = client.Lookup(*head, HashN(1), Positions::kProven);
  ASSERT_OK(found);
  EXPECT_EQ(found->proof.vrf_proof, "");
  EXPECT_EQ(found->answer.verdict, SetVerdict::kPresent);
  EXPECT_EQ(prover_.calls, 0);
}

}  // namespace
}  // namespace setlog
