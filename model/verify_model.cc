#include "model/verify_model.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
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

// Of each file that is signed: with shards how long it was, else 0.
using SignedSizes = std::map<std::string_view, uint64_t>;

SignedSizes SizesOf(const ModelStatement& statement) {
  SignedSizes sizes;
  for (const ModelResource& resource : statement.resources) {
    const FilePart part = PartNamed(resource.name, statement.serialization.method);
    uint64_t& size = sizes[part.path];
    size = std::max(size, part.end);
  }
  return sizes;
}

std::set<uint64_t> MissingSizes(SignedSizes sizes, const ModelTree& tree) {
  for (const ModelFile& file : tree.files) sizes.erase(file.name);
  std::set<uint64_t> missing;
  for (const auto& [path, size] : sizes) missing.insert(size);
  return missing;
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
  if (!bundle.ok()) return bundle.status();
  absl::StatusOr<ModelSigner> signer = VerifyBundleSignature(*bundle, trusted);
  if (!signer.ok()) return InPart("signature", signer.status());
  absl::StatusOr<ParsedStatement> parsed = ParseStatement(bundle->payload);
  if (!parsed.ok()) return parsed.status();
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

Listed JudgeListing(const SignedModel& model, const ReadingRules& rules,
                    ModelTree& tree) {
  Listed listed;
  // A single file is the model, whatever name it was signed under.
  if (tree.single_file) return listed;
  const bool shards = model.statement.serialization.method == ModelMethod::kShards;
  const SignedSizes sizes = SizesOf(model.statement);
  const std::set<uint64_t> missing = MissingSizes(sizes, tree);
  const auto decide = [&](const ModelFile& file) {
    const auto at = sizes.find(file.name);
    if (at != sizes.end()) {
      if (!shards || at->second == file.bytes) return false;
      listed.differences.push_back(
          {.kind = DifferenceKind::kChanged,
           .name = file.name,
           .detail =
               absl::StrFormat("%d bytes, %d were signed", file.bytes, at->second)});
      return true;
    }
    if (shards && file.bytes == 0) {
      listed.unsigned_empty.push_back(file.name);
      return true;
    }
    if (rules.ignore_unsigned) return true;
    const bool perhaps_renamed = missing.contains(shards ? file.bytes : 0);
    if (perhaps_renamed) return false;
    listed.differences.push_back({.kind = DifferenceKind::kAdded, .name = file.name});
    return true;
  };
  std::erase_if(tree.files, decide);
  return listed;
}

std::vector<ModelDifference> JudgeModel(const SignedModel& model,
                                        const ReadingRules& rules,
                                        const ModelTree& tree, const Listed& listed,
                                        const HashedModel& hashed) {
  ModelStatement statement = model.statement;
  NameSingleFile(tree, statement);
  std::vector<ModelDifference> differences = CompareModel(
      statement, hashed, tree.odd,
      {.ignore_added = rules.ignore_unsigned, .decided = listed.differences});
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
