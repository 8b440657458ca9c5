#include "tools/model_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

std::string BothSpellings(const std::string& name) {
  std::string python = name;
  std::replace(python.begin() + 2, python.end(), '-', '_');
  return python == name ? name : name + "," + python;
}

// An unset variable of a shell is no file, and not the absence of a flag either.
std::string NotEmpty(const std::string& file) {
  return file.empty() ? "the name of a file is empty" : "";
}

}  // namespace

CLI::Option* AddModelArgument(CLI::App& app, std::string& model) {
  return app
      .add_option("MODEL", model, "a directory, or a file that is all of a model")
      ->required()
      ->type_name("");
}

CLI::Option* AddIgnorePaths(CLI::App& app, std::vector<std::string>& paths) {
  return app
      .add_option(BothSpellings("--ignore-paths"), paths,
                  "a file or directory in the model that is no part of it; once each")
      ->type_name("PATH")
      ->expected(1)
      ->take_all();
}

CLI::Option* AddModelFlag(CLI::App& app, const std::string& name, bool& flag,
                          const std::string& help) {
  return app.add_flag(BothSpellings(name), flag, help);
}

CLI::Option* AddModelFile(CLI::App& app, const std::string& name, std::string& file,
                          const std::string& help) {
  return app.add_option(BothSpellings(name), file, help)
      ->type_name("FILE")
      ->check(NotEmpty);
}

CLI::Option* AddModelFiles(CLI::App& app, const std::string& name,
                           std::vector<std::string>& files, const std::string& help) {
  return app.add_option(BothSpellings(name), files, help)
      ->type_name("FILE")
      ->check(NotEmpty)
      ->expected(1)
      ->take_all();
}

std::optional<std::string> PathInModel(const std::string& model,
                                       const std::string& path) {
  std::error_code error;
  const fs::path root = fs::canonical(model, error);
  if (error) return std::nullopt;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  const fs::path directory = fs::weakly_canonical(whole.parent_path(), error);
  if (error) return std::nullopt;
  const fs::path name = (directory / whole.filename()).lexically_relative(root);
  if (name.empty() || name == "." || *name.begin() == "..") return std::nullopt;
  return name.generic_string();
}

absl::StatusOr<std::vector<std::string>> PathsInModel(
    const std::string& model, const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    std::optional<std::string> name = PathInModel(model, path);
    if (!name) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--ignore-paths %s: that is nothing in %s; a path is from "
                          "the current directory, not from the model's",
                          path, model));
    }
    names.push_back(*std::move(name));
  }
  return names;
}

}  // namespace setlog
