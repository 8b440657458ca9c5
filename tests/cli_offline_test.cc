// `setlog` as a process, without a server: hashes, keys, and what each mistake costs.

#include <sys/stat.h>

#include "cli_fixture.h"
#include "log/sha256.h"
#include "log/skey.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CliOfflineTest : public CliTest {};

std::string HashHex(std::string_view bytes) { return ToHex(Sha256(AsBytes(bytes))); }

TEST_F(CliOfflineTest, BytesAreHashedAsSha256sumDoes) {
  const std::string file = Write("abc", "abc");
  const ProcessResult result = Setlog({"hash", "--scheme", "bytes/1", file});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  " +
                file + "\n");
}

TEST_F(CliOfflineTest, JsonLinesAreHashedInCanonicalForm) {
  const std::string file = Write("a.jsonl", "{\"b\":1, \"a\":[ ]}\r\n{\"a\":1e0}");
  const ProcessResult result = Setlog({"--json", "hash", "--scheme", "json/1", file});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<json> lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0],
            (json{{"hash", HashHex(R"({"a":[],"b":1})")}, {"record", file + ":1"}}));
  EXPECT_EQ(lines[1]["hash"], HashHex(R"({"a":1})"));
}

TEST_F(CliOfflineTest, StandardInputGivesTheHashesOfTheFile) {
  const std::string text = "one\ntwo\n";
  const std::string file = Write("lines", text);
  const std::vector<std::string> arguments = {"hash", "--scheme", "text/1", "--lines"};
  std::vector<std::string> by_name = arguments;
  by_name.push_back(file);
  std::vector<std::string> by_pipe = arguments;
  by_pipe.push_back("-");
  const std::string named = Setlog(by_name).out;
  const std::string piped = Setlog(by_pipe, text).out;
  EXPECT_EQ(named.substr(0, 64), HashHex("one"));
  EXPECT_EQ(piped.substr(0, 64), HashHex("one"));
}

TEST_F(CliOfflineTest, RowsNeedTheirColumnsAndUseThem) {
  const std::string file = Write("t.csv", "name,id\nbob,7\n");
  const std::vector<std::string> arguments = {"hash", "--scheme", "row/1", file};
  EXPECT_EQ(Setlog(arguments).exit_code, 2);
  std::vector<std::string> typed = arguments;
  typed.insert(typed.end(), {"--columns", "id:int,name:str"});
  EXPECT_EQ(Setlog(typed).out.substr(0, 64), HashHex(R"({"id":7,"name":"bob"})"));
  std::vector<std::string> from_file = arguments;
  from_file.insert(from_file.end(),
                   {"--columns-file", Write("columns", "id:int\nname:str\n")});
  EXPECT_EQ(Setlog(from_file).out, Setlog(typed).out);
}

