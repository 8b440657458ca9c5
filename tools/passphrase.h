// tools/passphrase.h -- where the passphrase of a key file comes from.
//
//   absl::StatusOr<LockedBytes> old = OldPassphrase("pets.vrf", named, flag);
//   absl::StatusOr<LockedBytes> chosen = NewPassphrase("pets.vrf", named, flag);
//
// From the first line of a file that was named (`-` is standard input, of which no more
// than that line is read), else asked on the terminal. Never an argument, which
// everybody on the machine can list, and never the value of a variable, which every
// child inherits: SETLOG_VRF_PASSPHRASE_FILE names a file. A passphrase is 1 to 1,024
// bytes of UTF-8 without control characters: bytes that a file holds by mistake, or
// random ones that happen to have a line end, are not one. Not thread-safe.
#ifndef SETLOG_TOOLS_PASSPHRASE_H_
#define SETLOG_TOOLS_PASSPHRASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "log/locked_bytes.h"

namespace setlog {

inline constexpr char kPassphraseFileVariable[] = "SETLOG_VRF_PASSPHRASE_FILE";

// `named`, or if it is empty what the environment names; empty if neither.
std::string PassphraseFileNamed(const std::string& named);

// The first line of a file, without LF or CR LF. FailedPrecondition if everybody may
// read the file; InvalidArgument if the line is no passphrase.
absl::StatusOr<LockedBytes> ReadPassphraseFile(const std::string& path);

// That of the encrypted key in `key_file`, from `passphrase_file` or, if that is empty,
// the terminal. FailedPrecondition if there is none, naming `flags` (and a variable
// that the command knows) as the remedy.
absl::StatusOr<LockedBytes> OldPassphrase(const std::string& key_file,
                                          const std::string& passphrase_file,
                                          const std::string& flags);

// One for `key_file`, which is to be encrypted: the same, but for the terminal, which
// is asked twice, and only if it is standard input too: whoever runs a script with its
// input elsewhere may not sit at it.
absl::StatusOr<LockedBytes> NewPassphrase(const std::string& key_file,
                                          const std::string& passphrase_file,
                                          const char* flag);

}  // namespace setlog

#endif  // SETLOG_TOOLS_PASSPHRASE_H_
