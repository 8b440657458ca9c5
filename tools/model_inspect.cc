// `setlog model inspect`: what a signature says, or what of a model would be signed.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/bytes.h"
#include "log/show_bytes.h"
#include "model/bundle_signature.h"
#include "model/model_tree.h"
#include "model/statement.h"
#include "tools/model_commands.h"
#include "tools/model_report.h"

namespace setlog {
namespace {

struct Named {
  const char* key;   // of JSON
  const char* word;  // for people
  std::string value;
};

// Whom the bundle names as its signer.
std::vector<Named> ClaimedSigner(const ModelBundle& bundle) {
  if (const auto* key = std::get_if<KeyMaterial>(&bundle.material)) {
    return {{"key", "key", key->hint.value_or("not named")}};
  }
  const auto* chain = std::get_if<ChainMaterial>(&bundle.material);
  const std::string& leaf = chain != nullptr
                                ? chain->certificates.at(0)
                                : std::get<FulcioMaterial>(bundle.material).certificate;
  const absl::StatusOr<CertifiedSigner> signer = DescribeCertificate(leaf);
  if (!signer.ok()) {
    return {{"certificate_error", "signer", std::string(signer.status().message())}};
  }
  std::vector<Named> lines = {{"key", "key", signer->key.Hint()},
                              {"subject", "subject", signer->subject},
                              {"issuer", "issuer", signer->issuer}};
  for (const std::string& name : signer->names) {
    lines.push_back({"name", "name", name});
  }
  lines.push_back({"not_before", "from", ShowTime(signer->not_before_us)});
  lines.push_back({"not_after", "until", ShowTime(signer->not_after_us)});
  return lines;
}

Json JsonOf(const ModelStatement& statement) {
  const Serialization& how = statement.serialization;
  Json resources = Json::array();
  for (const ModelResource& resource : statement.resources) {
    resources.push_back({{"name", resource.name}, {"digest", ToHex(resource.digest)}});
  }
  Json json = {{"subject", statement.subject},
               {"root_digest", ToHex(RootDigest(statement.resources))},
               {"method", how.method == ModelMethod::kFiles ? "files" : "shards"},
               {"digest", NameOf(how.digest)},
               {"allow_symlinks", how.allow_symlinks},
               {"ignored", how.ignore_paths}};
  if (how.method == ModelMethod::kShards) json["shard_size"] = how.shard_bytes;
  json["resources"] = std::move(resources);
  return json;
}

void PrintStatement(const ParsedStatement& parsed, Output& out) {
  const ModelStatement& statement = parsed.statement;
  const Serialization& how = statement.serialization;
  out.Detail(absl::StrFormat("  model    \"%s\", root digest %s",
                             ShowForeign(statement.subject),
                             ToHex(RootDigest(statement.resources))));
  std::string kind = absl::StrFormat("  digests  %d by %s, of ",
                                     statement.resources.size(), NameOf(how.digest));
  kind += how.method == ModelMethod::kFiles
              ? "whole files"
              : absl::StrFormat("parts of %d bytes", how.shard_bytes);
  out.Detail(kind + (how.allow_symlinks ? ", through symbolic links" : ""));
  for (const std::string& path : how.ignore_paths) {
    out.Detail("  without  " + ShowLine(path));
  }
  for (const ModelResource& resource : statement.resources) {
    out.Detail("  " + ToHex(resource.digest) + "  " + ShowLine(resource.name));
  }
  for (const std::string& warning : parsed.warnings) {
    out.Detail("  warning  " + warning);
  }
}

ExitCode InspectSignature(const std::string& file, Output& out) {
  const absl::StatusOr<std::string> bytes = ReadSmallFile(file, kMaxModelBundleBytes);
  if (!bytes.ok()) return out.Fail(bytes.status());
  const auto in_file = [&file](const absl::Status& status) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", file, status.message()));
  };
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(*bytes);
  if (!bundle.ok()) return out.Fail(in_file(bundle.status()));
  const absl::StatusOr<ParsedStatement> parsed = ParseStatement(bundle->payload);
  if (!parsed.ok()) return out.Fail(in_file(parsed.status()));
  const std::vector<Named> signer = ClaimedSigner(*bundle);
  Json json = {
      {"verified", false}, {"signature", file}, {"signed_with", MethodOf(*bundle)}};
  for (const Named& line : signer) {
    if (std::string_view(line.key) == "name") {
      json["claimed"]["names"].push_back(line.value);
    } else {
      json["claimed"][line.key] = line.value;
    }
  }
  json["log_entries"] = bundle->tlog_entries.size();
  json["timestamps"] = bundle->timestamps.size();
  json.update(JsonOf(parsed->statement));
  json["warnings"] = parsed->warnings;
  out.Result(json, absl::StrFormat("NOT VERIFIED: %s says of itself:", file));
  out.Detail(absl::StrFormat("  method   %s", MethodOf(*bundle)));
  for (const Named& line : signer) {
    out.Detail(absl::StrFormat("  %-8s %s", line.word, ShowForeign(line.value)));
  }
  PrintStatement(*parsed, out);
  out.Detail("  Anybody can write this. `setlog model verify` tells if it is so.");
  return ExitCode::kHolds;
}

ExitCode InspectModel(const std::string& directory, Output& out) {
  const absl::StatusOr<ModelTree> tree =
      ListModel(directory, {.ignore_paths = DefaultIgnorePaths()});
  if (!tree.ok()) return out.Fail(tree.status());
  uint64_t bytes = 0;
  Json files = Json::array();
  for (const ModelFile& file : tree->files) {
    bytes += file.bytes;
    files.push_back({{"name", file.name}, {"bytes", file.bytes}});
  }
  Json odd = Json::array();
  for (const OddFile& file : tree->odd) {
    odd.push_back({{"name", file.name}, {"detail", file.detail}});
  }
  out.Result({{"verified", false},
              {"model", directory},
              {"bytes", bytes},
              {"files", std::move(files)},
              {"odd", std::move(odd)}},
             absl::StrFormat("NOT VERIFIED: %s has %d files to sign, %s", directory,
                             tree->files.size(), ShowSize(bytes)));
  for (const ModelFile& file : tree->files) {
    out.Detail(absl::StrFormat("  %12d  %s", file.bytes, ShowLine(file.name)));
  }
  for (const OddFile& file : tree->odd) {
    out.Detail("  " + LineOf({.kind = DifferenceKind::kOdd,
                              .name = file.name,
                              .detail = file.detail}));
  }
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareModelInspect(CLI::App& app) {
  auto path = std::make_unique<std::string>();
  app.add_option("FILE", *path, "a signature file, or the directory of a model")
      ->required()
      ->type_name("");
  app.footer(
      "Example:\n"
      "  setlog model inspect demo.sig\n"
      "  NOT VERIFIED: demo.sig says of itself: ...\n\n"
      "Of a directory: what of it would be signed.");
  return [path = std::move(path)](Session& session) {
    std::error_code error;
    return std::filesystem::is_directory(*path, error)
               ? InspectModel(*path, session.out)
               : InspectSignature(*path, session.out);
  };
}

}  // namespace setlog
