// `setlog verify` as a process: what a stranger can do with a file and nothing else.

#include <chrono>

#include "cli_fixture.h"
#include "client/proof_file.h"
#include "fakes/fake_server.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "log/scheme.h"
#include "log/tlog_proof.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

uint64_t Now() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

// "one" is in the set, "two" was removed from it, "never" never was.
class CliVerifyTest : public CliTest {
 protected:
  CliVerifyTest() : log_(ManifestFor("example.org/a")) {
    log_.Add(RecordHash("one"));
    log_.Add(RecordHash("two"));
    log_.Remove(RecordHash("two"));
    log_.Index();
    log_.Tag("v1");
    vkey_ = FormatVkey(log_.key());
    for (const char* record : {"one", "two", "never"}) {
      Write(record, record);
      WriteProof(std::string(record) + ".setproof", ProofOf(record));
    }
  }

  ProofFile ProofOf(const std::string& record) {
    const Hash hash = RecordHash(record);
    const uint64_t size = log_.size();
    const uint64_t index = *log_.IndexBelow(size);
    const uint64_t m = log_.IndexAt(index).m;
    ProofFile file{{log_.NoteAt(size), log_.Prove(0, size), log_.Prove(index, size),
                    log_.Prove(log_.tags()[0], size)},
                   {hash, log_.Lookup(hash, m)}};
    for (const SetEvent& event : log_.Events(hash, m)) {
      (event.add ? file.answer.added : file.answer.removed) =
          log_.Prove(event.position, size);
    }
    return file;
  }
  void WriteProof(const std::string& name, const ProofFile& proof) {
    Write(name, FormatProofFile(proof));
  }

  // Verifies with the log's key pinned.
  ProcessResult Verify(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"verify", Path(file), "--key", vkey_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Setlog(arguments);
  }
  json VerifyJson(const std::string& file, std::vector<std::string> more = {}) {
    more.push_back("--json");
    return Lines(Verify(file, more).out).at(0);
  }

  // Cosigned by the witness at this time, and the policy that asks for it.
  void WriteCosigned(const std::string& name, uint64_t time_s) {
    ProofFile proof = ProofOf("one");
    Note note = ParseNote(proof.version.checkpoint).value();
    note =
        WithSignature(note, SignCosignature(note.text, WitnessKey(), time_s).value());
    proof.version.checkpoint = FormatNote(note);
    WriteProof(name, proof);
    Write("policy", "log " + vkey_ + "\nwitness w1 " + kWitnessVkey +
                        "\ngroup replay any w1\nquorum replay\n");
  }

  FakeLog log_;
  std::string vkey_;
};

TEST_F(CliVerifyTest, EachVerdictHasItsWordItsSentenceAndItsCode) {
  const ProcessResult present = Verify("one.setproof", {"--record", Path("one")});
  EXPECT_EQ(present.exit_code, 0) << present.err;
  EXPECT_THAT(present.out, StartsWith("PRESENT in the set that example.org/a committed "
                                      "to at size 5 (version v1, bytes/1); set root "
                                      "not audited\n"));
  const ProcessResult removed = Verify("two.setproof", {"--record", Path("two")});
  EXPECT_EQ(removed.exit_code, 1);
  EXPECT_THAT(removed.out, StartsWith("REMOVED from the set that example.org/a "));
  const ProcessResult absent = Verify("never.setproof", {"--record", Path("never")});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.out, StartsWith("ABSENT from the set that example.org/a committed "
                                     "to at size 5 "));
}

TEST_F(CliVerifyTest, ExpectAbsentSwapsOnlyWhatWasVerified) {
  EXPECT_EQ(Verify("one.setproof", {"--expect", "absent"}).exit_code, 1);
  EXPECT_EQ(Verify("two.setproof", {"--expect", "absent"}).exit_code, 0);
  EXPECT_EQ(Verify("never.setproof", {"--expect", "absent"}).exit_code, 0);
  EXPECT_EQ(Verify("one.setproof", {"--expect", "absent", "--at", "4"}).exit_code, 3);
  EXPECT_EQ(Verify("none.setproof", {"--expect", "absent"}).exit_code, 2);
}

