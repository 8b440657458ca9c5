#include "model/sct.h"

#include <functional>

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

class SctTest : public testing::Test {
 protected:
  std::string Certificate(const SigningWish& wish) const {
    return sigstore_.Certificate(wish, NewKey());
  }
  std::vector<std::string> Issuers() const {
    return {sigstore_.intermediate.der(), sigstore_.root.der()};
  }
  absl::Status Verify(const std::string& certificate) const {
    return VerifyEmbeddedScts(certificate, Issuers(), root_.ctlogs);
  }
  // The certificate anew, after `change`, signed by the authority again.
  std::string Changed(const std::string& certificate,
                      const std::function<void(X509*)>& change) const {
    const auto* at = reinterpret_cast<const unsigned char*>(certificate.data());
    const TestCertificate copy{
        {d2i_X509(nullptr, &at, static_cast<long>(certificate.size())), X509_free},
        nullptr};
    change(copy.x509.get());
    SignCertificate(copy, sigstore_.intermediate);
    return copy.der();
  }

  const PrivateSigstore sigstore_;
  const TrustedRoot root_ = sigstore_.Root();
};

TEST_F(SctTest, ACertificateThatItsLogHasSeenVerifies) {
  EXPECT_OK(Verify(Certificate({})));
}

TEST_F(SctTest, WithoutAnSctACertificateIsRefused) {
  EXPECT_STATUS(Verify(Certificate({.with_sct = false})), StatusCode::kDataLoss,
                "the certificate has no SCT");
}

TEST_F(SctTest, AnEmptyListOfSctsIsNone) {
  SigningWish wish{.with_sct = false};
  wish.issuers.push_back({"1.3.6.1.4.1.11129.2.4.2", "DER:04020000"});
  EXPECT_STATUS(Verify(Certificate(wish)), StatusCode::kDataLoss,
                "the certificate has no SCT");
}

TEST_F(SctTest, AnotherLogsSctIsRefused) {
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), Issuers(), root_.tlogs),
                StatusCode::kDataLoss, "of no log of the trusted root");
  // The ID of the log, and another key.
  std::vector<TrustedLog> logs = root_.ctlogs;
  logs[0].key = SpkiOf(NewKey());
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), Issuers(), logs),
                StatusCode::kDataLoss, "https://ct.example.org did not sign the SCT");
  logs[0].kind = LogKeyKind::kRsa;
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), Issuers(), logs),
                StatusCode::kDataLoss, "in another way than its key");
  logs[0].kind = LogKeyKind::kOther;
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), Issuers(), logs),
                StatusCode::kDataLoss, "in another way than its key");
}

// The authority itself cannot give out what the log has not seen.
TEST_F(SctTest, AnSctOfAnotherCertificateIsRefused) {
  const std::string certificate = Certificate({});
  EXPECT_OK(Verify(Changed(certificate, [](X509*) {})));
  EXPECT_STATUS(
      Verify(Changed(certificate,
                     [](X509* x) { ASN1_INTEGER_set(X509_get_serialNumber(x), 5); })),
      StatusCode::kDataLoss, "did not sign the SCT");
  EXPECT_STATUS(
      Verify(Changed(certificate, [](X509* x) { X509_set_pubkey(x, NewKey().get()); })),
      StatusCode::kDataLoss, "did not sign the SCT");
  EXPECT_STATUS(
      Verify(Changed(certificate,
                     [](X509* x) { AddExtension(x, x, "1.2.3.4", "DER:0500"); })),
      StatusCode::kDataLoss, "did not sign the SCT");
}

TEST_F(SctTest, TheSctIsForTheIssuersKey) {
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), std::vector{sigstore_.root.der()},
                                   root_.ctlogs),
                StatusCode::kDataLoss, "the certificate's issuer is not the authority");
  // The same name and another key.
  const TestCertificate other =
      Certify({.name = "intermediate", .key = NewKey(), .extensions = CaExtensions()},
              &sigstore_.root);
  EXPECT_STATUS(
      VerifyEmbeddedScts(Certificate({}), std::vector{other.der()}, root_.ctlogs),
      StatusCode::kDataLoss, "the certificate's issuer is not the authority");
  // Signed by that other key: then the SCT is for the wrong issuer.
  const TestCertificate leaf = {
      [&] {
        const std::string der = Certificate({});
        const auto* at = reinterpret_cast<const unsigned char*>(der.data());
        return std::shared_ptr<X509>(
            d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
      }(),
      nullptr};
  SignCertificate(leaf, other);
  EXPECT_STATUS(VerifyEmbeddedScts(leaf.der(), std::vector{other.der()}, root_.ctlogs),
                StatusCode::kDataLoss, "did not sign the SCT");
}

TEST_F(SctTest, TheSctsTimeIsInTheLogsValidity) {
  std::vector<TrustedLog> logs = root_.ctlogs;
  const int64_t at_us = (kTestTime - 11) * 1'000'000;
  const std::string certificate = Certificate({.sct_s = kTestTime - 11});
  logs[0].valid = {.start_us = at_us, .end_us = at_us};
  EXPECT_OK(VerifyEmbeddedScts(certificate, Issuers(), logs));
  logs[0].valid = {.start_us = at_us + 1};
  EXPECT_STATUS(VerifyEmbeddedScts(certificate, Issuers(), logs), StatusCode::kDataLoss,
                "outside of the validity of https://ct.example.org");
  logs[0].valid = {.start_us = 0, .end_us = at_us - 1};
  EXPECT_STATUS(VerifyEmbeddedScts(certificate, Issuers(), logs), StatusCode::kDataLoss,
                "outside of the validity of https://ct.example.org");
}

// As a signed number it would be one second before 1970.
TEST_F(SctTest, ATimeOfMoreThan63BitsIsInNoValidity) {
  std::vector<TrustedLog> logs = root_.ctlogs;
  logs[0].valid = {.start_us = INT64_MIN};
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({.sct_s = -1}), Issuers(), logs),
                StatusCode::kDataLoss, "outside of the validity of");
}

TEST_F(SctTest, WhatIsNoCertificateIsInvalid) {
  EXPECT_STATUS(VerifyEmbeddedScts(Certificate({}), std::vector<std::string>{"issuer"},
                                   root_.ctlogs),
                StatusCode::kInvalidArgument, "not the bytes of a certificate");
  EXPECT_STATUS(Verify("certificate"), StatusCode::kInvalidArgument,
                "not the bytes of a certificate");
  EXPECT_STATUS(Verify(Certificate({}) + '\0'), StatusCode::kInvalidArgument,
                "not the bytes of a certificate");
}

}  // namespace
}  // namespace setlog
