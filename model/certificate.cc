#include "model/certificate.h"

#include <openssl/err.h>

namespace setlog {

absl::StatusOr<CertificatePointer> ParseCertificate(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = at + der.size();
  CertificatePointer certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate == nullptr || at != end) {
    return absl::InvalidArgumentError("not the bytes of a certificate (X.509 in DER)");
  }
  return certificate;
}

absl::StatusOr<CertificateStack> ParseCertificates(
    std::span<const std::string> certificates) {
  CertificateStack stack(sk_X509_new_null());
  for (const std::string& der : certificates) {
    absl::StatusOr<CertificatePointer> certificate = ParseCertificate(der);
    if (!certificate.ok()) return certificate.status();
    sk_X509_push(stack.get(), certificate->release());
  }
  return stack;
}

std::string PublicKeyOf(const X509* certificate) {
  return DerOf(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate));
}

}  // namespace setlog
