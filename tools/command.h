// tools/command.h -- how a command of `setlog` is declared, and what all of them share.
//
//   constexpr Command kCommands[] = {
//       {"hash", "the record hashes of files; needs no server", DeclareHash},
//   };
//   int main(int argc, char** argv) { return RunCommand(kCommands, argc, argv); }
//
// DeclareHash adds the command's flags to a CLI::App and returns what runs it once they
// are parsed. The global flags may stand before or after the command's name.
#ifndef SETLOG_TOOLS_COMMAND_H_
#define SETLOG_TOOLS_COMMAND_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/functional/any_invocable.h"
#include "tools/cli_types.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace setlog {

// Where the server is, and how to talk to it. Values as given on the command line or in
// the environment; client/connection.h gives them their meaning.
struct ServerFlags {
  std::string address = "127.0.0.1:7070";
  bool named = false;  // on the command line, not by a default
  std::string token_file;
  std::string ca_file;
  std::string client_cert_file;
  std::string client_key_file;
  bool tls = false;
  bool insecure_plaintext = false;
  int64_t retry_for_us = 15'000'000;
};

// What a running command is given.
struct Session {
  ServerFlags server;
  Output out;
  // A verdict was asked of a log that was convicted before: exit code 4, whatever it
  // is.
  bool convicted = false;
};

// Holds its parsed flags; called at most once.
using Runner = absl::AnyInvocable<ExitCode(Session&)>;

struct Command {
  const char* name;
  const char* summary;
  Runner (*declare)(CLI::App& app);
};

// Parses the command line and runs the command that it names. Returns the process's
// exit code: kUsage for a command line that does not parse.
int RunCommand(std::span<const Command> commands, int argc, char** argv);

}  // namespace setlog

#endif  // SETLOG_TOOLS_COMMAND_H_
