#include "tools/passphrase.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/utf8.h"
#include "tools/terminal_secret.h"

namespace setlog {
namespace {

constexpr size_t kMaxPassphraseBytes = 1024;

// `passphrase`, if it is one; `where` it came from is named if not.
absl::StatusOr<LockedBytes> Checked(LockedBytes passphrase, const std::string& where) {
  const Bytes bytes = passphrase.bytes();
  if (bytes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: an empty passphrase protects nothing", where));
  }
  const bool control =
      std::ranges::any_of(bytes, [](uint8_t b) { return b < 0x20 || b == 0x7f; });
  if (control || FirstIllFormedUtf8(AsText(bytes))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: a passphrase is one line of text (UTF-8, no control characters)", where));
  }
  return passphrase;
}

absl::StatusOr<LockedBytes> ReadFirstLine(int file, const std::string& path) {
  struct stat info = {};
  if (fstat(file, &info) != 0) return absl::ErrnoToStatus(errno, path);
  // Not of the group: a service manager that lends a file to one more user does so by
  // an access list, whose mask stands where the group's bits do.
  if (S_ISREG(info.st_mode) && (info.st_mode & S_IRWXO) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is open to everybody: if it still is a secret, run chmod 600 on it", path));
  }
  absl::StatusOr<LockedBytes> line = LockedBytes::Allocate(kMaxPassphraseBytes + 1);
  // Byte by byte: what stands behind the line in a pipe is for somebody else.
  while (line.ok() && line->size() < line->capacity()) {
    uint8_t* const next = line->data() + line->size();
    const ssize_t got = read(file, next, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, path);
    if (got == 0 || *next == '\n') {
      if (AsText(line->bytes()).ends_with('\r')) line->Resize(line->size() - 1);
      return Checked(*std::move(line), path);
    }
    line->Resize(line->size() + 1);
  }
  if (!line.ok()) return line;
  return absl::InvalidArgumentError(absl::StrFormat(
      "the first line of %s is longer than %d bytes", path, kMaxPassphraseBytes));
}

absl::StatusOr<LockedBytes> Ask(const std::string& what) {
  absl::StatusOr<LockedBytes> typed = AskSecret(what + ": ", kMaxPassphraseBytes);
  if (!typed.ok()) return typed;
  return Checked(*std::move(typed), what);
}

}  // namespace

std::string PassphraseFileNamed(const std::string& named) {
  const char* variable = std::getenv(kPassphraseFileVariable);
  return named.empty() && variable != nullptr ? variable : named;
}

absl::StatusOr<LockedBytes> ReadPassphraseFile(const std::string& path) {
  if (path == "-" || path == "/dev/stdin") {
    return ReadFirstLine(STDIN_FILENO, "standard input");
  }
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, "cannot open " + path);
  absl::StatusOr<LockedBytes> passphrase = ReadFirstLine(file, path);
  close(file);
  return passphrase;
}

absl::StatusOr<LockedBytes> OldPassphrase(const std::string& key_file,
                                          const std::string& passphrase_file,
                                          const std::string& flags) {
  if (!passphrase_file.empty()) return ReadPassphraseFile(passphrase_file);
  absl::StatusOr<LockedBytes> typed = Ask("passphrase of " + key_file);
  if (!absl::IsNotFound(typed.status())) return typed;
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is encrypted, and there is no terminal to ask for its "
                      "passphrase: name a file whose first line it is, with %s",
                      key_file, flags));
}

absl::StatusOr<LockedBytes> NewPassphrase(const std::string& key_file,
                                          const std::string& passphrase_file,
                                          const char* flag) {
  if (!passphrase_file.empty()) return ReadPassphraseFile(passphrase_file);
  const absl::Status nobody = absl::FailedPreconditionError(absl::StrFormat(
      "there is no terminal to ask for a passphrase for %s: name a file whose first "
      "line it is, with %s, or say --no-passphrase for a file that is not encrypted",
      key_file, flag));
  if (isatty(STDIN_FILENO) == 0) return nobody;
  absl::StatusOr<LockedBytes> typed =
      Ask("new passphrase for " + key_file + " (--no-passphrase: none)");
  if (absl::IsNotFound(typed.status())) return nobody;
  if (!typed.ok()) return typed;
  const absl::StatusOr<LockedBytes> again = Ask("the same again");
  if (!again.ok()) return again.status();
  if (again->size() != typed->size() ||
      sodium_memcmp(again->bytes().data(), typed->bytes().data(), typed->size()) != 0) {
    return absl::FailedPreconditionError(
        "what was typed the second time is not the same: nothing is done");
  }
  return typed;
}

}  // namespace setlog
