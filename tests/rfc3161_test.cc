#include "model/rfc3161.h"

#include "log/base64.h"
#include "testing.h"
#include "timestamp_fixture.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr std::string_view kBytes = "the signature's bytes";
constexpr int64_t kMicros = 1'000'000;

TrustedAuthority Trusted(const TimestampAuthority& tsa) {
  return {.uri = "https://tsa.example.org",
          .certificates = tsa.Certificates(),
          .valid = {.start_us = (kTestTime - kYear) * kMicros}};
}

class Rfc3161Test : public testing::Test {
 protected:
  absl::StatusOr<int64_t> Verify(std::string_view response) const {
    return VerifyTimestamp(response, AsBytes(kBytes), authorities_);
  }

  const TimestampAuthority tsa_;
  const std::vector<TrustedAuthority> authorities_ = {Trusted(TimestampAuthority()),
                                                      Trusted(tsa_)};
};

TEST_F(Rfc3161Test, AStampTellsItsTime) {
  for (const bool with_certificate : {false, true}) {
    const absl::StatusOr<int64_t> at_us =
        Verify(tsa_.Stamp(kBytes, kTestTime + 5, with_certificate));
    ASSERT_OK(at_us);
    EXPECT_EQ(*at_us, (kTestTime + 5) * kMicros);
  }
}

TEST_F(Rfc3161Test, TheDigestIsOfSha2AndOfTheseBytes) {
  EXPECT_OK(Verify(tsa_.Stamp(kBytes, kTestTime, false, EVP_sha384())));
  EXPECT_OK(Verify(tsa_.Stamp(kBytes, kTestTime, false, EVP_sha512())));
  EXPECT_STATUS(Verify(tsa_.Stamp(kBytes, kTestTime, false, EVP_sha1())),
                StatusCode::kDataLoss, "digest is not of SHA-2");
  EXPECT_STATUS(Verify(tsa_.Stamp("other bytes", kTestTime)), StatusCode::kDataLoss,
                "the time stamp: message imprint mismatch");
}

TEST_F(Rfc3161Test, AnAuthorityThatIsNotTrustedIsRefused) {
  const TimestampAuthority other;
  for (const bool with_certificate : {false, true}) {
    EXPECT_STATUS(Verify(other.Stamp(kBytes, kTestTime, with_certificate)),
                  StatusCode::kDataLoss,
                  "of no authority of the trusted root; https://");
  }
  EXPECT_STATUS(VerifyTimestamp(tsa_.Stamp(kBytes, kTestTime), AsBytes(kBytes), {}),
                StatusCode::kDataLoss, "of no authority of the trusted root");
}

// Both stamps are by the same root; the trusted root names one that stamps.
TEST_F(Rfc3161Test, OnlyTheNamedCertificateOfAnAuthorityStamps) {
  TimestampAuthority sibling = tsa_;
  sibling.leaf = tsa_.NewLeaf();
  const std::string response = sibling.Stamp(kBytes, kTestTime, true);
  EXPECT_STATUS(Verify(response), StatusCode::kDataLoss,
                "another certificate signed it");
  TrustedAuthority by_root = Trusted(tsa_);
  by_root.certificates = {tsa_.root.der()};
  EXPECT_OK(VerifyTimestamp(response, AsBytes(kBytes), std::vector{by_root}));
}

TEST_F(Rfc3161Test, TheChainIsJudgedAtTheTimeTold) {
  TimestampAuthority tsa;
  tsa.leaf = tsa.NewLeaf(kTestTime - 1000);  // expired at any time of this test
  const std::vector trusted = {Trusted(tsa)};
  EXPECT_OK(
      VerifyTimestamp(tsa.Stamp(kBytes, kTestTime - 1001), AsBytes(kBytes), trusted));
  EXPECT_STATUS(
      VerifyTimestamp(tsa.Stamp(kBytes, kTestTime - 999), AsBytes(kBytes), trusted),
      StatusCode::kDataLoss, "certificate has expired");
  EXPECT_STATUS(VerifyTimestamp(tsa.Stamp(kBytes, kTestTime - kYear - 1),
                                AsBytes(kBytes), trusted),
                StatusCode::kDataLoss, "outside of the authority's validity");
}

