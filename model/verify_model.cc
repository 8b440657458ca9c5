#include "model/verify_model.h"

#include <set>
#include <utility>
#include <vector>

#include "model/bundle.h"
#include "model/in_part.h"

namespace setlog {
namespace {

// Python names the file that is a whole model ".", or ".:0:100" a part of it.
void NameSingleFile(const ModelTree& tree, ModelStatement& statement) {
  if (!tree.single_file || tree.files.size() != 1) return;
  for (ModelResource& resource : statement.resources) {
    if (PartNamed(resource.name, statement.serialization.method).path == ".") {
      resource.name = tree.files[0].name + resource.name.substr(1);
    }
  }
}

std::vector<std::string> IgnoredPaths(const SignedModel& model,
                                      const ReadingRules& rules) {
  std::vector<std::string> paths = model.statement.serialization.ignore_paths;
  const std::vector<std::string>& defaults = DefaultIgnorePaths();
  paths.insert(paths.end(), defaults.begin(), defaults.end());
  paths.insert(paths.end(), rules.ignore_paths.begin(), rules.ignore_paths.end());
  return paths;
}

bool FollowsSymlinks(const SignedModel& model, const ReadingRules& rules) {
  return rules.allow_symlinks && model.statement.serialization.allow_symlinks;
}

}  // namespace

absl::StatusOr<SignedModel> OpenSignedModel(std::string_view bundle_bytes,
                                            const TrustedSigner& trusted) {
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(bundle_bytes);
  if (!bundle.ok()) return InPart("the signature file", bundle.status());
  absl::StatusOr<ModelSigner> signer = VerifyBundleSignature(*bundle, trusted);
  if (!signer.ok()) return InPart("the signature", signer.status());
  absl::StatusOr<ParsedStatement> parsed = ParseStatement(bundle->payload);
  if (!parsed.ok()) return InPart("the signed statement", parsed.status());
  return SignedModel{.statement = std::move(parsed->statement),
                     .warnings = std::move(parsed->warnings),
                     .signer = *std::move(signer)};
}

ListOptions ListOptionsOf(const SignedModel& model, const ReadingRules& rules) {
  return {.ignore_paths = IgnoredPaths(model, rules),
          .allow_symlinks = FollowsSymlinks(model, rules)};
}

HashModelOptions HashOptionsOf(const SignedModel& model, const ReadingRules& rules) {
  const Serialization& how = model.statement.serialization;
  return {.method = how.method,
          .digest = how.digest,
          .shard_bytes = how.shard_bytes,
          .follow_symlinks = FollowsSymlinks(model, rules)};
}

void LeaveOutUnsigned(const SignedModel& model, const ReadingRules& rules,
                      ModelTree& tree) {
  // A single file is the model, whatever name it was signed under.
  if (!rules.ignore_unsigned || tree.single_file) return;
  std::set<std::string_view> listed;
  for (const ModelResource& resource : model.statement.resources) {
    listed.insert(PartNamed(resource.name, model.statement.serialization.method).path);
  }
  std::erase_if(tree.files,
                [&](const ModelFile& file) { return !listed.contains(file.name); });
}

std::vector<ModelDifference> JudgeModel(const SignedModel& model,
                                        const ReadingRules& rules,
                                        const ModelTree& tree,
                                        const HashedModel& hashed) {
  ModelStatement statement = model.statement;
  NameSingleFile(tree, statement);
  std::vector<ModelDifference> differences = CompareModel(
      statement, hashed, tree.odd, {.ignore_added = rules.ignore_unsigned});
  const std::vector<std::string> ignored = IgnoredPaths(model, rules);
  for (ModelDifference& difference : differences) {
    if (difference.kind == DifferenceKind::kMissing &&
        IsIgnored(difference.name, ignored)) {
      difference.detail = "it is signed, and among the paths to ignore";
    }
  }
  return differences;
}

}  // namespace setlog
