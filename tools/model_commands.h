// tools/model_commands.h -- what `setlog model` can do; each is tools/model_<name>.cc.
//
//   Runner run = DeclareModelSign(*app.add_subcommand("sign", ...));
//
// As tools/command.h has it, one level down.
#ifndef SETLOG_TOOLS_MODEL_COMMANDS_H_
#define SETLOG_TOOLS_MODEL_COMMANDS_H_

#include "tools/cli_types.h"
#include "tools/command.h"

namespace setlog {

Runner DeclareModelAudit(CLI::App& app);
Runner DeclareModelDiff(CLI::App& app);
Runner DeclareModelIn(CLI::App& app);
Runner DeclareModelInspect(CLI::App& app);
Runner DeclareModelSign(CLI::App& app);
Runner DeclareModelVerify(CLI::App& app);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_COMMANDS_H_