TEST_F(CliOfflineTest, ARecordThatIsRefusedIsNamedByFileLineAndColumn) {
  const std::string file = Write("bad.jsonl", "{}\n{\"a\":1,\"a\":2}\n");
  const ProcessResult result = Setlog({"hash", "--scheme", "json/1", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(file + ":2:8: duplicate key \"a\""));
}

TEST_F(CliOfflineTest, ANewKeyIsSecretAndNeverReplacesAnother) {
  const std::string file = Path("w1.key");
  const ProcessResult made = Setlog({"key", "signing", "--out", file, "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  struct stat info;
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::ifstream stream(file);
  std::string skey;
  std::getline(stream, skey);
  const absl::StatusOr<SigningKey> key = ParseSkey(skey);
  ASSERT_OK(key);
  const json line = Lines(made.out).at(0);
  EXPECT_EQ(line["public"], FormatVkey(key->Verifier(SignatureType::kEd25519)));
  EXPECT_EQ(key->name, "w1");
  EXPECT_THAT(made.out + made.err, Not(HasSubstr("PRIVATE")));

  EXPECT_EQ(Setlog({"key", "signing", "--out", file}).exit_code, 2);
  std::ifstream after(file);
  std::string kept;
  std::getline(after, kept);
  EXPECT_EQ(kept, skey);
}

// What is wrong with the command line, or out of reach, before any server answers.
TEST_F(CliOfflineTest, EveryMistakeHasItsExitCode) {
  const std::string file = Write("f", "x");
  const std::string hash(64, '0');
  const std::string nowhere = "unix:" + Path("no-socket");
  const std::vector<std::string> lost = {"--server", nowhere, "--retry-for", "1ms"};
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"--help"}, 0, "Subcommands:"},
      {{"--version"}, 0, "setlog "},
      {{}, 2, "Subcommands:"},
      {{"frobnicate"}, 2, "no command"},
      {{"--frobnicate"}, 2, ""},
      {{"hash"}, 2, "--scheme"},
      {{"hash", "--scheme", "json/9", file}, 2, "json/9"},
      {{"hash", "--scheme", "bytes/1", Path("none")}, 2, "none"},
      {{"hash", "--scheme", "bytes/1", "--columns", "a:int", file}, 2, "row/1"},
      {{"hash", "--scheme", "text/1", file}, 2, "--lines"},
      {{"hash", "--scheme", "bytes/1", file, "--header", "maybe"}, 2, "--header"},
      {{"check", "lookup"}, 2, "FILE"},
      {{"key"}, 2, "subcommand"},
      {{"key", "signing"}, 2, "--out"},
      {{"key", "signing", "--out", Path("no dir/k")}, 2, "no dir"},
      {{"key", "signing", "--out", Path("a b")}, 2, "--name"},
      {{"key", "vrf"}, 2, "--out"},
      {{"key", "vrf", "--out", Path("no dir/k"), "--no-passphrase"}, 2, "no dir"},
      {{"key", "vrf", "--out", Path("k")}, 2, "--no-passphrase"},
      {{"key", "vrf", "--out", Path("k"), "--passphrase-file", file, "--no-passphrase"},
       2,
       "--passphrase-file"},
      {{"key", "passwd"}, 2, "FILE"},
      {{"key", "passwd", Path("none")}, 2, "none"},
      {{"key", "show"}, 2, "FILE"},
      {{"key", "show", Path("none")}, 2, "none"},
      {{"key", "vrf", "--out", Path("k"), "--name", "a"}, 2, "--name"},
      {{"init", "example.org/a"}, 2, "bytes/1   a record is a file"},
      {{"init", "Example.org", "--scheme", "bytes/1"}, 2, "ORIGIN"},
      {{"init", "example.org/a", "--scheme", "row/1"}, 2, "--columns"},
      {{"add", "example.org/a"}, 2, "no input"},
      {{"add", "example.org/a", file, "--hashes", file}, 2, "only one"},
      {{"add"}, 2, "ORIGIN"},
      {{"in", "example.org/a", "--hash", "xyz"}, 2, "64 hex digits"},
      {{"in", "example.org/a", "--hash", hash, "--at", "a b"}, 2, "--at"},
      {{"in", "example.org/a", "--hash", hash, "--max-lag", "1.5"}, 2, "2^64-1"},
      {{"in", "example.org/a", "--hash", hash, "--key", "k"}, 2, "--key"},
      {{"tag", "example.org/a", "7"}, 2, "digits"},
      {{"inclusion", "example.org/a", "0x1"}, 2, "INDEX"},
      {{"consistency", "example.org/a", "18446744073709551616"}, 2, "SIZE1"},
      {{"head", "example.org/a", "--retry-for", "1.5s"}, 2, "duration"},
      {{"head", "example.org/a", "--server", "nonsense"}, 2, "nonsense"},
  };
  for (const Case& c : cases) {
    const ProcessResult result = Setlog(c.arguments);
    EXPECT_EQ(result.exit_code, c.exit_code)
        << ::testing::PrintToString(c.arguments) << result.err;
    EXPECT_THAT(result.out + result.err, HasSubstr(c.says))
        << ::testing::PrintToString(c.arguments);
    if (c.exit_code != 0) {
      EXPECT_EQ(result.out, "");
    }
  }
  for (std::vector<std::string> arguments : std::vector<std::vector<std::string>>{
           {"head", "example.org/a"},
           {"logs"},
           {"tags", "example.org/a"},
           {"add", "example.org/a", file},
           {"in", "example.org/a", file},
           {"init", "example.org/a", "--scheme", "bytes/1"}}) {
    arguments.insert(arguments.end(), lost.begin(), lost.end());
    const ProcessResult result = Setlog(arguments);
    EXPECT_EQ(result.exit_code, 3) << arguments[0] << result.err;
    EXPECT_THAT(result.out + result.err, HasSubstr("is setlogd running there?"));
  }
}

TEST_F(CliOfflineTest, WhatCannotBeReachedIsUnverifiedAndNeverAbsent) {
  const std::string hash(64, '0');
  const ProcessResult result =
      Setlog({"in", "example.org/a", "--hash", hash, "--expect", "absent", "--json",
              "--server", "unix:" + Path("no-socket"), "--retry-for", "1ms"});
  EXPECT_EQ(result.exit_code, 3);
  const json line = Lines(result.out).at(0);
  EXPECT_EQ(line["verdict"], "UNVERIFIED");
  EXPECT_EQ(line["hash"], hash);
  EXPECT_EQ(line["index_size"], nullptr);
}

TEST_F(CliOfflineTest, EveryCommandExplainsItselfWithAnExample) {
  for (const char* command :
       {"init", "add", "remove", "tag", "in", "verify", "head", "logs", "tags",
        "inclusion", "consistency", "entries", "hash", "check", "key"}) {
    const ProcessResult result = Setlog({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr("Example:\n")) << command;
    EXPECT_THAT(result.out, HasSubstr(std::string("setlog ") + command)) << command;
  }
}

TEST_F(CliOfflineTest, ResultsThatCannotBeWrittenAreNoSuccess) {
  const std::string file = Write("f", "x");
  const ProcessResult result = RunProcess(
      {"/bin/sh", "-c",
       std::string(SETLOG_BINARY) + " hash --scheme bytes/1 " + file + " > /dev/full"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("could not write"));
}

TEST_F(CliOfflineTest, ATerminalIsNeverColouredIntoAPipe) {
  const ProcessResult result = Setlog({"check", "note", "-"}, "x\n");
  EXPECT_THAT(result.out, StartsWith("INVALID: line 1"));
}

}  // namespace
}  // namespace setlog
