// `setlog check-data` as a process: records here against a version of a log, and what
// becomes of it when the server lies.

#include <filesystem>

#include "cli_server_fixture.h"
#include "client/atomic_file.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// "a" to "e" are the set of v2; of v1 only "one" is.
class CliCheckDataTest : public CliServerTest {
 protected:
  CliCheckDataTest() {
    log().Remove(RecordHash("one"));
    for (const char* record : {"a", "b", "c", "d", "e"}) log().Add(RecordHash(record));
    log().Index();
    log().Tag("v2");
    for (const char* record : {"a", "b", "c", "d", "e"}) Put(record, record);
  }

  // A file in the directory of records.
  void Put(const std::string& name, const std::string& bytes) {
    std::filesystem::create_directory(Path("train"));
    Write("train/" + name, bytes);
  }
  void Drop(const std::string& name) {
    ASSERT_TRUE(std::filesystem::remove(Path("train/" + name)));
  }
  ProcessResult Check(std::vector<std::string> more = {}) {
    std::vector<std::string> command = {"check-data", Path("train"), "--at",
                                        "example.org/a@v2"};
    command.insert(command.end(), more.begin(), more.end());
    return Ask(std::move(command));
  }
  std::vector<json> CheckJson(std::vector<std::string> more = {}) {
    more.push_back("--json");
    return Lines(Check(std::move(more)).out);
  }
};

TEST_F(CliCheckDataTest, TheVeryRecordsOfTheSetAreVerified) {
  const ProcessResult result = Check();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("VERIFIED the 5 records here are the set that example.org/a "
                         "committed to at size 13 (version v2, bytes/1); set root not "
                         "audited\n"));
  EXPECT_EQ(CheckJson({"--key", FormatVkey(log().key())}),
            (std::vector<json>{{{"verdict", "VERIFIED"},
                                {"origin", kOrigin},
                                {"at", "v2"},
                                {"index_size", 13},
                                {"set_count", 5},
                                {"pinned", true},
                                {"replayed_by", json::array()},
                                {"records", 5},
                                {"distinct", 5},
                                {"present", 5},
                                {"absent", 0},
                                {"removed", 0},
                                {"missing", 0}}}));
}

TEST_F(CliCheckDataTest, EveryWayToNameTheVersionAndToGiveTheRecords) {
  std::string hex;
  std::string packed;
  for (const char* record : {"e", "d", "c", "b", "a"}) {
    hex += ToHex(RecordHash(record)) + "\n";
    packed += AsText(RecordHash(record));
  }
  for (const char* version : {"example.org/a@v2", "example.org/a"}) {
    EXPECT_EQ(
        Ask({"check-data", "--hashes", Write("hex", hex), "--at", version}).exit_code,
        0);
    EXPECT_EQ(Ask({"check-data", "--packed", "-", "--at", version}, packed).exit_code,
              0);
  }
  EXPECT_EQ(Ask({"check-data", Path("one"), "--at", "example.org/a@v1"}).exit_code, 0);
}

TEST_F(CliCheckDataTest, ARecordThatIsNoMemberIsNamedAndSoIsWhyNot) {
  Put("a", "a changed");
  Put("f", "two");
  const ProcessResult result = Check();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out,
              StartsWith("REFUSED 2 of 6 records here are not in the set that "
                         "example.org/a committed to at size 13 (version v2, bytes/1); "
                         "1 member is not here; set root not audited\n  absent   " +
                         Path("train/a") + "  " + ToHex(RecordHash("a changed")) +
                         "\n  removed  " + Path("train/f") + "  " +
                         ToHex(RecordHash("two")) + "\n"));
  const std::vector<json> lines = CheckJson();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], (json{{"verdict", "ABSENT"},
                            {"hash", ToHex(RecordHash("a changed"))},
                            {"record", Path("train/a")}}));
  EXPECT_EQ(lines[1]["verdict"], "REMOVED");
  EXPECT_EQ(lines[2]["verdict"], "REFUSED");
  EXPECT_EQ(lines[2]["present"], 4);
  EXPECT_EQ(lines[2]["absent"], 1);
  EXPECT_EQ(lines[2]["removed"], 1);
  EXPECT_EQ(lines[2]["missing"], 1);
  EXPECT_EQ(Check({"--subset"}).exit_code, 1) << "members all of them must be";
}

