// Every rule of lookup and batch proofs by itself: a proof that breaks this one rule
// and no other, under the very root that its own hashes lead to. So it is the rule that
// refuses it and not the root, and a verifier without the rule would be fooled.

#include <functional>

#include "gtest/gtest.h"
#include "log/set_proof.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

Hash Value(uint64_t n) {
  std::string bytes;
  AppendU64(&bytes, n);
  return Sha256(AsBytes(bytes));
}

// The first value from `from` on whose key is as wanted.
Hash Find(const std::function<bool(const Hash& key)>& wanted, uint64_t from = 0) {
  for (uint64_t i = from;; ++i) {
    if (wanted(SetKey(Value(i)))) return Value(i);
  }
}
// A value whose key begins with these bits.
Hash WithBits(const std::string& bits, uint64_t from = 0) {
  return Find(
      [&](const Hash& key) {
        for (unsigned i = 0; i < bits.size(); ++i) {
          if (bits[i] != '?' && KeyBit(key, i) != (bits[i] == '1')) return false;
        }
        return true;
      },
      from);
}

// The root that a lookup proof leads to, whatever it breaks.
Hash RootOf(const Hash& record, const LookupProof& proof) {
  if (proof.count == 0) return EmptySetRoot();
  const Hash key = SetKey(record);
  Hash hash = proof.terminal ? SetKey(*proof.terminal) : Hash();
  for (size_t i = proof.branch_bits.size(); i-- > 0;) {
    const uint8_t bit = proof.branch_bits[i];
    const Hash sibling = i < proof.siblings.size() ? proof.siblings[i] : Hash();
    hash = KeyBit(key, bit) ? SetNode(bit, sibling, hash) : SetNode(bit, hash, sibling);
  }
  return SetRoot(proof.count, hash);
}

struct LookupCase {
  const char* rule;
  LookupProof broken;
  const char* words;
};

TEST(LookupRulesTest, EachRuleAloneRefuses) {
  const Hash record = WithBits("01010");
  const Hash other = WithBits("10");
  const Hash siblings[] = {Value(1000), Value(1001), Value(1002)};
  const LookupProof good{3, record, {1, 4}, {siblings[0], siblings[1]}};
  ASSERT_OK(VerifyLookup(RootOf(record, good), record, good));
  const LookupCase kCases[] = {
      {"bits increase",
       {4, record, {4, 1}, {siblings[0], siblings[1]}},
       "do not increase"},
      {"bits increase strictly",
       {4, record, {4, 4}, {siblings[0], siblings[1]}},
       "do not increase"},
      {"a sibling for each bit", {4, record, {1, 4}, {siblings[0]}}, "sibling"},
      {"no sibling without a bit",
       {4, record, {1}, {siblings[0], siblings[1]}},
       "sibling"},
      {"fewer levels than members",
       {2, record, {1, 4}, {siblings[0], siblings[1]}},
       "does not fit the count"},
      {"one member has no level", {1, record, {1}, {siblings[0]}}, "count"},
      {"no level is one member", {2, record, {}, {}}, "does not fit the count"},
      {"a terminal where there are members",
       {2, std::nullopt, {1}, {siblings[0]}},
       "no terminal"},
      {"the terminal is on the record's path",
       {2, other, {1}, {siblings[0]}},
       "not on the record's path"},
      {"an empty set has no terminal", {0, record, {}, {}}, "empty set"},
      {"an empty set has no level", {0, std::nullopt, {1}, {siblings[0]}}, "empty set"},
  };
  for (const LookupCase& c : kCases) {
    SCOPED_TRACE(c.rule);
    EXPECT_STATUS(VerifyLookup(RootOf(record, c.broken), record, c.broken),
                  StatusCode::kDataLoss, c.words);
  }
}

