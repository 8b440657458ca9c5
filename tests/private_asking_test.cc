// A private log over real sockets: a real server that holds the key or does not, real
// programs that ask it, audit it, watch it and cosign it.
#include <filesystem>

#include "cli_fixture.h"
#include "client/appender.h"
#include "client/log_client.h"
#include "log/cosignature.h"
#include "log/scheme.h"
#include "log/vrf_skey.h"
#include "log/witness_request.h"
#include "server/server.h"
#include "server/vrf_keys.h"
#include "testing.h"
#include "vrf_keys.h"
#include "witness_fixture.h"

namespace setlog {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// "one", "two" and record-0 to record-999 are in the version v1; then "two" was removed
// and "three" added: v2. "never" never was in.
class PrivateLogTest : public CliTest {
 protected:
  PrivateLogTest() {
    Start(/*with_key=*/true);
    state_.emplace(StateDirectory::Open(Path("owner")).value());
    connection_.emplace(Connection::Open({.address = server_->grpc_address(),
                                          .token_file = Path("data/admin.token")})
                            .value());
    owner_.emplace(&*connection_, &*state_,
                   TrustOptions{.origin = kOrigin, .trust_on_first_use = true});
    const auto created = owner_->CreateLog(PrivateManifest(kOrigin, key_));
    EXPECT_OK(created);
    vkey_ = FormatVkey(created->version.log_key);
    std::vector<Hash> labels = {LabelOf("one"), LabelOf("two")};
    for (int i = 0; i < 1000; ++i) {
      labels.push_back(LabelOf("record-" + std::to_string(i)));
    }
    Append(labels, Operation::kAdd);
    EXPECT_OK(owner_->TagSet("v1"));
    Append({LabelOf("two")}, Operation::kRemove);
    Append({LabelOf("three")}, Operation::kAdd);
    EXPECT_OK(owner_->TagSet("v2"));
    for (const char* record : {"one", "two", "three", "never"}) Write(record, record);
    key_file_ = Write("owner.vrf", FormatVrfSkey(key_) + "\n");
    std::filesystem::permissions(key_file_, std::filesystem::perms(0600));
  }

  void Start(bool with_key) {
    server_.reset();
    std::vector<VrfSecretKey> held;
    if (with_key) held.push_back(*VrfSecretKey::FromBytes(key_.Scalar()));
    keys_ = *VrfKeys::Of(std::move(held));
    ServerOptions options;
    options.data_dir = Path("data");
    options.listen = server_address_.empty() ? "127.0.0.1:0" : server_address_;
    options.http = "127.0.0.1:0";
    options.memory_bytes = kMinMemoryBytes;
    options.vrf_keys = &keys_;
    server_ = Server::Start(options).value();
    server_address_ = server_->grpc_address();
  }
  Hash LabelOf(std::string_view record) const { return key_.Label(RecordHash(record)); }
  void Append(const std::vector<Hash>& labels, Operation operation) {
    Appender appender(
        &*connection_,
        {.origin = kOrigin, .session = NewSessionId(), .operation = operation});
    ASSERT_OK(appender.Open());
    ASSERT_OK(appender.Write(labels));
    const auto appended = appender.Finish();
    ASSERT_OK(appended);
    ASSERT_OK(owner_->WaitIndexed(appended->end - 1, nullptr));
  }
  ProcessResult Ask(std::vector<std::string> arguments, bool with_token = true) {
    arguments.insert(arguments.end(),
                     {"--server", server_address_, "--retry-for", "2s"});
    if (with_token) {
      arguments.insert(arguments.end(), {"--token-file", Path("data/admin.token")});
    }
    return Setlog(std::move(arguments));
  }
  json AskJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const ProcessResult result = Ask(std::move(arguments));
    const auto lines = Lines(result.out);
    EXPECT_FALSE(lines.empty()) << result.err;
    return lines.empty() ? json() : lines[0];
  }

