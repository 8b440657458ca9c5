// `setlog` and private logs: the owner with the key, and who asks the key's holder.
#include <filesystem>

#include "attacks/log/lies.h"
#include "cli_fixture.h"
#include "log/scheme.h"
#include "log/vrf_skey.h"
#include "testing.h"

namespace setlog {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kOrigin[] = "example.org/a";

// "one" is in the set, "two" was removed from it, "never" never was.
class CliPrivateTest : public CliTest {
 protected:
  CliPrivateTest() : server_("unix:" + Path("socket"), &prover_) {
    FakeLog& log = server_.CreateFrom(PrivateManifest(kOrigin, prover_.key()));
    log.Add(LabelOf("one"));
    log.Add(LabelOf("two"));
    log.Index();
    log.Tag("v1");
    log.Remove(LabelOf("two"));
    log.Add(LabelOf("three"));
    log.Index();
    log.Tag("v2");
    for (const char* record : {"one", "two", "three", "never"}) Write(record, record);
    key_file_ = WriteKey("owner.vrf", prover_.key());
  }

  Hash LabelOf(std::string_view record) const {
    return prover_.key().Label(RecordHash(record));
  }
  std::string WriteKey(const std::string& name, const VrfSecretKey& key) {
    const std::string path = Write(name, FormatVrfSkey(key) + "\n");
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return path;
  }
  ProcessResult Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "200ms"});
    return Setlog(std::move(arguments));
  }
  nlohmann::json AskJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const ProcessResult result = Ask(std::move(arguments));
    const auto lines = Lines(result.out);
    EXPECT_EQ(lines.size(), 1u) << result.out << result.err;
    return lines.empty() ? nlohmann::json() : lines[0];
  }

  FakeProver prover_;
  FakeServer server_;
  std::string key_file_;
};

TEST_F(CliPrivateTest, InSaysWhatBecameOfTheLabel) {
  const struct {
    const char* record;
    const char* verdict;
    int code;
  } cases[] = {{"one", "PRESENT", 0}, {"two", "REMOVED", 1}, {"never", "ABSENT", 1}};
  for (const auto& c : cases) {
    const ProcessResult result = Ask({"in", kOrigin, Path(c.record)});
    EXPECT_EQ(result.exit_code, c.code) << result.err;
    EXPECT_THAT(result.out, HasSubstr(c.verdict));
    EXPECT_THAT(result.out, HasSubstr("bytes/1, private"));
    EXPECT_THAT(result.out, HasSubstr(ToHex(LabelOf(c.record))));
    const nlohmann::json json = AskJson({"in", kOrigin, Path(c.record)});
    EXPECT_EQ(json["verdict"], c.verdict);
    EXPECT_EQ(json["hash"], ToHex(RecordHash(c.record)));
    EXPECT_EQ(json["label"], ToHex(LabelOf(c.record)));
  }
}

TEST_F(CliPrivateTest, AbsentIsThatTheOwnerCommittedNoLabel) {
  const ProcessResult absent = Ask({"in", kOrigin, Path("never")});
  EXPECT_THAT(absent.out, HasSubstr("its owner committed no label for this record"));
  EXPECT_THAT(absent.out, HasSubstr("not that"));
  const ProcessResult present = Ask({"in", kOrigin, Path("one")});
  EXPECT_THAT(present.out, Not(HasSubstr("committed no label for this record;")));
  EXPECT_EQ(Ask({"in", kOrigin, Path("never"), "--expect", "absent"}).exit_code, 0);
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--expect", "absent"}).exit_code, 1);
}

TEST_F(CliPrivateTest, ManyRecordsAreAskedAboutAtOnce) {
  const ProcessResult result = Ask({"in", kOrigin, Path("one"), Path("two"),
                                    Path("three"), Path("never"), "--json"});
  EXPECT_EQ(result.exit_code, 1);
  std::vector<std::string> verdicts;
  for (const auto& line : Lines(result.out)) verdicts.push_back(line["verdict"]);
  EXPECT_THAT(verdicts,
              testing::ElementsAre("PRESENT", "REMOVED", "PRESENT", "ABSENT"));
  EXPECT_EQ(prover_.calls, 1);
  EXPECT_EQ(prover_.proved, 4u);
}

