// tools/name_data.h -- writes into a model what it was trained on, so that the
// signature covers it.
//
//   DataFlags flags;
//   AddDataFlags(app, flags);   // --data ORIGIN@TAG..., --keep-data, --key, --policy
//   ExitCode code = NameData(flags, "model", ignore_paths, session);
//   if (code != ExitCode::kHolds) return code;   // said already; nothing was written
//
// Each version is asked from a server and verified as `setlog in` does, and the file is
// written when all are: client/training_data.h.
#ifndef SETLOG_TOOLS_NAME_DATA_H_
#define SETLOG_TOOLS_NAME_DATA_H_

#include <string>
#include <vector>

#include "tools/cli_types.h"
#include "tools/command.h"
#include "tools/trust_flags.h"

namespace setlog {

struct DataFlags {
  std::vector<std::string> names;
  bool keep = false;
  TrustFlags trust;
};
void AddDataFlags(CLI::App& app, DataFlags& flags);

// kHolds, and MODEL has the file that `flags` ask for, or none where they ask for none.
// A file that nobody asked for is no reason to sign it: kUsage.
ExitCode NameData(const DataFlags& flags, const std::string& model,
                  const std::vector<std::string>& ignore_paths, Session& session);

}  // namespace setlog

#endif  // SETLOG_TOOLS_NAME_DATA_H_