  const VrfSecretKey key_ = VrfKeyOf("vrf");
  VrfKeys keys_;
  std::string server_address_;
  std::unique_ptr<Server> server_;
  std::optional<StateDirectory> state_;
  std::optional<Connection> connection_;
  std::optional<LogClient> owner_;
  std::string vkey_;
  std::string key_file_;
};

TEST_F(PrivateLogTest, InAndVerifyAgreeWhoeverMakesTheLabel) {
  const struct {
    const char* record;
    const char* version;
    const char* verdict;
    int code;
  } cases[] = {{"one", "v2", "PRESENT", 0},
               {"two", "v1", "PRESENT", 0},
               {"two", "v2", "REMOVED", 1},
               {"three", "v1", "ABSENT", 1},
               {"never", "v2", "ABSENT", 1}};
  for (const auto& c : cases) {
    for (const bool own : {false, true}) {
      const std::string file = Path("answer.setproof");
      std::vector<std::string> in = {
          "in", kOrigin, Path(c.record), "--at", c.version, "--out", file};
      if (own) in.insert(in.end(), {"--vrf-key", key_file_});
      EXPECT_EQ(Ask(in, /*with_token=*/!own).exit_code, c.code) << c.record;
      const ProcessResult verified =
          Setlog({"verify", file, "--record", Path(c.record), "--key", vkey_, "--at",
                  c.version, "--json"});
      EXPECT_EQ(verified.exit_code, c.code) << verified.out;
      const json answer = Lines(verified.out).at(0);
      EXPECT_EQ(answer["verdict"], c.verdict);
      EXPECT_EQ(answer["label"], ToHex(LabelOf(c.record)));
    }
  }
}

TEST_F(PrivateLogTest, WithoutATokenOrAKeyThereIsNoVerdict) {
  const ProcessResult no_token = Ask({"in", kOrigin, Path("one")}, false);
  EXPECT_EQ(no_token.exit_code, 2);
  EXPECT_THAT(no_token.err, HasSubstr("--token-file"));
  EXPECT_EQ(no_token.out, "");
  Start(/*with_key=*/false);
  const ProcessResult no_key = Ask({"in", kOrigin, Path("one")});
  EXPECT_EQ(no_key.exit_code, 2);
  EXPECT_THAT(no_key.err, HasSubstr("--vrf-key FILE"));
  EXPECT_THAT(no_key.err, HasSubstr("--prover HOST:PORT"));
  EXPECT_EQ(no_key.out, "");
  EXPECT_EQ(Ask({"in", kOrigin, Path("one"), "--vrf-key", key_file_}, false).exit_code,
            0);
}

TEST_F(PrivateLogTest, ManyRecordsAreAskedAboutInOneRun) {
  std::string hashes;
  for (int i = 0; i < 1010; ++i) {
    hashes += ToHex(RecordHash("record-" + std::to_string(i))) + "\n";
  }
  const std::string file = Write("hashes", hashes);
  for (const bool own : {false, true}) {
    std::vector<std::string> in = {"in", kOrigin, "--hashes", file, "--json"};
    if (own) in.insert(in.end(), {"--vrf-key", key_file_});
    const ProcessResult result = Ask(in);
    EXPECT_EQ(result.exit_code, 1);
    const auto lines = Lines(result.out);
    ASSERT_EQ(lines.size(), 1010u);
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i]["verdict"], i < 1000 ? "PRESENT" : "ABSENT") << i;
    }
  }
}

TEST_F(PrivateLogTest, WhoAuditsNeedsNeitherKeyNorToken) {
  const ProcessResult whole = Ask({"audit", kOrigin, "--key", vkey_}, false);
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("CLEAN"));
  const ProcessResult stateless = Ask(
      {"audit", kOrigin, "--stateless", "--state", Path("stateless"), "--key", vkey_},
      false);
  EXPECT_EQ(stateless.exit_code, 0) << stateless.err;
  EXPECT_THAT(stateless.out, HasSubstr("CLEAN"));
  const ProcessResult sample =
      Ask({"audit", kOrigin, "--sample", "200", "--key", vkey_}, false);
  EXPECT_EQ(sample.exit_code, 0) << sample.err;
  EXPECT_THAT(sample.out, HasSubstr("SAMPLED"));
  const ProcessResult exported =
      Ask({"export", kOrigin, Path("files"), "--key", vkey_}, false);
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  const ProcessResult from_files = Setlog({"audit", kOrigin, "--from", Path("files"),
                                           "--state", Path("from"), "--key", vkey_});
  EXPECT_EQ(from_files.exit_code, 0) << from_files.err;
}

