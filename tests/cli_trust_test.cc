// `setlog trust`, and what a stored policy means to the commands that give a verdict.

#include <ctime>

#include "cli_server_fixture.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CliTrustTest : public CliServerTest {
 protected:
  CliTrustTest() : vkey_(FormatVkey(log().key())) {
    // Two of three must have cosigned, of which the first replays.
    Write("policy", PolicyText());
  }

  static SigningKey Witness(int i) {
    return KeyOfByte("w" + std::to_string(i) + ".test", static_cast<uint8_t>(100 + i));
  }
  std::string PolicyText() const {
    std::string text = "log " + vkey_ + "\n";
    for (int i = 1; i <= 3; ++i) {
      text += "witness w" + std::to_string(i) + " " +
              FormatVkey(Witness(i).Verifier(SignatureType::kCosignature)) + "\n";
    }
    return text + "group replay any w1\ngroup g 2 replay w2 w3\nquorum g\n";
  }

  static uint64_t Now() { return static_cast<uint64_t>(std::time(nullptr)); }

  // Who cosigned the heads that the server shows from now on, and how long ago.
  void Cosign(std::vector<int> witnesses, uint64_t age_s = 60) {
    server_.on_head = [=, now = Now()](v1::Head& head) {
      Note note = ParseNote(head.checkpoint()).value();
      note.signatures.push_back({"w6.test", 6, std::string(2428, 's')});  // ML-DSA-44
      for (int i : witnesses) {
        note = WithSignature(
            note, SignCosignature(note.text, Witness(i), now - age_s).value());
      }
      head.set_checkpoint(FormatNote(note));
    };
  }

  ProcessResult Trust(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "trust");
    return Setlog(std::move(arguments));
  }
  json TrustJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    return Lines(Trust(std::move(arguments)).out).at(0);
  }

  // Everything that gives a verdict on the log.
  std::vector<std::vector<std::string>> Verdicts() const {
    return {{"head", kOrigin},
            {"in", kOrigin, Path("one")},
            {"in", kOrigin, Path("one"), "--at", "v1", "--out", Path("out.setproof")},
            {"inclusion", kOrigin, "2", "--out", Path("out.tlog-proof")},
            {"consistency", kOrigin, "2"},
            {"entries", kOrigin},
            {"tags", kOrigin},
            {"diff", kOrigin, "v1", "@head"},
            {"audit", kOrigin},
            {"verify", Path("out.setproof"), "--record", Path("one")},
            {"verify", Path("out.tlog-proof"), "--record", Path("one")}};
  }
  static std::vector<std::string> With(std::vector<std::string> command,
                                       std::vector<std::string> more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  const std::string vkey_;
};

TEST_F(CliTrustTest, APinnedKeyIsPinnedForEveryLaterCommand) {
  const json added = TrustJson({"add", kOrigin, "--key", vkey_});
  EXPECT_EQ(added["origin"], kOrigin);
  EXPECT_EQ(added["vkey"], vkey_);
  EXPECT_EQ(added["fingerprint"], Fingerprint(log().key()));
  EXPECT_EQ(added["pinned"], true);
  EXPECT_EQ(added["policy"], nullptr);
  EXPECT_EQ(added["size"], nullptr);
  EXPECT_EQ(AskJson({"head", kOrigin}).at(0)["pinned"], true);
  EXPECT_EQ(AskJson({"in", kOrigin, Path("one")}).at(0)["pinned"], true);
  EXPECT_EQ(AskJson({"audit", kOrigin}).at(0)["pinned"], true);
  const json listed = TrustJson({"list"});
  EXPECT_EQ(listed["size"], 7);
  EXPECT_EQ(listed["index_size"], 5);
  EXPECT_THAT(Trust({"list", kOrigin}).out, HasSubstr(Fingerprint(log().key())));
}

