// `setlog key`: makes key files, shows them, and changes their passphrases.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/key_file.h"
#include "log/bytes.h"
#include "log/skey.h"
#include "log/vkey.h"
#include "log/vrf.h"
#include "tools/commands.h"
#include "tools/passphrase.h"

namespace setlog {
namespace {

struct KeyFlags {
  std::string file;
  std::string name;
  std::string passphrase_file;
  std::string new_passphrase_file;
  bool no_passphrase = false;
};

// "keys/w1.key" is the key of "w1".
std::string NameFromFile(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != path.npos) path.remove_prefix(slash + 1);
  const size_t dot = path.rfind('.');
  if (dot != path.npos && dot > 0) path = path.substr(0, dot);
  return std::string(path);
}

ExitCode KeySigning(const KeyFlags& flags, Output& out) {
  absl::StatusOr<SigningKey> key = CreateKeyFile(
      flags.file, flags.name.empty() ? NameFromFile(flags.file) : flags.name);
  if (absl::IsInvalidArgument(key.status())) {
    return out.Fail(absl::InvalidArgumentError(std::string(key.status().message()) +
                                               ": give the key a name with --name"));
  }
  if (!key.ok()) return out.Fail(key.status());
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kEd25519));
  const std::string cosigner = FormatVkey(key->Verifier(SignatureType::kCosignature));
  out.Result({{"public", vkey}, {"cosigner", cosigner}, {"file", flags.file}}, vkey);
  out.Detail("  as a witness: " + cosigner);
  out.Detail("  the secret is in " + flags.file + ", which only you can read");
  return ExitCode::kHolds;
}

// Nothing with --no-passphrase.
absl::StatusOr<std::optional<LockedBytes>> ChosenPassphrase(
    const KeyFlags& flags, const std::string& passphrase_file, const char* flag) {
  if (flags.no_passphrase) return std::nullopt;
  absl::StatusOr<LockedBytes> chosen = NewPassphrase(flags.file, passphrase_file, flag);
  if (!chosen.ok()) return chosen.status();
  return *std::move(chosen);
}

std::string WhereTheSecretIs(const KeyFlags& flags) {
  return absl::StrFormat(
      "  the secret is in %s, which only you can read, %s", flags.file,
      flags.no_passphrase ? "not encrypted (setlog key passwd encrypts it)"
                          : "encrypted: it is lost with its passphrase");
}

ExitCode KeyVrf(const KeyFlags& flags, Output& out) {
  // Nobody wants to choose a passphrase first.
  if (access(flags.file.c_str(), F_OK) == 0) {
    return out.Fail(absl::AlreadyExistsError(absl::StrFormat(
        "%s is there already, and a key is never overwritten", flags.file)));
  }
  const absl::StatusOr<std::optional<LockedBytes>> passphrase = ChosenPassphrase(
      flags, PassphraseFileNamed(flags.passphrase_file), "--passphrase-file");
  if (!passphrase.ok()) return out.Fail(passphrase.status());
  const absl::StatusOr<VrfSecretKey> key = CreateVrfKeyFile(flags.file, *passphrase);
  if (!key.ok()) return out.Fail(key.status());
  const std::string public_key = ToHex(key->PublicKey().bytes());
  out.Result({{"public", public_key},
              {"encrypted", passphrase->has_value()},
              {"file", flags.file}},
             public_key);
  out.Detail(WhereTheSecretIs(flags));
  out.Detail("  for one log only; keep a copy: without it nobody can look up a record");
  return ExitCode::kHolds;
}

ExitCode KeyPasswd(const KeyFlags& flags, Output& out) {
  const absl::StatusOr<KeyFacts> facts = ShowKeyFile(flags.file);
  if (!facts.ok()) return out.Fail(facts.status());
  if (facts->kind != "vrf") {
    return out.Fail(absl::InvalidArgumentError(absl::StrFormat(
        "%s is a signing key: only VRF keys can be encrypted", flags.file)));
  }
  const absl::StatusOr<VrfSecretKey> key = ReadVrfKeyFile(flags.file, [&flags] {
    return OldPassphrase(
        flags.file, PassphraseFileNamed(flags.passphrase_file),
        std::string("--passphrase-file or ") + kPassphraseFileVariable);
  });
  if (!key.ok()) return out.Fail(key.status());
  const absl::StatusOr<std::optional<LockedBytes>> passphrase =
      ChosenPassphrase(flags, flags.new_passphrase_file, "--new-passphrase-file");
  if (!passphrase.ok()) return out.Fail(passphrase.status());
  const absl::Status written = RewriteVrfKeyFile(flags.file, *key, *passphrase);
  if (!written.ok()) return out.Fail(written);
  const std::string public_key = ToHex(key->PublicKey().bytes());
  out.Result({{"public", public_key},
              {"encrypted", passphrase->has_value()},
              {"file", flags.file}},
             public_key);
  out.Detail(WhereTheSecretIs(flags));
  out.Detail("  copies of the old file open as before: the key is the same");
  return ExitCode::kHolds;
}

