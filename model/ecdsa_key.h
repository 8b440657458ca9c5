// model/ecdsa_key.h -- ECDSA keys, as model signatures use them.
//
//   absl::StatusOr<EcdsaPrivateKey> key = EcdsaPrivateKey::FromPem(pem, passphrase);
//   absl::StatusOr<std::string> signature = key->Sign(AsBytes(DssePae(payload)));
//   absl::Status ok = key->public_key().Verify(AsBytes(DssePae(payload)), *signature);
//
//   curve    hash       curve    hash       curve    hash
//   P-256    SHA-256    P-384    SHA-384    P-521    SHA-512
//
// Any other key is refused. A signature is ASN.1 DER of r and s, in its one encoding;
// both halves of s are taken, as every implementation of OMS does.
//
// Source: OpenSSF Model Signing 1.0, FIPS 186-5. By OpenSSL. Thread-compatible.
#ifndef SETLOG_MODEL_ECDSA_KEY_H_
#define SETLOG_MODEL_ECDSA_KEY_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class EcdsaPublicKey {
 public:
  // InvalidArgument unless it is one PEM "PUBLIC KEY" of a curve above.
  static absl::StatusOr<EcdsaPublicKey> FromPem(std::string_view pem);
  // Of a SubjectPublicKeyInfo.
  static absl::StatusOr<EcdsaPublicKey> FromDer(Bytes spki);

  // DataLoss if the signature is another's or of other bytes; InvalidArgument if it is
  // no signature at all.
  absl::Status Verify(Bytes message, Bytes signature) const;

  // SubjectPublicKeyInfo, with LF and 64 columns.
  std::string ToPem() const;
  // How a bundle names the key: lower hex SHA-256 of ToPem().
  std::string Hint() const;
  std::string_view curve() const;  // "P-256", "P-384", "P-521"

 private:
  friend class EcdsaPrivateKey;
  explicit EcdsaPublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

class EcdsaPrivateKey {
 public:
  // PKCS#8 or SEC 1, encrypted or not. InvalidArgument if it is neither or of another
  // kind; FailedPrecondition if the key is encrypted and `passphrase` is empty;
  // PermissionDenied if it does not open.
  static absl::StatusOr<EcdsaPrivateKey> FromPem(std::string_view pem,
                                                 std::string_view passphrase);

  absl::StatusOr<std::string> Sign(Bytes message) const;
  EcdsaPublicKey public_key() const;

 private:
  explicit EcdsaPrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace setlog

#endif  // SETLOG_MODEL_ECDSA_KEY_H_
