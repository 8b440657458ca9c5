// model/certificate.h -- certificates (X.509) in OpenSSL's form.
//
//   absl::StatusOr<CertificatePointer> certificate = ParseCertificate(der);
//   EcdsaPublicKey::FromDer(AsBytes(PublicKeyOf(certificate->get())));
//
// Nothing is verified here. Thread-compatible.
#ifndef SETLOG_MODEL_CERTIFICATE_H_
#define SETLOG_MODEL_CERTIFICATE_H_

#include <openssl/x509.h>

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/openssl_pointer.h"

namespace setlog {

// OpenSSL's: 112 bits, as RSA of 2048 bits and SHA-224 have.
inline constexpr int kCertificateSecurityLevel = 2;

using CertificatePointer = OpensslPointer<X509, X509_free>;
using StorePointer = OpensslPointer<X509_STORE, X509_STORE_free>;

// The stack's macros are no functions that a template could take.
inline void FreeCertificates(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}
using CertificateStack = OpensslPointer<STACK_OF(X509), FreeCertificates>;

// InvalidArgument unless `der` is one certificate and nothing else.
absl::StatusOr<CertificatePointer> ParseCertificate(std::string_view der);
// The same for each, in order.
absl::StatusOr<CertificateStack> ParseCertificates(
    std::span<const std::string> certificates);

// SubjectPublicKeyInfo (DER); "" if there is none.
std::string PublicKeyOf(const X509* certificate);

}  // namespace setlog

#endif  // SETLOG_MODEL_CERTIFICATE_H_
