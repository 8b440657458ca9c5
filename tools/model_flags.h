// tools/model_flags.h -- what the commands on models have on their command lines.
//
//   AddModelArgument(app, flags.model);
//   AddIgnorePaths(app, flags.ignore_paths);
//   absl::StatusOr<std::vector<std::string>> names =
//       PathsInModel(flags.model, flags.ignore_paths);
//
// Flags are spelled as `model_signing`, the Python program, spells them, with '-' or
// with its '_'.
#ifndef SETLOG_TOOLS_MODEL_FLAGS_H_
#define SETLOG_TOOLS_MODEL_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli_types.h"

namespace setlog {

CLI::Option* AddModelArgument(CLI::App& app, std::string& model);
// Paths from the current directory, as of any command; once or several times.
CLI::Option* AddIgnorePaths(CLI::App& app, std::vector<std::string>& paths);
// "--NAME", also with '_' for each '-'.
CLI::Option* AddModelFlag(CLI::App& app, const std::string& name, bool& flag,
                          const std::string& help);
CLI::Option* AddModelFile(CLI::App& app, const std::string& name, std::string& file,
                          const std::string& help);
CLI::Option* AddModelFiles(CLI::App& app, const std::string& name,
                           std::vector<std::string>& files, const std::string& help);

// `path` as the model names it, from its root; nothing if it is not in the model, or is
// the model. Its directory is resolved, and it is not: a link is what is ignored.
std::optional<std::string> PathInModel(const std::string& model,
                                       const std::string& path);
// Of each path. InvalidArgument, naming it, for one that is not in the model.
absl::StatusOr<std::vector<std::string>> PathsInModel(
    const std::string& model, const std::vector<std::string>& paths);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_FLAGS_H_
