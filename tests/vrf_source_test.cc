// Labels and their proofs, from the key at hand and from a service that may lie.
#include "client/vrf_source.h"

#include "fakes/fake_prover.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr char kOrigin[] = "example.org/a";

Hash RecordN(uint64_t n) {
  std::string bytes;
  AppendU64(&bytes, n);
  return Sha256(AsBytes(bytes));
}

std::vector<Hash> Records(size_t count) {
  std::vector<Hash> records;
  for (size_t i = 0; i < count; ++i) records.push_back(RecordN(i));
  return records;
}

class VrfSourceTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<ProvenLabel>> Proven(std::span<const Hash> records) const {
    return ProveLabels(remote_, prover_.key().PublicKey(), records);
  }

  FakeProver prover_;
  ProverServer server_{&prover_};
  Connection connection_{server_.Channel(), "", std::chrono::milliseconds(0)};
  const RemoteVrf remote_{&connection_, kOrigin};
  const KeyVrf own_{&prover_.key()};
};

TEST_F(VrfSourceTest, AServiceAndTheKeyAtHandSayTheSame) {
  const std::vector<Hash> records = Records(5);
  const std::vector<uint64_t> pads = {0, 7, uint64_t{1} << 40};
  EXPECT_EQ(remote_.Prove(records).value(), own_.Prove(records).value());
  EXPECT_EQ(remote_.Label(records, {3, 2}).value(),
            own_.Label(records, {3, 2}).value());
  EXPECT_EQ(remote_.ProvePads(pads).value(), own_.ProvePads(pads).value());
}

TEST_F(VrfSourceTest, LabelsAreOfTheRecordsAndThenOfThePads) {
  const VrfSecretKey& key = prover_.key();
  const std::vector<Hash> records = Records(2);
  const std::vector<Hash> expected = {key.Label(records[0]), key.Label(records[1]),
                                      key.Label(PadInput(9)), key.Label(PadInput(10))};
  EXPECT_EQ(remote_.Label(records, {9, 2}).value(), expected);
  EXPECT_EQ(own_.Label(records, {9, 2}).value(), expected);
}

TEST_F(VrfSourceTest, ProvenLabelsAreTheKeysOwn) {
  const std::vector<Hash> records = Records(4);
  const auto proven = Proven(records);
  ASSERT_OK(proven);
  ASSERT_EQ(proven->size(), records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ((*proven)[i].label, prover_.key().Label(records[i]));
    EXPECT_EQ(
        LabelOf(*prover_.key().PublicKey().Verify(records[i], (*proven)[i].proof)),
        (*proven)[i].label);
  }
}

TEST_F(VrfSourceTest, OnlyTheKeyItselfIsOwned) {
  EXPECT_EQ(own_.own_key(), prover_.key().PublicKey());
  EXPECT_EQ(remote_.own_key(), std::nullopt);
}

