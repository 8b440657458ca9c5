// `setlog audit` and `setlog diff` as processes: verdicts, exit codes, evidence, and an
// audit that is killed on its way.
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "cli_server_fixture.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class CliAuditTest : public CliServerTest {
 protected:
  std::string Vkey() { return FormatVkey(log().key()); }

  json AuditJson(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"audit", kOrigin, "--key", Vkey()});
    const std::vector<json> lines = AskJson(more);
    EXPECT_EQ(lines.size(), 1u);
    return lines.empty() ? json() : lines[0];
  }

  // A witness that cosigned the head as it is, and a policy that wants it.
  void UseWitness() {
    server_.witness =
        MakeSigningKey("w.example", Ed25519PrivateKey::FromSeed(HashN(9)).value())
            .value();
    Write("policy",
          "log " + Vkey() + "\nwitness w " +
              FormatVkey(server_.witness->Verifier(SignatureType::kCosignature)) +
              "\nquorum w\n");
    server_.cosigned_size = log().size();
  }

  std::string StateFile(const std::string& home) {
    for (const auto& file :
         std::filesystem::directory_iterator(Path(home + "/audit"))) {
      if (file.path().extension() == ".audit") return file.path().string();
    }
    return "";
  }
};

TEST_F(CliAuditTest, CleanLogsAreCleanAndOnlyWhatIsNewIsChecked) {
  const ProcessResult first = Ask({"audit", kOrigin, "--key", Vkey()});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, ::testing::StartsWith("CLEAN: example.org/a up to size 7"));

  json again = AuditJson();
  EXPECT_EQ(again["verdict"], "CLEAN");
  EXPECT_EQ(again["checked"], 0);
  EXPECT_EQ(again["size"], 7);
  EXPECT_EQ(again["index_size"], 5);
  EXPECT_EQ(again["set_count"], 1);
  EXPECT_EQ(again["set_root"], ToHex(SetRootOfValues({RecordHash("one")})));
  EXPECT_EQ(again["root"], ToHex(log().RootAt(7)));
  EXPECT_EQ(again["pinned"], true);

  log().Add(RecordHash("three"));
  log().Index();
  again = AuditJson();
  EXPECT_EQ(again["checked"], 2);
  EXPECT_EQ(again["from"], 7);
  EXPECT_EQ(again["set_count"], 2);
  EXPECT_EQ(AuditJson({"--restart"})["checked"], 9);
  EXPECT_EQ(AuditJson({"--state", Path("other")})["checked"], 9);
  EXPECT_NE(StateFile("other"), "");
}

TEST_F(CliAuditTest, NoKeyIsEverTakenFromTheServer) {
  const ProcessResult result = Ask({"audit", kOrigin});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, ::testing::StartsWith("UNVERIFIED"));
  EXPECT_THAT(result.out, HasSubstr("--key"));
  // Neither is one of another log, and a known one is enough, wherever it is known.
  EXPECT_EQ(Ask({"in", kOrigin, "--hash", ToHex(RecordHash("one"))}).exit_code, 0);
  EXPECT_EQ(Ask({"audit", kOrigin}).exit_code, 0);
  const json elsewhere = AskJson({"audit", kOrigin, "--state", Path("st")})[0];
  EXPECT_EQ(elsewhere["verdict"], "CLEAN");
  EXPECT_EQ(elsewhere["pinned"], false);
  server_.Create(kOrigin, "another key");
  EXPECT_EQ(Ask({"audit", kOrigin}).exit_code, 3);
}

