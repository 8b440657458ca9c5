#include "client/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/vrf_skey.h"

namespace setlog {
namespace {

constexpr size_t kMaxKeyFileBytes = 4096;
constexpr unsigned kModeBits = 07777;
constexpr unsigned kOthers = 077;

absl::Status CreateSecretFile(const std::string& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  // So few bytes are written at once or not at all.
  const bool written =
      write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      fsync(file) == 0;
  const int error = errno;
  if (close(file) == 0 && written) return SyncDirectoryOf(path);
  unlink(path.c_str());
  return absl::ErrnoToStatus(error, path);
}

// The line of `secret`, which is wiped; so must the line be.
std::string LineOf(std::string secret) {
  std::string line;
  line.reserve(secret.size() + 1);  // so that no copy stays behind
  line += secret;
  line += '\n';
  sodium_memzero(secret.data(), secret.size());
  return line;
}

absl::Status CreateKeyFileOf(const std::string& path, std::string secret) {
  std::string line = LineOf(std::move(secret));
  const absl::Status status = CreateSecretFile(path, line);
  sodium_memzero(line.data(), line.size());
  return status;
}

absl::Status NoKeyFile(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is no key file (%s): put the right one back", path, why));
}

absl::StatusOr<LockedBytes> ReadSecretDescriptor(int file, const std::string& path) {
  struct stat info = {};
  if (fstat(file, &info) != 0) return absl::ErrnoToStatus(errno, path);
  if ((info.st_mode & kOthers) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s can be read by others: if it still is a secret, run chmod 600 on it",
        path));
  }
  absl::StatusOr<LockedBytes> text = LockedBytes::Allocate(kMaxKeyFileBytes + 1);
  while (text.ok() && text->size() < text->capacity()) {
    const ssize_t got =
        read(file, text->data() + text->size(), text->capacity() - text->size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, path);
    if (got == 0) return text;
    text->Resize(text->size() + static_cast<size_t>(got));
  }
  if (!text.ok()) return text;
  return NoKeyFile(path, absl::StrFormat("more than %d bytes", kMaxKeyFileBytes));
}

// The file's line, without its end, if the file is only its owner's.
absl::StatusOr<LockedBytes> ReadSecretLine(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, "cannot open " + path);
  absl::StatusOr<LockedBytes> text = ReadSecretDescriptor(file, path);
  close(file);
  if (text.ok() && AsText(text->bytes()).ends_with('\n')) {
    text->Resize(text->size() - 1);
  }
  return text;
}

// What `parse` made of a file, or an error that names the file.
template <typename Key>
absl::StatusOr<Key> KeyOrNone(absl::StatusOr<Key> key, const std::string& path) {
  if (key.ok() || !absl::IsInvalidArgument(key.status())) return key;
  return NoKeyFile(path, std::string(key.status().message()));
}

// The text of a key file for `key`.
absl::StatusOr<std::string> VrfText(const VrfSecretKey& key,
                                    const std::optional<LockedBytes>& passphrase,
                                    const PassphraseCost& cost) {
  if (!passphrase) return FormatVrfSkey(key);
  const absl::StatusOr<SealedVrfSkey> sealed =
      SealVrfSkey(key, passphrase->bytes(), cost);
  if (!sealed.ok()) return sealed.status();
  return FormatSealedVrfSkey(*sealed);
}

absl::StatusOr<KeyFacts> FactsOf(std::string_view text) {
  if (IsSealedVrfSkey(text)) {
    const absl::StatusOr<SealedVrfSkey> sealed = ParseSealedVrfSkey(text);
    if (!sealed.ok()) return sealed.status();
    return KeyFacts{.kind = "vrf",
                    .public_key = ToHex(sealed->public_key.bytes()),
                    .encrypted = true};
  }
  if (IsVrfSkey(text)) {
    const absl::StatusOr<VrfSecretKey> key = ParseVrfSkey(text);
    if (!key.ok()) return key.status();
    return KeyFacts{.kind = "vrf", .public_key = ToHex(key->PublicKey().bytes())};
  }
  const absl::StatusOr<SigningKey> key = ParseSkey(text);
  if (!key.ok()) return key.status();
  return KeyFacts{.kind = "signing",
                  .name = key->name,
                  .public_key = FormatVkey(key->Verifier(SignatureType::kEd25519)),
                  .cosigner = FormatVkey(key->Verifier(SignatureType::kCosignature))};
}

}  // namespace

