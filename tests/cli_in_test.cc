// `setlog in` as a process: what it says was verified, whatever the server says.

#include "cli_server_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CliInTest : public CliServerTest {};

TEST_F(CliInTest, InHasTheWordsTheCodesAndTheFieldsOfTheContract) {
  const ProcessResult present = Ask({"in", kOrigin, Path("one")});
  EXPECT_EQ(present.exit_code, 0) << present.err;
  EXPECT_THAT(present.out, StartsWith("PRESENT in the set that example.org/a committed "
                                      "to at size 5 (bytes/1); set root not audited"));
  EXPECT_THAT(present.err, HasSubstr("fingerprint SHA256:"));
  const ProcessResult removed = Ask({"in", kOrigin, Path("two")});
  EXPECT_EQ(removed.exit_code, 1);
  EXPECT_THAT(removed.out, StartsWith("REMOVED from the set that "));
  EXPECT_EQ(removed.err, "") << "the key is known by now";
  const ProcessResult absent = Ask({"in", kOrigin, Path("never")});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.out, StartsWith("ABSENT from the set that example.org/a committed "
                                     "to at size 5 "));
  EXPECT_THAT(absent.out, HasSubstr("  hashed  never\n"));
  EXPECT_EQ(AskJson({"in", kOrigin, "--hash", ToHex(RecordHash("one")), "--at", "v1",
                     "--key", FormatVkey(log().key())})
                .at(0),
            (json{{"verdict", "PRESENT"},
                  {"hash", ToHex(RecordHash("one"))},
                  {"origin", kOrigin},
                  {"at", "v1"},
                  {"index_size", 5},
                  {"set_count", 1},
                  {"pinned", true},
                  {"replayed_by", json::array()},
                  {"size", 7}}));
}

TEST_F(CliInTest, OfManyRecordsTheWorstDecides) {
  const std::vector<std::string> all = {"in", kOrigin, Path("one"), Path("two"),
                                        Path("never")};
  EXPECT_EQ(Ask(all).exit_code, 1);
  std::vector<std::string> expecting = all;
  expecting.insert(expecting.end(), {"--expect", "absent"});
  EXPECT_EQ(Ask(expecting).exit_code, 1) << "one is present";
  EXPECT_EQ(
      Ask({"in", kOrigin, Path("two"), Path("never"), "--expect", "absent"}).exit_code,
      0);
  std::vector<std::string> verdicts;
  for (const json& line : AskJson(all)) verdicts.push_back(line["verdict"]);
  EXPECT_EQ(verdicts, (std::vector<std::string>{"PRESENT", "REMOVED", "ABSENT"}));
  // What cannot be read is worse than what is absent.
  std::vector<std::string> missing = all;
  missing.push_back(Path("none"));
  EXPECT_EQ(Ask(missing).exit_code, 2);
}

TEST_F(CliInTest, ProofFilesOfEveryVerdictVerifyOffline) {
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), Path("two"), Path("never"), "--out",
                 Path("proofs/")})
                .exit_code,
            1);
  const std::vector<std::pair<std::string, int>> wanted = {
      {"one", 0}, {"two", 1}, {"never", 1}};
  for (const auto& [record, code] : wanted) {
    const std::string file = Path("proofs/" + ToHex(RecordHash(record)) + ".setproof");
    EXPECT_EQ(Setlog({"verify", file, "--record", Path(record)}).exit_code, code)
        << record;
  }
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--out", Path("x.setproof")}).exit_code,
            0);
  EXPECT_EQ(Setlog({"verify", Path("x.setproof")}).exit_code, 0);
  const ProcessResult two =
      Ask({"in", kOrigin, Path("one"), Path("two"), "--out", Path("y.setproof")});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_THAT(two.err, HasSubstr("name a directory"));
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--out", Path("none/x")}).exit_code, 2);
}

TEST_F(CliInTest, ANearMissIsHintedAtAndStaysAbsent) {
  const std::string file = Write("near", "one\r\n");
  const ProcessResult result = Ask({"in", kOrigin, file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, StartsWith("ABSENT"));
  EXPECT_THAT(result.out,
              HasSubstr("the same record without its final newline would be PRESENT"));
  EXPECT_EQ(AskJson({"in", kOrigin, file}).at(0)["present_if"],
            json::array({"without its final newline"}));
  EXPECT_FALSE(AskJson({"in", kOrigin, Path("never")}).at(0).contains("present_if"));
}

TEST_F(CliInTest, LiesAboutARecordAreUnverifiedWhateverIsExpected) {
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  for (const char* expected : {"present", "absent"}) {
    const ProcessResult result = Ask(
        {"in", kOrigin, Path("one"), Path("never"), "--expect", expected, "--json"});
    EXPECT_EQ(result.exit_code, 3);
    const std::vector<json> lines = Lines(result.out);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0]["verdict"], "UNVERIFIED");
    EXPECT_EQ(lines[1]["verdict"], "UNVERIFIED");
    EXPECT_EQ(lines[0]["hash"], ToHex(RecordHash("one")));
  }
}

TEST_F(CliInTest, AnOlderVersionThanTheNewestBelowSizeIsSeenWhenLookedFor) {
  log().Add(RecordHash("late"));
  log().Index();  // position 8
  const std::vector<std::string> honest = {"in", kOrigin, Path("one"), "--at", "9"};
  EXPECT_EQ(AskJson(honest).at(0)["index_size"], 8);
  server_.on_head = [this](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(5, log().size()));
  };
  EXPECT_EQ(AskJson(honest).at(0)["index_size"], 5) << "only --strict-at looks";
  std::vector<std::string> strict = honest;
  strict.push_back("--strict-at");
  const ProcessResult result = Ask(strict);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("a newer index entry stands at position 8"));
}

}  // namespace
}  // namespace setlog