TEST_F(CliAuditTest, MisbehaviourLeavesEvidenceThatVerifyAccepts) {
  log().Add(RecordHash("three"));
  const uint64_t at = log().IndexAs(1, SetRootOfValues({RecordHash("one")}));
  log().Index();
  const ProcessResult result = Ask({"audit", kOrigin, "--key", Vkey(), "--json"});
  EXPECT_EQ(result.exit_code, 4) << result.out << result.err;
  const json fields = Lines(result.out).at(0);
  EXPECT_EQ(fields["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(fields["kind"], "wrong_extension");
  EXPECT_THAT(fields["error"].get<std::string>(), HasSubstr(std::to_string(at)));
  const std::string file = fields["evidence"][0];
  const ProcessResult judged = Ask({"verify", file, "--key", Vkey()});
  EXPECT_EQ(judged.exit_code, 4) << judged.err;
  EXPECT_THAT(judged.out, ::testing::StartsWith("MISBEHAVIOUR"));
  // It is found again, and never called clean.
  EXPECT_EQ(Ask({"audit", kOrigin}).exit_code, 4);
}

TEST_F(CliAuditTest, EntriesThatAreNotTheLogsAreUnverified) {
  server_.on_chunk = [](v1::EntriesChunk& chunk) {
    (*chunk.mutable_bundle())[chunk.bundle().size() - 3] ^= 1;
  };
  const json fields = AuditJson();
  EXPECT_EQ(fields["verdict"], "UNVERIFIED");
  EXPECT_EQ(Ask({"audit", kOrigin}).exit_code, 3);
}

TEST_F(CliAuditTest, ACosignedHeadOlderThanTheLastAuditIsCleanWithNothingNew) {
  UseWitness();
  log().Add(RecordHash("three"));
  log().Index();
  for (const bool stateless : {false, true}) {
    std::vector<std::string> more = {"--state", Path(stateless ? "st" : "full")};
    if (stateless) more.push_back("--stateless");
    EXPECT_EQ(AuditJson(more)["checked"], 9);  // without the policy, up to the newest
    more.insert(more.end(), {"--policy", Path("policy")});
    const json fields = AuditJson(more);
    EXPECT_EQ(fields["verdict"], "CLEAN") << fields;
    EXPECT_EQ(fields["size"], 7);
    EXPECT_EQ(fields["checked"], 0);
    EXPECT_EQ(fields["from"], 9);
    EXPECT_EQ(fields["root"], ToHex(log().RootAt(7)));
    std::vector<std::string> words = {"audit", kOrigin, "--key", Vkey()};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = Ask(words);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out,
                HasSubstr("up to size 7, every entry of it audited before"));
    EXPECT_THAT(result.out, HasSubstr("the last audit came to size 9"));
  }
  // And when the witnesses have come as far, it goes on from there.
  log().Add(RecordHash("four"));
  server_.cosigned_size = log().size();
  const json on = AuditJson({"--state", Path("full"), "--policy", Path("policy")});
  EXPECT_EQ(on["verdict"], "CLEAN") << on;
  EXPECT_EQ(on["from"], 9);
  EXPECT_EQ(on["checked"], 1);
}

TEST_F(CliAuditTest, ACosignedHeadThatWentBackIsNotClean) {
  UseWitness();
  const auto audit = [&](const char* state) {
    return AuditJson({"--state", Path(state), "--policy", Path("policy")});
  };
  log().Add(RecordHash("three"));
  log().Index();
  server_.cosigned_size = log().size();
  // Kept without the policy, but with the line of the witness.
  EXPECT_EQ(AuditJson({"--state", Path("first")})["size"], 9);
  // Known in SETLOG_HOME as cosigned, below a newer head that nobody cosigned.
  EXPECT_EQ(AuditJson({"--policy", Path("policy")})["size"], 9);
  log().Add(RecordHash("four"));
  log().Index();
  EXPECT_EQ(AuditJson()["size"], 11);
  server_.cosigned_size = 7;
  for (const char* state : {"first", "fresh"}) {
    const json fields = audit(state);
    EXPECT_EQ(fields["verdict"], "UNVERIFIED") << state << fields;
    EXPECT_THAT(fields["error"].get<std::string>(),
                HasSubstr("the cosigned head went back from size 9 to 7"));
  }
}

TEST_F(CliAuditTest, AHeadThatForgetsWhatWasAuditedIsNotClean) {
  EXPECT_EQ(AuditJson()["verdict"], "CLEAN");
  server_.shown_size = 6;
  const ProcessResult back = Ask({"audit", kOrigin});
  EXPECT_EQ(back.exit_code, 3);
  EXPECT_THAT(back.out, HasSubstr("went back from size 7 to 6"));
  // With a state of its own it still minds what SETLOG_HOME has seen.
  const ProcessResult elsewhere =
      Ask({"audit", kOrigin, "--key", Vkey(), "--state", Path("fresh")});
  EXPECT_EQ(elsewhere.exit_code, 3);
  EXPECT_THAT(elsewhere.out, HasSubstr("went back"));
  server_.shown_size.reset();

  // Another history under the same key.
  server_.Create(kOrigin);
  for (int i = 0; i < 20; ++i) log().Add(HashN(i));
  log().Index();
  const ProcessResult fork =
      Ask({"audit", kOrigin, "--key", Vkey(), "--state", Path("fresh2"), "--json"});
  EXPECT_EQ(fork.exit_code, 4) << fork.out << fork.err;
  EXPECT_EQ(Lines(fork.out).at(0)["kind"], "fork");
  const std::string file = Lines(fork.out).at(0)["evidence"][0];
  EXPECT_EQ(Ask({"verify", file, "--key", Vkey()}).exit_code, 4);
}

TEST_F(CliAuditTest, ADamagedStateIsRefusedWithItsRemedy) {
  ASSERT_EQ(AuditJson()["verdict"], "CLEAN");
  const std::string file = StateFile("home");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  const ProcessResult result = Ask({"audit", kOrigin});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr(file));
  EXPECT_THAT(result.out, HasSubstr("--restart"));
  EXPECT_EQ(AuditJson({"--restart"})["checked"], 7);
  EXPECT_EQ(AuditJson()["checked"], 0);
}