absl::StatusOr<SigningKey> NewSigningKey(std::string name) {
  if (sodium_init() < 0) {
    return absl::InternalError("libsodium cannot be used on this machine");
  }
  std::array<uint8_t, Ed25519PrivateKey::kSeedSize> seed;
  randombytes_buf(seed.data(), seed.size());
  absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::FromSeed(seed);
  sodium_memzero(seed.data(), seed.size());
  if (!key.ok()) return key.status();
  return MakeSigningKey(std::move(name), *std::move(key));
}

absl::Status StoreNewKey(const std::string& path, const SigningKey& key) {
  return CreateKeyFileOf(path, FormatSkey(key));
}

absl::StatusOr<SigningKey> CreateKeyFile(const std::string& path, std::string name) {
  absl::StatusOr<SigningKey> key = NewSigningKey(std::move(name));
  if (!key.ok()) return key;
  if (absl::Status s = StoreNewKey(path, *key); !s.ok()) return s;
  return key;
}

absl::StatusOr<SigningKey> ReadKeyFile(const std::string& path) {
  const absl::StatusOr<LockedBytes> text = ReadSecretLine(path);
  if (!text.ok()) return text.status();
  return KeyOrNone(ParseSkey(AsText(text->bytes())), path);
}

absl::StatusOr<VrfSecretKey> CreateVrfKeyFile(
    const std::string& path, const std::optional<LockedBytes>& passphrase,
    const PassphraseCost& cost) {
  absl::StatusOr<VrfSecretKey> key = VrfSecretKey::Generate();
  if (!key.ok()) return key;
  absl::StatusOr<std::string> text = VrfText(*key, passphrase, cost);
  if (!text.ok()) return text.status();
  const absl::Status status = CreateKeyFileOf(path, *std::move(text));
  if (!status.ok()) return status;
  return key;
}

absl::StatusOr<VrfSecretKey> ReadVrfKeyFile(const std::string& path,
                                            PassphraseSource passphrase) {
  const absl::StatusOr<LockedBytes> text = ReadSecretLine(path);
  if (!text.ok()) return text.status();
  if (!IsSealedVrfSkey(AsText(text->bytes()))) {
    return KeyOrNone(ParseVrfSkey(AsText(text->bytes())), path);
  }
  const absl::StatusOr<SealedVrfSkey> sealed =
      KeyOrNone(ParseSealedVrfSkey(AsText(text->bytes())), path);
  if (!sealed.ok()) return sealed.status();
  const absl::StatusOr<LockedBytes> given = passphrase();
  if (!given.ok()) return given.status();
  absl::StatusOr<VrfSecretKey> key = OpenVrfSkey(*sealed, given->bytes());
  if (key.ok()) return key;
  return absl::Status(
      key.status().code(),
      absl::StrFormat("%s: %s", path, std::string(key.status().message())));
}

absl::Status RewriteVrfKeyFile(const std::string& path, const VrfSecretKey& key,
                               const std::optional<LockedBytes>& passphrase,
                               const PassphraseCost& cost) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s belongs to another user, who could not read what would replace it: do this "
        "as that user",
        path));
  }
  absl::StatusOr<std::string> text = VrfText(key, passphrase, cost);
  if (!text.ok()) return text.status();
  std::string line = LineOf(*std::move(text));
  const absl::Status status = ReplaceFile(path, line, info.st_mode & kModeBits);
  sodium_memzero(line.data(), line.size());
  return status;
}

absl::StatusOr<KeyFacts> ShowKeyFile(const std::string& path) {
  const absl::StatusOr<LockedBytes> text = ReadSecretLine(path);
  if (!text.ok()) return text.status();
  return KeyOrNone(FactsOf(AsText(text->bytes())), path);
}

}  // namespace setlog
