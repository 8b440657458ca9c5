// `setlog model sign`: signs the files of a model.

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/atomic_file.h"
#include "model/sign_model.h"
#include "tools/flags.h"
#include "tools/model_commands.h"
#include "tools/model_earlier.h"
#include "tools/model_flags.h"
#include "tools/model_hashing.h"
#include "tools/model_keys.h"
#include "tools/model_report.h"
#include "tools/name_data.h"

namespace setlog {
namespace {

struct SignFlags {
  std::string model;
  std::string signature;
  std::string private_key;
  std::string passphrase_file;
  std::string certificate;
  std::vector<std::string> chain;
  std::vector<std::string> ignore_paths;
  std::string digest = "sha256";
  bool shards = false;
  std::optional<uint64_t> shard_bytes;
  bool allow_symlinks = false;
  std::string compat;
  std::string from_bundle;
  bool trust_mtime = false;
  DataFlags data;
};

// How the model is to become a list; the signature's own file is none of it.
absl::StatusOr<Serialization> SerializationOf(const SignFlags& flags) {
  Serialization how;
  how.method = flags.shards ? ModelMethod::kShards : ModelMethod::kFiles;
  how.digest = *DigestKindNamed(flags.digest);
  how.allow_symlinks = flags.allow_symlinks;
  if (flags.shard_bytes && !flags.shards) {
    return absl::InvalidArgumentError("--shard-size goes with --shards");
  }
  if (flags.shards) how.shard_bytes = flags.shard_bytes.value_or(kDefaultShardBytes);
  if (flags.shards && how.shard_bytes == 0) {
    return absl::InvalidArgumentError("--shard-size: a shard has at least one byte");
  }
  if (!flags.compat.empty() && (flags.shards || how.digest != DigestKind::kSha256)) {
    return absl::InvalidArgumentError(
        "--compat python-1.1: that program verifies whole files by sha256 only");
  }
  absl::StatusOr<std::vector<std::string>> ignored =
      PathsInModel(flags.model, flags.ignore_paths);
  if (!ignored.ok()) return ignored.status();
  how.ignore_paths = DefaultIgnorePaths();
  how.ignore_paths.insert(how.ignore_paths.end(), ignored->begin(), ignored->end());
  if (std::optional<std::string> own = PathInModel(flags.model, flags.signature)) {
    how.ignore_paths.push_back(*std::move(own));
  }
  std::ranges::sort(how.ignore_paths);
  const auto twice = std::ranges::unique(how.ignore_paths);
  how.ignore_paths.erase(twice.begin(), twice.end());
  return how;
}

// Whoever mistypes --signature must not lose a file of the model.
absl::Status CheckMayBeReplaced(const std::string& signature) {
  struct stat info = {};
  if (lstat(signature.c_str(), &info) != 0) return absl::OkStatus();
  // A model may come from anybody, and its links lead to files that are none of it.
  if (S_ISLNK(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "--signature %s: is a symbolic link: name the file itself", signature));
  }
  if (!S_ISREG(info.st_mode)) return absl::OkStatus();
  const absl::StatusOr<std::string> there =
      ReadSmallFile(signature, kMaxModelBundleBytes);
  if (there.ok() && (there->empty() || ParseModelBundle(*there).ok())) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "--signature %s: there is a file that is no signature, and it is kept",
      signature));
}

// Whoever mistypes a path signs what was to be left out.
void NoteNothingThere(const SignFlags& flags, Output& out) {
  for (const std::string& path : flags.ignore_paths) {
    struct stat info = {};
    if (lstat(path.c_str(), &info) == 0) continue;
    out.Note(absl::StrFormat("--ignore-paths %s: there is nothing of this name", path));
  }
}

absl::StatusOr<SignerMaterial> MaterialOf(const SignFlags& flags,
                                          const EcdsaPrivateKey& key) {
  if (flags.certificate.empty()) return KeyMaterial{key.public_key().Hint()};
  absl::StatusOr<std::vector<std::string>> leaf = ReadCertificates({flags.certificate});
  if (!leaf.ok()) return leaf.status();
  absl::StatusOr<std::vector<std::string>> chain = ReadCertificates(flags.chain);
  if (!chain.ok()) return chain.status();
  ChainMaterial material{*std::move(leaf)};
  for (std::string& certificate : *chain) {
    material.certificates.push_back(std::move(certificate));
  }
  return material;
}