TEST_F(CliVerifyTest, JsonHasTheFieldsOfTheContract) {
  EXPECT_EQ(VerifyJson("one.setproof"), (json{{"verdict", "PRESENT"},
                                              {"hash", ToHex(RecordHash("one"))},
                                              {"origin", "example.org/a"},
                                              {"index_size", 5},
                                              {"size", 7},
                                              {"position", 2},
                                              {"cosigned_at", nullptr},
                                              {"replayed_by", json::array()},
                                              {"pinned", true},
                                              {"tag", "v1"}}));
  EXPECT_EQ(VerifyJson("two.setproof")["removed_position"], 4);
  EXPECT_EQ(VerifyJson("never.setproof")["position"], nullptr);
}

TEST_F(CliVerifyTest, TheBinaryFormIsReadToo) {
  Write("one.bin", FormatBinaryProofFile(ProofOf("one")));
  EXPECT_EQ(Verify("one.bin").exit_code, 0);
}

TEST_F(CliVerifyTest, WithoutAKnownKeyNothingIsVerified) {
  const ProcessResult unknown = Setlog({"verify", Path("one.setproof")});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.out, StartsWith("UNVERIFIED: no key of example.org/a is known"));
  const ProcessResult again = Setlog({"verify", Path("one.setproof")});
  EXPECT_EQ(again.exit_code, 3) << "the first try must not have made it known";
}

TEST_F(CliVerifyTest, AKeyThatVerifiedIsKnownFromThenOn) {
  ASSERT_EQ(Verify("one.setproof").exit_code, 0);
  const ProcessResult known = Setlog({"verify", Path("two.setproof"), "--json"});
  EXPECT_EQ(known.exit_code, 1);
  EXPECT_EQ(Lines(known.out).at(0)["pinned"], true);
}

TEST_F(CliVerifyTest, AnotherKeyThanTheKnownOneIsNamedBesideIt) {
  ASSERT_EQ(Verify("one.setproof").exit_code, 0);
  const std::string other =
      FormatVkey(FakeLog(ManifestFor("example.org/a"), "other").key());
  const ProcessResult result =
      Setlog({"verify", Path("one.setproof"), "--key", other, "--json"});
  EXPECT_EQ(result.exit_code, 3);
  const json line = Lines(result.out).at(0);
  EXPECT_EQ(line["verdict"], "UNVERIFIED");
  EXPECT_THAT(line["error"].get<std::string>(), HasSubstr(other));
  EXPECT_THAT(line["error"].get<std::string>(), HasSubstr(vkey_));
}

TEST_F(CliVerifyTest, AKeyThatDidNotSignVerifiesNothingAndIsNotKept) {
  const std::string other =
      FormatVkey(FakeLog(ManifestFor("example.org/a"), "other").key());
  EXPECT_EQ(Setlog({"verify", Path("one.setproof"), "--key", other}).exit_code, 3);
  EXPECT_EQ(Verify("one.setproof").exit_code, 0);
}

TEST_F(CliVerifyTest, TheFileMustBeForTheRecordAskedAbout) {
  const ProcessResult other = Verify("one.setproof", {"--record", Path("two")});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.out, StartsWith("UNVERIFIED: the file is for another record"));
  const std::string hash = ToHex(RecordHash("one"));
  EXPECT_EQ(Verify("one.setproof", {"--hash", hash}).exit_code, 0);
  EXPECT_EQ(Verify("two.setproof", {"--hash", hash}).exit_code, 3);
  EXPECT_THAT(Verify("one.setproof").out,
              HasSubstr("the file's own: neither --record nor --hash was given"));
}

TEST_F(CliVerifyTest, TheFileMustBeForTheVersionAskedFor) {
  EXPECT_EQ(Verify("one.setproof", {"--at", "v1"}).exit_code, 0);
  EXPECT_EQ(Verify("one.setproof", {"--at", "5"}).exit_code, 0);
  EXPECT_EQ(Verify("one.setproof", {"--at", "v2"}).exit_code, 3);
  EXPECT_EQ(Verify("one.setproof", {"--at", "6"}).exit_code, 3);
  EXPECT_EQ(Verify("one.setproof", {"--max-lag", "2"}).exit_code, 0);
  EXPECT_EQ(Verify("one.setproof", {"--max-lag", "1"}).exit_code, 3);
}

