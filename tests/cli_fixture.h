// tests/cli_fixture.h -- the program `setlog` with a home and a directory of its own.
#ifndef SETLOG_TESTS_CLI_FIXTURE_H_
#define SETLOG_TESTS_CLI_FIXTURE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "process.h"
#include "temp_dir.h"

namespace setlog {

class CliTest : public ::testing::Test {
 protected:
  // Never the state, the server or the token of whoever runs the test.
  ProcessResult Setlog(std::vector<std::string> arguments,
                       const std::string& input = "");

  // Whose keys and heads the program knows: another name is another person.
  std::string home_ = "home";

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }

  // The path of a new file in the directory.
  std::string Write(const std::string& name, const std::string& bytes);

  // JSON, a line each.
  static std::vector<nlohmann::json> Lines(const std::string& text);

 private:
  TempDir dir_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_CLI_FIXTURE_H_