TEST_F(CliCheckDataTest, AMemberThatIsNotHereRefusesUnlessASubsetIsAskedFor) {
  Drop("b");
  Drop("d");
  const ProcessResult result = Check({"--missing", Path("missing")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out,
              StartsWith("REFUSED the 3 records here are not all of the set that "
                         "example.org/a committed to at size 13 (version v2, bytes/1); "
                         "2 members are not here; "));
  std::vector<std::string> missing = {ToHex(RecordHash("b")), ToHex(RecordHash("d"))};
  std::sort(missing.begin(), missing.end());
  EXPECT_EQ(ReadSmallFile(Path("missing"), 1000).value(),
            missing[0] + "\n" + missing[1] + "\n");
  const ProcessResult subset = Check({"--subset"});
  EXPECT_EQ(subset.exit_code, 0);
  EXPECT_THAT(
      subset.out,
      StartsWith("VERIFIED all 3 records here are in the set that example.org/a "
                 "committed to at size 13 "));
  EXPECT_EQ(CheckJson({"--subset"}).back()["missing"], 2);
  EXPECT_EQ(Check({"--missing", Path("none/file")}).exit_code, 2);
}

TEST_F(CliCheckDataTest, NothingIsMissingOfTheWholeSet) {
  Write("missing", "of another run");
  EXPECT_EQ(Check({"--missing", Path("missing")}).exit_code, 0);
  EXPECT_EQ(ReadSmallFile(Path("missing"), 1000).value(), "");
}

TEST_F(CliCheckDataTest, DuplicatesAreCountedAndDoNotStandForOthers) {
  Put("z", "a");
  const ProcessResult result = Check();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, StartsWith("VERIFIED the 6 records here are the set "));
  EXPECT_THAT(result.out, HasSubstr("  records  6, 5 of them distinct\n"));
  Drop("b");
  EXPECT_EQ(Check().exit_code, 1) << "as many records as members, one of them twice";
  Put("y", "never");
  Put("z", "never");
  EXPECT_THAT(Check().out, StartsWith("REFUSED 2 of 6 records here are not in "));
}

TEST_F(CliCheckDataTest, ManyStrangersAreCutShortForPeopleAndAllInJson) {
  for (int i = 0; i < 30; ++i) Put("z" + std::to_string(i), "z" + std::to_string(i));
  const ProcessResult result = Check();
  EXPECT_THAT(result.out, HasSubstr("  and 10 more (--json lists all)\n"));
  EXPECT_EQ(CheckJson().size(), 31u);
}

TEST_F(CliCheckDataTest, WhatCannotBeReadIsNeverVerified) {
  const auto check_rows = [this](const std::string& rows) {
    server_.CreateFrom(
        FormatManifest(
            {.origin = kOrigin, .scheme = "row/1", .columns = {{{"id", "int"}}}})
            .value());
    log().Add(RecordHash(R"({"id":1})"));
    log().Index();
    home_ = "home of rows";
    return Ask({"check-data", Write("rows.csv", rows), "--at", kOrigin});
  };
  EXPECT_EQ(check_rows("id\n1\n").exit_code, 0);
  const ProcessResult malformed = check_rows("id\n1\nx\n");
  EXPECT_EQ(malformed.exit_code, 2);
  EXPECT_EQ(malformed.out, "");
  EXPECT_THAT(malformed.err, HasSubstr("rows.csv:3: "));
  const ProcessResult empty = check_rows("id\n");
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_EQ(empty.out, "");
  EXPECT_THAT(empty.err, HasSubstr("there is no record in the input"));
}

TEST_F(CliCheckDataTest, WhatIsTypedWrongIsSaid) {
  const auto check = [this](const std::string& at) {
    return Ask({"check-data", Path("train"), "--at", at});
  };
  EXPECT_THAT(check("example.org/a@").err, HasSubstr("is not ORIGIN@TAG"));
  EXPECT_THAT(check("Example.Org").err, HasSubstr("is not ORIGIN@TAG"));
  EXPECT_THAT(check("v2").err, HasSubstr("which log has it?"));
  for (const char* at : {"example.org/a@", "@v1", "example.org/a@0", "example.org/a@v9",
                         "example.org/a@14"}) {
    EXPECT_EQ(check(at).exit_code, 2) << at;
  }
  EXPECT_EQ(Check({"--hashes", Path("one")}).exit_code, 2);
  EXPECT_EQ(Check({"--skip-bad"}).exit_code, 2) << "what is passed over is not checked";
  EXPECT_EQ(Ask({"check-data", "--at", "example.org/a"}).exit_code, 2);
}

