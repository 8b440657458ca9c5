// The program `setlog`: dispatch only. Each command is tools/cmd_<name>.cc.

#include "tools/commands.h"

namespace {

constexpr setlog::Command kCommands[] = {
    {"check", "judges raw proofs, one JSON object a line; no server",
     setlog::DeclareCheck},
    {"hash", "prints the record hashes of files; no server", setlog::DeclareHash},
    {"key", "makes key files", setlog::DeclareKey},
    {"verify", "checks a proof file, offline", setlog::DeclareVerify},
};

}  // namespace

int main(int argc, char** argv) { return setlog::RunCommand(kCommands, argc, argv); }
