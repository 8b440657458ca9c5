// Certificates that say too little, too much, or of another.
#include "model/fulcio.h"

#include <array>

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr std::array<int64_t, 1> kTimes = {kTestTime * 1'000'000};

class FulcioTest : public testing::Test {
 protected:
  absl::StatusOr<EcdsaPublicKey> Verify(
      const SigningWish& wish,
      const ExpectedIdentity& expected = PrivateSigstore::Expected()) const {
    return VerifyFulcioCertificate(sigstore_.Certificate(wish, NewKey()), root_, kTimes,
                                   expected);
  }

  const PrivateSigstore sigstore_;
  const TrustedRoot root_ = sigstore_.Root();
};

TEST_F(FulcioTest, ACertificateGivesItsKey) {
  const TestKey key = NewKey();
  const absl::StatusOr<EcdsaPublicKey> found = VerifyFulcioCertificate(
      sigstore_.Certificate({}, key), root_, kTimes, PrivateSigstore::Expected());
  ASSERT_OK(found);
  EXPECT_OK(found->Verify(AsBytes("text"), AsBytes(SignWith(key, "text"))));
}

TEST_F(FulcioTest, ExpectationsAreNeverEmpty) {
  EXPECT_STATUS(Verify({}, {"ml@example.org", ""}), StatusCode::kInvalidArgument,
                "both must be given");
  EXPECT_STATUS(Verify({}, {"", "https://accounts.example.org"}),
                StatusCode::kInvalidArgument, "both must be given");
}

TEST_F(FulcioTest, WithoutATimeNothingIsVerified) {
  EXPECT_STATUS(VerifyFulcioCertificate(sigstore_.Certificate({}, NewKey()), root_, {},
                                        PrivateSigstore::Expected()),
                StatusCode::kDataLoss, "no time to verify a certificate at");
}

TEST_F(FulcioTest, WhatIsNoCertificateIsInvalid) {
  EXPECT_STATUS(VerifyFulcioCertificate("certificate", root_, kTimes,
                                        PrivateSigstore::Expected()),
                StatusCode::kInvalidArgument, "not the bytes of a certificate");
}

TEST_F(FulcioTest, ACertificateOfAnotherAuthorityIsRefused) {
  EXPECT_STATUS(VerifyFulcioCertificate(PrivateSigstore().Certificate({}, NewKey()),
                                        root_, kTimes, PrivateSigstore::Expected()),
                StatusCode::kDataLoss, "of no authority of the trusted root");
  EXPECT_STATUS(VerifyFulcioCertificate(sigstore_.Certificate({}, NewKey()), {}, kTimes,
                                        PrivateSigstore::Expected()),
                StatusCode::kDataLoss, "it has none");
}

TEST_F(FulcioTest, AnotherIdentityIsRefused) {
  EXPECT_STATUS(Verify({.san = "email:ml@example.org.evil.test"}),
                StatusCode::kDataLoss,
                "the signer is ml@example.org.evil.test, not ml@example.org");
}

TEST_F(FulcioTest, AnotherIssuerIsRefused) {
  EXPECT_STATUS(
      Verify({.issuers = {IssuerExtension("https://accounts.example.org/evil")}}),
      StatusCode::kDataLoss,
      "vouched for by https://accounts.example.org/evil, not by https://acc");
  EXPECT_STATUS(Verify({.issuers = {}}), StatusCode::kDataLoss,
                "vouched for by nobody, not by");
}

TEST_F(FulcioTest, TheOldExtensionOfAnIssuerIsReadIfTheOtherIsMissing) {
  const Extension old = {"1.3.6.1.4.1.57264.1.1",
                         "DER:" + ToHex(AsBytes("https://accounts.example.org"))};
  const Extension evil = IssuerExtension("https://evil.test");
  EXPECT_OK(Verify({.issuers = {old}}));
  EXPECT_STATUS(Verify({.issuers = {old, evil}}), StatusCode::kDataLoss,
                "vouched for by https://evil.test");
}

TEST_F(FulcioTest, AnIssuerIsNamedOnceAndWhole) {
  const Extension good = IssuerExtension("https://accounts.example.org");
  const Extension evil = IssuerExtension("https://evil.test");
  const Extension old = {"1.3.6.1.4.1.57264.1.1",
                         "DER:" + ToHex(AsBytes("https://accounts.example.org"))};
  EXPECT_STATUS(Verify({.issuers = {good, evil}}), StatusCode::kDataLoss,
                "vouched for by nobody, not by");
  EXPECT_STATUS(Verify({.issuers = {evil, evil, old}}), StatusCode::kDataLoss,
                "vouched for by nobody, not by");
  // More bytes after the string.
  const std::string url = "https://accounts.example.org";
  EXPECT_STATUS(Verify({.issuers = {{good.first,
                                     "DER:0c" + ToHex(AsBytes(BigEndian(url.size(), 1) +
                                                              url + "0"))}}}),
                StatusCode::kDataLoss, "vouched for by nobody, not by");
}

TEST_F(FulcioTest, ACertificateThatIsNotForCodeIsRefused) {
  EXPECT_STATUS(Verify({.usage = "serverAuth"}), StatusCode::kDataLoss,
                "not for the signing of code");
  // For anything, said or not.
  EXPECT_STATUS(Verify({.usage = "anyExtendedKeyUsage"}), StatusCode::kDataLoss,
                "not for the signing of code");
  EXPECT_STATUS(Verify({.usage = ""}), StatusCode::kDataLoss,
                "not for the signing of code");
}

TEST_F(FulcioTest, ACertificateWithoutSctIsRefused) {
  EXPECT_STATUS(Verify({.with_sct = false}), StatusCode::kDataLoss, "has no SCT");
}

}  // namespace
}  // namespace setlog