TEST_F(CliCheckDataTest, ALieIsUnverifiedWhateverIsHere) {
  Drop("b");
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  for (const char* asked : {"--subset", "--json"}) {
    const ProcessResult result = Check({asked});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.out, HasSubstr("UNVERIFIED"));
    EXPECT_THAT(result.out, Not(HasSubstr("VERIFIED all")));
  }
  const std::vector<json> lines = CheckJson();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["origin"], kOrigin);
  EXPECT_EQ(lines[0]["at"], "v2");
  EXPECT_EQ(lines[0]["records"], 4);
  EXPECT_THAT(lines[0]["error"], HasSubstr("proof does not verify"));
}

TEST_F(CliCheckDataTest, AnAnswerForAnotherVersionIsUnverified) {
  Drop("b");
  server_.on_batch = [](v1::BatchLookupResponse& answer) { answer.set_index_size(5); };
  EXPECT_EQ(Check({"--subset"}).exit_code, 3);
  // The honest proof of another version under the name of this one.
  std::vector<Hash> here;
  for (const char* record : {"a", "c", "d", "e"}) here.push_back(RecordHash(record));
  const std::string proof = log().Batch(here, 5);
  server_.on_batch = [&](v1::BatchLookupResponse& answer) { answer.set_proof(proof); };
  EXPECT_EQ(Check({"--subset"}).exit_code, 3);
}

TEST_F(CliCheckDataTest, MembersThatAreWithheldAreUnverified) {
  Drop("b");
  server_.on_chunk = [](v1::EntriesChunk& chunk) { chunk.mutable_bundle()->clear(); };
  EXPECT_EQ(Check({"--missing", Path("missing")}).exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(Path("missing")));
}

TEST_F(CliCheckDataTest, ACountBesideTheRootOfAnotherIsUnverified) {
  for (const uint64_t n : {4, 6}) {
    log().IndexAs(n, log().IndexAt(log().indexes()[2]).set_root);
    const ProcessResult result = Ask({"check-data", Path("train"), "--at", kOrigin});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.out, HasSubstr(absl::StrCat("the log counts ", n)));
  }
}

TEST_F(CliCheckDataTest, OnlyAFileIsReplacedByTheMissing) {
  Drop("b");
  Write("old", "old\n");
  std::filesystem::create_symlink("old", Path("link"));
  for (const char* name : {"link", "train"}) {
    const ProcessResult result = Check({"--missing", Path(name)});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err + result.out, HasSubstr("is no regular file"));
  }
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
}

TEST_F(CliCheckDataTest, NamesOfFilesForgeNoLines) {
  Write("train/f\n  key     forged", "no member");
  const ProcessResult result = Check();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("f\\n  key     forged"));
}

// The owner's count is a word, the root is not.
TEST_F(CliCheckDataTest, ACountThatHidesMembersIsNoProofThatAllAreHere) {
  // The root binds the count, so that a wrong one is one over the same tree.
  std::vector<Hash> keys;
  for (const char* record : {"a", "b", "c", "d", "e"}) {
    keys.push_back(SetKey(RecordHash(record)));
  }
  std::sort(keys.begin(), keys.end());
  log().IndexAs(4, SetRoot(4, SortedTop(keys)));
  log().Tag("v3");
  Drop("b");
  const ProcessResult result =
      Ask({"check-data", Path("train"), "--at", "example.org/a@v3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, StartsWith("UNVERIFIED example.org/a@v3: "));
  EXPECT_THAT(result.out, HasSubstr("the set root is not that of these"));
}

TEST_F(CliCheckDataTest, AServerThatIsDownIsUnverified) {
  const ProcessResult result =
      Setlog({"check-data", Path("train"), "--at", "example.org/a@v2", "--server",
              "unix:" + Path("nobody"), "--retry-for", "100ms"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, StartsWith("UNVERIFIED example.org/a@v2: no answer from "));
}

TEST_F(CliCheckDataTest, ATagThatMovedIsMisbehaviour) {
  EXPECT_EQ(Check().exit_code, 0);
  const uint64_t size = log().size();
  server_.Create(kOrigin);
  while (log().size() < size - 2) log().Add(RecordHash("other"));
  log().Index();
  log().Tag("v2");
  const ProcessResult result = Check();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.out, StartsWith("MISBEHAVIOUR of example.org/a: "));
  // And it stays so, whatever is shown from then on.
  EXPECT_EQ(Check().exit_code, 4);
}

}  // namespace
}  // namespace setlog
