// `setlog check` as a process: every vector through it, and every kind of bad line.

#include "cli_fixture.h"
#include "golden_notes.h"
#include "log/proof.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;

class CliCheckTest : public CliTest {
 protected:
  // The answers to these lines; each line has one, and the exit code is 0.
  std::vector<json> Check(const std::string& kind, const std::vector<json>& lines) {
    std::string text;
    for (const json& line : lines) text += line.dump() + "\n";
    return CheckText(kind, text, lines.size());
  }
  std::vector<json> CheckText(const std::string& kind, const std::string& text,
                              size_t lines) {
    const ProcessResult result = Setlog({"check", kind, "-", "--json"}, text);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<json> answers = Lines(result.out);
    EXPECT_EQ(answers.size(), lines);
    answers.resize(lines);
    return answers;
  }
};

json InHex(const std::vector<Hash>& hashes) {
  json array = json::array();
  for (const Hash& hash : hashes) array.push_back(ToHex(hash));
  return array;
}

TEST_F(CliCheckTest, LookupVectorsHaveTheirVerdicts) {
  std::vector<json> vectors = ReadTestJson("set_tree.json")["lookups"];
  for (const json& extra : ReadTestJson("lookup_extra.json")) vectors.push_back(extra);
  const std::vector<json> answers = Check("lookup", vectors);
  for (size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_EQ(answers[i]["verdict"], vectors[i]["want"]) << i;
    EXPECT_EQ(answers[i]["ok"], vectors[i]["want"] != "INVALID") << i;
    EXPECT_EQ(answers[i].contains("error"), vectors[i]["want"] == "INVALID") << i;
  }
}

TEST_F(CliCheckTest, BatchVectorsHaveTheirAnswersInInputOrder) {
  const std::vector<json> vectors = ReadTestJson("batch.json");
  const std::vector<json> answers = Check("batch", vectors);
  for (size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_EQ(answers[i]["ok"], vectors[i]["valid"]) << vectors[i]["note"];
    if (vectors[i]["valid"]) {
      EXPECT_EQ(answers[i]["present"], vectors[i]["present"]) << vectors[i]["note"];
    } else {
      EXPECT_EQ(answers[i]["verdict"], "INVALID") << vectors[i]["note"];
      EXPECT_FALSE(answers[i].contains("present")) << vectors[i]["note"];
    }
  }
}

TEST_F(CliCheckTest, ExtensionVectorsAreJudged) {
  const std::vector<json> vectors = ReadTestJson("extension.json");
  ASSERT_EQ(vectors.size(), 26u);
  const std::vector<json> answers = Check("extension", vectors);
  for (size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_EQ(answers[i]["ok"], vectors[i]["valid"]) << vectors[i]["note"];
    EXPECT_EQ(answers[i]["verdict"], vectors[i]["valid"] ? "VALID" : "INVALID");
  }
}

TEST_F(CliCheckTest, InclusionAndConsistencyMatchTheSlowModel) {
  Rfc6962Model tree = EntryTree();
  std::vector<json> inclusion;
  std::vector<json> consistency;
  for (uint64_t size = 1; size <= 12; ++size) {
    const std::string root = ToHex(tree.Mth(0, size));
    for (uint64_t i = 0; i < size; ++i) {
      inclusion.push_back({{"leaf_hash", ToHex(tree.Mth(i, 1))},
                           {"index", i},
                           {"size", size},
                           {"root", root},
                           {"path", InHex(tree.Path(i, 0, size))}});
      consistency.push_back({{"size1", i + 1},
                             {"size2", size},
                             {"root1", ToHex(tree.Mth(0, i + 1))},
                             {"root2", root},
                             {"path", InHex(tree.Proof(i + 1, size))}});
    }
  }
  for (const json& answer : Check("inclusion", inclusion)) {
    EXPECT_EQ(answer, (json{{"ok", true}, {"verdict", "VALID"}}));
  }
  for (const json& answer : Check("consistency", consistency)) {
    EXPECT_EQ(answer, (json{{"ok", true}, {"verdict", "VALID"}}));
  }
  // Another position, or the root of another size: proofs of nothing.
  for (json& line : inclusion) line["index"] = line["index"].get<uint64_t>() + 1;
  std::erase_if(consistency,
                [](const json& line) { return line["size1"] == line["size2"]; });
  for (json& line : consistency) line["root1"] = line["root2"];
  for (const json& answer : Check("inclusion", inclusion)) EXPECT_FALSE(answer["ok"]);
  for (const json& answer : Check("consistency", consistency)) {
    EXPECT_FALSE(answer["ok"]);
  }
}

