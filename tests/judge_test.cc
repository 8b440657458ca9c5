// What `setlog check` says of raw proofs: the vectors, and lines that are none.
#include "tools/judge.h"

#include "testing.h"
#include "tools/units.h"

namespace setlog {
namespace {

TEST(JudgeTest, LookupsMatchEveryVector) {
  for (const char* file : {"set_tree.json", "lookup_extra.json"}) {
    const nlohmann::json all = ReadTestJson(file);
    const nlohmann::json& vectors = all.is_array() ? all : all["lookups"];
    ASSERT_FALSE(vectors.empty());
    for (const auto& vector : vectors) {
      nlohmann::json line = vector;
      line.erase("want");
      line.erase("note");
      const Judgement judged = Judge(ProofKind::kLookup, line.dump());
      EXPECT_EQ(judged.verdict, vector["want"].get<std::string>()) << line;
      EXPECT_EQ(judged.ok(), judged.verdict != "INVALID");
    }
  }
}

TEST(JudgeTest, BatchesMatchEveryVector) {
  const nlohmann::json vectors = ReadTestJson("batch.json");
  ASSERT_FALSE(vectors.empty());
  for (const auto& vector : vectors) {
    nlohmann::json line = vector;
    for (const char* key : {"note", "valid", "present"}) line.erase(key);
    const Judgement judged = Judge(ProofKind::kBatch, line.dump());
    ASSERT_EQ(judged.ok(), vector["valid"].get<bool>())
        << vector["note"] << judged.error;
    if (!judged.ok()) continue;
    EXPECT_EQ(*judged.present, vector["present"].get<std::vector<bool>>());
  }
}

TEST(JudgeTest, RefusesWhatIsNotPlainlyWritten) {
  const nlohmann::json all = ReadTestJson("set_tree.json");
  const nlohmann::json* present = nullptr;
  for (const auto& vector : all["lookups"]) {
    if (vector["want"] == "PRESENT" && vector["proof"]["count"] > 1) present = &vector;
  }
  ASSERT_NE(present, nullptr);
  nlohmann::json good = {{"root", (*present)["root"]},
                         {"record", (*present)["record"]},
                         {"proof", (*present)["proof"]}};
  ASSERT_EQ(Judge(ProofKind::kLookup, good.dump()).verdict, "PRESENT");
  const auto with_count = [&](const std::string& count) {
    std::string line = good.dump();
    const std::string old = "\"count\":" + good["proof"]["count"].dump();
    EXPECT_NE(line.find(old), std::string::npos);
    return line.replace(line.find(old), old.size(), "\"count\":" + count);
  };
  for (const char* count : {"5.0", "true", "\"5\"", "-1", "1e3", "18446744073709551616",
                            "null", "[5]", "05"}) {
    const Judgement judged = Judge(ProofKind::kLookup, with_count(count));
    EXPECT_EQ(judged.verdict, "INVALID") << count;
    EXPECT_FALSE(judged.error.empty()) << count;
  }
  nlohmann::json upper = good;
  std::string root = upper["root"];
  for (char& c : root) c = static_cast<char>(std::toupper(c));
  upper["root"] = root;
  EXPECT_EQ(Judge(ProofKind::kLookup, upper.dump()).verdict, "INVALID");
  const std::string line = good.dump();
  for (size_t size = 0; size < line.size(); size += 7) {
    EXPECT_EQ(Judge(ProofKind::kLookup, line.substr(0, size)).verdict, "INVALID");
  }
  EXPECT_EQ(Judge(ProofKind::kLookup, line + "{}").verdict, "INVALID");
  const std::string nul("\0garbage", 8);
  EXPECT_EQ(Judge(ProofKind::kLookup, line + nul).verdict, "INVALID");
}

TEST(UnitsTest, SizesAndDurationsHaveOneSpellingEach) {
  EXPECT_EQ(*ParseSize("256MiB"), uint64_t{256} << 20);
  EXPECT_EQ(*ParseSize("2G"), uint64_t{2} << 30);
  EXPECT_EQ(*ParseDuration("15s"), 15'000'000);
  EXPECT_EQ(*ParseDuration("2h"), int64_t{7200} * 1'000'000);
  for (const char* text : {"", "2", "MiB", "-2G", "2 G", "2T", "1.5G", "2gib",
                           "99999999999999999999G", "99999999999G"}) {
    EXPECT_STATUS(ParseSize(text), absl::StatusCode::kInvalidArgument, "");
  }
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1w", "9223372036854775807d"}) {
    EXPECT_STATUS(ParseDuration(text), absl::StatusCode::kInvalidArgument, "");
  }
}

}  // namespace
}  // namespace setlog