TEST_F(CliAuditTest, ALostServerIsUnverified) {
  server_.messages_before_loss = 0;
  const ProcessResult result = Ask({"audit", kOrigin, "--key", Vkey()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, ::testing::StartsWith("UNVERIFIED"));
}

TEST_F(CliAuditTest, KilledOnItsWayItGoesOnWhereItWas) {
  for (int i = 0; i < 6000; ++i) log().Add(HashN(i));
  log().Index();
  const uint64_t size = log().size();
  // One bundle a call, so that the audit takes seconds and keeps its progress often.
  server_.messages_before_loss = 1;
  server_.on_chunk = [](v1::EntriesChunk&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  std::vector<std::string> words = {"/usr/bin/env",
                                    "SETLOG_HOME=" + Path("home"),
                                    SETLOG_BINARY,
                                    "--server",
                                    "unix:" + Path("socket"),
                                    "audit",
                                    kOrigin,
                                    "--key",
                                    Vkey(),
                                    "--keep-every",
                                    "1ms"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  for (const int signal : {SIGKILL, SIGINT}) {
    std::filesystem::remove_all(Path("home"));
    pid_t pid = 0;
    ASSERT_EQ(
        posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ),
        0);
    const auto kept = [&] {
      std::error_code none;
      return std::filesystem::exists(Path("home/audit"), none) &&
             !StateFile("home").empty();
    };
    for (int i = 0; i < 6000 && !kept(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_TRUE(kept());
    kill(pid, signal);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    if (signal == SIGKILL) {
      EXPECT_TRUE(WIFSIGNALED(status));
    } else {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
    }
    server_.Change([&](FakeLog&) { server_.messages_before_loss.reset(); });
    const json fields = AuditJson();
    EXPECT_EQ(fields["verdict"], "CLEAN") << fields;
    EXPECT_GT(fields["from"].get<uint64_t>(), 0u);
    EXPECT_LT(fields["checked"].get<uint64_t>(), size);
    EXPECT_EQ(fields["from"].get<uint64_t>() + fields["checked"].get<uint64_t>(), size);
    server_.Change([&](FakeLog&) { server_.messages_before_loss = 1; });
  }
}

TEST_F(CliAuditTest, ASampleSaysWhatItIsWorthAndNeverClean) {
  for (int i = 0; i < 200; ++i) log().Add(RecordHash("r" + std::to_string(i)));
  log().Index();
  const ProcessResult text =
      Ask({"audit", kOrigin, "--key", Vkey(), "--sample", "100"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, ::testing::StartsWith("SAMPLED: 100 of 208 entries of "
                                              "example.org/a"));
  EXPECT_THAT(text.out, ::testing::Not(HasSubstr("CLEAN")));
  const json some = AuditJson({"--sample", "100"});
  EXPECT_EQ(some["verdict"], "SAMPLED");
  EXPECT_EQ(some["sampled"], 100);
  EXPECT_EQ(some["size"], 208);
  EXPECT_EQ(some["confidence"], 0.95);
  // 1 - C(204, 100) / C(208, 100) is the first that is 0.95 or more ... of five bad
  // ones.
  EXPECT_EQ(some["detects_entries"], 5);
  EXPECT_NEAR(some["detects_fraction"].get<double>(), 5.0 / 208, 1e-12);
  const json all = AuditJson({"--sample", "100000"});
  EXPECT_EQ(all["sampled"], 208);
  EXPECT_EQ(all["detects_entries"], 1);
  EXPECT_FALSE(std::filesystem::exists(Path("home/audit"))) << "it keeps nothing";
}

TEST_F(CliAuditTest, ASampleThatMeetsALieIsMisbehaviourAndMisuseIsUsage) {
  log().AppendBytes("\x07rubbish");
  log().Add(RecordHash("late"));
  const json found = AuditJson({"--sample", "1000"});
  EXPECT_EQ(found["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(found["kind"], "malformed_entry");
  EXPECT_EQ(Ask({"audit", kOrigin, "--key", Vkey(), "--sample", "1000"}).exit_code, 4);
  for (const std::vector<std::string>& misuse : std::vector<std::vector<std::string>>{
           {"--sample", "0"},
           {"--sample", "100001"},
           {"--sample", "-1"},
           {"--sample", "9", "--stateless"},
           {"--sample", "9", "--restart"},
           {"--sample", "9", "--state", Path("st")}}) {
    std::vector<std::string> arguments = {"audit", kOrigin, "--key", Vkey()};
    arguments.insert(arguments.end(), misuse.begin(), misuse.end());
    EXPECT_EQ(Ask(arguments).exit_code, 2) << misuse.back();
  }
  server_.on_chunk = [](v1::EntriesChunk& chunk) {
    chunk.mutable_bundle()->back() ^= 1;
  };
  home_ = "stranger";  // who has not convicted the log
  const json refused = AuditJson({"--sample", "3"});
  EXPECT_EQ(refused["verdict"], "UNVERIFIED");
  EXPECT_EQ(Ask({"audit", "example.org/other", "--sample", "3"}).exit_code, 3);
}

TEST_F(CliAuditTest, DiffPrintsWhatChangedInBothDirections) {
  log().Add(RecordHash("three"));
  log().Remove(RecordHash("one"));
  log().Index();
  log().Tag("v2");
  const std::string one = ToHex(RecordHash("one"));
  const std::string three = ToHex(RecordHash("three"));
  std::vector<std::string> lines = {"- " + one, "+ " + three};
  std::sort(lines.begin(), lines.end(),
            [](const auto& a, const auto& b) { return a.substr(2) < b.substr(2); });
  const ProcessResult result = Ask({"diff", kOrigin, "v1", "v2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, lines[0] + "\n" + lines[1] + "\n");
  EXPECT_THAT(result.err, HasSubstr("1 added, 1 removed"));
  EXPECT_EQ(Ask({"diff", kOrigin, "7", "@head"}).out, result.out);

  const std::vector<json> reversed = AskJson({"diff", kOrigin, "@head", "v1"});
  ASSERT_EQ(reversed.size(), 2u);
  for (const json& line : reversed) {
    EXPECT_EQ(line,
              (json{{"op", line["hash"] == one ? "+" : "-"}, {"hash", line["hash"]}}));
  }
  const ProcessResult same = Ask({"diff", kOrigin, "v2", "@head"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_EQ(same.out, "");

  EXPECT_EQ(Ask({"diff", kOrigin, "v1", "v2", "--out", Path("d")}).exit_code, 1);
  std::ostringstream file;
  file << std::ifstream(Path("d")).rdbuf();
  EXPECT_EQ(file.str(), result.out);
}

TEST_F(CliAuditTest, DiffOfWhatIsNoVersionIsAUsageError) {
  EXPECT_EQ(Ask({"diff", kOrigin, "v1", "v9"}).exit_code, 2);
  EXPECT_EQ(Ask({"diff", kOrigin, "0", "@head"}).exit_code, 2);
  EXPECT_EQ(Ask({"diff", kOrigin, "v1", "99999"}).exit_code, 2);
  EXPECT_EQ(Ask({"diff", kOrigin, "v1"}).exit_code, 2);
  EXPECT_EQ(Ask({"diff", kOrigin, "a b", "@head"}).exit_code, 2);
}

TEST_F(CliAuditTest, DiffThatDoesNotVerifyIsExitThree) {
  log().Add(RecordHash("three"));
  log().Index();
  server_.on_batch = [](v1::BatchLookupResponse& response) {
    response.mutable_proof()->append("x");
  };
  const ProcessResult result = Ask({"diff", kOrigin, "v1", "@head"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "");
}

TEST_F(CliAuditTest, DiffConvictsAVersionThatTheEntriesDoNotLeadTo) {
  log().Append(TagEntry{1, "12"});  // digits only
  log().Add(RecordHash("three"));
  log().Index();
  const ProcessResult result = Ask({"diff", kOrigin, "v1", "@head", "--json"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_EQ(Lines(result.out).at(0)["kind"], "malformed_entry");
}

}  // namespace
}  // namespace setlog