TEST_F(VrfSourceTest, NothingToAskIsNoCall) {
  EXPECT_TRUE(Proven({}).value().empty());
  EXPECT_TRUE(remote_.Label({}, {5, 0}).value().empty());
  EXPECT_TRUE(remote_.ProvePads({}).value().empty());
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(VrfSourceTest, ACallHasNoMoreProofsThanOneTakes) {
  prover_.pretends = true;
  EXPECT_EQ(remote_.Prove(Records(4096))->size(), 4096u);
  EXPECT_EQ(prover_.calls, 1);
  EXPECT_EQ(remote_.Prove(Records(4097))->size(), 4097u);
  EXPECT_EQ(prover_.calls, 3);
  EXPECT_EQ(remote_.ProvePads(std::vector<uint64_t>(8193, 1))->size(), 8193u);
  EXPECT_EQ(prover_.calls, 6);
}

TEST_F(VrfSourceTest, ACallHasNoMoreLabelsThanOneTakes) {
  prover_.pretends = true;
  std::vector<Hash> expected = Records(65530);
  const auto labels = remote_.Label(expected, {0, 20});
  ASSERT_OK(labels);
  expected.resize(expected.size() + 20);
  EXPECT_EQ(*labels, expected);
  EXPECT_EQ(prover_.calls, 2);
  // Exactly full: pads only come with the next.
  expected.resize(65536);
  EXPECT_EQ(remote_.Label(expected, {0, 1})->size(), 65537u);
  EXPECT_EQ(prover_.calls, 4);
}

TEST_F(VrfSourceTest, AnotherNumberOfProofsIsRefused) {
  const std::vector<Hash> records = Records(3);
  for (const size_t size : {0, 1, 79, 80, 160, 239, 241, 320}) {
    prover_.on_prove = [size](v1::ProveResponse& answer) {
      answer.mutable_proofs()->resize(size);
    };
    EXPECT_STATUS(remote_.Prove(records), StatusCode::kDataLoss, "number of proofs");
    EXPECT_STATUS(remote_.ProvePads(std::vector<uint64_t>{1, 2, 3}),
                  StatusCode::kDataLoss, "number of proofs");
  }
}

TEST_F(VrfSourceTest, AnotherNumberOfLabelsIsRefused) {
  const std::vector<Hash> records = Records(2);
  for (const size_t size : {0, 32, 64, 95, 97, 128}) {
    prover_.on_label = [size](v1::LabelResponse& answer) {
      answer.mutable_labels()->resize(size);
    };
    EXPECT_STATUS(remote_.Label(records, {0, 1}), StatusCode::kDataLoss, kOrigin);
  }
}

TEST_F(VrfSourceTest, BytesThatAreNoProofAreRefused) {
  for (const char byte : {'\0', '\xFF'}) {
    prover_.on_prove = [byte](v1::ProveResponse& answer) {
      answer.set_proofs(std::string(80, byte));
    };
    EXPECT_STATUS(remote_.Prove(Records(1)), StatusCode::kDataLoss, kOrigin);
  }
}

TEST_F(VrfSourceTest, EachByteOfAProofCounts) {
  const std::vector<Hash> records = Records(1);
  for (size_t i = 0; i < VrfProof::kSize; ++i) {
    prover_.on_prove = [i](v1::ProveResponse& answer) {
      (*answer.mutable_proofs())[i] ^= 1;
    };
    EXPECT_STATUS(Proven(records), StatusCode::kDataLoss, "");
  }
}

TEST_F(VrfSourceTest, AnotherRecordsProofIsRefused) {
  prover_.on_prove = [](v1::ProveResponse& answer) {
    const std::string& proofs = answer.proofs();
    answer.set_proofs(proofs.substr(80, 80) + proofs.substr(0, 80) +
                      proofs.substr(160));
  };
  EXPECT_STATUS(Proven(Records(3)), StatusCode::kDataLoss, "");
}

TEST_F(VrfSourceTest, OneWrongProofOfManySpoilsThemAll) {
  prover_.on_prove = [](v1::ProveResponse& answer) {
    if (answer.proofs().size() < 800) return;
    answer.mutable_proofs()->replace(720, 80, answer.proofs().substr(0, 80));
  };
  EXPECT_OK(Proven(Records(9)));
  EXPECT_STATUS(Proven(Records(10)), StatusCode::kDataLoss, "");
}

TEST_F(VrfSourceTest, AnotherKeysProofIsRefused) {
  EXPECT_STATUS(ProveLabels(remote_, VrfKeyOf("another").PublicKey(), Records(1)),
                StatusCode::kDataLoss, "");
  // Nor is a key at hand believed that is not the one asked for.
  EXPECT_STATUS(ProveLabels(own_, VrfKeyOf("another").PublicKey(), Records(1)),
                StatusCode::kDataLoss, "");
}

TEST_F(VrfSourceTest, WhatTheServiceRefusesKeepsItsStatus) {
  for (const auto code :
       {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::PERMISSION_DENIED,
        grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::FAILED_PRECONDITION,
        grpc::StatusCode::NOT_FOUND, grpc::StatusCode::UNAVAILABLE}) {
    prover_.refused = grpc::Status(code, "the words");
    const auto expected = static_cast<StatusCode>(code);
    EXPECT_STATUS(Proven(Records(1)), expected, "the words");
    EXPECT_STATUS(remote_.Label(Records(1), {}), expected, "the words");
    EXPECT_STATUS(remote_.ProvePads(std::vector<uint64_t>{1}), expected, "the words");
  }
}

TEST_F(VrfSourceTest, ASecondCallThatFailsLeavesNothing) {
  prover_.pretends = true;
  int calls = 0;
  prover_.on_prove = [&calls](v1::ProveResponse& answer) {
    if (++calls == 2) answer.clear_proofs();
  };
  EXPECT_STATUS(remote_.ProvePads(std::vector<uint64_t>(4097, 1)),
                StatusCode::kDataLoss, "number of proofs");
}

}  // namespace
}  // namespace setlog
