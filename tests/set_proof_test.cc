#include "log/set_proof.h"

#include <algorithm>
#include <random>

#include "log/set_tree.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

std::vector<Hash> Records(size_t count) {
  std::vector<Hash> records;
  for (size_t i = 0; i < count; ++i) {
    records.push_back(Sha256(AsBytes("record-" + std::to_string(i))));
  }
  return records;
}

std::vector<Hash> Hashes(const nlohmann::json& list) {
  std::vector<Hash> hashes;
  for (const auto& hex : list) hashes.push_back(HashOf(hex.get<std::string>()));
  return hashes;
}

TEST(SetRootTest, MatchesEveryVector) {
  const nlohmann::json vectors = ReadTestJson("set_tree.json");
  ASSERT_GE(vectors["roots"].size(), 24u);
  for (const auto& vector : vectors["roots"]) {
    const std::vector<Hash> records = vector["records"].is_array()
                                          ? Hashes(vector["records"])
                                          : Records(vector["count"].get<size_t>());
    ASSERT_EQ(records.size(), vector["count"].get<size_t>());
    EXPECT_EQ(ToHex(SetRootOfValues(records)), vector["root"].get<std::string>());
  }
}

TEST(SetRootTest, OrderAndDuplicatesDoNotShow) {
  std::vector<Hash> records = Records(100);
  const Hash root = SetRootOfValues(records);
  std::reverse(records.begin(), records.end());
  records.insert(records.end(), records.begin(), records.begin() + 50);
  EXPECT_EQ(SetRootOfValues(records), root);
}

// "PRESENT", "ABSENT" or "INVALID", as the vectors say it.
std::string Judge(const nlohmann::json& vector) {
  const auto& json = vector["proof"];
  LookupProof proof;
  proof.count = json["count"].get<uint64_t>();
  const std::string terminal = json["terminal"].get<std::string>();
  if (!terminal.empty()) {
    proof.terminal = HashFromHex(terminal);
    if (!proof.terminal) return "INVALID";  // the form has room for 32 bytes or none
  }
  for (const auto& bit : json["branch_bits"]) {
    if (bit.get<uint64_t>() > 255) return "INVALID";
    proof.branch_bits.push_back(bit.get<uint8_t>());
  }
  for (const auto& sibling : json["siblings"]) {
    const std::optional<Hash> hash = HashFromHex(sibling.get<std::string>());
    if (!hash) return "INVALID";
    proof.siblings.push_back(*hash);
  }
  const absl::StatusOr<bool> present =
      VerifyLookup(HashOf(vector["root"].get<std::string>()),
                   HashOf(vector["record"].get<std::string>()), proof);
  return !present.ok() ? "INVALID" : *present ? "PRESENT" : "ABSENT";
}

TEST(LookupProofTest, MatchesEveryVector) {
  const nlohmann::json vectors = ReadTestJson("set_tree.json")["lookups"];
  ASSERT_EQ(vectors.size(), 890u);
  for (size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_EQ(Judge(vectors[i]), vectors[i]["want"].get<std::string>())
        << "lookup " << i;
  }
}

TEST(LookupProofTest, FallsIntoNoTrap) {
  for (const auto& vector : ReadTestJson("lookup_extra.json")) {
    EXPECT_EQ(Judge(vector), vector["want"].get<std::string>()) << vector["note"];
  }
}

TEST(BatchProofTest, MatchesEveryVector) {
  const nlohmann::json vectors = ReadTestJson("batch.json");
  ASSERT_GE(vectors.size(), 30u);
  for (const auto& vector : vectors) {
    const std::string proof = *BytesFromHex(vector["proof"].get<std::string>());
    const auto present = VerifyBatch(HashOf(vector["root"].get<std::string>()),
                                     vector["count"].get<uint64_t>(),
                                     Hashes(vector["queries"]), AsBytes(proof));
    EXPECT_EQ(present.ok(), vector["valid"].get<bool>())
        << vector["note"] << " " << present.status();
    if (present.ok() && vector["valid"].get<bool>()) {
      EXPECT_EQ(*present, vector["present"].get<std::vector<bool>>()) << vector["note"];
    }
  }
}

TEST(BatchProofTest, AnyChangedByteIsRefused) {
  size_t tried = 0;
  for (const auto& vector : ReadTestJson("batch.json")) {
    if (!vector["valid"].get<bool>()) continue;
    std::string proof = *BytesFromHex(vector["proof"].get<std::string>());
    const std::vector<Hash> queries = Hashes(vector["queries"]);
    const Hash root = HashOf(vector["root"].get<std::string>());
    const uint64_t count = vector["count"].get<uint64_t>();
    if (proof.size() > 2000) continue;
    for (size_t i = 0; i < proof.size(); ++i, ++tried) {
      proof[i] ^= 1 << (i % 8);
      EXPECT_FALSE(VerifyBatch(root, count, queries, AsBytes(proof)).ok())
          << vector["note"] << " byte " << i;
      proof[i] ^= 1 << (i % 8);
    }
    for (size_t size = 0; size < proof.size(); ++size, ++tried) {
      EXPECT_FALSE(VerifyBatch(root, count, queries, AsBytes(proof).first(size)).ok());
    }
  }
  EXPECT_GT(tried, 1000u);
}

}  // namespace
}  // namespace setlog
