// Who holds a VRF key, as programs: `setlogd --vrf-key` and `setlog prover`.

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "background_process.h"
#include "cli_fixture.h"
#include "client/connection.h"
#include "client/key_file.h"
#include "client/vrf_source.h"
#include "http/http_client.h"
#include "log/manifest.h"
#include "log/sha256.h"
#include "testing.h"
#include "tools/vrf_key_flags.h"

namespace setlog {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOrigin[] = "example.org/hidden";
constexpr char kPlain[] = "example.org/plain";

Hash Record(uint64_t i) { return Sha256(AsBytes("record " + std::to_string(i))); }
std::vector<Hash> Records(uint64_t count) {
  std::vector<Hash> records;
  for (uint64_t i = 0; i < count; ++i) records.push_back(Record(i));
  return records;
}

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CliProverTest : public CliTest {
 protected:
  CliProverTest() {
    key_ = CreateVrfKeyFile(Path("key"), std::nullopt).value().PublicKey();
    other_key_ = CreateVrfKeyFile(Path("other"), std::nullopt).value().PublicKey();
  }

  // Runs until it is ready; its address is in `address_`.
  std::unique_ptr<BackgroundProcess> Run(const std::string& name,
                                         std::vector<std::string> arguments) {
    auto process = std::make_unique<BackgroundProcess>(
        std::move(arguments),
        std::map<std::string, std::string>{{"SETLOG_HOME", Path(name + ".home")},
                                           {"SETLOG_SERVER", ""},
                                           {"SETLOG_TOKEN_FILE", ""}},
        Path(name));
    EXPECT_TRUE(process->WaitFor("\n")) << process->err();
    return process;
  }
  std::unique_ptr<BackgroundProcess> Setlogd(std::vector<std::string> more) {
    std::vector<std::string> arguments = {std::string(SETLOG_BINARY) + "d",
                                          "--data",
                                          Path("data"),
                                          "--listen",
                                          "unix:" + Path("server"),
                                          "--http",
                                          "127.0.0.1:0",
                                          "--memory",
                                          "256MiB",
                                          "--log-level",
                                          "debug"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run("setlogd", std::move(arguments));
  }
  std::vector<std::string> ProverCommand(std::vector<std::string> more) {
    std::vector<std::string> arguments = {SETLOG_BINARY,  "prover",      "--data",
                                          Path("prover"), "--log-level", "debug"};
    if (std::find(more.begin(), more.end(), "--listen") == more.end()) {
      more.insert(more.end(), {"--listen", "unix:" + Path("prover.socket")});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::unique_ptr<BackgroundProcess> Prover(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--log", kOrigin, "--vrf-key", Path("key"), "--server",
                             "unix:" + Path("server")});
    return Run("prover", ProverCommand(std::move(more)));
  }
  // A prover that must not start: what it says.
  std::string Refused(std::vector<std::string> more) {
    const ProcessResult result =
        RunProcess(ProverCommand(std::move(more)),
                   {.environment = {{"SETLOG_HOME", Path("refused.home")},
                                    {"SETLOG_SERVER", ""}}});
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_EQ(result.out, "");
    return result.err;
  }

  Connection At(const std::string& socket, const std::string& token_file) {
    return Connection::Open({.address = "unix:" + Path(socket),
                             .token_file = Path(token_file),
                             .retry_for = std::chrono::milliseconds(2000)})
        .value();
  }
  void CreateLog(const std::string& origin, const VrfPublicKey* key) {
    Manifest manifest;
    manifest.origin = origin;
    manifest.scheme = "bytes/1";
    if (key != nullptr)
      manifest.labels = VrfLabels{std::string(kVrfSuite), key->bytes()};
    const Connection admin = At("server", "data/admin.token");
    v1::CreateLogRequest request;
    request.set_manifest(*FormatManifest(manifest));
    ASSERT_OK(admin.Call(admin.writer(), &v1::Writer::Stub::CreateLog, request));
  }
  // A token in a file of this name, made as an operator does; its id.
  std::string Token(const std::string& socket, const std::string& admin_token,
                    const std::string& file, std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "token",           "create",   "--out",
        Path(file),        "--json",   "--token-file",
        Path(admin_token), "--server", "unix:" + Path(socket),
        "--expires",       "1h",       kOrigin};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProcessResult made = Setlog(std::move(arguments));
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return Lines(made.out).at(0)["id"];
  }
  absl::Status Prove(const std::string& socket, const std::string& token_file,
                     uint64_t count, const std::string& origin = kOrigin) {
    const Connection connection = At(socket, token_file);
    const RemoteVrf vrf(&connection, origin);
    return ProveLabels(vrf, *key_, Records(count)).status();
  }
  void ExpectNoRecordIn(const std::string& file) {
    const std::string text = FileText(Path(file));
    EXPECT_FALSE(text.empty()) << file;
    for (const Hash& record : Records(200)) {
      EXPECT_THAT(text, Not(HasSubstr(ToHex(record))));
      EXPECT_THAT(text, Not(HasSubstr(std::string(AsText(record)))));
    }
  }
  static std::string Get(const std::string& ready, const std::string& page) {
    const size_t at = ready.find("http=") + 5;
    auto client = HttpClient::Make({.max_answer = 1 << 20}).value();
    client->Send(1,
                 {.url = "http://" + ready.substr(at, ready.find('\n') - at) + page});
    for (int i = 0; i < 100; ++i) {
      for (auto& [id, response] : client->Wait(std::chrono::milliseconds(100))) {
        EXPECT_EQ(response.error, "");
        return response.body;
      }
    }
    return "";
  }

  std::optional<VrfPublicKey> key_;
  std::optional<VrfPublicKey> other_key_;
};

TEST_F(CliProverTest, SetlogdAnswersWithinBudgetsThatSurviveKills) {
  const std::vector<std::string> flags = {"--vrf-key", Path("other"),    "--vrf-key",
                                          Path("key"), "--prove-budget", "100/1d"};
  auto server = Setlogd(flags);
  // The log is made after the server was started with its key.
  CreateLog(kOrigin, &*key_);
  Token("server", "data/admin.token", "usual", {"--verbs", "read"});
  Token("server", "data/admin.token", "rich",
        {"--verbs", "read", "--prove-budget", "150/1h"});
  Token("server", "data/admin.token", "poor",
        {"--verbs", "read", "--prove-budget", "0"});
  EXPECT_OK(Prove("server", "usual", 60));
  EXPECT_STATUS(Prove("server", "usual", 60), absl::StatusCode::kResourceExhausted,
                "100 records of example.org/hidden proven in 24h; of the 60 asked for "
                "40 are left now");
  EXPECT_OK(Prove("server", "usual", 40));
  EXPECT_OK(Prove("server", "rich", 150));
  EXPECT_STATUS(Prove("server", "poor", 1), absl::StatusCode::kPermissionDenied,
                "--prove-budget");
  EXPECT_OK(Prove("server", "data/admin.token", 200));
  const std::string figures = Get(server->out(), "/metrics");
  EXPECT_THAT(figures, HasSubstr("setlog_prover_records_total{kind=\"proved\"} 450"));
  EXPECT_THAT(figures, HasSubstr("setlog_prover_over_budget_total 1"));
  EXPECT_THAT(figures, HasSubstr("method=\"Prove\""));
  for (const int signal : {SIGKILL, SIGTERM}) {
    server->End(signal);
    ExpectNoRecordIn("setlogd.err");
    ExpectNoRecordIn("data/audit.log");
    server = Setlogd(flags);
    // A kill costs a 64th at most; here nothing is left.
    EXPECT_STATUS(Prove("server", "usual", 1), absl::StatusCode::kResourceExhausted,
                  "of the 1 asked for 0 are left");
    EXPECT_FALSE(Prove("server", "rich", 10).ok());
  }
  EXPECT_EQ(server->End(SIGTERM), 0);
  const std::string setlogd = std::string(SETLOG_BINARY) + "d";
  const std::string budgets = FileText(Path("data/budgets.json"));
  const auto fsck = [&] {
    return RunProcess({setlogd, "fsck", "--data", Path("data")});
  };
  const ProcessResult whole = fsck();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  EXPECT_THAT(whole.out, Not(HasSubstr("budgets.json")));
  EXPECT_EQ(FileText(Path("data/budgets.json")), budgets);
  Write("data/budgets.json", budgets.substr(1));
  const ProcessResult damaged = fsck();
  EXPECT_NE(damaged.exit_code, 0);
  EXPECT_THAT(damaged.out + damaged.err, HasSubstr("budgets.json"));
}

TEST_F(CliProverTest, SetlogdNeedsKeysThatAreSecretAndThere) {
  const auto refused = [this](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {std::string(SETLOG_BINARY) + "d",
                                          "--data",
                                          Path("data"),
                                          "--listen",
                                          "127.0.0.1:0",
                                          "--http",
                                          "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProcessResult result = RunProcess(arguments);
    EXPECT_EQ(result.exit_code, 2);
    return result.err;
  };
  EXPECT_THAT(refused({"--vrf-key", Path("none")}), HasSubstr("--vrf-key"));
  EXPECT_THAT(refused({"--vrf-key", Path("key"), "--vrf-key", Path("key")}),
              HasSubstr("twice"));
  for (const char* bad : {"10", "10/", "/1d", "0/1d", "010/1d", "10/1ms", "10/1d/1d",
                          "1000000001/1d", "10/3651d"}) {
    EXPECT_THAT(refused({"--prove-budget", bad}), HasSubstr("budget")) << bad;
  }
  ASSERT_EQ(chmod(Path("key").c_str(), 0644), 0);
  EXPECT_THAT(refused({"--vrf-key", Path("key")}), HasSubstr("chmod 600"));
}

TEST_F(CliProverTest, AProverAnswersBesideAServerThatSeesNoRecord) {
  auto server = Setlogd({});
  CreateLog(kOrigin, &*key_);
  CreateLog(kPlain, nullptr);
  auto prover = Prover({"--http", "127.0.0.1:0", "--prove-budget", "120/1d"});
  EXPECT_THAT(prover->out(), HasSubstr("ready grpc=unix:" + Path("prover.socket") +
                                       " http=127.0.0.1:"));
  const std::string reader =
      Token("prover.socket", "prover/admin.token", "reader", {"--verbs", "read"});
  const std::string writer =
      Token("prover.socket", "prover/admin.token", "writer", {"--verbs", "add"});
  EXPECT_OK(Prove("prover.socket", "reader", 100));
  EXPECT_STATUS(Prove("prover.socket", "writer", 1),
                absl::StatusCode::kPermissionDenied, "`read`");
  EXPECT_STATUS(Prove("server", "data/admin.token", 1),
                absl::StatusCode::kFailedPrecondition, "setlog prover");
  EXPECT_STATUS(Prove("prover.socket", "prover/admin.token", 1, kPlain),
                absl::StatusCode::kNotFound, "does not answer for example.org/plain");
  {
    const Connection connection = At("prover.socket", "writer");
    const RemoteVrf vrf(&connection, kOrigin);
    const absl::StatusOr<VrfSecretKey> key = LoadVrfKey({.file = Path("key")});
    const absl::StatusOr<std::vector<Hash>> labels = vrf.Label(Records(3), {5, 2});
    ASSERT_OK(labels);
    ASSERT_EQ(labels->size(), 5u);
    EXPECT_EQ((*labels)[2], key->Label(Record(2)));
  }
  EXPECT_EQ(Get(prover->out(), "/healthz"), "ok\n");
  EXPECT_THAT(Get(prover->out(), "/metrics"),
              HasSubstr("setlog_prover_records_total{kind=\"labelled\"} 5"));
  const ProcessResult list =
      Setlog({"token", "list", "--server", "unix:" + Path("prover.socket"),
              "--token-file", Path("prover/admin.token"), "--json"});
  EXPECT_EQ(Lines(list.out).size(), 2u) << list.err;

  prover->End(SIGKILL);
  ExpectNoRecordIn("prover.err");
  prover = Prover({"--prove-budget", "120/1d"});
  EXPECT_FALSE(Prove("prover.socket", "reader", 21).ok());
  EXPECT_OK(Prove("prover.socket", "reader", 18));
  const ProcessResult revoked =
      Setlog({"token", "revoke", reader, "--server", "unix:" + Path("prover.socket"),
              "--token-file", Path("prover/admin.token")});
  EXPECT_EQ(revoked.exit_code, 0) << revoked.err;
  EXPECT_EQ(Prove("prover.socket", "reader", 1).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(prover->End(SIGTERM), 0) << prover->err();
  EXPECT_EQ(server->End(SIGTERM), 0);

  for (const char* file : {"prover.err", "prover/audit.log", "setlogd.err"}) {
    ExpectNoRecordIn(file);
  }
  EXPECT_THAT(FileText(Path("prover/audit.log")),
              HasSubstr("\"who\":\"token:" + reader + "\""));
  EXPECT_THAT(FileText(Path("prover/audit.log")), HasSubstr("\"count\":100"));
}

TEST_F(CliProverTest, AProverStartsOnlyForTheRightKeyAndInADirectoryOfItsOwn) {
  auto server = Setlogd({});
  CreateLog(kOrigin, &*key_);
  CreateLog(kPlain, nullptr);
  const std::string here = "unix:" + Path("server");
  EXPECT_THAT(Refused({"--log", kOrigin, "--vrf-key", Path("other"), "--server", here}),
              HasSubstr("and the log's manifest has " + ToHex(key_->bytes())));
  EXPECT_THAT(Refused({"--log", kPlain, "--vrf-key", Path("key"), "--server", here}),
              HasSubstr("is no private log"));
  EXPECT_THAT(Refused({"--log", "example.org/none", "--vrf-key", Path("key"),
                       "--server", here}),
              HasSubstr("log example.org/none does not exist"));
  EXPECT_THAT(Refused({"--log", kOrigin, "--log", kPlain, "--vrf-key", Path("key")}),
              HasSubstr("2 --log and 1 --vrf-key"));
  EXPECT_THAT(Refused({"--log", kOrigin, "--vrf-key", Path("key"), "--log", kPlain,
                       "--vrf-key", Path("key")}),
              HasSubstr("one key is for one log"));
  EXPECT_THAT(Refused({"--log", "Not an origin", "--vrf-key", Path("key")}),
              HasSubstr("origin"));
  EXPECT_THAT(Refused({"--log", kOrigin, "--vrf-key", Path("none")}),
              HasSubstr("--vrf-key"));
  EXPECT_THAT(
      Refused({"--log", kOrigin, "--vrf-key", Path("key"), "--prove-budget", "many"}),
      HasSubstr("budget"));
  EXPECT_THAT(
      Refused({"--log", kOrigin, "--vrf-key", Path("key"), "--listen", "0.0.0.0:0"}),
      HasSubstr("is not loopback"));
  EXPECT_THAT(
      Refused({"--log", kOrigin, "--vrf-key", Path("key"), "--http", "0.0.0.0:0"}),
      HasSubstr("--http"));
  auto prover = Prover();
  EXPECT_THAT(Refused({"--log", kOrigin, "--vrf-key", Path("key")}),
              HasSubstr("another prover"));
  EXPECT_EQ(prover->End(SIGTERM), 0);
  EXPECT_EQ(server->End(SIGTERM), 0);
  // Without a server the command line is believed.
  prover = Run("alone", ProverCommand({"--log", kOrigin, "--vrf-key", Path("key")}));
  Token("prover.socket", "prover/admin.token", "reader", {"--verbs", "read"});
  EXPECT_OK(Prove("prover.socket", "reader", 1));
  EXPECT_EQ(prover->End(SIGTERM), 0);
  const ProcessResult in_use =
      RunProcess({SETLOG_BINARY, "prover", "--data", Path("data"), "--log", kOrigin,
                  "--vrf-key", Path("key"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(in_use.exit_code, 2);
  EXPECT_THAT(in_use.err, HasSubstr("is a setlogd's"));
}

}  // namespace
}  // namespace setlog
