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

// A file of the line `secret`, which is wiped.
absl::Status CreateKeyFileOf(const std::string& path, std::string secret) {
  std::string line;
  line.reserve(secret.size() + 1);  // so that no copy stays behind
  line += secret;
  line += '\n';
  sodium_memzero(secret.data(), secret.size());
  const absl::Status status = CreateSecretFile(path, line);
  sodium_memzero(line.data(), line.size());
  return status;
}

// What `parse` makes of the file's line.
template <typename Key>
absl::StatusOr<Key> ReadKeyFileAs(absl::StatusOr<Key> (*parse)(std::string_view),
                                  const std::string& path) {
  struct stat info = {};
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxKeyFileBytes);
  if (!text.ok()) return text.status();
  if (stat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s can be read by others: if it still is a secret, run chmod 600 on it",
        path));
  }
  if (text->ends_with('\n')) text->pop_back();
  absl::StatusOr<Key> key = parse(*text);
  sodium_memzero(text->data(), text->size());
  if (key.ok()) return key;
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is no key file (%s): put the right one back", path,
                      std::string(key.status().message())));
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
  return ReadKeyFileAs(ParseSkey, path);
}

absl::StatusOr<VrfSecretKey> CreateVrfKeyFile(const std::string& path) {
  absl::StatusOr<VrfSecretKey> key = VrfSecretKey::Generate();
  if (!key.ok()) return key;
  const absl::Status status = CreateKeyFileOf(path, FormatVrfSkey(*key));
  if (!status.ok()) return status;
  return key;
}

absl::StatusOr<VrfSecretKey> ReadVrfKeyFile(const std::string& path) {
  return ReadKeyFileAs(ParseVrfSkey, path);
}

}  // namespace setlog