// Each thing that cannot be signed, and not only the first.
ExitCode RefuseOdd(const std::vector<OddFile>& odd, const SignFlags& flags,
                   Output& out) {
  std::string lines;
  for (const OddFile& file : odd) {
    if (!lines.empty()) lines += "\n";
    lines += "  " + LineOf({.kind = DifferenceKind::kOdd,
                            .name = file.name,
                            .detail = file.detail});
  }
  out.Error(absl::StrFormat("%s is not signed: %d of its files cannot be, and a part "
                            "of a model is signed only with --ignore-paths",
                            flags.model, odd.size()),
            lines);
  return ExitCode::kUsage;
}

absl::StatusOr<EarlierSignature> Earlier(const SignFlags& flags,
                                         const EcdsaPublicKey& key) {
  if (!flags.trust_mtime) {
    return absl::InvalidArgumentError(
        "--from-bundle: to know without reading it that a file did not change is to "
        "believe its time; say so with --trust-mtime, or leave out --from-bundle");
  }
  return OpenEarlier(flags.from_bundle, key);
}

ExitCode Sign(const SignFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<EcdsaPrivateKey> key =
      ReadPrivateKey(flags.private_key, flags.passphrase_file);
  if (!key.ok()) return out.Fail(key.status());
  const absl::StatusOr<SignerMaterial> material = MaterialOf(flags, *key);
  if (!material.ok()) return out.Fail(material.status());
  const absl::Status usable =
      CheckSigner(key->public_key(), *material, absl::ToUnixMicros(absl::Now()));
  if (!usable.ok()) return out.Fail(usable);
  if (absl::Status s = CheckMayBeReplaced(flags.signature); !s.ok()) return out.Fail(s);

  std::optional<EarlierSignature> earlier;
  if (!flags.from_bundle.empty()) {
    absl::StatusOr<EarlierSignature> opened = Earlier(flags, key->public_key());
    if (!opened.ok()) return out.Fail(opened.status());
    earlier = *std::move(opened);
  }

  const int64_t started_ns = FileTimeNow();
  const absl::StatusOr<Serialization> how = SerializationOf(flags);
  if (!how.ok()) return out.Fail(how.status());
  NoteNothingThere(flags, out);
  const ExitCode named = NameData(flags.data, flags.model, how->ignore_paths, session);
  if (named != ExitCode::kHolds) return named;
  const absl::StatusOr<ModelTree> tree = ListModel(
      flags.model,
      {.ignore_paths = how->ignore_paths, .allow_symlinks = how->allow_symlinks});
  if (!tree.ok()) return out.Fail(tree.status());
  if (!tree->odd.empty()) return RefuseOdd(tree->odd, flags, out);
  if (tree->files.empty()) {
    return out.Fail(absl::InvalidArgumentError(
        absl::StrFormat("%s has no files that could be signed", flags.model)));
  }
  const absl::StatusOr<HashedModel> hashed =
      earlier ? HashChanged(*tree, *how, *earlier, out)
              : HashWithProgress("hashing", *tree, HashOptionsOf(*how), out);
  if (!hashed.ok()) return out.Fail(hashed.status());
  if (!hashed->odd.empty()) return RefuseOdd(hashed->odd, flags, out);
  ModelStatement statement = StatementOf(*tree, hashed->resources, *how);
  if (!flags.compat.empty()) NameAsPython(*tree, statement);
  const absl::StatusOr<std::string> bytes = SignModel(statement, *key, *material);
  if (!bytes.ok()) return out.Fail(bytes.status());
  if (absl::Status s = ReplaceFile(flags.signature, *bytes, 0644); !s.ok()) {
    return out.Fail(s);
  }
  if (absl::Status s = DateSignature(flags.signature, started_ns); !s.ok()) {
    return out.Fail(s);
  }
  out.Result({{"signature", flags.signature},
              {"files", tree->files.size()},
              {"bytes", hashed->bytes},
              {"subject", statement.subject},
              {"digest", flags.digest},
              {"key", key->public_key().Hint()}},
             absl::StrFormat("signed %s as \"%s\": %d files, %s, in %s", flags.model,
                             statement.subject, tree->files.size(),
                             ShowSize(hashed->bytes), flags.signature));
  return ExitCode::kHolds;
}

