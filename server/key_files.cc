#include "server/key_files.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "log/sha256.h"

namespace setlog {
namespace {

constexpr size_t kMaxFileBytes = 4096;

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  const std::string message =
      absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EEXIST) return absl::AlreadyExistsError(message);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::FailedPreconditionError(message);
}

// The file's bytes without a final line feed, if only its owner may read it.
absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return Failed("open", path);
  struct stat info;
  std::array<char, kMaxFileBytes> buffer;
  const bool statted = fstat(fd, &info) == 0;
  const ssize_t size = read(fd, buffer.data(), buffer.size());
  const absl::Status failed = size < 0 ? Failed("read", path) : absl::OkStatus();
  close(fd);
  if (!failed.ok()) return failed;
  std::string text(buffer.data(), static_cast<size_t>(size));
  sodium_memzero(buffer.data(), buffer.size());
  if (!statted || (info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s can be read by others: if it still is a secret, run chmod 600 on it",
        path));
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path);
  const absl::Status status = fsync(fd) == 0 ? absl::OkStatus() : Failed("sync", path);
  close(fd);
  return status;
}

// Creates DIRECTORY/NAME with `text` and a line feed. AlreadyExists if it is there.
absl::Status WriteSecret(const std::string& directory, const std::string& name,
                         const std::string& text) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());  // of an attempt that a crash cut short
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("create", temporary);
  std::string line = text + "\n";
  absl::Status status;
  if (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fsync(fd) != 0) {
    status = Failed("write", temporary);
  }
  close(fd);
  sodium_memzero(line.data(), line.size());
  // link, not rename: it refuses to replace a key.
  if (status.ok() && link(temporary.c_str(), path.c_str()) != 0) {
    status = Failed("create", path);
  }
  unlink(temporary.c_str());
  return status.ok() ? SyncDirectory(directory) : status;
}

std::string KeyName(std::string_view origin) {
  return ToHex(Sha256(AsBytes(origin))) + ".key";
}

absl::StatusOr<SigningKey> ReadKeyFile(const std::string& path,
                                       std::string_view origin) {
  absl::StatusOr<std::string> text = ReadSecret(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<SigningKey> key = ParseSkey(*text);
  sodium_memzero(text->data(), text->size());
  if (!key.ok() || key->name != origin) {
    return absl::DataLossError(absl::StrFormat(
        "%s is not the signing key of %s: put the right one back from a backup", path,
        origin));
  }
  return key;
}

}  // namespace

absl::Status EnsureDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) {
    const size_t slash = path.find_last_of('/');
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
    return SyncDirectory(parent.empty() ? "/" : parent);
  }
  if (errno != EEXIST) return Failed("create", path);
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Failed("open", path);
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(path + " is not a directory");
  }
  return absl::OkStatus();
}

std::string SigningKeyPath(std::string_view data_dir, std::string_view origin) {
  return std::string(data_dir) + "/keys/" + KeyName(origin);
}

absl::StatusOr<SigningKey> ReadSigningKey(const std::string& data_dir,
                                          std::string_view origin) {
  return ReadKeyFile(SigningKeyPath(data_dir, origin), origin);
}

absl::StatusOr<SigningKey> ReadNewSigningKey(const std::string& data_dir,
                                             std::string_view origin) {
  return ReadKeyFile(SigningKeyPath(data_dir, origin) + ".new", origin);
}

absl::StatusOr<SigningKey> NewSigningKey(const std::string& data_dir,
                                         std::string_view origin) {
  const std::string directory = data_dir + "/keys";
  if (absl::Status s = EnsureDirectory(directory); !s.ok()) return s;
  const std::string kept = SigningKeyPath(data_dir, origin);
  if (access(kept.c_str(), F_OK) == 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has signed a log %s that this store does not have, and one key must never "
        "sign two histories: restore the store from its backup (`setlogd restore`), "
        "or, to begin another log with another key, move that file away",
        kept, origin));
  }
  unlink((kept + ".new").c_str());  // of a creation that a crash cut short
  std::array<uint8_t, Ed25519PrivateKey::kSeedSize> seed;
  randombytes_buf(seed.data(), seed.size());
  absl::StatusOr<Ed25519PrivateKey> secret = Ed25519PrivateKey::FromSeed(seed);
  sodium_memzero(seed.data(), seed.size());
  if (!secret.ok()) return secret.status();
  absl::StatusOr<SigningKey> key = MakeSigningKey(origin, *std::move(secret));
  if (!key.ok()) return key.status();
  std::string text = FormatSkey(*key);
  const absl::Status written = WriteSecret(directory, KeyName(origin) + ".new", text);
  sodium_memzero(text.data(), text.size());
  if (!written.ok()) return written;
  return key;
}

absl::Status KeepSigningKey(const std::string& data_dir, std::string_view origin) {
  const std::string kept = SigningKeyPath(data_dir, origin);
  const std::string fresh = kept + ".new";
  if (access(fresh.c_str(), F_OK) != 0) return absl::OkStatus();
  // link, not rename: it never replaces a key. One that is there is this one, of a
  // crash between the next two lines.
  if (link(fresh.c_str(), kept.c_str()) != 0 && errno != EEXIST) {
    return Failed("create", kept);
  }
  if (unlink(fresh.c_str()) != 0) return Failed("delete", fresh);
  return SyncDirectory(data_dir + "/keys");
}

absl::StatusOr<std::string> ReadAdminToken(const std::string& data_dir) {
  const std::string path = data_dir + "/admin.token";
  absl::StatusOr<std::string> token = ReadSecret(path);
  if (!token.ok() || HashFromHex(*token)) return token;
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is not 64 hex digits: put the right one back, or delete it "
                      "and start again to get a new token",
                      path));
}

absl::StatusOr<std::string> AdminToken(const std::string& data_dir) {
  absl::StatusOr<std::string> token = ReadAdminToken(data_dir);
  if (!absl::IsNotFound(token.status())) return token;
  std::array<uint8_t, 32> random;
  randombytes_buf(random.data(), random.size());
  absl::Status written = WriteSecret(data_dir, "admin.token", ToHex(random));
  if (!written.ok() && !absl::IsAlreadyExists(written)) return written;
  return ReadAdminToken(data_dir);
}

}  // namespace setlog
