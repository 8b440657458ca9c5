// `setlog model`: dispatch only. Each of its commands is tools/model_<name>.cc.

#include <CLI/CLI.hpp>
#include <list>
#include <utility>

#include "tools/commands.h"
#include "tools/model_commands.h"

namespace setlog {
namespace {

constexpr Command kModelCommands[] = {
    {"sign", "signs the files of a model", DeclareModelSign},
    {"verify", "are these the files that were signed?", DeclareModelVerify},
    {"inspect", "what a signature says, not verified", DeclareModelInspect},
    {"diff", "in what two models or signatures differ", DeclareModelDiff},
    {"in", "is a record in the data that it was trained on?", DeclareModelIn},
    {"audit", "do the logs still say of its data what was signed?", DeclareModelAudit},
};

}  // namespace

Runner DeclareModel(CLI::App& app) {
  app.require_subcommand(1);
  std::list<std::pair<CLI::App*, Runner>> runners;
  for (const Command& command : kModelCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    runners.emplace_back(sub, command.declare(*sub));
  }
  app.footer(
      "  setlog model sign key demo --signature demo.sig --private-key signer.key\n"
      "  setlog model verify key demo --signature demo.sig --public-key signer.pub\n\n"
      "Signatures are of the OpenSSF Model Signing format, as those of the Python\n"
      "program `model_signing`, whose flags these are too. No server is needed, but "
      "for "
      "the\n"
      "data that a model was trained on: `sign --data`, `in` and `audit`.");
  return [runners = std::move(runners)](Session& session) mutable {
    for (auto& [sub, run] : runners) {
      if (sub->parsed()) return run(session);
    }
    return ExitCode::kUsage;
  };
}

}  // namespace setlog
