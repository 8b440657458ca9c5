// `setlog token`, private reads and their errors: real programs, a real server.

#include <sys/stat.h>

#include "cli_fixture.h"
#include "server/server.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class CliAccessTest : public CliTest {
 protected:
  CliAccessTest() { Start(); }
  void Start() {
    server_.reset();
    server_ = Server::Start({.data_dir = Path("data"),
                             .listen = "unix:" + Path("socket"),
                             .http = "127.0.0.1:0",
                             .memory_bytes = kMinMemoryBytes})
                  .value();
  }
  // With the token of this file in the directory; none if it is empty.
  ProcessResult As(const std::string& token_file, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "2s"});
    if (!token_file.empty()) {
      arguments.insert(arguments.end(), {"--token-file", Path(token_file)});
    }
    return Setlog(std::move(arguments));
  }
  ProcessResult Admin(std::vector<std::string> arguments) {
    return As("data/admin.token", std::move(arguments));
  }
  // Makes a token into a file of this name; its id.
  std::string Token(const std::string& file, const std::string& origins,
                    const std::string& verbs, const std::string& expires = "1h") {
    const ProcessResult made =
        Admin({"token", "create", origins, "--verbs", verbs, "--expires", expires,
               "--out", Path(file), "--json"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, Not(HasSubstr("slt_")));
    return Lines(made.out).at(0)["id"];
  }
  void Init(const std::string& origin, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"init", origin, "--scheme", "bytes/1"});
    const ProcessResult made = Admin(std::move(more));
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  std::string AuditText() {
    std::ifstream file(Path("data/audit.log"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::unique_ptr<Server> server_;
};

TEST_F(CliAccessTest, ATokensLifeFromCreateToRevoke) {
  const ProcessResult made = Admin({"token", "create", "example.org/*", "--verbs",
                                    "create,add", "--expires", "2d", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const json token = Lines(made.out).at(0);
  EXPECT_EQ(token["origin"], "example.org/*");
  EXPECT_EQ(token["verbs"], json({"create", "add"}));
  EXPECT_EQ(token["expires"].get<int64_t>() - token["created"].get<int64_t>(),
            2 * 24 * 3600);
  const std::string id = token["id"];
  Write("token", token["token"].get<std::string>() + "\n");
  Write("record", "a record");

  EXPECT_EQ(As("token", {"init", "example.org/a", "--scheme", "bytes/1"}).exit_code, 0);
  EXPECT_EQ(As("token", {"add", "example.org/a", Path("record")}).exit_code, 0);
  const ProcessResult tag = As("token", {"tag", "example.org/a", "v1"});
  EXPECT_EQ(tag.exit_code, 2);
  EXPECT_THAT(tag.err, HasSubstr("does not allow `tag` on example.org/a"));
  EXPECT_EQ(As("token", {"init", "example.com/a", "--scheme", "bytes/1"}).exit_code, 2);
  EXPECT_EQ(As("token", {"token", "list"}).exit_code, 2);

  Start();  // what is on the disk is enough
  const ProcessResult list = Admin({"token", "list", "--json"});
  ASSERT_EQ(Lines(list.out).size(), 1u) << list.err;
  EXPECT_EQ(Lines(list.out)[0]["id"], id);
  EXPECT_EQ(Lines(list.out)[0]["expired"], false);
  EXPECT_THAT(list.out, Not(HasSubstr("slt_")));
  EXPECT_EQ(Lines(Admin({"token", "revoke", id, "--json"}).out).at(0)["id"], id);
  EXPECT_EQ(Admin({"token", "revoke", id}).exit_code, 2);
  EXPECT_EQ(As("token", {"add", "example.org/a", Path("record")}).exit_code, 2);

  const std::string audit = AuditText();
  EXPECT_THAT(audit, Not(HasSubstr("slt_")));
  EXPECT_THAT(audit, HasSubstr("\"who\":\"token:" + id + "\""));
  std::map<std::string, int> results;
  for (const json& line : Lines(audit)) {
    ++results[line["action"].get<std::string>() + " " +
              line["result"].get<std::string>()];
    if (line["action"] == "add" && line.contains("count")) {
      EXPECT_EQ(line["count"], 1);
    }
  }
  EXPECT_EQ(results["token create OK"], 1);
  EXPECT_EQ(results["create OK"], 1);
  EXPECT_EQ(results["create PERMISSION_DENIED"], 1);
  EXPECT_EQ(results["add OPENED"], 1);
  EXPECT_EQ(results["tag PERMISSION_DENIED"], 1);
  EXPECT_EQ(results["token list PERMISSION_DENIED"], 1);
  EXPECT_EQ(results["token revoke OK"], 1);
  EXPECT_EQ(results["token revoke NOT_FOUND"], 1);
  EXPECT_EQ(results["add UNAUTHENTICATED"], 1);
}

TEST_F(CliAccessTest, ErrorsNameTheFlagAndTheFileThatHelp) {
  Init("example.org/a");
  Write("record", "a record");
  const ProcessResult none = As("", {"add", "example.org/a", Path("record")});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("pass --token-file FILE; the server made "
                                  "DIR/admin.token at its first start"));
  Token("short", "example.org/a", "add", "1ms");
  const ProcessResult expired = As("short", {"add", "example.org/a", Path("record")});
  EXPECT_EQ(expired.exit_code, 2);
  EXPECT_THAT(expired.err, HasSubstr("expired on 20"));
  EXPECT_EQ(Lines(Admin({"token", "list", "--json"}).out).at(0)["expired"], true);
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"token", "create", "example.org/a"},
           {"token", "create", "Example.org", "--verbs", "add"},
           {"token", "create", "example.org", "--verbs", "add,write"},
           {"token", "create", "example.org", "--verbs", "add", "--expires", "11111d"},
           {"token", "revoke", "x"},
           {"token"}}) {
    EXPECT_EQ(Admin(bad).exit_code, 2) << bad.back();
  }
  EXPECT_EQ(As("", {"token", "list"}).exit_code, 2);
}

