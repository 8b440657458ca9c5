// tools/commands.h -- the commands of `setlog`; each is tools/cmd_<name>.cc.
//
//   constexpr Command kCommands[] = {{"add", "appends records", DeclareAdd}, ...};
//
// Each adds its flags to `app` and returns what runs it: tools/command.h.
#ifndef SETLOG_TOOLS_COMMANDS_H_
#define SETLOG_TOOLS_COMMANDS_H_

#include "tools/cli_types.h"
#include "tools/command.h"

namespace setlog {

Runner DeclareAdd(CLI::App& app);
Runner DeclareAudit(CLI::App& app);
Runner DeclareBench(CLI::App& app);
Runner DeclareCheck(CLI::App& app);
Runner DeclareCheckData(CLI::App& app);
Runner DeclareConsistency(CLI::App& app);
Runner DeclareCoverage(CLI::App& app);
Runner DeclareDiff(CLI::App& app);
Runner DeclareDisjoint(CLI::App& app);
Runner DeclareEntries(CLI::App& app);
Runner DeclareExport(CLI::App& app);
Runner DeclareHandover(CLI::App& app);
Runner DeclareHash(CLI::App& app);
Runner DeclareHead(CLI::App& app);
Runner DeclareIn(CLI::App& app);
Runner DeclareInclusion(CLI::App& app);
Runner DeclareInit(CLI::App& app);
Runner DeclareKey(CLI::App& app);
Runner DeclareLogs(CLI::App& app);
Runner DeclareModel(CLI::App& app);
Runner DeclarePads(CLI::App& app);
Runner DeclareProver(CLI::App& app);
Runner DeclareRemove(CLI::App& app);
Runner DeclareTag(CLI::App& app);
Runner DeclareTags(CLI::App& app);
Runner DeclareToken(CLI::App& app);
Runner DeclareTrust(CLI::App& app);
Runner DeclareVerify(CLI::App& app);
Runner DeclareWatch(CLI::App& app);
Runner DeclareWitness(CLI::App& app);

}  // namespace setlog

#endif  // SETLOG_TOOLS_COMMANDS_H_
