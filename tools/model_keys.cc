#include "tools/model_keys.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/locked_bytes.h"
#include "model/certificate_chain.h"
#include "tools/passphrase.h"

namespace setlog {
namespace {

// A chain of certificates of any sense is far smaller.
constexpr size_t kMaxPemBytes = size_t{1} << 20;

absl::Status In(const std::string& file, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrFormat("%s: %s", file, status.message()));
}

}  // namespace

absl::StatusOr<EcdsaPublicKey> ReadPublicKey(const std::string& file) {
  const absl::StatusOr<std::string> pem = ReadSmallFile(file, kMaxPemBytes);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromPem(*pem);
  if (!key.ok()) return In(file, key.status());
  return key;
}

absl::StatusOr<EcdsaPrivateKey> ReadPrivateKey(const std::string& file,
                                               const std::string& passphrase_file) {
  const absl::StatusOr<std::string> pem = ReadSmallFile(file, kMaxPemBytes);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<EcdsaPrivateKey> key = EcdsaPrivateKey::FromPem(*pem, "");
  if (absl::IsFailedPrecondition(key.status())) {
    const absl::StatusOr<LockedBytes> passphrase =
        OldPassphrase(file, passphrase_file, "--passphrase-file");
    if (!passphrase.ok()) return passphrase.status();
    key = EcdsaPrivateKey::FromPem(*pem, AsText(passphrase->bytes()));
  }
  if (!key.ok()) return In(file, key.status());
  return key;
}

absl::StatusOr<std::vector<std::string>> ReadCertificates(
    const std::vector<std::string>& files) {
  std::vector<std::string> all;
  for (const std::string& file : files) {
    const absl::StatusOr<std::string> pem = ReadSmallFile(file, kMaxPemBytes);
    if (!pem.ok()) return pem.status();
    absl::StatusOr<std::vector<std::string>> certificates = CertificatesFromPem(*pem);
    if (!certificates.ok()) return In(file, certificates.status());
    for (std::string& certificate : *certificates) {
      all.push_back(std::move(certificate));
    }
  }
  return all;
}

absl::StatusOr<TrustedRoot> ReadTrustedRoot(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadSmallFile(file, kMaxTrustedRootBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<TrustedRoot> root = ParseTrustedRoot(*text);
  if (!root.ok()) return In(file, root.status());
  return root;
}

}  // namespace setlog
