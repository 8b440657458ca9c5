// A server that lies in one way, and what `setlog` says to it: never an answer. Where
// the log's own signatures convict it there is a file which convinces a third person,
// who has nothing but the key, offline.

#include <set>

#include "cli_server_fixture.h"
#include "client/evidence_file.h"
#include "golden_notes.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class LiarTest : public CliServerTest {
 protected:
  void Tell(const std::string& lie) {
    ASSERT_NE(FindLie(lie), nullptr) << lie;
    FindLie(lie)->tell(liar_);
  }

  Liar liar_{server_};
};

using Commands = std::vector<std::string>;
const Commands kHead = {"head", kOrigin};
const Commands kIn = {"in", kOrigin, "one", "--out", "out.setproof"};
const Commands kBatch = {"in", kOrigin, "one", "never"};
const Commands kAbout = {"in", kOrigin, "--hash", "ABOUT"};
const Commands kAtV1 = {"in", kOrigin, "one", "--at", "v1"};
const Commands kTags = {"tags", kOrigin};
const Commands kEntries = {"entries", kOrigin};
const Commands kInclusion = {"inclusion", kOrigin, "2"};
const Commands kAdd = {"add", kOrigin, "one", "two", "never", "--no-wait"};

// What a command says to a lie of attacks/log/lies.h.
struct Told {
  std::string lie;
  Commands command;  // a name of a record is its file, ABOUT the lie's own record
  int exit_code;
  std::string words;
  std::string kind;  // of evidence
};
void PrintTo(const Told& told, std::ostream* out) { *out << told.lie; }

const Told kTold[] = {
    // Tree proofs.
    {"IndexPosition", kHead, 3, "leads to root", ""},
    {"IndexPath", kHead, 3, "leads to root", ""},
    {"IndexPathCutShort", kHead, 3, "hashes instead of", ""},
    {"IndexEntry", kHead, 3, "leads to root", ""},
    {"Manifest", kHead, 3, "leads to root", ""},
    {"InclusionOfAnotherLeaf", kInclusion, 3, "leads to root", ""},
    {"InclusionUnderAnotherRoot", kInclusion, 3, "root", ""},
    {"InnerNodeAsLeaf", kInclusion, 3, "hashes instead of", ""},
    {"LastLeafDoubled", {"inclusion", kOrigin, "6"}, 3, "hashes instead of", ""},
    {"ValidPathOfAnotherIndex", kInclusion, 3, "leads to root", ""},
    {"ValidPathOfAnotherSize", kInclusion, 3, "hashes instead of", ""},
    {"EntriesChanged", kEntries, 3, "root", ""},
    {"EntriesCutShort", kEntries, 3, "", ""},

    // Lookups.
    {"TerminalValue", kIn, 3, "does not verify", ""},
    {"BranchBits", kIn, 3, "does not verify", ""},
    {"Count", kIn, 3, "number of members", ""},
    {"NoProofAtAll", kIn, 3, "UNVERIFIED", ""},
    {"AnotherVersion", kIn, 3, "another version", ""},
    {"AddOfAnotherRecord", kIn, 3, "another record", ""},
    {"PresentWithoutItsEntry", kIn, 3, "without the entry", ""},
    {"BatchOfAnotherSplit", kBatch, 3, "does not verify", ""},
    {"BatchWithAByteMore", kBatch, 3, "bytes after the last item", ""},
    {"WithheldEverything", kIn, 3, "no answer", ""},
    {"KeyLeftOut", kAbout, 3, "does not verify", ""},
    {"FirstKeyLeftOut", kAbout, 3, "does not verify", ""},
    {"LastKeyLeftOut", kAbout, 3, "does not verify", ""},
    {"KeyPutIn", kAbout, 3, "does not verify", ""},
    {"EmptySet", kAbout, 3, "does not verify", ""},
    {"OneMember", kAbout, 3, "does not verify", ""},

    // Heads.
    {"AnotherKey", kHead, 3, "not signed by the known key", ""},
    {"AnotherOrigin", kHead, 3, "not signed by the known key", ""},
    {"Rollback", kHead, 3, "went back from size 7 to 6", ""},
    {"StaleIndex", kHead, 3, "went back from m = 5 to 1", ""},
    {"CosignatureOfAnotherHead", {"head", kOrigin, "--policy", "policy"}, 3, "", ""},
    {"TwoRoots", kIn, 4, "two heads of size 7", "two_roots"},
    {"Fork", kIn, 4, "does not continue", "fork"},
    {"ForkWithoutProofs", kIn, 3, "no evidence", ""},
    {"ForkWithoutProofsThatShowsAnotherEntry", kIn, 4, "two entries", "two_leaves"},

    // Entries.
    {"MBeyondItsPosition", kHead, 4, "malformed", "malformed_entry"},
    {"NNotBelowM", kHead, 4, "malformed", "malformed_entry"},
    {"UnknownType", kHead, 4, "malformed", "malformed_entry"},
    {"MTwice", kHead, 4, "m = 5, after one for m = 5", "index_not_growing"},
    {"MFalls", kHead, 4, "m = 4, after one for m = 5", "index_not_growing"},
    {"TagOfAnotherVersion", kAtV1, 3, "version v2", ""},
    {"TagMoved", kAtV1, 4, "used twice", "tag_twice"},
    {"TagMoved", kTags, 4, "used twice", "tag_twice"},
    {"WrongCountInTheIndexEntry", kIn, 4, "its set root is one of 1 members",
     "wrong_count"},
    {"AbsentWithTheEntryThatAddedIt", kIn, 4,
     "absent at m = 7, but it was added at position 2", "wrong_answer"},

    // Appends.
    {"AcknowledgedButAnotherRecordStored", kAdd, 3, "other entries stand there", ""},
    {"AcknowledgedAmongOthersButAnotherRecordStored", kAdd, 3,
     "record number 1 is not there", ""},
    {"AcknowledgedAtAnotherPlace", kAdd, 3, "other entries stand there", ""},
    {"AcknowledgedAndNeverMerged", kAdd, 3, "but its signed head has size 7", ""},
};

