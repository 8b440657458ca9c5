// `setlog key`: makes key files.

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "log/ed25519.h"
#include "log/skey.h"
#include "log/vkey.h"
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

absl::StatusOr<SigningKey> MakeKey(std::string name) {
  std::array<uint8_t, Ed25519PrivateKey::kSeedSize> seed;
  randombytes_buf(seed.data(), seed.size());
  absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::FromSeed(seed);
  sodium_memzero(seed.data(), seed.size());
  if (!key.ok()) return key.status();
  return MakeSigningKey(std::move(name), *std::move(key));
}

// A new file that only its owner can read; never an old one, for a key that was in use
// must not be lost.
absl::Status CreateSecretFile(const std::string& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  // So few bytes are written at once or not at all.
  const bool written =
      write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      fsync(file) == 0;
  const int error = errno;
  if (close(file) == 0 && written) return absl::OkStatus();
  unlink(path.c_str());
  return absl::ErrnoToStatus(error, path);
}

ExitCode KeySigning(const KeyFlags& flags, Output& out) {
  if (sodium_init() < 0) {
    return out.Fail(absl::InternalError("libsodium cannot be used on this machine"));
  }
  absl::StatusOr<SigningKey> key =
      MakeKey(flags.name.empty() ? NameFromFile(flags.out_file) : flags.name);
  if (!key.ok()) {
    return out.Fail(absl::InvalidArgumentError(std::string(key.status().message()) +
                                               ": give the key a name with --name"));
  }
  std::string secret = FormatSkey(*key) + "\n";
  const absl::Status status = CreateSecretFile(flags.out_file, secret);
  sodium_memzero(secret.data(), secret.size());
  if (!status.ok()) return out.Fail(status);
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kEd25519));
  const std::string cosigner = FormatVkey(key->Verifier(SignatureType::kCosignature));
  out.Result({{"public", vkey}, {"cosigner", cosigner}, {"file", flags.out_file}},
             vkey);
  out.Detail("  as a witness: " + cosigner);
  out.Detail("  the secret is in " + flags.out_file + ", which only you can read");
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareKey(CLI::App& app) {
  auto flags = std::make_unique<KeyFlags>();
  app.require_subcommand(1);
  CLI::App* signing = app.add_subcommand("signing", "an Ed25519 key for signed notes");
  signing->fallthrough();
  signing->add_option("--out", flags->out_file, "the new file; never overwritten")
      ->required()
      ->type_name("FILE");
  signing->add_option("--name", flags->name,
                      "the key's name in notes (default: the file's, without ending)");
  app.footer("  setlog key signing --out w1.key --name witness.example.org/w1");
  return [flags = std::move(flags)](Session& session) {
    return KeySigning(*flags, session.out);
  };
}

}  // namespace setlog