TEST(LookupRulesTest, TheRootBindsCountBitsSidesAndHashes) {
  const Hash record = WithBits("01010");
  const LookupProof good{3, record, {1, 4}, {Value(1000), Value(1001)}};
  const Hash root = RootOf(record, good);
  ASSERT_TRUE(VerifyLookup(root, record, good).value());
  std::vector<LookupProof> wrong(4, good);
  wrong[0].count = 4;
  wrong[1].branch_bits = {2, 4};
  wrong[2].siblings[1] = Value(7);
  wrong[3].terminal = Find([&](const Hash& key) {
    return SetKey(record) != key && KeyBit(key, 1) && !KeyBit(key, 4);
  });
  for (const LookupProof& proof : wrong) {
    EXPECT_STATUS(VerifyLookup(root, record, proof), StatusCode::kDataLoss,
                  "root differs");
  }
  const LookupProof empty;
  EXPECT_FALSE(VerifyLookup(EmptySetRoot(), record, empty).value());
  EXPECT_STATUS(VerifyLookup(root, record, empty), StatusCode::kDataLoss,
                "root differs");
}

TEST(LookupRulesTest, TheTurnIsTakenFromTheRecordAndNotFromTheTerminal) {
  // One root, two records: the proof of the one says nothing of the other.
  const Hash left = WithBits("0");
  const Hash right = WithBits("1");
  const Hash root = SetRoot(2, SetNode(0, SetKey(left), SetKey(right)));
  const LookupProof of_left{2, left, {0}, {SetKey(right)}};
  EXPECT_TRUE(VerifyLookup(root, left, of_left).value());
  EXPECT_STATUS(VerifyLookup(root, right, of_left), StatusCode::kDataLoss, "path");
  const Hash absent = WithBits("1", 500);
  ASSERT_NE(absent, right);
  EXPECT_FALSE(VerifyLookup(root, absent, {2, right, {0}, {SetKey(left)}}).value());
}

// --- Batch proofs

std::string Sibling(const Hash& hash) {
  return std::string(1, '\0') + std::string(AsText(hash));
}
std::string Leaf(const Hash& value) {
  return std::string(1, '\2') + std::string(AsText(value));
}
std::string Branch(uint8_t bit, const std::string& left, const std::string& right) {
  return std::string(1, '\1') + static_cast<char>(bit) + left + right;
}

// The hash of a walk's first item, whatever it breaks but its form; `rest` moves on.
Hash HashOfItem(std::string_view* rest) {
  const char type = rest->at(0);
  if (type == 1) {
    const auto bit = static_cast<uint8_t>(rest->at(1));
    rest->remove_prefix(2);
    const Hash left = HashOfItem(rest);
    const Hash right = HashOfItem(rest);
    return SetNode(bit, left, right);
  }
  const Hash hash = HashFromBytes(AsBytes(rest->substr(1, 32)));
  rest->remove_prefix(33);
  return type == 0 ? hash : SetKey(hash);
}
Hash RootOfBatch(uint64_t count, std::string_view proof) {
  return count == 0 ? EmptySetRoot() : SetRoot(count, HashOfItem(&proof));
}