ExitCode KeyShow(const KeyFlags& flags, Output& out) {
  const absl::StatusOr<KeyFacts> facts = ShowKeyFile(flags.file);
  if (!facts.ok()) return out.Fail(facts.status());
  Json json = {{"kind", facts->kind}};
  if (!facts->name.empty()) json["name"] = facts->name;
  json["public"] = facts->public_key;
  if (!facts->cosigner.empty()) json["cosigner"] = facts->cosigner;
  json["encrypted"] = facts->encrypted;
  json["file"] = flags.file;
  out.Result(json, facts->public_key);
  if (facts->kind == "signing") {
    out.Detail("  the signing key of " + facts->name);
    out.Detail("  as a witness: " + facts->cosigner);
  } else {
    out.Detail("  the VRF key of a private log's labels");
  }
  out.Detail(facts->encrypted
                 ? "  encrypted: that the secret is this key's, the passphrase shows"
                 : "  not encrypted");
  return ExitCode::kHolds;
}

CLI::Option* AddPassphraseFile(CLI::App& app, const char* name, std::string& file,
                               const char* what) {
  return app.add_option(name, file, what)->type_name("FILE");
}

constexpr char kFooter[] =
    "  setlog key signing --out w1.key --name witness.example.org/w1\n"
    "  setlog key vrf --out pets.vrf\n"
    "  setlog key show pets.vrf\n"
    "  setlog key passwd pets.vrf\n\n"
    "Passphrases are asked for on the terminal. For scripts, a file has one in its\n"
    "first line (- is standard input): --passphrase-file, or the variable\n"
    "SETLOG_VRF_PASSPHRASE_FILE. Without a terminal and a file a new key needs\n"
    "--no-passphrase.";

}  // namespace

Runner DeclareKey(CLI::App& app) {
  auto flags = std::make_unique<KeyFlags>();
  app.require_subcommand(1);
  CLI::App* signing = app.add_subcommand("signing", "an Ed25519 key for signed notes");
  CLI::App* vrf = app.add_subcommand(
      "vrf", "the key of a private log's labels, encrypted with a passphrase");
  CLI::App* show = app.add_subcommand("show", "the public half of a key file");
  CLI::App* passwd = app.add_subcommand(
      "passwd", "another passphrase for a VRF key's file, the first one, or none");
  for (CLI::App* kind : {signing, vrf}) {
    kind->add_option("--out", flags->file, "the new file; never overwritten")
        ->required()
        ->type_name("FILE");
  }
  for (CLI::App* sub : {show, passwd}) {
    sub->add_option("FILE", flags->file, "a key's")->required()->type_name("");
  }
  for (CLI::App* sub : {signing, vrf, show, passwd}) sub->fallthrough();
  signing->add_option("--name", flags->name,
                      "the key's name in notes (default: the file's, without ending)");
  CLI::Option* chosen = AddPassphraseFile(
      *vrf, "--passphrase-file", flags->passphrase_file, "its first line encrypts");
  vrf->add_flag("--no-passphrase", flags->no_passphrase, "do not encrypt")
      ->excludes(chosen);
  AddPassphraseFile(*passwd, "--passphrase-file", flags->passphrase_file,
                    "its first line is the passphrase so far");
  chosen =
      AddPassphraseFile(*passwd, "--new-passphrase-file", flags->new_passphrase_file,
                        "its first line is the new one");
  passwd->add_flag("--no-passphrase", flags->no_passphrase, "do not encrypt any more")
      ->excludes(chosen);
  app.footer(kFooter);
  return [flags = std::move(flags), vrf, show, passwd](Session& session) {
    if (vrf->parsed()) return KeyVrf(*flags, session.out);
    if (show->parsed()) return KeyShow(*flags, session.out);
    if (passwd->parsed()) return KeyPasswd(*flags, session.out);
    return KeySigning(*flags, session.out);
  };
}

}  // namespace setlog