TEST_F(CliVerifyTest, FreshnessAndReplayAreTheWitnesses) {
  EXPECT_EQ(Verify("one.setproof", {"--max-age", "1h"}).exit_code, 3);
  EXPECT_EQ(Verify("one.setproof", {"--require-replay"}).exit_code, 3);
  const uint64_t now = Now();
  WriteCosigned("new.setproof", now - 60);
  WriteCosigned("old.setproof", now - 7200);
  const std::vector<std::string> strict = {"--policy", Path("policy"), "--max-age",
                                           "1h", "--require-replay"};
  const json fresh = VerifyJson("new.setproof", strict);
  EXPECT_EQ(fresh["verdict"], "PRESENT");
  EXPECT_EQ(fresh["cosigned_at"], now - 60);
  EXPECT_EQ(fresh["replayed_by"], json::array({"w1"}));
  EXPECT_EQ(VerifyJson("old.setproof", strict)["verdict"], "UNVERIFIED");
  EXPECT_EQ(VerifyJson("one.setproof", strict)["verdict"], "UNVERIFIED");
  EXPECT_THAT(Verify("old.setproof", {"--policy", Path("policy")}).out,
              HasSubstr("; set recomputed by 1 of replay\n"));
}

// Whatever is changed: never PRESENT for something else, never exit 0 or 1 or a crash.
TEST_F(CliVerifyTest, DamagedFilesAreUnverified) {
  const std::string good = FormatProofFile(ProofOf("one"));
  for (size_t at = 3; at < good.size(); at += good.size() / 40) {
    std::string bad = good;
    bad[at] = bad[at] == 'B' ? 'C' : 'B';
    Write("bad", bad);
    const ProcessResult result = Verify("bad");
    EXPECT_EQ(result.exit_code, 3) << at << ": " << result.out << result.err;
    EXPECT_THAT(result.out, StartsWith("UN")) << at;
  }
  for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2),
                                 std::string("{}"), std::string(1000, '\xff')}) {
    Write("bad", bad);
    EXPECT_EQ(Verify("bad").exit_code, 3);
  }
}

TEST_F(CliVerifyTest, WhatIsTypedWrongIsAUsageError) {
  EXPECT_EQ(Verify("missing").exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--record", Path("missing")}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--hash", "12"}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--at", "v 1"}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--max-lag", "-1"}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--max-age", "1"}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--expect", "maybe"}).exit_code, 2);
  EXPECT_EQ(Verify("one.setproof", {"--policy", Path("one")}).exit_code, 2);
  EXPECT_EQ(Setlog({"verify", Path("one.setproof"), "--key", "x"}).exit_code, 2);
  EXPECT_EQ(Setlog({"verify", Path("one.setproof"), "--key", kWitnessVkey}).exit_code,
            2);
}

TEST_F(CliVerifyTest, ATlogProofShowsAnAddAndNothingOfTheSet) {
  const ProvenEntry add = log_.Prove(2, log_.size());
  Write("one.tlog-proof",
        FormatTlogProof(
            {.index = 2, .path = add.path, .checkpoint = log_.NoteAt(log_.size())})
            .value());
  const ProcessResult logged =
      Verify("one.tlog-proof", {"--record", Path("one"), "--json"});
  EXPECT_EQ(logged.exit_code, 0);
  const json line = Lines(logged.out).at(0);
  EXPECT_EQ(line["verdict"], "LOGGED");
  EXPECT_EQ(line["position"], 2);
  EXPECT_EQ(line["size"], 7);
  EXPECT_EQ(line["index_size"], nullptr);
  EXPECT_EQ(Verify("one.tlog-proof", {"--hash", ToHex(RecordHash("one"))}).exit_code,
            0);
  EXPECT_EQ(Verify("one.tlog-proof", {"--record", Path("two")}).exit_code, 3);
  EXPECT_EQ(Verify("one.tlog-proof").exit_code, 2) << "it does not hold its record";
  EXPECT_EQ(Verify("one.tlog-proof", {"--record", Path("one"), "--at", "v1"}).exit_code,
            2);
  EXPECT_EQ(Setlog({"verify", Path("one.tlog-proof"), "--record", Path("one"), "--key",
                    FormatVkey(FakeLog(ManifestFor("example.org/a"), "other").key())})
                .exit_code,
            3);
}

}  // namespace
}  // namespace setlog
