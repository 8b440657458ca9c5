#include "tools/command.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <list>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"
#include "tools/flags.h"

namespace setlog {
namespace {

constexpr char kDescription[] =
    "setlog: append-only logs of record hashes whose content is a set.\n"
    "Answers are verified on this machine, never taken from the server on faith.";
constexpr char kFooter[] =
    "\nExit codes: 0 verified and it holds; 1 verified and it does not hold (ABSENT,\n"
    "REMOVED, REFUSED); 2 usage or bad input; 3 could not verify or reach\n"
    "(UNVERIFIED); 4 misbehaviour proven, evidence file named.\n\n"
    "`setlog COMMAND --help` explains a command.";
constexpr char kGlobals[] =
    "Global flags (--json --quiet --server --token-file --ca ...): setlog --help";
constexpr size_t kColumnWidth = 34;

struct GlobalFlags {
  ServerFlags server;
  OutputOptions output;
};

void DeclareGlobals(CLI::App& app, GlobalFlags& flags) {
  app.add_flag("--json", flags.output.json, "One JSON object a line");
  app.add_flag("--quiet", flags.output.quiet, "Results and errors only");
  // CLI11 would not tell what the environment says from what was asked for here.
  const char* server = std::getenv("SETLOG_SERVER");
  if (server != nullptr && *server != '\0') flags.server.address = server;
  app.add_option_function<std::string>(
         "--server",
         [&flags](const std::string& address) {
           flags.server.address = address;
           flags.server.named = true;
         },
         "HOST:PORT or unix:PATH (default: SETLOG_SERVER, 127.0.0.1:7070)")
      ->type_name("ADDRESS");
  app.add_option("--token-file", flags.server.token_file,
                 "File of the writer's token (default: SETLOG_TOKEN_FILE)")
      ->envname("SETLOG_TOKEN_FILE")
      ->type_name("FILE");
  app.add_option("--ca", flags.server.ca_file,
                 "PEM file of the CA that signed the server's certificate; means TLS")
      ->type_name("FILE");
  app.add_flag("--tls", flags.server.tls,
               "TLS with the system's CAs, also on loopback");
  app.add_flag("--insecure-plaintext", flags.server.insecure_plaintext,
               "No TLS although the server is not on loopback");
  app.add_option("--client-cert", flags.server.client_cert_file, "mTLS: PEM file")
      ->type_name("FILE");
  app.add_option("--client-key", flags.server.client_key_file, "mTLS: PEM file")
      ->type_name("FILE");
  AddDuration(app, "--retry-for", flags.server.retry_for_us,
              "How long to try without progress before giving up (15s)");
}

// CLI11 has one footer for a command: the example that it set, then our pointer.
void FinishHelp(CLI::App& app) {
  const std::string example = app.get_footer();
  app.footer(example.empty() ? std::string(kGlobals)
                             : "Example:\n" + example + "\n\n" + kGlobals);
}

// Help that was asked for, or what is wrong with the command line and where to look.
ExitCode Explain(const CLI::App& app, const CLI::ParseError& error, int argc,
                 char** argv) {
  if (error.get_exit_code() == 0) {
    app.exit(error, std::cout, std::cerr);
    return ExitCode::kHolds;
  }
  const std::vector<CLI::App*> used = app.get_subcommands();
  if (!used.empty()) {
    std::cerr << "setlog " << used[0]->get_name() << ": " << error.what()
              << "\n`setlog " << used[0]->get_name() << " --help` shows an example.\n";
  } else if (const std::vector<std::string> left = app.remaining(); !left.empty()) {
    std::cerr << "setlog: " << ShowBytes(left[0], kColumnWidth, true)
              << " is no command\n"
                 "`setlog --help` lists the commands and the global flags.\n";
  } else if (argc > 1 && argv[argc - 1][0] != '-') {
    std::cerr << "setlog: no command was understood: " << error.what()
              << "\n`setlog --help` lists the commands and the global flags.\n";
  } else {
    std::cerr << app.help();
  }
  return ExitCode::kUsage;
}

}  // namespace

int RunCommand(std::span<const Command> commands, int argc, char** argv) {
  CLI::App app(kDescription, "setlog");
  app.footer(kFooter);
  app.get_formatter()->column_width(kColumnWidth);
  app.set_version_flag("--version", std::string("setlog " SETLOG_VERSION));
  app.require_subcommand(1);
  GlobalFlags flags;
  DeclareGlobals(app, flags);

  std::list<std::pair<CLI::App*, Runner>> runners;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    runners.emplace_back(sub, command.declare(*sub));
    FinishHelp(*sub);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(Explain(app, error, argc, argv));
  }

  Session session{.server = flags.server, .out = Output(flags.output)};
  ExitCode code = ExitCode::kUsage;
  for (auto& [sub, run] : runners) {
    if (sub->parsed()) code = run(session);
  }
  if (session.convicted) code = Worst(code, ExitCode::kMisbehaviour);
  if (!session.out.Flush()) code = Worst(code, ExitCode::kUnverified);
  return static_cast<int>(code);
}

}  // namespace setlog