TEST_F(Rfc3161Test, TheTimeIsInTheAuthoritysValidity) {
  TrustedAuthority authority = Trusted(tsa_);
  const std::string response = tsa_.Stamp(kBytes, kTestTime);
  authority.valid = {.start_us = kTestTime * kMicros, .end_us = kTestTime * kMicros};
  EXPECT_OK(VerifyTimestamp(response, AsBytes(kBytes), std::vector{authority}));
  authority.valid = {.start_us = kTestTime * kMicros + 1};
  EXPECT_STATUS(VerifyTimestamp(response, AsBytes(kBytes), std::vector{authority}),
                StatusCode::kDataLoss, "outside of the authority's validity");
  authority.valid = {.start_us = 0, .end_us = kTestTime * kMicros - 1};
  EXPECT_STATUS(VerifyTimestamp(response, AsBytes(kBytes), std::vector{authority}),
                StatusCode::kDataLoss, "outside of the authority's validity");
}

TEST_F(Rfc3161Test, ACertificateForOtherUsesStampsNothing) {
  TimestampAuthority tsa;
  tsa.leaf = Certify({.name = "time",
                      .key = NewKey(),
                      .extensions = {{"keyUsage", "critical,digitalSignature"},
                                     {"extendedKeyUsage", "critical,timeStamping"}}},
                     &tsa.root);
  const TestCertificate for_code =
      Certify({.name = "time",
               .key = tsa.leaf.key,
               .extensions = {{"extendedKeyUsage", "critical,codeSigning"}}},
              &tsa.root);
  const std::string response = tsa.Stamp(kBytes, kTestTime);
  EXPECT_OK(VerifyTimestamp(response, AsBytes(kBytes), std::vector{Trusted(tsa)}));
  X509_set_serialNumber(for_code.x509.get(),
                        X509_get_serialNumber(tsa.leaf.x509.get()));
  SignCertificate(for_code, tsa.root);
  tsa.leaf = for_code;
  EXPECT_STATUS(VerifyTimestamp(response, AsBytes(kBytes), std::vector{Trusted(tsa)}),
                StatusCode::kDataLoss, "");
}

TEST_F(Rfc3161Test, WhatIsNoResponseIsInvalid) {
  const std::string response = tsa_.Stamp(kBytes, kTestTime);
  for (const std::string& bad :
       {std::string(), std::string("time"), response + '\0', response.substr(1)}) {
    EXPECT_STATUS(Verify(bad), StatusCode::kInvalidArgument, "not a response of a");
  }
  // Status 2, rejection, without a token: RFC 3161, section 2.4.2.
  EXPECT_STATUS(Verify(*BytesFromHex("30053003020102")), StatusCode::kInvalidArgument,
                "not a response of a");
}

TEST_F(Rfc3161Test, ATimeThatIsNoneIsInvalid) {
  std::string response = tsa_.Stamp(kBytes, kTestTime);
  response.replace(response.find("20260528"), 1, "x");
  EXPECT_STATUS(Verify(response), StatusCode::kInvalidArgument, "with a time");
}

TEST_F(Rfc3161Test, AnAuthorityWithoutCertificatesStampsNothing) {
  TrustedAuthority authority = Trusted(tsa_);
  authority.certificates = {"certificate"};
  EXPECT_STATUS(VerifyTimestamp(tsa_.Stamp(kBytes, kTestTime), AsBytes(kBytes),
                                std::vector{authority}),
                StatusCode::kDataLoss, "not the bytes of a certificate");
}

// No damage of a stamp tells another time, and none crashes.
TEST_F(Rfc3161Test, NoDamagedStampTellsAnotherTime) {
  const std::string response = tsa_.Stamp(kBytes, kTestTime);
  for (size_t i = 0; i < response.size(); ++i) {
    for (const int mask : {1, 128}) {
      std::string mutant = response;
      mutant[i] = static_cast<char>(mutant[i] ^ mask);
      const absl::StatusOr<int64_t> at_us = Verify(mutant);
      EXPECT_EQ(at_us.value_or(kTestTime * kMicros), kTestTime * kMicros) << i;
    }
    EXPECT_FALSE(Verify(response.substr(0, i)).ok()) << i;
  }
}

}  // namespace
}  // namespace setlog