TEST_F(CliCheckTest, NotesOfOtherProgramsVerifyUnderTheirKeysOnly) {
  const std::string both = kNote7 + kWitnessLine7;
  std::string damaged = both;
  damaged[kLogName.size() + 1] = '8';  // the size
  const std::vector<json> answers =
      Check("note", {{{"vkey", kLogVkey}, {"note", both}},
                     {{"vkey", kWitnessVkey}, {"note", both}},
                     {{"vkey", kLogVkey}, {"note", damaged}},
                     {{"vkey", kWitnessVkey}, {"note", kNote7}},
                     {{"vkey", "not a key"}, {"note", both}},
                     {{"vkey", kLogVkey}, {"note", "not a note"}}});
  const std::vector<bool> want = {true, true, false, false, false, false};
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(answers[i]["ok"], want[i]) << i;
}

// Every way to write a number, a hash or an object that some reader would take.
TEST_F(CliCheckTest, MalformedLinesAreInvalidAndTheNextLineIsRead) {
  const std::string hash(64, 'a');
  const auto inclusion = [&hash](const std::string& leaf, const std::string& index) {
    return "{\"leaf_hash\":\"" + leaf + "\",\"index\":" + index +
           ",\"size\":1,\"root\":\"" + hash + "\",\"path\":[]}";
  };
  const std::string good = inclusion(hash, "0");
  const std::vector<std::string> bad = {
      "",
      "x",
      "[]",
      "{}",
      "{",
      "null",
      good + good,
      good + "x",
      "\xEF\xBB\xBF" + good,
      inclusion(hash, "0.0"),
      inclusion(hash, "0e0"),
      inclusion(hash, "-0"),
      inclusion(hash, "-1"),
      inclusion(hash, "00"),
      inclusion(hash, "\"0\""),
      inclusion(hash, "true"),
      inclusion(hash, "false"),
      inclusion(hash, "null"),
      inclusion(hash, "[]"),
      inclusion(hash, "18446744073709551616"),
      inclusion(std::string(64, 'A'), "0"),
      inclusion(hash.substr(1), "0"),
      inclusion(hash + "aa", "0"),
      inclusion("0x" + hash.substr(2), "0"),
      inclusion(hash, "0").insert(1, "\"size\":1,"),
      inclusion(hash, "0").insert(1, "\"\\u0073ize\":1,"),
      std::string("{\"size\":1}"),
  };
  std::string text;
  for (const std::string& line : bad) text += line + "\n" + good + "\n";
  const std::vector<json> answers = CheckText("inclusion", text, 2 * bad.size());
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(answers[2 * i]["ok"], false) << bad[i];
    EXPECT_EQ(answers[2 * i]["verdict"], "INVALID") << bad[i];
    EXPECT_NE(answers[2 * i]["error"], "") << bad[i];
    EXPECT_EQ(answers[2 * i + 1]["ok"], true) << "after " << bad[i];
  }
}

// 2^64-1 must be read as itself: narrowed to 0 or -1 the proof would be another one.
TEST_F(CliCheckTest, TheLargestIntegerIsReadExactly) {
  const std::string hash(64, 'a');
  const std::vector<json> answers = Check("inclusion", {{{"leaf_hash", hash},
                                                         {"index", UINT64_MAX - 1},
                                                         {"size", UINT64_MAX},
                                                         {"root", hash},
                                                         {"path", json::array()}}});
  EXPECT_EQ(answers[0]["ok"], false);
  EXPECT_THAT(answers[0]["error"].get<std::string>(),
              ::testing::HasSubstr("18446744073709551614"));
}

TEST_F(CliCheckTest, PeopleGetOneVerdictALine) {
  const std::vector<json> vectors = ReadTestJson("batch.json");
  const std::string file = Write("lines", vectors[0].dump() + "\nx\n");
  const ProcessResult result = Setlog({"check", "batch", file});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "VALID: line 1: 0 present, 0 absent\n"
            "INVALID: line 2: the line is not one JSON object\n");
}

TEST_F(CliCheckTest, WhatCannotBeJudgedIsAUsageError) {
  EXPECT_EQ(Setlog({"check", "exclusion", "-"}).exit_code, 2);
  EXPECT_EQ(Setlog({"check", "lookup", Path("none")}).exit_code, 2);
  EXPECT_EQ(Setlog({"check", "lookup"}).exit_code, 2);
}

}  // namespace
}  // namespace setlog
