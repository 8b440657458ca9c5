// tests/timestamp_fixture.h -- an authority for times (RFC 3161) that tells any time.
//
//   TimestampAuthority tsa;
//   std::string response = tsa.Stamp("bytes", kTestTime);
#ifndef SETLOG_TESTS_TIMESTAMP_FIXTURE_H_
#define SETLOG_TESTS_TIMESTAMP_FIXTURE_H_

#include <openssl/ts.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certificate_fixture.h"

namespace setlog {

inline std::vector<Extension> CaExtensions() {
  return {{"basicConstraints", "critical,CA:TRUE"},
          {"keyUsage", "critical,keyCertSign"},
          {"subjectKeyIdentifier", "hash"}};
}

struct TimestampAuthority {
  TestCertificate root =
      Certify({.name = "time root", .key = NewKey(), .extensions = CaExtensions()});
  TestCertificate leaf = NewLeaf();

  // Another one that stamps, of the same root.
  TestCertificate NewLeaf(int64_t to_s = kTestTime + kYear) const {
    return Certify({.name = "time",
                    .key = NewKey(),
                    .to_s = to_s,
                    .extensions = {{"keyUsage", "critical,digitalSignature"},
                                   {"extendedKeyUsage", "critical,timeStamping"}}},
                   &root);
  }

  std::vector<std::string> Certificates() const { return {leaf.der(), root.der()}; }

  // A response (DER) with the certificate inside if asked.
  std::string Stamp(std::string_view bytes, int64_t at_s, bool with_certificate = false,
                    const EVP_MD* hash = EVP_sha256()) const {
    const std::shared_ptr<TS_RESP_CTX> context(TS_RESP_CTX_new(), TS_RESP_CTX_free);
    const std::shared_ptr<ASN1_OBJECT> policy(OBJ_txt2obj("1.2.3.4", 1),
                                              ASN1_OBJECT_free);
    TS_RESP_CTX* c = context.get();
    TS_RESP_CTX_set_signer_cert(c, leaf.x509.get());
    TS_RESP_CTX_set_signer_key(c, leaf.key.get());
    TS_RESP_CTX_set_signer_digest(c, EVP_sha256());
    TS_RESP_CTX_set_def_policy(c, policy.get());
    TS_RESP_CTX_add_md(c, hash);
    TS_RESP_CTX_set_serial_cb(
        c,
        [](TS_RESP_CTX*, void*) {
          ASN1_INTEGER* serial = ASN1_INTEGER_new();
          ASN1_INTEGER_set(serial, 7);
          return serial;
        },
        nullptr);
    TS_RESP_CTX_set_time_cb(
        c,
        [](TS_RESP_CTX*, void* at, long* seconds, long* microseconds) {
          *seconds = *static_cast<const int64_t*>(at);
          *microseconds = 0;
          return 1;
        },
        const_cast<int64_t*>(&at_s));
    const std::string query = Query(bytes, with_certificate, hash);
    const std::shared_ptr<BIO> bio(
        BIO_new_mem_buf(query.data(), static_cast<int>(query.size())), BIO_free_all);
    const std::shared_ptr<TS_RESP> response(TS_RESP_create_response(c, bio.get()),
                                            TS_RESP_free);
    Must(response != nullptr, "time stamp");
    return DerOf(i2d_TS_RESP, response.get());
  }

 private:
  static std::string Query(std::string_view bytes, bool with_certificate,
                           const EVP_MD* hash) {
    std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, hash, nullptr);
    const std::shared_ptr<TS_REQ> request(TS_REQ_new(), TS_REQ_free);
    const std::shared_ptr<TS_MSG_IMPRINT> imprint(TS_MSG_IMPRINT_new(),
                                                  TS_MSG_IMPRINT_free);
    const std::shared_ptr<X509_ALGOR> algorithm(X509_ALGOR_new(), X509_ALGOR_free);
    X509_ALGOR_set_md(algorithm.get(), hash);
    TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get());
    TS_MSG_IMPRINT_set_msg(imprint.get(), digest.data(), static_cast<int>(size));
    TS_REQ_set_version(request.get(), 1);
    TS_REQ_set_msg_imprint(request.get(), imprint.get());
    TS_REQ_set_cert_req(request.get(), with_certificate ? 1 : 0);
    return DerOf(i2d_TS_REQ, request.get());
  }
};

}  // namespace setlog

#endif  // SETLOG_TESTS_TIMESTAMP_FIXTURE_H_
