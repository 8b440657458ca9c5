#include "log/batch_proof.h"

#include <algorithm>
#include <random>

#include "fakes/fake_log.h"
#include "log/partial_set.h"
#include "log/set_proof.h"
#include "log/set_queries.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

// A log of `members` values, HashN(0..), at the m of its newest index entry.
struct Sample {
  explicit Sample(uint64_t members) : log(ManifestFor("example.org/a")) {
    for (uint64_t i = 0; i < members; ++i) log.Add(HashN(i));
    if (members > 0) log.Index();
    index = log.IndexAt(log.indexes().back());
  }
  std::string Batch(std::span<const Hash> values) { return log.Batch(values, index.m); }
  FakeLog log;
  IndexEntry index;
};

// Present and absent ones.
std::vector<Hash> RandomValues(std::mt19937_64& random, size_t count, uint64_t of) {
  std::vector<Hash> values;
  for (size_t i = 0; i < count; ++i) values.push_back(HashN(random() % of));
  return values;
}

TEST(BatchProofTest, ProofsLaidOverEachOtherAreTheProofOfAllQueries) {
  std::mt19937_64 random(1);
  for (uint64_t members : {0, 1, 2, 3, 10, 100, 1000}) {
    Sample sample(members);
    for (int i = 0; i < 50; ++i) {
      const std::vector<Hash> a = RandomValues(random, random() % 20, 2 * members + 5);
      const std::vector<Hash> b = RandomValues(random, random() % 20, 2 * members + 5);
      std::vector<Hash> all = a;
      all.insert(all.end(), b.begin(), b.end());
      const auto merged =
          MergeBatchProofs(AsBytes(sample.Batch(a)), AsBytes(sample.Batch(b)));
      ASSERT_OK(merged);
      EXPECT_EQ(*merged, sample.Batch(all)) << members;
    }
  }
}

TEST(BatchProofTest, ANarrowedProofIsThatOfTheQueriesThatAreLeft) {
  std::mt19937_64 random(2);
  for (uint64_t members : {0, 1, 2, 3, 10, 100, 1000}) {
    Sample sample(members);
    for (int i = 0; i < 50; ++i) {
      const std::vector<Hash> all =
          RandomValues(random, 1 + random() % 30, 2 * members + 5);
      const std::vector<Hash> some(
          all.begin(),
          all.begin() + static_cast<ptrdiff_t>(random() % (all.size() + 1)));
      const auto narrowed =
          NarrowBatchProof(AsBytes(sample.Batch(all)), SetQueries(some).keys());
      ASSERT_OK(narrowed);
      EXPECT_EQ(*narrowed, sample.Batch(some)) << members;
    }
  }
}

TEST(BatchProofTest, WhatIsCutShortOrOfAnotherTreeIsRefusedOrProvesNothing) {
  Sample sample(20);
  Sample other(21);
  const std::vector<Hash> a = {HashN(1), HashN(5), HashN(100)};
  const std::vector<Hash> b = {HashN(2), HashN(101)};
  const std::string proof_a = sample.Batch(a);
  const std::string proof_b = sample.Batch(b);
  std::vector<Hash> all = a;
  all.insert(all.end(), b.begin(), b.end());
  const std::string both = sample.Batch(all);
  const SetQueries queries(b);
  for (size_t length = 0; length < proof_a.size(); ++length) {
    EXPECT_FALSE(
        MergeBatchProofs(AsBytes(proof_a.substr(0, length)), AsBytes(proof_b)).ok())
        << length;
  }
  for (size_t length = 1; length < both.size(); ++length) {
    EXPECT_FALSE(NarrowBatchProof(AsBytes(both.substr(0, length)), queries.keys()).ok())
        << length;
  }
  EXPECT_FALSE(MergeBatchProofs(AsBytes(proof_a + '\0'), AsBytes(proof_b)).ok());
  EXPECT_FALSE(NarrowBatchProof(AsBytes(both + '\0'), queries.keys()).ok());
  EXPECT_FALSE(NarrowBatchProof(AsBytes(proof_a), queries.keys()).ok());
  // Any flipped bit: no crash, and never another proof that verifies.
  for (size_t i = 0; i < both.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = both;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const auto narrowed = NarrowBatchProof(AsBytes(bad), queries.keys());
      if (narrowed.ok() && *narrowed != proof_b) {
        EXPECT_FALSE(
            VerifyBatch(sample.index.set_root, sample.index.n, b, AsBytes(*narrowed))
                .ok());
      }
      const auto merged = MergeBatchProofs(AsBytes(bad), AsBytes(proof_a));
      if (merged.ok() && *merged != both) {
        EXPECT_FALSE(
            VerifyBatch(sample.index.set_root, sample.index.n, all, AsBytes(*merged))
                .ok());
      }
    }
  }
  const auto mixed = MergeBatchProofs(AsBytes(proof_a), AsBytes(other.Batch(b)));
  if (mixed.ok()) {
    EXPECT_FALSE(
        VerifyBatch(sample.index.set_root, sample.index.n, all, AsBytes(*mixed)).ok());
  }
}

// As deep as trees can be: 256 branches, one below the other.
TEST(BatchProofTest, TheDeepestFormIsWalkedAndADeeperOneRefused) {
  const auto chain = [](int branches, bool increasing) {
    std::string proof;
    for (int i = 0; i < branches; ++i) {
      proof += '\1';
      proof += static_cast<char>(increasing ? i : 7);
      proof += '\0' + std::string(32, 's');
    }
    return proof + '\0' + std::string(32, 's');
  };
  EXPECT_OK(NarrowBatchProof(AsBytes(chain(256, true)), {}));
  EXPECT_FALSE(NarrowBatchProof(AsBytes(chain(257, true)), {}).ok());
  EXPECT_FALSE(NarrowBatchProof(AsBytes(chain(100'000, false)), {}).ok());
  EXPECT_OK(MergeBatchProofs(AsBytes(chain(256, true)), AsBytes(chain(256, true))));
  EXPECT_FALSE(
      MergeBatchProofs(AsBytes(chain(100'000, false)), AsBytes(chain(100'000, false)))
          .ok());
}

}  // namespace
}  // namespace setlog