TEST_F(PrivateLogTest, EntriesAreLabelsToEverybody) {
  const ProcessResult entries = Ask({"entries", kOrigin, "--json"}, false);
  EXPECT_EQ(entries.exit_code, 0) << entries.err;
  EXPECT_THAT(entries.out, HasSubstr(ToHex(LabelOf("one"))));
  for (const char* record : {"one", "two", "three"}) {
    EXPECT_THAT(entries.out, Not(HasSubstr(ToHex(RecordHash(record)))));
  }
  const auto tags = Lines(Ask({"tags", kOrigin, "--json"}, false).out);
  EXPECT_EQ(tags.size(), 2u);
  EXPECT_EQ(Ask({"tag", kOrigin, "v3"}).exit_code, 0);
}

TEST_F(PrivateLogTest, DiffIsOfLabels) {
  const ProcessResult result = Ask({"diff", kOrigin, "v1", "v2"}, false);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("- " + ToHex(LabelOf("two"))));
  EXPECT_THAT(result.out, HasSubstr("+ " + ToHex(LabelOf("three"))));
  EXPECT_THAT(result.err, HasSubstr("labels"));
}

TEST_F(PrivateLogTest, AWatchGoesOnWithTheSameLabels) {
  const std::vector<std::string> watch = {"watch",       kOrigin,  Path("one"),
                                          Path("never"), "--once", "--json"};
  EXPECT_EQ(Ask(watch).exit_code, 0);
  Append({LabelOf("never")}, Operation::kAdd);
  Append({LabelOf("one")}, Operation::kRemove);
  std::vector<std::string> own = watch;
  own.insert(own.end(), {"--vrf-key", key_file_});
  const ProcessResult again = Ask(own, false);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  std::map<std::string, json> events;
  for (const json& line : Lines(again.out)) events[line["event"]] = line;
  ASSERT_TRUE(events.contains("entered") && events.contains("left")) << again.out;
  EXPECT_EQ(events["entered"]["hash"], ToHex(RecordHash("never")));
  EXPECT_EQ(events["entered"]["label"], ToHex(LabelOf("never")));
  EXPECT_EQ(events["left"]["hash"], ToHex(RecordHash("one")));
}

TEST_F(PrivateLogTest, AWitnessReplaysAndCosignsIt) {
  EventLog events(LogLevel::kInfo, LogFormat::kKeyValue,
                  [](const std::string&) { return true; });
  WitnessOptions options;
  options.directory = Path("witness");
  options.logs = {{*ParseVkey(vkey_), "grpc://" + server_address_}};
  options.listen = "127.0.0.1:0";
  options.events = &events;
  SigningKey key =
      MakeSigningKey("witness.example/w",
                     Ed25519PrivateKey::FromSeed(Sha256(AsBytes("witness"))).value())
          .value();
  const VerifierKey cosigner = key.Verifier(SignatureType::kCosignature);
  const auto witness = Witness::Start(options, std::move(key));
  ASSERT_OK(witness);
  const auto head = owner_->Head();
  ASSERT_OK(head);
  HttpAnswered answer;
  // The first replay may take longer than one request is kept waiting.
  for (int i = 0; i < 100 && answer.status != 200; ++i) {
    answer = HttpPost((*witness)->http_address(),
                      *FormatAddCheckpoint({0, {}, head->proof.checkpoint}));
  }
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Note note = ParseNote(head->proof.checkpoint).value();
  EXPECT_OK(ReadCosignature(note.text, answer.body, cosigner));
}

}  // namespace
}  // namespace setlog
