// tests/test_certificates.h -- certificates for tests, of any times and extensions.
//
//   const TestCertificate root({.subject = "root", .extensions = kAuthority});
//   const TestCertificate leaf({.subject = "leaf", .issuer = &root});
//   VerifyCertificateChain({leaf.der()}, {.roots = {root.der()}, ...}, {});
//
// By OpenSSL, made when the test runs.
#ifndef SETLOG_TESTS_TEST_CERTIFICATES_H_
#define SETLOG_TESTS_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/openssl_pointer.h"
#include "openssl_command.h"

namespace setlog {

// As in openssl's configuration: {"basicConstraints", "critical,CA:TRUE"}.
using Extensions = std::vector<std::pair<std::string, std::string>>;

inline const Extensions kAuthority = {{"basicConstraints", "critical,CA:TRUE"}};
inline const Extensions kSigner = {{"keyUsage", "critical,digitalSignature"}};

class TestCertificate {
 public:
  struct Options {
    std::string subject;                      // its common name
    const TestCertificate* issuer = nullptr;  // itself
    Extensions extensions = kSigner;
    int64_t from_s = 1'700'000'000;   // 2023-11-14T22:13:20Z
    int64_t until_s = 1'900'000'000;  // 2030-03-17T17:46:40Z
    std::string key = "";             // PEM; one on P-256 if empty
    const EVP_MD* hash = EVP_sha256();
    bool other_issuer_key = false;  // signed with its own key, though `issuer` is named
  };

  explicit TestCertificate(const Options& options)
      : key_pem_(options.key.empty() ? NewEcKey("prime256v1") : options.key),
        key_(PEM_read_bio_PrivateKey(ReadOnlyBio(key_pem_).get(), nullptr, nullptr,
                                     nullptr)),
        x509_(X509_new()) {
    static long serial = 0;
    X509* issuer = options.issuer ? options.issuer->x509_.get() : x509_.get();
    X509_set_version(x509_.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509_.get()), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(x509_.get()), options.from_s);
    ASN1_TIME_set(X509_getm_notAfter(x509_.get()), options.until_s);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(x509_.get()), "CN", MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(options.subject.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509_.get(), X509_get_subject_name(issuer));
    X509_set_pubkey(x509_.get(), key_.get());
    for (const auto& [name, value] : options.extensions) Extend(issuer, name, value);
    const bool own_key = options.issuer == nullptr || options.other_issuer_key;
    EVP_PKEY* key = own_key ? key_.get() : options.issuer->key_.get();
    if (X509_sign(x509_.get(), key, options.hash) <= 0) {
      throw std::runtime_error("the certificate cannot be signed");
    }
  }

  std::string der() const {
    std::string der(static_cast<size_t>(i2d_X509(x509_.get(), nullptr)), '\0');
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(x509_.get(), &at);
    return der;
  }
  std::string pem() const {
    const BioPointer bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), x509_.get());
    return TextOf(bio.get());
  }
  const std::string& key_pem() const { return key_pem_; }

 private:
  void Extend(X509* issuer, const std::string& name, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509_.get(), nullptr, nullptr, 0);
    const OpensslPointer<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str()));
    if (extension == nullptr) throw std::runtime_error("no extension: " + name);
    X509_add_ext(x509_.get(), extension.get(), -1);
  }

  std::string key_pem_;
  OpensslPointer<EVP_PKEY, EVP_PKEY_free> key_;
  OpensslPointer<X509, X509_free> x509_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_TEST_CERTIFICATES_H_
