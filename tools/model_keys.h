// tools/model_keys.h -- keys, certificates and roots that model commands are given.
//
//   absl::StatusOr<EcdsaPublicKey> key = ReadPublicKey("signer.pub");
//   absl::StatusOr<EcdsaPrivateKey> own = ReadPrivateKey("signer.key",
//   passphrase_file);
//
// Errors name the file.
#ifndef SETLOG_TOOLS_MODEL_KEYS_H_
#define SETLOG_TOOLS_MODEL_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/ecdsa_key.h"
#include "model/trusted_root.h"

namespace setlog {

absl::StatusOr<EcdsaPublicKey> ReadPublicKey(const std::string& file);

// Asks for a passphrase only if the key is encrypted: the first line of
// `passphrase_file`, or if that is empty on the terminal.
absl::StatusOr<EcdsaPrivateKey> ReadPrivateKey(const std::string& file,
                                               const std::string& passphrase_file);

// All certificates of all files, as DER, in order.
absl::StatusOr<std::vector<std::string>> ReadCertificates(
    const std::vector<std::string>& files);

absl::StatusOr<TrustedRoot> ReadTrustedRoot(const std::string& file);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_KEYS_H_
