#include "model/certificate_key.h"

#include <openssl/x509.h>

#include <memory>

namespace setlog {

absl::StatusOr<EcdsaPublicKey> CertificateKey(Bytes der) {
  const uint8_t* at = der.data();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (certificate == nullptr || at != der.data() + der.size()) {
    return absl::InvalidArgumentError("not an X.509 certificate");
  }
  uint8_t* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size <= 0) return absl::InvalidArgumentError("the certificate has no key");
  absl::StatusOr<EcdsaPublicKey> key =
      EcdsaPublicKey::FromDer(Bytes(spki, static_cast<size_t>(size)));
  OPENSSL_free(spki);
  return key;
}

}  // namespace setlog
