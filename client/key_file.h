// client/key_file.h -- a secret key in a file that only its owner can read.
//
//   absl::StatusOr<SigningKey> key = CreateKeyFile("w1.key", "witness.example/w1");
//   absl::StatusOr<SigningKey> same = ReadKeyFile("w1.key");
//   absl::StatusOr<VrfSecretKey> labels = ReadVrfKeyFile("pets.vrf", ask);
//
// One line, the skey of log/skey.h or log/vrf_skey.h, or a VRF key encrypted as in
// log/sealed_vrf_skey.h; mode 0600. Bytes are read into locked memory, which is wiped.
// Thread-safe: functions of files.
#ifndef SETLOG_CLIENT_KEY_FILE_H_
#define SETLOG_CLIENT_KEY_FILE_H_

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "log/locked_bytes.h"
#include "log/sealed_vrf_skey.h"
#include "log/skey.h"
#include "log/vrf.h"

namespace setlog {

// A new random key in a new file, durable on OK. AlreadyExists if there is a file, for
// a key that was in use must not be lost; InvalidArgument if `name` may not name a key.
absl::StatusOr<SigningKey> CreateKeyFile(const std::string& path, std::string name);

// CreateKeyFile in two steps, for who must write something else before the file.
absl::StatusOr<SigningKey> NewSigningKey(std::string name);
absl::Status StoreNewKey(const std::string& path, const SigningKey& key);

// NotFound if there is no file; FailedPrecondition if others may read it, or it holds
// no key.
absl::StatusOr<SigningKey> ReadKeyFile(const std::string& path);

// The same for the VRF of a private log, encrypted if there is a passphrase. A key that
// is lost cannot be replaced either: nobody then can say which label is which record's.
absl::StatusOr<VrfSecretKey> CreateVrfKeyFile(
    const std::string& path, const std::optional<LockedBytes>& passphrase,
    const PassphraseCost& cost = {});

// Asked once, and only if the key is encrypted; its error is then the reader's.
using PassphraseSource = absl::FunctionRef<absl::StatusOr<LockedBytes>()>;

// As ReadKeyFile; FailedPrecondition also for a wrong passphrase.
absl::StatusOr<VrfSecretKey> ReadVrfKeyFile(const std::string& path,
                                            PassphraseSource passphrase);

// Writes `key`, which was read from there, anew: encrypted under `passphrase`, or plain
// without one. After a crash there is the old file or the new one, of the same mode.
// FailedPrecondition if the file is somebody else's, who could then not read it.
absl::Status RewriteVrfKeyFile(const std::string& path, const VrfSecretKey& key,
                               const std::optional<LockedBytes>& passphrase,
                               const PassphraseCost& cost = {});

// What a key file says to whoever may read it, without its passphrase.
struct KeyFacts {
  std::string kind;        // "signing" or "vrf"
  std::string name;        // of a signing key
  std::string public_key;  // its vkey; 64 hex digits of a VRF
  std::string cosigner;    // a signing key's vkey as a witness
  bool encrypted = false;  // then nothing has proven that the secret is this key's
};
// Errors as of ReadKeyFile.
absl::StatusOr<KeyFacts> ShowKeyFile(const std::string& path);

}  // namespace setlog

#endif  // SETLOG_CLIENT_KEY_FILE_H_
