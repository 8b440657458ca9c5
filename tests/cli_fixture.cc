#include "cli_fixture.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace setlog {

ProcessResult CliTest::Setlog(std::vector<std::string> arguments,
                              const std::string& input) {
  arguments.insert(arguments.begin(), SETLOG_BINARY);
  return RunProcess(std::move(arguments), {.input = input,
                                           .environment = {
                                               {"SETLOG_HOME", Path(home_)},
                                               {"SETLOG_SERVER", ""},
                                               {"SETLOG_TOKEN_FILE", ""},
                                               {"SETLOG_VRF_PASSPHRASE_FILE", ""},
                                           }});
}

std::string CliTest::Write(const std::string& name, const std::string& bytes) {
  std::ofstream(Path(name), std::ios::binary) << bytes;
  return Path(name);
}

std::vector<nlohmann::json> CliTest::Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

}  // namespace setlog
