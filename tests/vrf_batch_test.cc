#include "log/vrf_batch.h"

#include <cstdlib>
#include <random>
#include <string>

#include "log/sha256.h"
#include "log/vrf_pad.h"
#include "port/parallel.h"
#include "testing.h"

namespace setlog {
namespace {

// More than two turns of a loop, and no multiple of a vector.
constexpr size_t kMany = 43;

const VrfSecretKey& Key() {
  static const VrfSecretKey* const key = new VrfSecretKey(
      *VrfSecretKey::FromBytes(HashOf("0102030405060708090a0b0c0d0e0f10111213141516171"
                                      "8191a1b1c1d1e1f00")));
  return *key;
}

std::vector<Hash> Records(size_t count) {
  std::vector<Hash> records;
  for (uint64_t i = 0; i < count; ++i) records.push_back(Sha256(PadInput(i)));
  return records;
}

std::vector<VrfClaim> Claims(const std::vector<Hash>& records) {
  std::vector<VrfClaim> claims;
  for (const Hash& record : records) {
    claims.push_back({record, Key().Prove(record).proof});
  }
  return claims;
}

TEST(VrfBatchTest, TheLastKernelIsThePortableOne) {
  EXPECT_STREQ(VrfKernels().back().name, "libsodium");
}

TEST(VrfBatchTest, EveryKernelMakesTheLabelsOfTheKeyForEveryCount) {
  const std::vector<Hash> records = Records(kMany);
  std::vector<Hash> wanted;
  for (const Hash& record : records) wanted.push_back(Key().Label(record));
  for (const VrfKernel& kernel : VrfKernels()) {
    SCOPED_TRACE(kernel.name);
    for (size_t count = 0; count <= kMany; ++count) {
      std::vector<Hash> labels(count + 1);  // the last is not written
      kernel.labels(Key(), std::span(records).first(count), labels.data());
      EXPECT_EQ(labels.back(), Hash{});
      labels.pop_back();
      EXPECT_EQ(labels, std::vector(wanted.begin(), wanted.begin() + count));
    }
  }
}

// Every kernel's labels are those of the portable one.
void ExpectLabels(const VrfSecretKey& key, std::span<const Hash> records) {
  std::vector<Hash> wanted(records.size());
  VrfKernels().back().labels(key, records, wanted.data());
  for (const VrfKernel& kernel : VrfKernels().first(VrfKernels().size() - 1)) {
    std::vector<Hash> labels(records.size());
    kernel.labels(key, records, labels.data());
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(labels[i], wanted[i])
          << kernel.name << ", record " << ToHex(records[i]) << ", secret "
          << ToHex(key.Scalar()) << ", " << i << " of " << records.size();
    }
  }
}

// SETLOG_LABELS: how many, of ten keys. The nightly run asks for millions.
TEST(VrfBatchTest, EveryKernelMakesTheSameLabelsOfManyRecords) {
  const char* const wanted = std::getenv("SETLOG_LABELS");
  const size_t count = wanted != nullptr ? std::stoul(wanted) : 20'000;
  std::mt19937_64 random(wanted != nullptr ? std::random_device()() : 1);
  for (int i = 0; i < 10; ++i) {
    const VrfSecretKey key = VrfSecretKey::Generate().value();
    std::vector<Hash> records(count / 10);
    for (Hash& record : records) {
      for (uint8_t& byte : record.bytes) byte = static_cast<uint8_t>(random());
    }
    ExpectLabels(key, records);
  }
}

TEST(VrfBatchTest, EveryKernelMakesTheSameLabelsAroundItsTurns) {
  const std::vector<Hash> records = Records(300);
  for (size_t count : {120, 127, 128, 129, 136, 137, 144, 255, 256, 257, 300}) {
    ExpectLabels(Key(), std::span(records).first(count));
  }
}

TEST(VrfBatchTest, EveryKernelMakesTheSameLabelsForSpecialKeys) {
  const std::string zeros(60, '0');
  const std::string order =
      "d3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
  std::vector<std::string> keys = {"01" + zeros + "00", "02" + zeros + "00",
                                   "03" + zeros + "00", "08" + zeros + "00",
                                   "ff" + zeros + "00", "00" + zeros + "10",
                                   "ec" + order,        "eb" + order};
  keys.push_back(std::string(62, 'f') + "0f");
  keys.push_back(std::string(32, 'f') + std::string(32, '0'));
  keys.push_back(std::string(32, '0') + std::string(30, 'f') + "0f");
  keys.push_back(std::string(62, '8') + "08");
  keys.push_back(std::string(62, '7') + "07");
  const std::vector<Hash> records = Records(17);
  for (const std::string& hex : keys) {
    const VrfSecretKey key = VrfSecretKey::FromBytes(HashOf(hex)).value();
    for (size_t count = 1; count <= records.size(); count += 4) {
      ExpectLabels(key, std::span(records).first(count));
    }
  }
}

TEST(VrfBatchTest, EveryKernelFindsTheWrongClaimAtEveryPlaceAndNoOther) {
  const std::vector<Hash> records = Records(kMany);
  const std::vector<VrfClaim> claims = Claims(records);
  for (const VrfKernel& kernel : VrfKernels()) {
    SCOPED_TRACE(kernel.name);
    for (size_t wrong = 0; wrong <= 19; ++wrong) {
      // The last time, none is wrong; of each wrong one another part is.
      std::vector<VrfClaim> tried(claims.begin(), claims.begin() + 19);
      if (wrong < tried.size()) {
        std::string bytes(AsText(tried[wrong].proof.bytes()));
        if (wrong % 3 == 0) bytes.replace(0, 32, AsText(claims[30].proof.Gamma()));
        if (wrong % 3 == 1) bytes[32 + wrong % 16] ^= 1;
        if (wrong % 3 == 2) bytes[48 + wrong] ^= 1;
        tried[wrong].proof = VrfProof::Parse(AsBytes(bytes)).value();
      }
      std::vector<std::optional<Hash>> shown(tried.size());
      kernel.verify(Key().PublicKey(), tried, shown.data());
      for (size_t i = 0; i < tried.size(); ++i) {
        ASSERT_EQ(shown[i].has_value(), i != wrong) << i << " of them, " << wrong;
        if (shown[i].has_value()) {
          EXPECT_EQ(*shown[i], Key().Label(records[i]));
        }
      }
    }
  }
}

TEST(VrfBatchTest, ThreadsChangeNothing) {
  const std::vector<Hash> records = Records(kMany);
  std::vector<VrfClaim> claims = Claims(records);
  std::swap(claims[7].record, claims[40].record);
  Parallel parallel(2);
  for (size_t count : {size_t{0}, size_t{1}, size_t{16}, size_t{17}, kMany}) {
    const auto some = std::span(records).first(count);
    EXPECT_EQ(Labels(Key(), some, std::ref(parallel)), Labels(Key(), some));
    const auto verified = VerifyLabels(
        Key().PublicKey(), std::span(claims).first(count), std::ref(parallel));
    const auto alone = VerifyLabels(Key().PublicKey(), std::span(claims).first(count));
    ASSERT_EQ(verified.size(), count);
    ASSERT_EQ(alone.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(alone[i], verified[i]);
      const auto single = Key().PublicKey().Verify(claims[i].record, claims[i].proof);
      EXPECT_EQ(verified[i].status(), single.status());
      if (verified[i].ok()) {
        EXPECT_EQ(*verified[i], LabelOf(*single));
      }
      EXPECT_EQ(verified[i].ok(), i != 7 && i != 40);
    }
  }
}

// Every kernel's proofs are those of the key, byte for byte.
void ExpectProofs(const VrfSecretKey& key, std::span<const Hash> records) {
  for (const VrfKernel& kernel : VrfKernels()) {
    std::vector<std::optional<VrfSecretKey::Answer>> answers(records.size() + 1);
    kernel.prove(key, records, answers.data());
    EXPECT_FALSE(answers.back().has_value());  // not written
    for (size_t i = 0; i < records.size(); ++i) {
      SCOPED_TRACE(std::string(kernel.name) + ", " + std::to_string(i) + " of " +
                   std::to_string(records.size()) + ", record " + ToHex(records[i]) +
                   ", secret " + ToHex(key.Scalar()));
      const VrfSecretKey::Answer wanted = key.Prove(records[i]);
      ASSERT_TRUE(answers[i].has_value());
      ASSERT_EQ(ToHex(answers[i]->proof.bytes()), ToHex(wanted.proof.bytes()));
      ASSERT_EQ(ToHex(answers[i]->beta), ToHex(wanted.beta));
    }
  }
}

TEST(VrfBatchTest, EveryKernelMakesTheProofsOfTheKeyForEveryCount) {
  const std::vector<Hash> records = Records(40);
  for (size_t count = 0; count <= 20; ++count) {
    ExpectProofs(Key(), std::span(records).first(count));
  }
  for (size_t count : {31, 32, 33, 40}) {
    ExpectProofs(Key(), std::span(records).first(count));
  }
}

TEST(VrfBatchTest, EveryKernelMakesTheSameProofsForManyKeys) {
  const std::vector<Hash> records = Records(400);
  for (size_t begin = 0; begin < records.size(); begin += 20) {
    ExpectProofs(VrfSecretKey::Generate().value(),
                 std::span(records).subspan(begin, 20));
  }
  const std::string zeros(60, '0');
  for (const std::string& secret :
       {"01" + zeros + "00", "02" + zeros + "00", "08" + zeros + "00",
        "00" + zeros + "10",
        std::string("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"),
        std::string(62, '8') + "08", std::string(62, 'f') + "0f"}) {
    ExpectProofs(VrfSecretKey::FromBytes(HashOf(secret)).value(),
                 std::span(records).first(9));
  }
}

TEST(VrfBatchTest, ProofsAreThoseOfTheKeyInTheOrderOfTheirRecordsOnAnyThreads) {
  const std::vector<Hash> records = Records(kMany);
  Parallel parallel(2);
  for (size_t count : {size_t{0}, size_t{1}, size_t{16}, size_t{17}, kMany}) {
    const auto some = std::span(records).first(count);
    const auto alone = Proofs(Key(), some);
    const auto divided = Proofs(Key(), some, std::ref(parallel));
    ASSERT_EQ(alone.size(), count);
    ASSERT_EQ(divided.size(), count);
    for (size_t i = 0; i < count; ++i) {
      const VrfSecretKey::Answer single = Key().Prove(records[i]);
      for (const VrfSecretKey::Answer& answer : {alone[i], divided[i]}) {
        EXPECT_EQ(answer.proof, single.proof);
        EXPECT_EQ(answer.beta, single.beta);
      }
    }
  }
}

TEST(VrfBatchTest, ClaimsUnderAnotherKeyAreAllWrong) {
  const std::vector<VrfClaim> claims = Claims(Records(9));
  const VrfSecretKey other = VrfSecretKey::Generate().value();
  for (const auto& label : VerifyLabels(other.PublicKey(), claims)) {
    EXPECT_STATUS(label, absl::StatusCode::kDataLoss, "public key");
  }
}

}  // namespace
}  // namespace setlog