TEST_F(CliTrustTest, AKeyFromAServerIsPinnedOnceItIsNamed) {
  ASSERT_EQ(Ask({"head", kOrigin}).exit_code, 0);
  EXPECT_EQ(TrustJson({"list"})["pinned"], false);
  EXPECT_EQ(TrustJson({"add", kOrigin, "--key", vkey_})["pinned"], true);
  EXPECT_EQ(TrustJson({"list"})["size"], 7) << "the head is not forgotten";
  EXPECT_EQ(AskJson({"head", kOrigin}).at(0)["pinned"], true);
}

TEST_F(CliTrustTest, AStoredPolicyIsAskedForByEveryVerdict) {
  Cosign({1, 2});
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  EXPECT_EQ(TrustJson({"list"})["policy"], PolicyText());
  EXPECT_THAT(Trust({"list"}).out, HasSubstr("quorum g: 2 of replay, w2, w3"));
  for (const auto& command : Verdicts()) {
    const ProcessResult met = Ask(With(command, {"--max-age", "1h"}));
    EXPECT_EQ(met.exit_code, 0) << command[0] << met.out << met.err;
    if (command[1].find("tlog-proof") != std::string::npos) continue;
    EXPECT_EQ(Ask(With(command, {"--require-replay"})).exit_code, 0) << command[0];
  }
  const json head = AskJson({"head", kOrigin}).at(0);
  EXPECT_EQ(head["replayed_by"], json::array({"w1"}));
  EXPECT_NEAR(head["cosigned_at"].get<double>(), static_cast<double>(Now() - 60), 30);

  // The same files, and a server whose witnesses are too few.
  Cosign({2});
  for (auto command : Verdicts()) {
    if (command[0] == "verify") continue;
    const ProcessResult refused = Ask(command);
    EXPECT_EQ(refused.exit_code, 3) << command[0] << refused.out;
    EXPECT_THAT(refused.out + refused.err,
                HasSubstr("quorum is not met for this head of size 7: cosigned by w2; "
                          "not by w1, w3"))
        << command[0];
    // Another policy in its place, which asks for less.
    Write("less", "log " + vkey_ + "\nquorum none\n");
    EXPECT_EQ(Ask(With(command, {"--policy", Path("less")})).exit_code, 0)
        << command[0];
  }
  // --key alone does not take the policy away.
  EXPECT_EQ(Ask({"head", kOrigin, "--key", vkey_}).exit_code, 3);
  // Writers do not wait for witnesses.
  EXPECT_EQ(Ask({"add", kOrigin, Path("never"), "--no-wait"}).exit_code, 0);
  EXPECT_EQ(Ask({"tag", kOrigin, "v2"}).exit_code, 0);
}

TEST_F(CliTrustTest, OfflineFilesNeedTheStoredPolicyToo) {
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), "--out", Path("bare.setproof")}).exit_code,
            0);
  ASSERT_EQ(
      Ask({"inclusion", kOrigin, "2", "--out", Path("bare.tlog-proof")}).exit_code, 0);
  ASSERT_EQ(Setlog({"verify", Path("bare.setproof")}).exit_code, 0);
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  const ProcessResult refused = Setlog({"verify", Path("bare.setproof")});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.out, HasSubstr("cosigned by nobody; not by w1, w2, w3"));
  EXPECT_EQ(Setlog({"verify", Path("bare.setproof"), "--key", vkey_}).exit_code, 3);
  EXPECT_EQ(
      Setlog({"verify", Path("bare.tlog-proof"), "--record", Path("one")}).exit_code,
      3);
  ASSERT_EQ(Trust({"add", kOrigin, "--no-policy"}).exit_code, 0);
  EXPECT_EQ(Setlog({"verify", Path("bare.setproof")}).exit_code, 0);
}

