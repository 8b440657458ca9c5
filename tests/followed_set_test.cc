#include "log/followed_set.h"

#include <algorithm>
#include <random>
#include <set>

#include "fakes/fake_log.h"
#include "log/set_queries.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

// Against the slow reference: the root of the members, built from nothing.
TEST(FollowedSetTest, EveryVersionHasTheRootOfItsMembers) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 60; ++round) {
    const uint64_t members = random() % 40;
    FakeLog log(ManifestFor("example.org/a"));
    std::set<uint64_t> now;
    for (uint64_t i = 0; i < members; ++i) {
      log.Add(HashN(i));
      now.insert(i);
    }
    if (members > 0) log.Index();
    const IndexEntry base = log.IndexAt(log.indexes().back());

    std::vector<uint64_t> touched;
    std::vector<Hash> values;
    for (uint64_t i = 0, count = random() % 30; i < count; ++i) {
      touched.push_back(random() % (members + 20));
      values.push_back(HashN(touched.back()));
    }
    const SetQueries queries(values);
    absl::StatusOr<FollowedSet> set = FollowedSet::Open(
        base.set_root, base.n, queries.keys(), AsBytes(log.Batch(values, base.m)));
    ASSERT_OK(set);
    EXPECT_EQ(set->Root(), base.set_root);
    for (int version = 0; version < 30 && !touched.empty(); ++version) {
      // Some versions change much, some nothing; some empty the set.
      for (uint64_t i = 0, count = random() % 5; i < count; ++i) {
        const size_t which = random() % touched.size();
        const bool member = random() % 3 != 0;
        set->Set(queries.place(which), member);
        EXPECT_EQ(set->Contains(queries.place(which)), member);
        if (member) {
          now.insert(touched[which]);
        } else {
          now.erase(touched[which]);
        }
      }
      if (version % 10 == 9) {
        for (size_t i = 0; i < touched.size(); ++i) {
          set->Set(queries.place(i), false);
          now.erase(touched[i]);
        }
      }
      std::vector<Hash> expected;
      for (uint64_t i : now) expected.push_back(HashN(i));
      EXPECT_EQ(set->count(), expected.size());
      EXPECT_EQ(set->Root(), SetRootOfValues(expected));
    }
  }
}

TEST(FollowedSetTest, AProofThatDoesNotVerifyOpensNothing) {
  FakeLog log(ManifestFor("example.org/a"));
  for (uint64_t i = 0; i < 9; ++i) log.Add(HashN(i));
  log.Index();
  const IndexEntry base = log.IndexAt(log.indexes().back());
  const std::vector<Hash> values = {HashN(1), HashN(20)};
  const SetQueries queries(values);
  const std::string proof = log.Batch(values, base.m);
  ASSERT_OK(FollowedSet::Open(base.set_root, base.n, queries.keys(), AsBytes(proof)));
  for (size_t i = 0; i < proof.size(); ++i) {
    std::string bad = proof;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_STATUS(
        FollowedSet::Open(base.set_root, base.n, queries.keys(), AsBytes(bad)),
        absl::StatusCode::kDataLoss, "");
    EXPECT_FALSE(FollowedSet::Open(base.set_root, base.n, queries.keys(),
                                   AsBytes(proof.substr(0, i)))
                     .ok());
  }
  EXPECT_FALSE(
      FollowedSet::Open(HashN(1), base.n, queries.keys(), AsBytes(proof)).ok());
  EXPECT_FALSE(
      FollowedSet::Open(base.set_root, base.n + 1, queries.keys(), AsBytes(proof))
          .ok());
  EXPECT_STATUS(
      FollowedSet::Open(base.set_root, UINT64_MAX, queries.keys(), AsBytes(proof)),
      absl::StatusCode::kInvalidArgument, "");
}

}  // namespace
}  // namespace setlog
