#include "tools/model_check.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/atomic_file.h"
#include "log/show_bytes.h"
#include "tools/model_flags.h"
#include "tools/model_hashing.h"
#include "tools/model_keys.h"

namespace setlog {
namespace {

absl::StatusOr<int64_t> TimeOf(const std::optional<std::string>& at) {
  if (!at) return absl::ToUnixMicros(absl::Now());
  absl::Time time;
  std::string why;
  if (absl::ParseTime(absl::RFC3339_full, *at, &time, &why)) {
    return absl::ToUnixMicros(time);
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("--at %s: not a time such as 2026-01-31T12:00:00Z", *at));
}

absl::StatusOr<TrustedSigner> TrustedOf(const ModelCheckFlags& flags) {
  if (!flags.public_key.empty()) {
    absl::StatusOr<EcdsaPublicKey> key = ReadPublicKey(flags.public_key);
    if (!key.ok()) return key.status();
    return TrustedKey{*std::move(key)};
  }
  if (!flags.trusted_root.empty()) {
    absl::StatusOr<TrustedRoot> root = ReadTrustedRoot(flags.trusted_root);
    if (!root.ok()) return root.status();
    return TrustedSigstore{*std::move(root), flags.identity};
  }
  absl::StatusOr<std::vector<std::string>> roots = ReadCertificates(flags.chain);
  if (!roots.ok()) return roots.status();
  const absl::StatusOr<int64_t> at_us = TimeOf(flags.at);
  if (!at_us.ok()) return at_us.status();
  return TrustedChain{{.roots = *std::move(roots), .at_us = *at_us}, flags.expected};
}

absl::StatusOr<ReadingRules> RulesOf(const ModelCheckFlags& flags) {
  absl::StatusOr<std::vector<std::string>> ignored =
      PathsInModel(flags.model, flags.ignore_paths);
  if (!ignored.ok()) return ignored.status();
  if (std::optional<std::string> own = PathInModel(flags.model, flags.signature)) {
    ignored->push_back(*std::move(own));
  }
  return ReadingRules{.ignore_paths = *std::move(ignored),
                      .ignore_unsigned = flags.ignore_unsigned,
                      .allow_symlinks = flags.allow_symlinks};
}

// What is wrong with the signature file, and not with this machine.
bool IsRefusal(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsDataLoss(status) ||
         absl::IsNotFound(status);
}

std::vector<std::string> WarningsOf(const SignedModel& claimed,
                                    const ReadingRules& rules, const Listed& listed) {
  std::vector<std::string> warnings = claimed.warnings;
  if (rules.allow_symlinks && !claimed.statement.serialization.allow_symlinks) {
    warnings.push_back(
        "--allow-symlinks: the signer did not allow links, so none is followed");
  }
  for (const std::string& name : listed.unsigned_empty) {
    warnings.push_back(absl::StrFormat(
        "%s has no bytes: a signature of shards does not say whether it is there",
        ShowForeign(name)));
  }
  return warnings;
}

}  // namespace

bool CheckedModel::undecided() const {
  return refused.ok() && !differences.empty() &&
         std::ranges::all_of(differences, [](const ModelDifference& difference) {
           return difference.kind == DifferenceKind::kUnread;
         });
}

void AddModelCheckFlags(CLI::App& app, ModelCheckFlags& flags) {
  AddModelArgument(app, flags.model);
  AddModelFile(app, "--signature", flags.signature, "the signature file")->required();
  AddIgnorePaths(app, flags.ignore_paths);
  AddModelFlag(app, "--ignore-unsigned-files", flags.ignore_unsigned,
               "files that were not signed are no reason to refuse");
  AddModelFlag(app, "--allow-symlinks", flags.allow_symlinks,
               "follow links to files, if the signer did");
}

void AddKeyFlags(CLI::App& app, ModelCheckFlags& flags) {
  AddModelFile(app, "--public-key", flags.public_key, "PEM, of the signer")->required();
}

void AddCertificateFlags(CLI::App& app, ModelCheckFlags& flags) {
  AddModelFiles(app, "--certificate-chain", flags.chain,
                "PEM of what is trusted: a root, or several; never the system's")
      ->required();
  app.add_option("--expect-san", flags.expected.san,
                 "the certificate must be for this e-mail address, URI or DNS name")
      ->type_name("NAME");
  app.add_option("--expect-subject", flags.expected.subject,
                 "must be of this subject, as RFC 2253 writes it")
      ->type_name("NAME");
  app.add_option("--expect-issuer", flags.expected.issuer,
                 "must be issued by this subject")
      ->type_name("NAME");
  app.add_option("--at", flags.at,
                 "all certificates must be valid then (2026-01-31T12:00:00Z), not now")
      ->type_name("TIME");
}

void AddSigstoreFlags(CLI::App& app, ModelCheckFlags& flags) {
  AddModelFile(app, "--trusted-root", flags.trusted_root,
               "whom to believe: Sigstore's trusted_root.json, or that of another")
      ->required();
  app.add_option("--identity", flags.identity.identity,
                 "who signed: an e-mail address, URI or DNS name, exactly")
      ->required()
      ->type_name("NAME");
  app.add_option("--identity-provider,--identity_provider", flags.identity.issuer,
                 "where that is a name: the issuer's URL, exactly")
      ->required()
      ->type_name("URL");
}

absl::StatusOr<CheckedModel> CheckModel(const ModelCheckFlags& flags,
                                        const Output& out) {
  const absl::StatusOr<TrustedSigner> trusted = TrustedOf(flags);
  if (!trusted.ok()) return trusted.status();
  const absl::StatusOr<ReadingRules> rules = RulesOf(flags);
  if (!rules.ok()) return rules.status();
  const absl::StatusOr<std::string> bundle =
      ReadSmallFile(flags.signature, kMaxModelBundleBytes);
  if (!bundle.ok()) return bundle.status();

  CheckedModel checked;
  absl::StatusOr<SignedModel> claimed = OpenSignedModel(*bundle, *trusted);
  if (!claimed.ok()) {
    if (!IsRefusal(claimed.status())) return claimed.status();
    checked.refused = claimed.status();
    return checked;
  }
  absl::StatusOr<ModelTree> tree =
      ListModel(flags.model, ListOptionsOf(*claimed, *rules));
  if (!tree.ok()) return tree.status();
  const Listed listed = JudgeListing(*claimed, *rules, *tree);
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<HashedModel> hashed =
      HashWithProgress("verifying", *tree, HashOptionsOf(*claimed, *rules), out);
  if (!hashed.ok()) return hashed.status();
  checked.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  checked.differences = JudgeModel(*claimed, *rules, *tree, listed, *hashed);
  checked.warnings = WarningsOf(*claimed, *rules, listed);
  checked.files = tree->files.size();
  checked.bytes = hashed->bytes;
  checked.claimed = *std::move(claimed);
  return checked;
}

}  // namespace setlog