TEST_F(CliTrustTest, MaxAgeIsAskedOfTheCosignaturesEverywhere) {
  Cosign({1, 3});
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  for (const auto& command : Verdicts()) ASSERT_EQ(Ask(command).exit_code, 0);
  Cosign({1, 3}, 7200);
  for (const auto& command : Verdicts()) {
    if (command[0] == "verify") continue;
    EXPECT_EQ(Ask(With(command, {"--max-age", "3h"})).exit_code, 0) << command[0];
    const ProcessResult stale = Ask(With(command, {"--max-age", "1h"}));
    EXPECT_EQ(stale.exit_code, 3) << command[0];
    EXPECT_THAT(stale.out + stale.err, HasSubstr("the head is stale")) << command[0];
  }
  // Without witnesses there is no freshness.
  ASSERT_EQ(Trust({"add", kOrigin, "--no-policy"}).exit_code, 0);
  EXPECT_THAT(Ask({"head", kOrigin, "--max-age", "1h"}).err,
              HasSubstr("no freshness without witnesses"));
  // The group replay is another matter than the quorum.
  Cosign({2, 3});
  EXPECT_EQ(Ask({"head", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  const ProcessResult unaudited =
      Ask({"head", kOrigin, "--policy", Path("policy"), "--require-replay"});
  EXPECT_EQ(unaudited.exit_code, 3);
  EXPECT_THAT(unaudited.err, HasSubstr("set root not audited"));
}

TEST_F(CliTrustTest, ATlogProofMayCarryExtraAndTheLinesOfOthers) {
  Cosign({1, 3});
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  ASSERT_EQ(Ask({"inclusion", kOrigin, "2", "--out", Path("p.tlog-proof")}).exit_code,
            0);
  std::ostringstream bytes;
  bytes << std::ifstream(Path("p.tlog-proof")).rdbuf();
  const std::string text = bytes.str();
  for (const char* line :
       {"— w6.test ", "— w1.test ", "— w3.test ", "— example.org/a "}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const size_t second = text.find('\n') + 1;
  Write("extra.tlog-proof", text.substr(0, second) + "extra ZGVtbw==\n" +
                                text.substr(second) + "— w9.test AAAACXg=\n");
  const auto verify = [&](const std::string& file) {
    return Setlog({"verify", Path(file), "--record", Path("one"), "--json"});
  };
  const json line = Lines(verify("extra.tlog-proof").out).at(0);
  EXPECT_EQ(line["verdict"], "LOGGED");
  EXPECT_EQ(line["replayed_by"], json::array({"w1"}));
  // A wrong line of a key that the policy names rejects the whole note.
  const size_t w3 = text.find("— w3.test ") + 30;
  std::string wrong = text;
  wrong[w3] = wrong[w3] == 'A' ? 'B' : 'A';
  Write("wrong.tlog-proof", wrong);
  EXPECT_EQ(verify("wrong.tlog-proof").exit_code, 3);
}

TEST_F(CliTrustTest, AnotherKeyNeedsToBeReplacedAndForgetsWhatWasSeen) {
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), "--at", "v1"}).exit_code, 0);
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  server_.Create(kOrigin, "the next key");
  const std::string next = FormatVkey(log().key());
  const ProcessResult refused = Trust({"add", kOrigin, "--key", next});
  EXPECT_EQ(refused.exit_code, 2);
  for (const std::string& word :
       {vkey_, next, Fingerprint(log().key()), std::string("--replace")}) {
    EXPECT_THAT(refused.err, HasSubstr(word));
  }
  EXPECT_EQ(Ask({"head", kOrigin}).exit_code, 3);
  const json replaced = TrustJson({"add", kOrigin, "--key", next, "--replace"});
  EXPECT_EQ(replaced["replaced"], vkey_);
  EXPECT_EQ(replaced["policy"], nullptr) << "it named the key before";
  EXPECT_EQ(replaced["size"], nullptr);
  EXPECT_EQ(AskJson({"head", kOrigin}).at(0)["pinned"], true);
  EXPECT_EQ(AskJson({"head", kOrigin}).at(0)["size"], 2);
}

