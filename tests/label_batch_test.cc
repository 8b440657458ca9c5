#include "client/label_batch.h"

#include <algorithm>
#include <bit>
#include <random>

#include "fakes/fake_log.h"
#include "private_log.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

// Another's answers, falsified.
class LyingSource final : public VrfSource {
 public:
  explicit LyingSource(const VrfSecretKey* key) : honest_(key) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override {
    return honest_.Prove(records);
  }
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override {
    absl::StatusOr<std::vector<Hash>> labels = honest_.Label(records, pads);
    if (lie) lie(*labels);
    return labels;
  }
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override {
    return honest_.ProvePads(pads);
  }

  std::function<void(std::vector<Hash>&)> lie;

 private:
  const KeyVrf honest_;
};

std::vector<Hash> Batch(const VrfSource& source, std::vector<Hash> records,
                        PadRange pads) {
  absl::StatusOr<std::vector<Hash>> labels =
      LabelsOf(source, Distinct(std::move(records)), nullptr);
  EXPECT_OK(labels);
  labels = WithPads(source, *std::move(labels), pads);
  EXPECT_OK(labels);
  return *std::move(labels);
}

TEST(LabelBatchTest, RandomBatchesAreTheDistinctLabelsAndPadsRisingWhateverTheOrder) {
  const VrfSecretKey key = VrfKeyOf("1");
  const KeyVrf source(&key);
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 20; ++turn) {
    std::vector<Hash> records;
    for (uint64_t i = 0, n = random() % 100; i < n; ++i) {
      records.push_back(HashN(random() % 60));
    }
    const uint64_t distinct = Distinct(records).size();
    const PadRange pads{random() % 1000, PadCount(distinct)};
    const std::vector<Hash> labels = Batch(source, records, pads);
    EXPECT_EQ(labels, SlowBatch(key, records, pads));
    EXPECT_TRUE(std::is_sorted(labels.begin(), labels.end()));
    // Four significant bits.
    const int low_bits =
        std::max(0, static_cast<int>(std::bit_width(labels.size())) - 4);
    EXPECT_EQ(labels.size() % (uint64_t{1} << low_bits), 0u) << labels.size();
    std::shuffle(records.begin(), records.end(), random);
    EXPECT_EQ(Batch(source, records, pads), labels);
  }
}

TEST(LabelBatchTest, MoreThanOnePieceIsCountedAndComesOutTheSame) {
  // The labels are as good as hashes of what is asked for, so many cost no curve.
  class Cheap final : public VrfSource {
    absl::StatusOr<std::vector<VrfProof>> Prove(std::span<const Hash>) const override {
      return absl::UnimplementedError("");
    }
    absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                            PadRange pads) const override {
      std::vector<Hash> labels;
      for (const Hash& record : records) labels.push_back(Sha256(record));
      for (uint64_t i = 0; i < pads.count; ++i) labels.push_back(HashN(pads.first + i));
      return labels;
    }
    absl::StatusOr<std::vector<VrfProof>> ProvePads(
        std::span<const uint64_t>) const override {
      return absl::UnimplementedError("");
    }
  };
  std::vector<Hash> records;
  std::vector<Hash> expected;
  for (uint64_t i = 0; i < 70'000; ++i) {
    records.push_back(HashN(1'000'000 + i));
    expected.push_back(Sha256(records.back()));
  }
  for (uint64_t i = 0; i < 40'000; ++i) expected.push_back(HashN(5 + i));
  std::sort(expected.begin(), expected.end());
  std::vector<uint64_t> progress;
  absl::StatusOr<std::vector<Hash>> labels = LabelsOf(
      Cheap(), Distinct(records), [&](uint64_t done) { progress.push_back(done); });
  ASSERT_OK(labels);
  EXPECT_EQ(progress, (std::vector<uint64_t>{32'768, 65'536, 70'000}));
  labels = WithPads(Cheap(), *std::move(labels), {5, 40'000});
  ASSERT_OK(labels);
  EXPECT_TRUE(*labels == expected);
}

TEST(LabelBatchTest, TwoInputsWithOneLabelAreRefused) {
  const VrfSecretKey key = VrfKeyOf("1");
  LyingSource source(&key);
  source.lie = [](std::vector<Hash>& labels) {
    for (Hash& label : labels) label = labels[0];
  };
  EXPECT_STATUS(LabelsOf(source, {HashN(1), HashN(2)}, nullptr), StatusCode::kDataLoss,
                "two inputs");
  EXPECT_STATUS(WithPads(source, {HashN(1)}, {0, 2}), StatusCode::kDataLoss,
                "two inputs");
  source.lie = nullptr;
  EXPECT_STATUS(WithPads(source, {PadLabel(key, 3)}, {3, 1}), StatusCode::kDataLoss,
                "two inputs");
}

TEST(LabelBatchTest, ASourceOfAnotherKeyOrWithOtherLabelsIsFoundOut) {
  const VrfSecretKey key = VrfKeyOf("1");
  LyingSource source(&key);
  EXPECT_OK(CheckSource(source, key.PublicKey()));
  EXPECT_STATUS(CheckSource(source, VrfKeyOf("2").PublicKey()), StatusCode::kDataLoss,
                "does not have the VRF key");
  source.lie = [](std::vector<Hash>& labels) { labels[0].bytes[0] ^= 1; };
  EXPECT_STATUS(CheckSource(source, key.PublicKey()), StatusCode::kDataLoss,
                "another label");
}

}  // namespace
}  // namespace setlog
