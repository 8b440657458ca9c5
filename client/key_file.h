// client/key_file.h -- a secret key in a file that only its owner can read.
//
//   absl::StatusOr<SigningKey> key = CreateKeyFile("w1.key", "witness.example/w1");
//   absl::StatusOr<SigningKey> same = ReadKeyFile("w1.key");
//   absl::StatusOr<VrfSecretKey> labels = ReadVrfKeyFile("pets.vrf");
//
// One line, the skey of log/skey.h or log/vrf_skey.h, mode 0600. Thread-safe: functions
// of files.
#ifndef SETLOG_CLIENT_KEY_FILE_H_
#define SETLOG_CLIENT_KEY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
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

// The same for the VRF of a private log. A key that is lost cannot be replaced either:
// nobody then can say which label is which record's.
absl::StatusOr<VrfSecretKey> CreateVrfKeyFile(const std::string& path);
absl::StatusOr<VrfSecretKey> ReadVrfKeyFile(const std::string& path);

}  // namespace setlog

#endif  // SETLOG_CLIENT_KEY_FILE_H_