class EveryLieTest : public LiarTest, public ::testing::WithParamInterface<Told> {
 protected:
  // The command, with paths for names.
  Commands Command() {
    Commands command = GetParam().command;
    Write("policy", "log " + FormatVkey(log().key()) + "\nwitness w1 " + kWitnessVkey +
                        "\nquorum w1\n");
    for (std::string& word : command) {
      for (const char* file : {"one", "two", "never", "out.setproof", "policy"}) {
        if (word == file) word = Path(file);
      }
      if (word == "ABOUT") word = ToHex(liar_.about.value());
    }
    return command;
  }
};

TEST_P(EveryLieTest, IsRefusedAndConvictsWhereItCan) {
  const Told& told = GetParam();
  const std::string vkey = FormatVkey(log().key());
  // What the truth was.
  ASSERT_EQ(Ask({"head", kOrigin, "--key", vkey}).exit_code, 0);
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), "--at", "v1"}).exit_code, 0);
  Tell(told.lie);
  const ProcessResult result = Ask(Command());
  EXPECT_EQ(result.exit_code, told.exit_code) << result.out << result.err;
  EXPECT_THAT(result.out + result.err, HasSubstr(told.words));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("PRESENT")));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("ABSENT")));
  EXPECT_FALSE(std::filesystem::exists(Path("out.setproof")));

  Commands again = Command();
  again.push_back("--json");
  const std::vector<json> lines = Lines(Ask(again).out);
  if (told.kind.empty()) {
    for (const json& line : lines) EXPECT_NE(line["verdict"], "MISBEHAVIOUR");
    return;
  }
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back()["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(lines.back()["kind"], told.kind);
  const std::string file = lines.back()["evidence"].at(0).get<std::string>();
  ASSERT_TRUE(file.ends_with(".evidence"));

  // Somebody else, offline.
  home_ = "stranger";
  EXPECT_EQ(Setlog({"verify", file}).exit_code, 3);
  const std::string other = FormatVkey(FakeLog(ManifestFor(kOrigin), "other").key());
  EXPECT_EQ(Setlog({"verify", file, "--key", other}).exit_code, 3);
  const ProcessResult judged = Setlog({"verify", file, "--key", vkey, "--json"});
  EXPECT_EQ(judged.exit_code, 4) << judged.err;
  EXPECT_EQ(Lines(judged.out).at(0)["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(Lines(judged.out).at(0)["kind"], told.kind);
  EXPECT_EQ(Lines(judged.out).at(0)["pinned"], true);
  // A policy names the key as well; who cosigned does not matter.
  home_ = "another";
  EXPECT_EQ(Setlog({"verify", file, "--policy", Path("policy")}).exit_code, 4);
  // The key is known now.
  home_ = "stranger";
  EXPECT_THAT(Setlog({"verify", file}).out,
              ::testing::StartsWith("MISBEHAVIOUR of example.org/a: "));
  EXPECT_EQ(Setlog({"verify", file, "--hash", ToHex(HashN(1))}).exit_code, 2);
}

INSTANTIATE_TEST_SUITE_P(All, EveryLieTest, ::testing::ValuesIn(kTold),
                         [](const auto& info) {
                           return info.param.lie + "_" + info.param.command[0];
                         });

TEST(LiesTest, EachIsToldHereOrBelow) {
  std::set<std::string> told = {"SecondManifest", "WrongSet", "WordsLikeAVerdict"};
  for (const Told& each : kTold) told.insert(each.lie);
  std::set<std::string> known;
  for (const Lie& lie : Lies()) {
    if (lie.of_private_log) continue;  // cli_private_in_test.cc
    EXPECT_TRUE(known.insert(lie.name).second) << lie.name;
  }
  EXPECT_EQ(told, known);
  EXPECT_EQ(FindLie("NoSuchLie"), nullptr);
}

// The honest limit: who asks for one answer and for no replay is fooled by a set root
// that is not the log's. The extension from the last index entry convicts it for ever.
TEST_F(LiarTest, AWrongSetFoolsAClientAndConvictsTheLogAfterwards) {
  Tell("WrongSet");
  const ProcessResult fooled =
      Ask({"in", kOrigin, Path("one"), "--out", Path("lie.setproof")});
  EXPECT_EQ(fooled.exit_code, 1) << fooled.err;
  EXPECT_THAT(fooled.out, HasSubstr("ABSENT"));
  EXPECT_THAT(fooled.out, HasSubstr("set root not audited"));

  const uint64_t size = log().size();
  const uint64_t wrong = size - 1;
  const uint64_t m = log().IndexAt(wrong).m;
  WrongExtension evidence{log().NoteAt(size),      log().Prove(0, size),
                          log().Prove(5, size),    log().Prove(wrong, size),
                          log().Range(5, m, size), ""};
  // Nothing is touched between the two, so the batch proof is one SIBLING: the top.
  evidence.batch_proof =
      std::string(1, '\0') + std::string(AsText(SetKey(RecordHash("one"))));
  const std::string file = Write("x.evidence", FormatEvidenceFile(evidence));
  home_ = "stranger";
  const ProcessResult judged =
      Setlog({"verify", file, "--key", FormatVkey(log().key())});
  EXPECT_EQ(judged.exit_code, 4) << judged.out << judged.err;
  EXPECT_THAT(judged.out, HasSubstr("does not follow"));
}

// Who asks for answers does not meet it; who replays does.
TEST_F(LiarTest, ASecondManifestConvictsTheLogOnceItIsAudited) {
  const std::string vkey = FormatVkey(log().key());
  Tell("SecondManifest");
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--key", vkey}).exit_code, 0);
  const json audit = AskJson({"audit", kOrigin}).at(0);
  EXPECT_EQ(audit["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(audit["kind"], "malformed_entry");
  home_ = "stranger";
  EXPECT_EQ(Setlog({"verify", audit["evidence"].at(0), "--key", vkey}).exit_code, 4);
}

TEST_F(LiarTest, AnHonestAppendAmongOthersEntriesIsAccepted) {
  server_.on_record = [this](const Hash& sent) {
    log().Index();
    return sent;
  };
  const ProcessResult added =
      Ask({"add", kOrigin, Path("one"), Path("two"), "--no-wait"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
}

TEST_F(LiarTest, WhatAServerSaysOfItselfIsNoVerdict) {
  const Commands commands[] = {{"in", kOrigin, Path("one")},
                               {"in", kOrigin, Path("one"), Path("two")},
                               {"audit", kOrigin},
                               {"head", kOrigin},
                               {"tags", kOrigin},
                               {"logs"},
                               {"add", kOrigin, Path("one")},
                               {"tag", kOrigin, "v9"},
                               {"watch", kOrigin, Path("one"), "--once"}};
  ASSERT_EQ(Ask({"head", kOrigin, "--key", FormatVkey(log().key())}).exit_code, 0);
  for (const Commands& command : commands) {
    for (const auto code : {grpc::StatusCode::INTERNAL, grpc::StatusCode::DATA_LOSS}) {
      server_.failures.assign(50, {code, LooksLikeAVerdict()});
      const ProcessResult result = Ask(command);
      server_.failures.clear();
      EXPECT_EQ(result.exit_code, 3) << command[0];
      EXPECT_THAT(result.out + result.err, HasSubstr("x\\nPRESENT")) << command[0];
      EXPECT_LT(result.out.size() + result.err.size(), 2000u) << command[0];
      for (std::string_view text : {result.out, result.err}) {
        EXPECT_EQ(text.find("\nPRESENT"), text.npos) << text;
        EXPECT_EQ(text.find_first_of("\r\x1B\x7F\xC2"), text.npos) << text;
      }
    }
  }
}

TEST_F(LiarTest, AListedLogHasAnOriginAndAKey) {
  for (const bool origin : {true, false}) {
    server_.on_list = [origin](v1::ListLogsResponse& r) {
      const std::string evil = "a.example/x\nPRESENT\x1B[2K";
      origin ? r.mutable_logs(0)->set_origin(evil) : r.mutable_logs(0)->set_vkey(evil);
    };
    for (const Commands& command : {Commands{"logs"}, Commands{"logs", "--json"}}) {
      const ProcessResult result = Ask(command);
      EXPECT_EQ(result.exit_code, 3);
      EXPECT_EQ(result.out, "");
      EXPECT_THAT(result.err, HasSubstr("the server lists a log that none can be"));
      EXPECT_EQ(result.err.find('\x1B'), result.err.npos);
    }
  }
}

}  // namespace
}  // namespace setlog