TEST_F(CliTrustTest, RemovingSaysWhatIsForgotten) {
  EXPECT_EQ(Trust({"remove", kOrigin}).exit_code, 2) << "nothing is known";
  EXPECT_EQ(Trust({"list", kOrigin}).exit_code, 2);
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), "--at", "v1"}).exit_code, 0);
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  const json removed = TrustJson({"remove", kOrigin});
  EXPECT_EQ(removed["vkey"], vkey_);
  EXPECT_EQ(removed["size"], 7);
  EXPECT_EQ(removed["forgotten"], json::array({"key", "policy", "head", "versions"}));
  EXPECT_EQ(Trust({"list"}).out.find(vkey_), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(Path("home/seen")));
  EXPECT_EQ(Setlog({"audit", kOrigin}).exit_code, 3) << "no key is known";
  // The next server may be another one altogether.
  server_.Create(kOrigin, "another key");
  EXPECT_EQ(AskJson({"head", kOrigin}).at(0)["pinned"], false);
}

TEST_F(CliTrustTest, WhatCanNeverBeMetIsNotStored) {
  const std::string other = FormatVkey(FakeLog(ManifestFor(kOrigin), "x").key());
  Write("other", "log " + other + "\nquorum none\n");
  Write("two", "log " + vkey_ + "\nlog " + other + "\nquorum none\n");
  Write("none", "quorum none\n");
  Write("bad", "quorum nobody\n");
  const struct {
    std::vector<std::string> arguments;
    std::string words;
  } cases[] = {
      {{"add", kOrigin}, "--key VKEY"},
      {{"add", kOrigin, "--no-policy"}, "--key VKEY"},
      {{"add", kOrigin, "--key", "x"}, "--key: "},
      {{"add", kOrigin, "--key", kWitnessVkey}, "witness's key"},
      {{"add", "example.org/b", "--key", vkey_}, "is not a key of example.org/b"},
      {{"add", "Example.org/b", "--key", vkey_}, "ORIGIN"},
      {{"add", kOrigin, "--key", vkey_, "--policy", Path("missing")}, "missing"},
      {{"add", kOrigin, "--key", vkey_, "--policy", Path("bad")}, "bad: policy line 1"},
      {{"add", kOrigin, "--key", vkey_, "--policy", Path("other")}, "log " + vkey_},
      {{"add", kOrigin, "--policy", Path("two")}, "names several keys"},
      {{"add", kOrigin, "--policy", Path("none")}, "names no key"},
      {{"add", kOrigin, "--policy", Path("policy"), "--no-policy"}, "excludes"},
      {{"list", "no origin"}, "ORIGIN"},
      {{}, ""},
  };
  for (const auto& [arguments, words] : cases) {
    const ProcessResult refused = Trust(arguments);
    EXPECT_EQ(refused.exit_code, 2) << words << refused.out;
    EXPECT_THAT(refused.out + refused.err, HasSubstr(words));
  }
  EXPECT_EQ(Trust({"list", "--json"}).out, "");
  // The key decides between several.
  EXPECT_EQ(
      TrustJson({"add", kOrigin, "--key", vkey_, "--policy", Path("two")})["vkey"],
      vkey_);
  // One that is known does, too.
  EXPECT_EQ(TrustJson({"add", kOrigin, "--policy", Path("two")})["vkey"], vkey_);
}

TEST_F(CliTrustTest, ADamagedStateIsRefusedAndNamed) {
  ASSERT_EQ(Trust({"add", kOrigin, "--policy", Path("policy")}).exit_code, 0);
  std::string file;
  for (const auto& entry : std::filesystem::directory_iterator(Path("home/logs"))) {
    if (entry.path().extension() == ".json") file = entry.path().string();
  }
  std::ostringstream bytes;
  bytes << std::ifstream(file).rdbuf();
  std::string text = bytes.str();
  const size_t at = text.find("group g 2");
  ASSERT_NE(at, text.npos);
  text.replace(at, 9, "group g 9");
  std::ofstream(file) << text;
  const ProcessResult refused = Ask({"head", kOrigin});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr(file));
}

}  // namespace
}  // namespace setlog