TEST(BatchRulesTest, EachRuleAloneRefuses) {
  const Hash a = WithBits("00");
  const Hash b = WithBits("01");
  const Hash c = WithBits("10");
  const Hash d = WithBits("11");
  const Hash closed = Value(1000);
  const std::string good =
      Branch(0, Branch(1, Leaf(a), Leaf(b)), Branch(1, Leaf(c), Sibling(closed)));
  const std::vector<Hash> queries = {a, b, c};
  const auto present = VerifyBatch(RootOfBatch(4, good), 4, queries, AsBytes(good));
  ASSERT_OK(present);
  EXPECT_EQ(*present, (std::vector<bool>{true, true, true}));

  const struct {
    const char* rule;
    uint64_t count;
    std::vector<Hash> queries;
    std::string proof;
    const char* words;
  } kCases[] = {
      {"B1: an empty set has no items", 0, {a}, Leaf(a), "empty set"},
      {"B2: nothing after the walk", 1, {a}, Leaf(a) + '\0', "after the last item"},
      {"B3: closed where a query goes",
       3,
       {a, b},
       Branch(0, Sibling(closed), Leaf(c)),
       "opened"},
      {"B3: a leaf where no query goes", 2, {a}, Branch(0, Leaf(a), Leaf(c)), "opened"},
      {"B3: a branch where no query goes",
       3,
       {a},
       Branch(0, Leaf(a), Branch(1, Sibling(closed), Sibling(closed))),
       "opened"},
      {"B3: no query, and open", 1, {}, Leaf(a), "opened"},
      {"B4: bits increase",
       3,
       {a},
       Branch(1, Branch(0, Leaf(a), Sibling(closed)), Sibling(closed)),
       "do not increase"},
      {"B4: strictly",
       3,
       {a},
       Branch(1, Branch(1, Leaf(a), Sibling(closed)), Sibling(closed)),
       "do not increase"},
      {"B5: a leaf on its side",
       2,
       {a},
       Branch(0, Leaf(c), Sibling(closed)),
       "wrong side"},
      {"B5: on the side of every branch above",
       3,
       {a},
       Branch(0, Branch(1, Leaf(b), Sibling(closed)), Sibling(closed)),
       "wrong side"},
      {"B6: two leaves differ first at their branch",
       2,
       {a, d},
       Branch(1, Leaf(a), Leaf(d)),
       "differ at another bit"},
      {"B7: not more items than members",
       1,
       {a},
       Branch(0, Leaf(a), Sibling(closed)),
       "do not fit the count"},
      {"B7: all members, or something closed",
       3,
       {a, c},
       Branch(0, Leaf(a), Leaf(c)),
       "do not fit the count"},
      {"B7: all members of one", 2, {a}, Leaf(a), "do not fit the count"},
  };
  for (const auto& t : kCases) {
    SCOPED_TRACE(t.rule);
    EXPECT_STATUS(VerifyBatch(RootOfBatch(t.count, t.proof), t.count, t.queries,
                              AsBytes(t.proof)),
                  StatusCode::kDataLoss, t.words);
  }
}

TEST(BatchRulesTest, EveryItemIsComplete) {
  const Hash a = WithBits("0");
  const std::string good = Branch(0, Leaf(a), Sibling(Value(1000)));
  const Hash root = RootOfBatch(2, good);
  ASSERT_OK(VerifyBatch(root, 2, {a}, AsBytes(good)));
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_STATUS(VerifyBatch(root, 2, {a}, AsBytes(good.substr(0, length))),
                  StatusCode::kDataLoss, "an item is");
  }
  std::string unknown = good;
  unknown[0] = 3;
  EXPECT_STATUS(VerifyBatch(root, 2, {a}, AsBytes(unknown)), StatusCode::kDataLoss,
                "unknown item");
}

TEST(BatchRulesTest, TheRootBindsCountBitsAndHashes) {
  const Hash a = WithBits("0");
  const Hash root = RootOfBatch(2, Branch(0, Leaf(a), Sibling(Value(1000))));
  for (const auto& [count, proof] : std::vector<std::pair<uint64_t, std::string>>{
           {3, Branch(0, Leaf(a), Sibling(Value(1000)))},
           {2, Branch(0, Leaf(a), Sibling(Value(1001)))},
           {2, Branch(0, Leaf(WithBits("0", 50)), Sibling(Value(1000)))}}) {
    EXPECT_STATUS(VerifyBatch(root, count, {a}, AsBytes(proof)), StatusCode::kDataLoss,
                  "root differs");
  }
  EXPECT_STATUS(VerifyBatch(root, 0, {a}, {}), StatusCode::kDataLoss, "root differs");
  EXPECT_EQ(VerifyBatch(EmptySetRoot(), 0, {a, a}, {}).value(),
            (std::vector<bool>{false, false}));
}

TEST(BatchRulesTest, EveryKeyIsTestedBecauseTheKeysOfASideAreNotContiguous) {
  // A member tree that splits first at bit 2, and absent records that differ before it:
  // sorted by key they are 000, 001, 010, 011: the sides alternate.
  const Hash left = WithBits("000");
  const Hash right = WithBits("001");
  const Hash absent_left = WithBits("010");
  const Hash absent_right = WithBits("011");
  const std::string proof = Branch(2, Leaf(left), Leaf(right));
  const auto present =
      VerifyBatch(RootOfBatch(2, proof), 2, {right, absent_left, absent_right, left},
                  AsBytes(proof));
  ASSERT_OK(present);
  EXPECT_EQ(*present, (std::vector<bool>{true, false, false, true}));
}

}  // namespace
}  // namespace setlog