TEST_F(CliAccessTest, TheSecretGoesIntoAFileThatOthersCannotRead) {
  Token("token", "*", "add");
  struct stat info;
  ASSERT_EQ(stat(Path("token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(CliAccessTest, APrivateLogIsThereOnlyForItsReaders) {
  Init("example.org/public");
  Init("example.org/secret", {"--private-reads"});
  Write("record", "a record");
  Token("reader", "example.org/secret", "read");
  Token("writer", "example.org/secret", "add");
  Token("other", "example.org/public", "add,read");
  ASSERT_EQ(Admin({"add", "example.org/secret", Path("record")}).exit_code, 0);

  const std::vector<std::vector<std::string>> reads = {{"head", "ORIGIN"},
                                                       {"in", "ORIGIN", Path("record")},
                                                       {"entries", "ORIGIN"},
                                                       {"inclusion", "ORIGIN", "0"},
                                                       {"consistency", "ORIGIN", "1"},
                                                       {"tags", "ORIGIN"}};
  const auto ask = [this](std::vector<std::string> command, const std::string& origin,
                          const std::string& token) {
    command[1] = origin;
    return As(token, std::move(command));
  };
  for (const auto& command : reads) {
    const ProcessResult read = ask(command, "example.org/secret", "reader");
    EXPECT_EQ(read.exit_code, 0) << command[0] << ": " << read.err;
    for (const char* token : {"", "other"}) {
      const ProcessResult hidden = ask(command, "example.org/secret", token);
      EXPECT_EQ(hidden.exit_code, 2) << command[0];
      EXPECT_EQ(hidden.out, "") << command[0];
      // The same words as for a log that does not exist.
      const ProcessResult none = ask(command, "example.org/absent", token);
      std::string words = none.err;
      for (size_t at; (at = words.find("absent")) != words.npos;) {
        words.replace(at, 6, "secret");
      }
      EXPECT_EQ(hidden.err, words) << command[0];
    }
    const ProcessResult denied = ask(command, "example.org/secret", "writer");
    EXPECT_EQ(denied.exit_code, 2);
    EXPECT_THAT(denied.err, HasSubstr("does not allow `read` on example.org/secret"));
  }
  const auto listed = [this](const std::string& token) {
    std::vector<std::string> origins;
    for (const json& line : Lines(As(token, {"logs", "--json"}).out)) {
      origins.push_back(line["origin"]);
    }
    return origins;
  };
  using Origins = std::vector<std::string>;
  EXPECT_EQ(listed(""), Origins{"example.org/public"});
  EXPECT_EQ(listed("other"), Origins{"example.org/public"});
  EXPECT_EQ(listed("reader"), (Origins{"example.org/public", "example.org/secret"}));
  EXPECT_EQ(listed("data/admin.token"),
            (Origins{"example.org/public", "example.org/secret"}));
}

}  // namespace
}  // namespace setlog