TEST_F(CliPrivateTest, AProofFileStandsAlone) {
  const struct {
    const char* record;
    const char* verdict;
    int code;
  } cases[] = {{"one", "PRESENT", 0}, {"two", "REMOVED", 1}, {"never", "ABSENT", 1}};
  for (const auto& c : cases) {
    const std::string file = Path(std::string(c.record) + ".setproof");
    EXPECT_EQ(Ask({"in", kOrigin, Path(c.record), "--out", file}).exit_code, c.code);
    const ProcessResult verified = Setlog({"verify", file, "--record", Path(c.record),
                                           "--key", FormatVkey(server_.log().key())});
    EXPECT_EQ(verified.exit_code, c.code) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr(c.verdict));
    EXPECT_THAT(verified.out, HasSubstr("private"));
    const auto json =
        Lines(Setlog({"verify", file, "--json", "--hash", ToHex(RecordHash(c.record)),
                      "--key", FormatVkey(server_.log().key())})
                  .out);
    ASSERT_EQ(json.size(), 1u);
    EXPECT_EQ(json[0]["hash"], ToHex(RecordHash(c.record)));
    EXPECT_EQ(json[0]["label"], ToHex(LabelOf(c.record)));
    // The label is not the record.
    for (const Hash& other : {LabelOf(c.record), RecordHash("other")}) {
      EXPECT_EQ(Setlog({"verify", file, "--hash", ToHex(other), "--key",
                        FormatVkey(server_.log().key())})
                    .exit_code,
                3);
    }
  }
}

TEST_F(CliPrivateTest, TheOwnerNeedsNoProver) {
  prover_.refused = {grpc::StatusCode::FAILED_PRECONDITION, "no key here"};
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--vrf-key", key_file_}).exit_code, 0);
  const std::string file = Path("never.setproof");
  EXPECT_EQ(Ask({"in", kOrigin, Path("never"), "--vrf-key", key_file_, "--out", file})
                .exit_code,
            1);
  EXPECT_EQ(
      Setlog({"verify", file, "--key", FormatVkey(server_.log().key())}).exit_code, 1);
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(CliPrivateTest, AnotherKeyIsNamedAsSuch) {
  const std::string other = WriteKey("other.vrf", VrfKeyOf("another"));
  const ProcessResult result = Ask({"in", kOrigin, Path("one"), "--vrf-key", other});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(other));
  EXPECT_THAT(result.err, HasSubstr(ToHex(prover_.key().PublicKey().bytes())));
  EXPECT_THAT(result.out, Not(HasSubstr("ABSENT")));
}

TEST_F(CliPrivateTest, APlainLogTakesNoKey) {
  server_.Create(kOrigin).Add(RecordHash("one"));
  server_.log().Index();
  home_ = "another home";
  for (const char* flag : {"--vrf-key", "--prover"}) {
    const std::string value =
        std::string(flag) == "--prover" ? "unix:" + Path("socket") : key_file_;
    const ProcessResult result = Ask({"in", kOrigin, Path("one"), flag, value});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("plain log"));
    EXPECT_THAT(result.err, HasSubstr(flag));
  }
}

// A plain log's answer would be followed by questions about "one".
TEST_F(CliPrivateTest, AnAbsentRecordCostsNoCallThatAPresentOneDoesNot) {
  Write("line", "one\n");
  int batches = 0;
  server_.on_batch = [&](v1::BatchLookupResponse&) { ++batches; };
  for (const bool owner : {false, true}) {
    std::vector<std::string> in = {"in", kOrigin, Path("line")};
    if (owner) in.insert(in.end(), {"--vrf-key", key_file_});
    const nlohmann::json asked = AskJson(in);
    EXPECT_EQ(asked["verdict"], "ABSENT");
    EXPECT_FALSE(asked.contains("present_if"));
  }
  EXPECT_EQ(prover_.proved, 1u);
  EXPECT_EQ(batches, 0);
}

