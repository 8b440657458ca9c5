#include "tools/daemon_flags.h"

#include <CLI/CLI.hpp>

namespace setlog {

void AddDirectoryFlags(CLI::App& app, DataDirectory& where) {
  app.add_option("--data", where.data_dir, "the data directory")->required();
  app.add_option("--anchor", where.anchor_path,
                 "the head anchor's file (default: DIR/anchor)");
}

std::optional<int> ParseFlags(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace setlog
