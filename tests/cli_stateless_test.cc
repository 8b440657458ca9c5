// `setlog audit --stateless` against a real server, over a real socket; and against one
// that lies.

#include <filesystem>

#include "cli_server_fixture.h"
#include "client/evidence_file.h"
#include "server/server.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CliStatelessTest : public CliTest {
 protected:
  CliStatelessTest() {
    server_ = Server::Start({.data_dir = Path("data"),
                             .listen = "unix:" + Path("socket"),
                             .http = "127.0.0.1:0",
                             .memory_bytes = kMinMemoryBytes})
                  .value();
    EXPECT_EQ(Ask({"init", kOrigin, "--scheme", "bytes/1"}).exit_code, 0);
    vkey_ = Lines(Setlog({"trust", "list", "--json"}).out).at(0)["vkey"];
    EXPECT_EQ(Setlog({"trust", "add", kOrigin, "--key", vkey_}).exit_code, 0);
  }

  ProcessResult Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "2s",
                      "--token-file", Path("data/admin.token")});
    return Setlog(std::move(arguments));
  }
  json Audit(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"audit", kOrigin, "--json"});
    const ProcessResult result = Ask(std::move(more));
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return Lines(result.out).at(0);
  }
  // Records [begin, end), as hashes; the index waits for each run.
  void Change(const char* command, uint64_t begin, uint64_t end) {
    std::string hashes;
    for (uint64_t i = begin; i < end; ++i) hashes += ToHex(HashN(i)) + "\n";
    const ProcessResult done =
        Ask({command, kOrigin, "--hashes", Write("hashes", hashes)});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  std::unique_ptr<Server> server_;
  std::string vkey_;
};

TEST_F(CliStatelessTest, TheFirstRunReplaysAndTheNextOnesFollowWithoutTheSet) {
  Change("add", 0, 5000);
  json audit = Audit({"--stateless"});
  EXPECT_EQ(audit["verdict"], "CLEAN");
  EXPECT_EQ(audit["stateless"], false);
  EXPECT_EQ(audit["set_count"], 5000);
  const std::string state = audit["state"];
  EXPECT_THAT(state, ::testing::EndsWith(".stateless"));
  EXPECT_LT(std::filesystem::file_size(state), 4096u);

  for (uint64_t i = 0; i < 12; ++i) {
    Change("add", 4900 + 300 * i, 5300 + 300 * i);  // some are there already
    Change("remove", 100 * i, 100 * i + 90);
    if (i % 4 == 0) {
      ASSERT_EQ(Ask({"tag", kOrigin, "v" + std::to_string(i)}).exit_code, 0);
    }
    if (i % 3 == 2) audit = Audit({"--stateless"});
  }
  EXPECT_EQ(audit["stateless"], true);
  EXPECT_EQ(audit["tags"], 3);
  // The audit that holds the set says the same.
  const json replayed = Audit();
  for (const char* field :
       {"verdict", "size", "index_size", "set_count", "set_root", "tags", "root"}) {
    EXPECT_EQ(audit[field], replayed[field]) << field;
  }
  EXPECT_GT(audit["from"].get<uint64_t>(), 0u);
  // Nothing new: nothing to check.
  EXPECT_EQ(Audit({"--stateless"})["checked"], 0);
  // A version that is not among the newest few, after a restart of the server.
  const std::string before = Write("before", "");
  std::filesystem::copy(state, before,
                        std::filesystem::copy_options::overwrite_existing);
  for (uint64_t i = 0; i < 12; ++i) Change("add", 20'000 + i, 20'001 + i);
  server_.reset();
  server_ = Server::Start({.data_dir = Path("data"),
                           .listen = "unix:" + Path("socket"),
                           .http = "127.0.0.1:0",
                           .memory_bytes = kMinMemoryBytes})
                .value();
  audit = Audit({"--stateless"});
  EXPECT_EQ(audit["stateless"], true);
  EXPECT_EQ(audit["set_count"], Audit()["set_count"]);
  // From an older state again, and from the beginning.
  std::filesystem::copy(before, state,
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(Audit({"--stateless"})["set_root"], audit["set_root"]);
  EXPECT_EQ(Audit({"--stateless", "--restart"})["from"], 0);
}

TEST_F(CliStatelessTest, ADamagedStateIsUnverifiedAndNamesTheRemedy) {
  const std::string state = Audit({"--stateless"})["state"];
  std::ofstream(state, std::ios::app) << "x";
  const ProcessResult refused = Ask({"audit", kOrigin, "--stateless"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.out, HasSubstr(state));
  EXPECT_THAT(refused.out, HasSubstr("--restart"));
  EXPECT_EQ(Ask({"audit", kOrigin, "--stateless", "--restart"}).exit_code, 0);
  EXPECT_EQ(Audit({"--stateless"})["stateless"], true);
}

class StatelessLiarTest : public CliServerTest {};

TEST_F(StatelessLiarTest, AWrongIndexEntryConvictsWithEvidenceForAnybody) {
  const std::string vkey = FormatVkey(log().key());
  ASSERT_EQ(Ask({"audit", kOrigin, "--stateless", "--key", vkey}).exit_code, 0);
  log().Add(HashN(1));
  log().Index();
  ASSERT_EQ(AskJson({"audit", kOrigin, "--stateless"}).at(0)["stateless"], true);
  log().Add(HashN(2));
  log().IndexAs(2, HashN(3));
  const ProcessResult convicted = Ask({"audit", kOrigin, "--stateless", "--json"});
  EXPECT_EQ(convicted.exit_code, 4) << convicted.out << convicted.err;
  const json line = Lines(convicted.out).at(0);
  EXPECT_EQ(line["verdict"], "MISBEHAVIOUR");
  const std::string file = line["evidence"].at(0);
  home_ = "somebody else";
  EXPECT_EQ(Setlog({"verify", file, "--key", vkey}).exit_code, 4);
  // And again: nothing was kept of it.
  home_ = "home";
  EXPECT_EQ(Ask({"audit", kOrigin, "--stateless"}).exit_code, 4);
}

TEST_F(StatelessLiarTest, AProofThatDoesNotVerifyIsUnverified) {
  const std::string vkey = FormatVkey(log().key());
  ASSERT_EQ(Ask({"audit", kOrigin, "--stateless", "--key", vkey}).exit_code, 0);
  log().Add(HashN(1));
  log().Index();
  server_.on_extension = [](const v1::GetExtensionProofRequest&, std::string& proof) {
    proof.back() = static_cast<char>(proof.back() ^ 1);
  };
  const ProcessResult refused = Ask({"audit", kOrigin, "--stateless"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.out, StartsWith("UNVERIFIED"));
  server_.on_extension = nullptr;
  EXPECT_EQ(Ask({"audit", kOrigin, "--stateless"}).exit_code, 0);
}

}  // namespace
}  // namespace setlog