TEST_F(CliPrivateTest, TheServersTokenIsNotShownToAnotherProver) {
  FakeProver beside;
  beside.token = "its-own";
  const std::string address = "unix:" + Path("beside");
  const ProverServer other(&beside, address);
  prover_.token = "of-the-server";
  const std::string mine = Write("token", "of-the-server\n");
  const std::string theirs = Write("token2", "its-own\n");

  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--token-file", mine}).exit_code, 0);
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--prover", address, "--prover-token-file",
                 theirs})
                .exit_code,
            0);
  const ProcessResult without =
      Ask({"in", kOrigin, Path("one"), "--prover", address, "--token-file", theirs});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("--prover-token-file"));
  EXPECT_THAT(without.err, HasSubstr(address));
}

TEST_F(CliPrivateTest, WhoGetsNoLabelIsToldWhatToDo) {
  const struct {
    grpc::StatusCode refused;
    int code;
    std::vector<const char*> words;
  } cases[] = {
      {grpc::StatusCode::UNAUTHENTICATED, 2, {"--token-file", "--vrf-key"}},
      {grpc::StatusCode::PERMISSION_DENIED, 2, {"--token-file"}},
      {grpc::StatusCode::FAILED_PRECONDITION, 2, {"--prover", "--vrf-key"}},
      {grpc::StatusCode::NOT_FOUND, 2, {"--prover", "--vrf-key"}},
      {grpc::StatusCode::UNIMPLEMENTED, 2, {"--prover", "--vrf-key"}},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, 3, {"spent"}},
      {grpc::StatusCode::UNAVAILABLE, 3, {"--prover", "--vrf-key"}},
  };
  for (const auto& c : cases) {
    prover_.refused = grpc::Status(c.refused, "why not");
    for (const char* expected : {"present", "absent"}) {
      const ProcessResult result =
          Ask({"in", kOrigin, Path("never"), "--expect", expected});
      EXPECT_EQ(result.exit_code, c.code) << result.out << result.err;
      EXPECT_THAT(result.out, Not(HasSubstr("ABSENT")));
      EXPECT_THAT(result.out, c.code == 3 ? HasSubstr("UNVERIFIED") : HasSubstr(""));
      EXPECT_THAT(result.err, HasSubstr("why not"));
      for (const char* word : c.words) EXPECT_THAT(result.err, HasSubstr(word));
    }
  }
}

TEST_F(CliPrivateTest, AServerOfAnEarlierTimeHasNoProver) {
  FakeServer server("unix:" + Path("plain"));
  server.CreateFrom(PrivateManifest(kOrigin, prover_.key())).Add(LabelOf("one"));
  server.log().Index();
  home_ = "another home";
  const auto ask = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"in", kOrigin, Path("one"), "--server", "unix:" + Path("plain")});
    return Setlog(std::move(arguments));
  };
  const ProcessResult result = ask({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--prover HOST:PORT"));
  EXPECT_EQ(ask({"--prover", "unix:" + Path("socket")}).exit_code, 0);
  EXPECT_EQ(ask({"--vrf-key", key_file_}).exit_code, 0);
}

TEST_F(CliPrivateTest, ALyingProverIsUnverified) {
  Liar liar{server_, &prover_};
  for (const auto& [lie, out] :
       {std::pair(FindLie("SecondLabel"), ""), std::pair(FindLie("SecondVrfKey"), ""),
        std::pair(FindLie("SecondLabel"), "lie.setproof")}) {
    ASSERT_NE(lie, nullptr);
    lie->tell(liar);
    std::vector<std::string> arguments = {"in", kOrigin, Path("one"), "--json"};
    if (*out != '\0') arguments.insert(arguments.end(), {"--out", Path(out)});
    const ProcessResult result = Ask(arguments);
    EXPECT_EQ(result.exit_code, 3);
    const auto lines = Lines(result.out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]["verdict"], "UNVERIFIED");
    EXPECT_TRUE(lines[0]["label"].is_null());
  }
  EXPECT_FALSE(std::filesystem::exists(Path("lie.setproof")));
}

