#include "model/certificate_key.h"

#include "model/certificate.h"

namespace setlog {

absl::StatusOr<EcdsaPublicKey> CertificateKey(Bytes der) {
  const absl::StatusOr<CertificatePointer> certificate = ParseCertificate(AsText(der));
  if (!certificate.ok()) return certificate.status();
  return EcdsaPublicKey::FromDer(AsBytes(PublicKeyOf(certificate->get())));
}

}  // namespace setlog
