// `setlog key`: makes key files.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "client/key_file.h"
#include "log/bytes.h"
#include "log/skey.h"
#include "log/vkey.h"
#include "log/vrf.h"
#include "tools/commands.h"

namespace setlog {
namespace {

struct KeyFlags {
  std::string out_file;
  std::string name;
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
      flags.out_file, flags.name.empty() ? NameFromFile(flags.out_file) : flags.name);
  if (absl::IsInvalidArgument(key.status())) {
    return out.Fail(absl::InvalidArgumentError(std::string(key.status().message()) +
                                               ": give the key a name with --name"));
  }
  if (!key.ok()) return out.Fail(key.status());
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kEd25519));
  const std::string cosigner = FormatVkey(key->Verifier(SignatureType::kCosignature));
  out.Result({{"public", vkey}, {"cosigner", cosigner}, {"file", flags.out_file}},
             vkey);
  out.Detail("  as a witness: " + cosigner);
  out.Detail("  the secret is in " + flags.out_file + ", which only you can read");
  return ExitCode::kHolds;
}

ExitCode KeyVrf(const KeyFlags& flags, Output& out) {
  const absl::StatusOr<VrfSecretKey> key = CreateVrfKeyFile(flags.out_file);
  if (!key.ok()) return out.Fail(key.status());
  const std::string public_key = ToHex(key->PublicKey().bytes());
  out.Result({{"public", public_key}, {"file", flags.out_file}}, public_key);
  out.Detail("  the secret is in " + flags.out_file + ", which only you can read");
  out.Detail("  for one log only; keep a copy: without it nobody can look up a record");
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareKey(CLI::App& app) {
  auto flags = std::make_unique<KeyFlags>();
  app.require_subcommand(1);
  CLI::App* signing = app.add_subcommand("signing", "an Ed25519 key for signed notes");
  CLI::App* vrf = app.add_subcommand("vrf", "the key of a private log's labels");
  for (CLI::App* kind : {signing, vrf}) {
    kind->fallthrough();
    kind->add_option("--out", flags->out_file, "the new file; never overwritten")
        ->required()
        ->type_name("FILE");
  }
  signing->add_option("--name", flags->name,
                      "the key's name in notes (default: the file's, without ending)");
  app.footer(
      "  setlog key signing --out w1.key --name witness.example.org/w1\n"
      "  setlog key vrf --out pets.vrf");
  return [flags = std::move(flags), vrf](Session& session) {
    return vrf->parsed() ? KeyVrf(*flags, session.out)
                         : KeySigning(*flags, session.out);
  };
}

}  // namespace setlog