TEST_F(CliPrivateTest, ALyingServerIsUnverified) {
  server_.on_batch = [&](v1::BatchLookupResponse& answer) {
    answer.set_proof(
        server_.log().Batch(std::vector<Hash>{LabelOf("never")}, answer.index_size()));
  };
  const auto many = Lines(Ask({"in", kOrigin, Path("one"), Path("two"), "--json"}).out);
  ASSERT_EQ(many.size(), 2u);
  for (const auto& line : many) EXPECT_EQ(line["verdict"], "UNVERIFIED");
  server_.on_lookup = [](v1::LookupResponse& answer) { answer.clear_added(); };
  EXPECT_EQ(AskJson({"in", kOrigin, Path("one")})["verdict"], "UNVERIFIED");
}

TEST_F(CliPrivateTest, DiffShowsLabelsAndSaysSo) {
  const ProcessResult result = Ask({"diff", kOrigin, "v1", "v2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("+ " + ToHex(LabelOf("three"))));
  EXPECT_THAT(result.out, HasSubstr("- " + ToHex(LabelOf("two"))));
  EXPECT_THAT(result.err, HasSubstr("1 labels added, 1 removed"));
  for (const auto& line : Lines(Ask({"diff", kOrigin, "v1", "v2", "--json"}).out)) {
    EXPECT_TRUE(line["hash"].is_null());
    EXPECT_EQ(line["label"], ToHex(LabelOf(line["op"] == "+" ? "three" : "two")));
  }
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(CliPrivateTest, AnAuditNeedsNoKey) {
  const std::string key = FormatVkey(server_.log().key());
  const ProcessResult audit = Ask({"audit", kOrigin, "--key", key});
  EXPECT_EQ(audit.exit_code, 0) << audit.err;
  EXPECT_THAT(audit.out, HasSubstr("CLEAN"));
  const ProcessResult stateless = Ask(
      {"audit", kOrigin, "--stateless", "--state", Path("stateless"), "--key", key});
  EXPECT_EQ(stateless.exit_code, 0) << stateless.err;
  const ProcessResult sample = Ask({"audit", kOrigin, "--sample", "5", "--key", key});
  EXPECT_EQ(sample.exit_code, 0) << sample.err;
  EXPECT_THAT(sample.out, HasSubstr("SAMPLED"));
  EXPECT_EQ(prover_.calls, 0);
}

TEST_F(CliPrivateTest, AWatchTellsRecordsByTheirLabels) {
  const std::vector<std::string> watch = {"watch",  kOrigin,       Path("one"),
                                          "--once", Path("never"), "--json"};
  const auto first = Lines(Ask(watch).out);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0]["present"], 1);
  server_.Change([&](FakeLog& log) {
    log.Remove(LabelOf("one"));
    log.Add(LabelOf("never"));
    log.Add(LabelOf("another"));
    log.Index();
  });
  // No hint of a token is needed by who has the key, and the state is the same.
  for (const auto& line : first) {
    if (line["event"] != "status") continue;
    EXPECT_EQ(line["label"],
              ToHex(LabelOf(line["verdict"] == "PRESENT" ? "one" : "never")));
  }
  std::vector<std::string> own = watch;
  own.insert(own.end(), {"--vrf-key", key_file_, "--exec",
                         "echo $SETLOG_HASH $SETLOG_LABEL >> " + Path("told")});
  const int calls = prover_.calls;
  std::map<std::string, std::string> events;
  for (const auto& line : Lines(Ask(own).out)) {
    if (!line.contains("position")) continue;
    events[line["hash"]] = line["event"];
    const bool left = line["event"] == "left";
    EXPECT_EQ(line["label"], ToHex(LabelOf(left ? "one" : "never")));
    EXPECT_EQ(line["record"], Path(left ? "one" : "never"));
  }
  EXPECT_EQ(prover_.calls, calls);
  const std::map<std::string, std::string> expected = {
      {ToHex(RecordHash("one")), "left"}, {ToHex(RecordHash("never")), "entered"}};
  EXPECT_EQ(events, expected);
  std::ifstream told(Path("told"));
  std::string hash, label;
  told >> hash >> label;
  EXPECT_EQ(hash, ToHex(RecordHash("one")));
  EXPECT_EQ(label, ToHex(LabelOf("one")));
}

TEST_F(CliPrivateTest, AWatchWithoutLabelsWatchesNothing) {
  prover_.refused = {grpc::StatusCode::UNAUTHENTICATED, "no token"};
  const ProcessResult result = Ask({"watch", kOrigin, Path("one"), "--once"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--token-file"));
  prover_.refused = {grpc::StatusCode::RESOURCE_EXHAUSTED, "spent"};
  EXPECT_EQ(Ask({"watch", kOrigin, Path("one"), "--once"}).exit_code, 3);
  prover_.refused = {};
  prover_.on_prove = [](v1::ProveResponse& answer) {
    (*answer.mutable_proofs())[60] ^= 1;
  };
  const ProcessResult lied = Ask({"watch", kOrigin, Path("one"), "--once"});
  EXPECT_EQ(lied.exit_code, 3);
  EXPECT_THAT(lied.out, HasSubstr("UNVERIFIED"));
}

// `check-data`: of labels, which whoever holds the key makes.
TEST_F(CliPrivateTest, TheRecordsHereAreCheckedByTheirLabels) {
  const std::vector<std::string> both = {"check-data", Path("one"), Path("three"),
                                         "--at", "example.org/a@v2"};
  std::vector<std::string> owner = both;
  owner.insert(owner.end(), {"--vrf-key", key_file_});
  for (const std::vector<std::string>& command : {both, owner}) {
    const ProcessResult result = Ask(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::StartsWith("VERIFIED the 2 records here are the "
                                                "set that example.org/a committed to"));
  }
  EXPECT_EQ(prover_.calls, 1) << "the owner needs nobody";
}

TEST_F(CliPrivateTest, WhatIsNotHereOfAPrivateSetMayBePads) {
  const std::vector<std::string> one = {"check-data", Path("one"), "--at",
                                        "example.org/a@v2"};
  const ProcessResult result = Ask(one);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("may be pads"));
  std::vector<std::string> subset = one;
  subset.push_back("--subset");
  EXPECT_EQ(Ask(subset).exit_code, 0);
  const ProcessResult stray = Ask(
      {"check-data", Path("two"), "--at", "example.org/a@v2", "--subset", "--json"});
  EXPECT_EQ(stray.exit_code, 1);
  const auto lines = Lines(stray.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["verdict"], "REMOVED");
  EXPECT_EQ(lines[0]["hash"], ToHex(RecordHash("two")));
  EXPECT_EQ(lines[0]["label"], ToHex(LabelOf("two")));
}

TEST_F(CliPrivateTest, WithoutTrueLabelsNothingIsChecked) {
  const std::vector<std::string> one = {"check-data", Path("one"), "--at",
                                        "example.org/a@v2", "--subset"};
  prover_.on_prove = [](v1::ProveResponse& answer) {
    std::string* proofs = answer.mutable_proofs();
    proofs->back() = static_cast<char>(proofs->back() ^ 1);
  };
  const ProcessResult lie = Ask(one);
  EXPECT_EQ(lie.exit_code, 3);
  EXPECT_THAT(lie.out, testing::StartsWith("UNVERIFIED example.org/a@v2: "));
  prover_.on_prove = nullptr;
  prover_.token = "another";
  EXPECT_EQ(Ask(one).exit_code, 2) << "a token is missing";
  std::vector<std::string> wrong_key = one;
  wrong_key.insert(wrong_key.end(),
                   {"--vrf-key", WriteKey("wrong.vrf", VrfKeyOf("wrong"))});
  EXPECT_EQ(Ask(wrong_key).exit_code, 2);
}

}  // namespace
}  // namespace setlog
