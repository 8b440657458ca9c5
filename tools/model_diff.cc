// `setlog model diff`: in what two models, or signatures of models, differ.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "model/bundle.h"
#include "model/compare.h"
#include "model/sign_model.h"
#include "model/verify_model.h"
#include "tools/model_commands.h"
#include "tools/model_flags.h"
#include "tools/model_hashing.h"
#include "tools/model_report.h"

namespace setlog {
namespace {

struct DiffFlags {
  std::string a;
  std::string b;
};

// One of the two, as a list of digests.
struct Side {
  ModelStatement statement;
  std::vector<OddFile> odd;
};

// What the file says, if it is a signature. Nothing for a model, which may be a file.
absl::StatusOr<std::optional<ModelStatement>> SignatureAt(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxModelBundleBytes);
  if (absl::IsInvalidArgument(bytes.status())) return std::nullopt;  // far larger
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(*bytes);
  if (!bundle.ok()) return std::nullopt;
  absl::StatusOr<ParsedStatement> parsed = ParseStatement(bundle->payload);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", path, parsed.status().message()));
  }
  return std::move(parsed->statement);
}

// The directory's or file's own digests, of the kind that the other side has.
absl::StatusOr<Side> ReadModel(const std::string& path, Serialization how,
                               const std::string& other, Output& out) {
  std::vector<std::string> ignored = how.ignore_paths;
  const std::vector<std::string>& defaults = DefaultIgnorePaths();
  ignored.insert(ignored.end(), defaults.begin(), defaults.end());
  if (std::optional<std::string> inside = PathInModel(path, other)) {
    ignored.push_back(*std::move(inside));
  }
  absl::StatusOr<ModelTree> tree = ListModel(
      path, {.ignore_paths = std::move(ignored), .allow_symlinks = how.allow_symlinks});
  if (!tree.ok()) return tree.status();
  absl::StatusOr<HashedModel> hashed =
      HashWithProgress("hashing", *tree, HashOptionsOf(how), out);
  if (!hashed.ok()) return hashed.status();
  Side side{.statement = StatementOf(*tree, std::move(hashed->resources), how),
            .odd = std::move(tree->odd)};
  std::ranges::move(hashed->odd, std::back_inserter(side.odd));
  return side;
}

absl::Status CheckComparable(const Serialization& a, const Serialization& b) {
  if (a.method == b.method && a.digest == b.digest && a.shard_bytes == b.shard_bytes) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      "the two signatures have digests of different kinds, and do not say whether the "
      "files differ: compare each with its model");
}

absl::StatusOr<std::vector<ModelDifference>> Differences(const DiffFlags& flags,
                                                         Output& out) {
  const absl::StatusOr<std::optional<ModelStatement>> a_says = SignatureAt(flags.a);
  if (!a_says.ok()) return a_says.status();
  const absl::StatusOr<std::optional<ModelStatement>> b_says = SignatureAt(flags.b);
  if (!b_says.ok()) return b_says.status();
  Serialization how;
  if (*b_says) how = (*b_says)->serialization;
  if (*a_says) how = (*a_says)->serialization;
  if (*b_says) {
    const absl::Status s = CheckComparable(how, (*b_says)->serialization);
    if (!s.ok()) return s;
  }
  const auto side = [&](const std::optional<ModelStatement>& says,
                        const std::string& path,
                        const std::string& other) -> absl::StatusOr<Side> {
    if (says) return Side{.statement = *says};
    return ReadModel(path, how, other, out);
  };
  absl::StatusOr<Side> a = side(*a_says, flags.a, flags.b);
  if (!a.ok()) return a.status();
  absl::StatusOr<Side> b = side(*b_says, flags.b, flags.a);
  if (!b.ok()) return b.status();
  const auto what = [](bool says) { return says ? "a signature" : "a model"; };
  out.Note(absl::StrFormat("from %s (%s) to %s (%s)%s", flags.a,
                           what(a_says->has_value()), flags.b,
                           what(b_says->has_value()),
                           *a_says || *b_says ? "; no signature is verified" : ""));
  std::ranges::move(a->odd, std::back_inserter(b->odd));
  return CompareModel(a->statement, {.resources = std::move(b->statement.resources)},
                      b->odd, {});
}

ExitCode Diff(const DiffFlags& flags, Output& out) {
  const absl::StatusOr<std::vector<ModelDifference>> differences =
      Differences(flags, out);
  if (!differences.ok()) return out.Fail(differences.status());
  for (const ModelDifference& difference : *differences) {
    out.Result(JsonOf(difference), LineOf(difference));
  }
  return differences->empty() ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

}  // namespace

Runner DeclareModelDiff(CLI::App& app) {
  auto flags = std::make_unique<DiffFlags>();
  const char* side = "a model, or a signature file";
  app.add_option("A", flags->a, side)->required()->type_name("");
  app.add_option("B", flags->b, side)->required()->type_name("");
  app.footer(
      "Example:\n"
      "  setlog model diff demo.sig demo\n"
      "  changed  weights.bin\n\n"
      "A line for each file that differs; exit code 0 if none does, 1 else. "
      "Signatures\n"
      "are not verified. A file that is no signature is a model of one file.");
  return [flags = std::move(flags)](Session& session) {
    return Diff(*flags, session.out);
  };
}

}  // namespace setlog
