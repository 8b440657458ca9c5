// What this machine knows of a log when the log lies: files are compared with it, and a
// log that was convicted stays so.

#include <filesystem>

#include "cli_server_fixture.h"
#include "client/proof_file.h"
#include "log/tlog_proof.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConvictionTest : public CliServerTest {
 protected:
  // Another history of the same log, signed by the same key: "other" in the place of
  // "one", and `more` entries.
  ConvictionTest() : fork_(ManifestFor(kOrigin)) {
    fork_.Add(RecordHash("other"));
    fork_.Add(RecordHash("two"));
    fork_.Remove(RecordHash("two"));
  }

  std::string Key() { return FormatVkey(log().key()); }
  // Of a record that was added at position 2, under the head of `size`.
  static std::string SetProof(FakeLog& log, const char* record, uint64_t size) {
    const Hash hash = RecordHash(record);
    const uint64_t index = *log.IndexBelow(size);
    ProofFile file{
        {log.NoteAt(size), log.Prove(0, size), log.Prove(index, size), std::nullopt},
        {hash, log.Lookup(hash, log.IndexAt(index).m)}};
    file.answer.added = log.Prove(2, size);
    return FormatProofFile(file);
  }
  static std::string LogProof(FakeLog& log, uint64_t size) {
    return FormatTlogProof({.index = 2,
                            .path = log.Prove(2, size).path,
                            .checkpoint = log.NoteAt(size)})
        .value();
  }
  std::vector<std::string> EvidenceFiles() {
    std::vector<std::string> files;
    for (const auto& file :
         std::filesystem::directory_iterator(Path(home_) + "/evidence")) {
      if (file.path().extension() == ".evidence") files.push_back(file.path());
    }
    return files;
  }
  // The known head is of size 7.
  void Know() { ASSERT_EQ(Ask({"head", kOrigin, "--key", Key()}).exit_code, 0); }

  FakeLog fork_;
};

TEST_F(ConvictionTest, AFileWithAnotherRootOfTheKnownSizeConvictsTheLog) {
  Know();
  fork_.Index();
  fork_.Add(RecordHash("seven"));
  ASSERT_EQ(fork_.size(), log().size());
  const std::vector<std::vector<std::string>> questions = {
      {Write("fork.setproof", SetProof(fork_, "other", 7))},
      // Whatever is demanded of it besides.
      {Path("fork.setproof"), "--at", "4", "--expect", "absent"},
      {Path("fork.setproof"), "--key", Key(), "--hash", ToHex(RecordHash("one"))},
      {Write("fork.tlog-proof", LogProof(fork_, 7)), "--hash",
       ToHex(RecordHash("other"))},
  };
  for (std::vector<std::string> question : questions) {
    question.insert(question.begin(), {"verify", "--json"});
    const ProcessResult lie = Setlog(question);
    EXPECT_EQ(lie.exit_code, 4) << lie.out << lie.err;
    const json line = Lines(lie.out).at(0);
    EXPECT_EQ(line["verdict"], "MISBEHAVIOUR");
    EXPECT_EQ(line["kind"], "two_roots");
    EXPECT_EQ(line["pinned"], true);
    ASSERT_EQ(EvidenceFiles().size(), 1u);
    EXPECT_EQ(line["evidence"], json::array({EvidenceFiles()[0]}));
  }
  // Convinces somebody who knows the key alone.
  const std::string evidence = EvidenceFiles()[0];
  home_ = "stranger";
  EXPECT_EQ(Setlog({"verify", evidence, "--key", Key()}).exit_code, 4);
  // Who never saw the other head cannot tell.
  home_ = "another";
  EXPECT_EQ(Setlog({"verify", Path("fork.setproof"), "--key", Key()}).exit_code, 0);
}

TEST_F(ConvictionTest, AFileUnderAnotherSizeStaysWhatItIs) {
  const std::string before = Write("before.setproof", SetProof(log(), "one", 6));
  Know();
  EXPECT_EQ(Setlog({"verify", before}).exit_code, 0);
  EXPECT_EQ(
      Setlog({"verify", Write("now.setproof", SetProof(log(), "one", 7))}).exit_code,
      0);
  // A fork, but nothing that is known here shows it.
  fork_.Add(RecordHash("five"));
  fork_.Index();
  fork_.Add(RecordHash("seven"));
  EXPECT_EQ(
      Setlog({"verify", Write("8.setproof", SetProof(fork_, "other", 8))}).exit_code,
      0);
  EXPECT_TRUE(EvidenceFiles().empty());
}

TEST_F(ConvictionTest, AFileWithAnotherEntryAtAPlaceThatWasSeenConvictsTheLog) {
  Know();
  fork_.Index();  // of other members, at position 5 like the one that was seen
  fork_.Add(RecordHash("six"));
  fork_.Add(RecordHash("seven"));
  const ProcessResult lie =
      Setlog({"verify", Write("8.setproof", SetProof(fork_, "other", 8)), "--json"});
  EXPECT_EQ(lie.exit_code, 4) << lie.out;
  EXPECT_EQ(Lines(lie.out).at(0)["kind"], "two_leaves");
}