void AddSignFlags(CLI::App& app, SignFlags& flags) {
  AddModelArgument(app, flags.model);
  AddModelFile(app, "--signature", flags.signature, "the signature file to write")
      ->required();
  AddModelFile(app, "--private-key", flags.private_key,
               "PEM: ECDSA on P-256, P-384 or P-521; encrypted or not")
      ->required();
  AddModelFile(app, "--passphrase-file", flags.passphrase_file,
               "its first line opens an encrypted key (- is standard input; default: "
               "the terminal is asked)");
  AddIgnorePaths(app, flags.ignore_paths);
  AddModelFlag(app, "--allow-symlinks", flags.allow_symlinks,
               "sign what links to files lead to; verifiers must allow it again");
  app.add_option("--hash", flags.digest, "sha256 (default), blake2b or blake3")
      ->check(CLI::IsMember({"sha256", "blake2b", "blake3"}))
      ->type_name("NAME");
  app.add_flag("--shards", flags.shards, "sign parts of files, which hash in parallel");
  AddNumber(app, "--shard-size", flags.shard_bytes, "bytes of a part (1000000000)");
  CLI::Option* from = app.add_option("--from-bundle", flags.from_bundle,
                                     "this key's signature of the model as it was: "
                                     "what was written since is read, nothing else")
                          ->type_name("FILE");
  app.add_flag("--trust-mtime", flags.trust_mtime,
               "files older than --from-bundle's are as they were when it was signed")
      ->needs(from);
  app.add_option("--compat", flags.compat,
                 "python-1.1: so that model_signing 1.1 verifies a single file, too")
      ->check(CLI::IsMember({"python-1.1"}))
      ->type_name("NAME");
  AddDataFlags(app, flags.data);
}

}  // namespace

Runner DeclareModelSign(CLI::App& app) {
  auto flags = std::make_unique<SignFlags>();
  app.require_subcommand(1);
  CLI::App* key = app.add_subcommand("key", "with a key, whose public half verifies");
  CLI::App* certificate =
      app.add_subcommand("certificate", "with a key that a certificate is about");
  for (CLI::App* method : {key, certificate}) {
    method->fallthrough();
    AddSignFlags(*method, *flags);
  }
  AddModelFile(*certificate, "--signing-certificate", flags->certificate,
               "PEM, of the private key")
      ->required();
  AddModelFiles(*certificate, "--certificate-chain", flags->chain,
                "PEM of the certificates above it, nearest first")
      ->required();
  app.footer("");
  key->footer(
      "Example:\n"
      "  setlog model sign key demo --signature demo.sig --private-key signer.key \\\n"
      "      --data example.org/pets@v1\n\n"
      "--data writes training-data.intoto.json into the model: the versions that it "
      "was\n"
      "trained on, with their signed heads; so the signature covers them, too.\n"
      "Left out and recorded as such: .git, .gitattributes, .github and .gitignore at\n"
      "the model's root, --ignore-paths, and the signature file itself.\n\n"
      "--from-bundle OLD --trust-mtime reads only files that are new or were written\n"
      "since OLD was (its own time says when: keep it, as `cp -p` does), or changed "
      "in\n"
      "any other way, as the file system has it. OLD must be signed with the same "
      "key,\n"
      "of a model of the same name. Times are believed: if the machine's clock went\n"
      "back, a change may not be noticed, and the digest signed is the one that OLD\n"
      "has: the model then does not verify. Nothing is ever signed that this key did\n"
      "not sign or setlog did not read.");
  certificate->footer(
      "Example:\n"
      "  setlog model sign certificate demo --signature demo.sig \\\n"
      "      --private-key signer.key --signing-certificate signer.pem \\\n"
      "      --certificate-chain intermediate.pem");
  return [flags = std::move(flags)](Session& session) { return Sign(*flags, session); };
}

}  // namespace setlog
