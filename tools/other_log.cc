#include "tools/other_log.h"

#include <CLI/CLI.hpp>

#include "log/origin.h"

namespace setlog {

CLI::Option* AddOtherOrigin(CLI::App& app, const std::string& name, std::string& origin,
                            const std::string& help) {
  const auto check = [](const std::string& text) {
    return std::string(CheckOrigin(text).message());
  };
  return app.add_option(name, origin, help)->required()->check(check)->type_name("");
}

void AddOtherServer(CLI::App& app, const std::string& prefix, OtherServerFlags& flags,
                    const std::string& whose) {
  app.add_option(prefix + "-server", flags.address,
                 whose + ", if it is not that of --server")
      ->type_name("ADDRESS");
  app.add_option(prefix + "-token-file", flags.token_file,
                 "file of a token for " + whose)
      ->type_name("FILE");
}

Session SessionOn(const Session& session, const OtherServerFlags& flags) {
  Session other = session;
  if (!flags.address.empty()) {
    other.server.address = flags.address;
    other.server.token_file.clear();
  }
  if (!flags.token_file.empty()) other.server.token_file = flags.token_file;
  return other;
}

}  // namespace setlog