TEST_F(ConvictionTest, AHeadThatTheLogDidNotSignConvictsNobody) {
  Know();
  FakeLog forged(ManifestFor(kOrigin), "other");
  while (forged.size() < 6) forged.Add(RecordHash("other"));
  forged.Index();
  const ProcessResult forgery =
      Setlog({"verify", Write("f.setproof", SetProof(forged, "other", 7))});
  EXPECT_EQ(forgery.exit_code, 3) << forgery.out;
  EXPECT_TRUE(EvidenceFiles().empty());
}

TEST_F(ConvictionTest, WhatWasProvenIsNotProvenAwayByABranchThatFits) {
  const std::string old = Write("old.setproof", SetProof(log(), "one", 6));
  Know();
  fork_.Index();
  fork_.Add(RecordHash("seven"));
  ASSERT_EQ(
      Setlog({"verify", Write("fork.setproof", SetProof(fork_, "other", 7))}).exit_code,
      4);
  ASSERT_EQ(EvidenceFiles().size(), 1u);
  const std::string evidence = EvidenceFiles()[0];

  const std::vector<std::vector<std::string>> verdicts = {
      {"head", kOrigin},
      {"in", kOrigin, Path("one")},
      {"in", kOrigin, Path("never"), "--expect", "absent"},
      {"inclusion", kOrigin, "2"},
      {"entries", kOrigin},
      {"tags", kOrigin},
      {"audit", kOrigin},
      {"audit", kOrigin, "--sample", "3"},
      {"watch", kOrigin, Path("one"), "--once"},
  };
  for (std::vector<std::string> command : verdicts) {
    command.insert(command.end(), {"--json", "--quiet"});
    const ProcessResult result = Ask(command);
    EXPECT_EQ(result.exit_code, 4) << command[0] << result.out;
    EXPECT_THAT(result.err, HasSubstr(evidence)) << command[0];
    for (const json& line : Lines(result.out)) {
      EXPECT_EQ(line.value("convicted", ""), evidence) << line;
      EXPECT_NE(line.value("verdict", ""), "CLEAN");
    }
  }
  const json audit = AskJson({"audit", kOrigin, "--state", Path("elsewhere")}).at(0);
  EXPECT_EQ(audit["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(audit["evidence"], json::array({evidence}));
  EXPECT_EQ(Ask({"trust", "follow", kOrigin}).exit_code, 4);

  // What an old file shows stays shown; and who writes is told.
  const ProcessResult shown = Setlog({"verify", old, "--json"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(Lines(shown.out).at(0)["verdict"], "PRESENT");
  EXPECT_EQ(Lines(shown.out).at(0)["convicted"], evidence);
  EXPECT_THAT(shown.err, HasSubstr("do not trust its newer answers"));
  const ProcessResult written = Ask({"add", kOrigin, Path("never"), "--no-wait"});
  EXPECT_EQ(written.exit_code, 0) << written.err;
  EXPECT_THAT(written.err, HasSubstr(evidence));
}

TEST_F(ConvictionTest, AConvictionIsListedAndEndsWithTheTrust) {
  Know();
  EXPECT_EQ(Lines(Setlog({"trust", "list", "--json"}).out).at(0)["convicted"], nullptr);
  const std::string honest = Write("h.setproof", SetProof(log(), "one", 7));
  server_.Create(kOrigin);
  for (int i = 0; i < 20; ++i) log().Add(RecordHash("other"));
  ASSERT_EQ(Ask({"head", kOrigin}).exit_code, 4);
  ASSERT_EQ(EvidenceFiles().size(), 1u);
  const std::string evidence = EvidenceFiles()[0];

  ASSERT_EQ(Setlog({"trust", "add", kOrigin, "--key", Key()}).exit_code, 0);
  EXPECT_EQ(Lines(Setlog({"trust", "list", "--json"}).out).at(0)["convicted"],
            evidence);
  EXPECT_THAT(Setlog({"trust", "list"}).out, HasSubstr(evidence));
  EXPECT_EQ(Lines(Setlog({"verify", honest, "--json"}).out).at(0)["convicted"],
            evidence);

  const ProcessResult removed = Setlog({"trust", "remove", kOrigin, "--json"});
  ASSERT_EQ(removed.exit_code, 0);
  EXPECT_THAT(Lines(removed.out).at(0)["forgotten"].dump(), HasSubstr("conviction"));
  EXPECT_EQ(Ask({"head", kOrigin, "--key", Key()}).exit_code, 0);
  EXPECT_EQ(EvidenceFiles().size(), 1u) << "evidence is kept";
}

TEST_F(ConvictionTest, EvidenceFromSomebodyElseIsRemembered) {
  Know();
  fork_.Index();
  fork_.Add(RecordHash("seven"));
  ASSERT_EQ(
      Setlog({"verify", Write("fork.setproof", SetProof(fork_, "other", 7))}).exit_code,
      4);
  const std::string evidence = EvidenceFiles()[0];
  home_ = "another";
  ASSERT_EQ(Ask({"head", kOrigin, "--key", Key()}).exit_code, 0);
  ASSERT_EQ(Setlog({"verify", evidence}).exit_code, 4);
  ASSERT_EQ(EvidenceFiles().size(), 1u);
  const ProcessResult head = Ask({"head", kOrigin});
  EXPECT_EQ(head.exit_code, 4);
  EXPECT_THAT(head.err, HasSubstr(EvidenceFiles()[0]));
}

}  // namespace
}  // namespace setlog
