// tests/certificate_fixture.h -- keys and certificates of authorities that exist for
// one test, with whatever they should not say.
//
//   TestKey key = NewKey();
//   TestCertificate root = Certify({.name = "root", .key = key, .extensions =
//       {{"basicConstraints", "critical,CA:TRUE"}}});
//   TestCertificate leaf = Certify({.key = NewKey(), .extensions = ...}, &root);
//
// By OpenSSL; what cannot be made ends the test program. All times are near kTestTime.
#ifndef SETLOG_TESTS_CERTIFICATE_FIXTURE_H_
#define SETLOG_TESTS_CERTIFICATE_FIXTURE_H_

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/bytes.h"
#include "model/openssl_pointer.h"

namespace setlog {

inline constexpr int64_t kTestTime = 1'780'000'000;  // 2026-05-28, in seconds
inline constexpr int64_t kYear = 365 * 86400;

using TestKey = std::shared_ptr<EVP_PKEY>;

inline void Must(bool made, const char* what) {
  if (!made) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

inline TestKey NewKey(const char* curve = "P-256") {
  TestKey key(EVP_EC_gen(curve), EVP_PKEY_free);
  Must(key != nullptr, "key");
  return key;
}

inline std::string SpkiOf(const TestKey& key) { return DerOf(i2d_PUBKEY, key.get()); }

inline std::string SignWith(const TestKey& key, std::string_view message,
                            const EVP_MD* hash = EVP_sha256()) {
  const std::shared_ptr<EVP_MD_CTX> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key.get())), '\0');
  size_t size = signature.size();
  const Bytes bytes = AsBytes(message);
  Must(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key.get()) == 1 &&
           EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()),
                          &size, bytes.data(), bytes.size()) == 1,
       "signature");
  signature.resize(size);
  return signature;
}

// As in OpenSSL's configuration: {"keyUsage", "critical,digitalSignature"}.
using Extension = std::pair<std::string, std::string>;

struct CertificateSpec {
  std::string name;  // the subject's CN; "" for none
  TestKey key;
  int64_t from_s = kTestTime - kYear;
  int64_t to_s = kTestTime + kYear;
  std::vector<Extension> extensions;
};

struct TestCertificate {
  std::shared_ptr<X509> x509;
  TestKey key;

  std::string der() const { return DerOf(i2d_X509, x509.get()); }
};

inline void AddExtension(X509* certificate, X509* issuer, const std::string& name,
                         const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const std::shared_ptr<X509_EXTENSION> extension(
      X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str()),
      X509_EXTENSION_free);
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

// Signed, or signed again, by `issuer`'s key.
inline void SignCertificate(const TestCertificate& certificate,
                            const TestCertificate& issuer) {
  Must(X509_sign(certificate.x509.get(), issuer.key.get(), EVP_sha256()) > 0,
       "signing");
}

// By itself without an issuer.
inline TestCertificate Certify(const CertificateSpec& spec,
                               const TestCertificate* issuer = nullptr) {
  static int64_t serial = 1000;
  TestCertificate made{{X509_new(), X509_free}, spec.key};
  X509* x = made.x509.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(x), ++serial);
  if (!spec.name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const uint8_t*>(spec.name.data()),
                               static_cast<int>(spec.name.size()), -1, 0);
  }
  X509* signer = issuer ? issuer->x509.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  ASN1_TIME_set(X509_getm_notBefore(x), spec.from_s);
  ASN1_TIME_set(X509_getm_notAfter(x), spec.to_s);
  Must(X509_set_pubkey(x, spec.key.get()) == 1, "public key");
  for (const auto& [name, value] : spec.extensions)
    AddExtension(x, signer, name, value);
  SignCertificate(made, issuer ? *issuer : made);
  return made;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_CERTIFICATE_FIXTURE_H_
