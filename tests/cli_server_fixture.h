// tests/cli_server_fixture.h -- the program `setlog` and a server that can be made to
// lie to it.
#ifndef SETLOG_TESTS_CLI_SERVER_FIXTURE_H_
#define SETLOG_TESTS_CLI_SERVER_FIXTURE_H_

#include <string>
#include <vector>

#include "attacks/log/lies.h"
#include "cli_fixture.h"
#include "fakes/fake_server.h"
#include "log/scheme.h"

namespace setlog {

inline constexpr char kOrigin[] = "example.org/a";

// "one" is in the set, "two" was removed from it, "never" never was.
class CliServerTest : public CliTest {
 protected:
  CliServerTest() : server_("unix:" + Path("socket")) {
    FillExample(server_.Create(kOrigin));
    for (const char* record : {"one", "two", "never"}) Write(record, record);
  }

  FakeLog& log() { return server_.log(); }

  ProcessResult Ask(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "200ms"});
    return Setlog(std::move(arguments), input);
  }
  std::vector<nlohmann::json> AskJson(std::vector<std::string> arguments,
                                      const std::string& input = "") {
    arguments.push_back("--json");
    return Lines(Ask(std::move(arguments), input).out);
  }

  FakeServer server_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_CLI_SERVER_FIXTURE_H_
