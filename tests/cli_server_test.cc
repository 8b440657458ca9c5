// The other commands that talk to a server, as processes, also against one that lies.

#include "cli_server_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST_F(CliServerTest, LiesAboutTheHeadAreUnverified) {
  server_.on_head = [](v1::Head& head) {
    head.mutable_index()->mutable_entry()->back() ^= 1;
  };
  EXPECT_EQ(Ask({"in", kOrigin, Path("one")}).exit_code, 3);
  EXPECT_EQ(AskJson({"in", kOrigin, Path("one")}).at(0)["verdict"], "UNVERIFIED");
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"head", kOrigin},
                                             {"tags", kOrigin},
                                             {"entries", kOrigin},
                                             {"inclusion", kOrigin, "0"},
                                             {"consistency", kOrigin, "1"},
                                             {"add", kOrigin, Path("one")}}) {
    const ProcessResult result = Ask(command);
    EXPECT_EQ(result.exit_code, 3) << command[0];
    EXPECT_EQ(result.out, "") << command[0];
  }
}

TEST_F(CliServerTest, TwoHeadsThatContradictEachOtherAreMisbehaviour) {
  ASSERT_EQ(Ask({"head", kOrigin}).exit_code, 0);
  const uint64_t size = log().size();
  // The same size, another history.
  server_.Create(kOrigin);
  while (log().size() < size - 1) log().Add(RecordHash("other"));
  log().Index();
  ASSERT_EQ(log().size(), size);
  const ProcessResult result = Ask({"in", kOrigin, Path("one"), "--json"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  const json line = Lines(result.out).at(0);
  EXPECT_EQ(line["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(line["kind"], "two_roots");
  ASSERT_EQ(line["evidence"].size(), 1u);
  for (const json& file : line["evidence"]) {
    EXPECT_TRUE(std::filesystem::exists(file.get<std::string>())) << file;
  }
}

TEST_F(CliServerTest, AHeadThatWentBackIsRefusedAndBothNotesAreNamed) {
  ASSERT_EQ(Ask({"head", kOrigin}).exit_code, 0);
  server_.shown_size = 6;
  const ProcessResult result = Ask({"head", kOrigin});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("went back from size 7 to 6"));
  EXPECT_THAT(result.err, HasSubstr(Path("home/evidence/")));
}

TEST_F(CliServerTest, AddReadsAllInputsBeforeItSendsTheFirstRecord) {
  const uint64_t before = log().size();
  const std::string hashes = Write("hashes", ToHex(RecordHash("x")) + "\nnot a hash\n");
  const ProcessResult result = Ask({"add", kOrigin, "--hashes", hashes});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(hashes + ":2"));
  EXPECT_EQ(Ask({"add", kOrigin, Path("one"), Path("none")}).exit_code, 2);
  EXPECT_EQ(Ask({"add", kOrigin, Path("one"), "--dry-run"}).exit_code, 0);
  EXPECT_EQ(log().size(), before);
  EXPECT_EQ(server_.streams_opened, 0);
}

TEST_F(CliServerTest, ADryRunCountsAndShowsTheFirstRecord) {
  const std::string again = Write("again", "one");
  EXPECT_EQ(
      AskJson({"add", kOrigin, Path("one"), again, Path("two"), "--dry-run"}).at(0),
      (json{{"origin", kOrigin},
            {"dry_run", true},
            {"count", 3},
            {"duplicates", 1},
            {"first_hash", ToHex(RecordHash("one"))},
            {"first_record", Path("one")},
            {"first_canonical", "one"}}));
}

TEST_F(CliServerTest, AddAndRemoveCountTheEntriesTheyAppended) {
  const std::string packed = Write("packed", std::string(AsText(RecordHash("x"))) +
                                                 std::string(AsText(RecordHash("y"))));
  const json added = AskJson({"add", kOrigin, "--packed", packed, "--no-wait"}).at(0);
  EXPECT_EQ(added["origin"], kOrigin);
  EXPECT_EQ(added["added"], 2);
  EXPECT_EQ(added["first"], 7);
  EXPECT_EQ(added["size"], 9);
  EXPECT_EQ(added["index_size"], 5);
  // Done is done: the same command appends again.
  EXPECT_EQ(AskJson({"add", kOrigin, "--packed", packed, "--no-wait"}).at(0)["first"],
            9);
  const json removed = AskJson({"remove", kOrigin, "--hashes", "-", "--no-wait"},
                               ToHex(RecordHash("x")) + "\n")
                           .at(0);
  EXPECT_EQ(removed["removed"], 1);
  EXPECT_EQ(removed["first"], 11);
  EXPECT_EQ(AskJson({"entries", kOrigin, "--from", "11"}).at(0),
            (json{{"index", 11},
                  {"type", "remove"},
                  {"entry", "02" + ToHex(RecordHash("x"))},
                  {"r", ToHex(RecordHash("x"))}}));
}

TEST_F(CliServerTest, AnAddWhoseStreamsBreakAppendsEachRecordOnce) {
  std::string packed;
  for (int i = 0; i < 30'000; ++i) packed += AsText(HashN(i));
  const std::string file = Write("packed", packed);
  const std::vector<std::string> add = {"add", kOrigin,     "--packed",
                                        file,  "--no-wait", "--json"};
  server_.messages_before_loss = 1;
  const ProcessResult first = Ask(add);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(Lines(first.out).at(0)["added"], 30'000);
  EXPECT_GT(server_.streams_opened, 1);
  EXPECT_EQ(log().size(), 7u + 30'000u);
}

TEST_F(CliServerTest, ListsAndProofsHaveTheFieldsOfTheContract) {
  EXPECT_EQ(
      AskJson({"logs"}).at(0),
      (json{{"origin", kOrigin}, {"vkey", FormatVkey(log().key())}, {"size", 7}}));
  EXPECT_EQ(
      AskJson({"tags", kOrigin}).at(0),
      (json{{"origin", kOrigin}, {"tag", "v1"}, {"index_size", 5}, {"position", 6}}));
  const json head = AskJson({"head", kOrigin}).at(0);
  EXPECT_EQ(head["root"], ToHex(log().RootAt(7)));
  EXPECT_EQ(head["set_root"], ToHex(log().IndexAt(5).set_root));
  EXPECT_EQ(Ask({"head", kOrigin, "--note"}).out, log().NoteAt(7));
  EXPECT_EQ(AskJson({"tag", kOrigin, "v2"}).at(0)["tag"], "v2");

  const json inclusion = AskJson({"inclusion", kOrigin, "2", "--size", "5"}).at(0);
  EXPECT_EQ(inclusion["root"], ToHex(log().RootAt(5)));
  EXPECT_EQ(Setlog({"check", "inclusion", "-"}, inclusion.dump()).out,
            "VALID: line 1\n");
  const json consistency = AskJson({"consistency", kOrigin, "3", "7"}).at(0);
  EXPECT_EQ(consistency["root1"], ToHex(log().RootAt(3)));
  EXPECT_EQ(Setlog({"check", "consistency", "-"}, consistency.dump()).out,
            "VALID: line 1\n");
  EXPECT_EQ(AskJson({"consistency", kOrigin, "7", "7"}).at(0)["path"], json::array());
}

TEST_F(CliServerTest, ATlogProofOfTheServerVerifiesOffline) {
  ASSERT_EQ(Ask({"inclusion", kOrigin, "2", "--out", Path("p")}).exit_code, 0);
  EXPECT_EQ(Setlog({"verify", Path("p"), "--record", Path("one")}).exit_code, 0);
  EXPECT_EQ(
      Ask({"inclusion", kOrigin, "2", "--size", "5", "--out", Path("q")}).exit_code, 2);
}

TEST_F(CliServerTest, InitCreatesTheLogOnce) {
  FakeServer empty("unix:" + Path("empty"));
  const std::vector<std::string> init = {
      "init",     "example.org/new",       "--scheme", "json/1",
      "--server", "unix:" + Path("empty"), "--json"};
  const ProcessResult made = Setlog(init);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(Lines(made.out).at(0), (json{{"origin", "example.org/new"},
                                         {"vkey", FormatVkey(empty.log().key())},
                                         {"size", 2}}));
  const ProcessResult again = Setlog(init);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("exists already"));
}

}  // namespace
}  // namespace setlog
