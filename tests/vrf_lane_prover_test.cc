#include "log/vrf_lane_prover.h"

#include <algorithm>
#include <vector>

#include "lane_ops.h"
#include "log/sha256.h"
#include "log/vrf_pad.h"
#include "testing.h"

namespace setlog {
namespace {

std::vector<Hash> Records(size_t count) {
  std::vector<Hash> records;
  for (uint64_t i = 0; i < count; ++i) records.push_back(Sha256(PadInput(i)));
  return records;
}

void ExpectTheKeysProofs(const lanes::ProofSteps& steps, size_t count) {
  const VrfSecretKey key = VrfSecretKey::Generate().value();
  const std::vector<Hash> records = Records(count);
  std::vector<std::optional<VrfSecretKey::Answer>> answers(count);
  VrfLaneProver(key, steps).Prove(records, answers.data());
  for (size_t i = 0; i < count; ++i) {
    const VrfSecretKey::Answer wanted = key.Prove(records[i]);
    ASSERT_TRUE(answers[i].has_value());
    EXPECT_EQ(answers[i]->proof, wanted.proof) << i << " of " << count;
    EXPECT_EQ(answers[i]->beta, wanted.beta) << i << " of " << count;
  }
}

const LaneOps& Portable() { return *AllLaneOps().front(); }

TEST(VrfLaneProverTest, LanesOfEveryKindMakeTheKeysProofs) {
  size_t kinds = 0;
  for (const LaneOps* ops : AllLaneOps()) {
    if (ops->steps.prove == nullptr) continue;
    SCOPED_TRACE(ops->name);
    for (size_t count : {0, 1, 7, 8, 9, 33}) ExpectTheKeysProofs(ops->steps, count);
    ++kinds;
  }
  EXPECT_GE(kinds, 1u);
}

// What a CPU, or its memory, could get wrong; in one lane of the second vector.
constexpr size_t kBrokenAt = 11;
constexpr size_t kCount = 16;

template <typename Break>
lanes::ProofSteps Broken(Break) {
  lanes::ProofSteps steps = Portable().steps;
  steps.prove = [](const lanes::ProveKey& key, const uint8_t* h, const uint8_t* nonces,
                   size_t count, lanes::Proven* proven) {
    Portable().steps.prove(key, h, nonces, count, proven);
    Break()(proven[kBrokenAt]);
  };
  return steps;
}

// A wrong challenge beside the right one, of the same nonce, would tell the key.
TEST(VrfLaneProverTest, NoWrongProofLeavesIt) {
  ExpectTheKeysProofs(Broken([](lanes::Proven& proven) { proven.challenge[5] ^= 1; }),
                      kCount);
  ExpectTheKeysProofs(Broken([](lanes::Proven& proven) { proven.gamma[0] ^= 2; }),
                      kCount);
  ExpectTheKeysProofs(
      Broken([](lanes::Proven& proven) { std::ranges::fill(proven.gamma, 0); }),
      kCount);
}

// The nonce is of H, which then is another point's.
TEST(VrfLaneProverTest, AWrongPointBeforeTheNonceChangesNothing) {
  lanes::ProofSteps steps = Portable().steps;
  steps.map = [](const lanes::ProveKey& key, const uint8_t* records, size_t count,
                 uint8_t* h) {
    Portable().steps.map(key, records, count, h);
    std::swap_ranges(h + 32 * kBrokenAt, h + 32 * kBrokenAt + 32, h);
  };
  ExpectTheKeysProofs(steps, kCount);
}

}  // namespace
}  // namespace setlog
