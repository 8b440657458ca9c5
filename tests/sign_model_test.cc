#include "model/sign_model.h"

#include <ctime>

#include "log/sha256.h"
#include "model/verify_model.h"
#include "test_certificates.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
#define EXPECT_UNSIGNED(status, text) \
  EXPECT_STATUS(status, StatusCode::kInvalidArgument, text)

constexpr int64_t kDay = 86'400;

class SignModelTest : public testing::Test {
 protected:
  using Options = TestCertificate::Options;

  // With this leaf, and what stands above it.
  absl::StatusOr<std::string> WithLeaf(Options options) {
    options.subject = "leaf";
    options.issuer = &root_;
    options.key = key_pem_;
    if (options.from_s == Options().from_s) options.from_s = now_s_ - kDay;
    if (options.until_s == Options().until_s) options.until_s = now_s_ + kDay;
    return SignModel(statement_, key_,
                     ChainMaterial{{TestCertificate(options).der(), root_.der()}});
  }

  const int64_t now_s_ = std::time(nullptr);
  const std::string key_pem_ = NewEcKey("prime256v1");
  const EcdsaPrivateKey key_ = EcdsaPrivateKey::FromPem(key_pem_, "").value();
  const TestCertificate root_{{.subject = "root",
                               .extensions = kAuthority,
                               .from_s = now_s_ - 9 * kDay,
                               .until_s = now_s_ + 9 * kDay}};
  const ModelStatement statement_{
      .subject = "demo", .resources = {{"a", DigestFromBytes(Sha256(AsBytes("x")))}}};
};

TEST_F(SignModelTest, WhatIsSignedVerifies) {
  const absl::StatusOr<std::string> by_key =
      SignModel(statement_, key_, KeyMaterial{key_.public_key().Hint()});
  ASSERT_OK(by_key);
  EXPECT_OK(OpenSignedModel(*by_key, TrustedKey{key_.public_key()}));
  const absl::StatusOr<std::string> by_chain = WithLeaf({});
  ASSERT_OK(by_chain);
  const absl::StatusOr<SignedModel> opened = OpenSignedModel(
      *by_chain,
      TrustedChain{{.roots = {root_.der()}, .at_us = now_s_ * 1'000'000}, {}});
  ASSERT_OK(opened);
  EXPECT_EQ(opened->statement, statement_);
}

TEST_F(SignModelTest, ACertificateThatVerifiersWouldRefuseSignsNothing) {
  EXPECT_UNSIGNED(WithLeaf({.until_s = now_s_ - 60}),
                  "this cannot be signed: certificate \"CN=leaf\" expired on");
  EXPECT_UNSIGNED(WithLeaf({.from_s = now_s_ + 600}),
                  "\"CN=leaf\" is not valid before");
  EXPECT_UNSIGNED(WithLeaf({.extensions = {}}), "\"CN=leaf\" is not for signatures");
  EXPECT_UNSIGNED(
      WithLeaf({.extensions = {kSigner[0], {"extendedKeyUsage", "serverAuth"}}}),
      "\"CN=leaf\" is not for the signing of code");
  EXPECT_UNSIGNED(SignModel(statement_, key_, ChainMaterial{}),
                  "a chain of 0 certificates");
  EXPECT_UNSIGNED(
      SignModel(statement_, key_,
                ChainMaterial{std::vector(kMaxChainCertificates + 1, root_.der())}),
      "a chain of 33 certificates");
  EXPECT_UNSIGNED(SignModel(statement_, key_, ChainMaterial{{"leaf"}}),
                  "not the bytes of a certificate");
}

TEST_F(SignModelTest, AnothersKeyOrHintSignsNothing) {
  const TestCertificate other(
      {.subject = "other", .from_s = now_s_ - kDay, .until_s = now_s_ + kDay});
  EXPECT_UNSIGNED(SignModel(statement_, key_, ChainMaterial{{other.der()}}),
                  "not that of the signing certificate");
  EXPECT_UNSIGNED(SignModel(statement_, key_, KeyMaterial{std::string(64, '0')}),
                  "this cannot be signed: it names the key 0000");
}

TEST_F(SignModelTest, AStatementThatIsNotReadBackIsNotSigned) {
  ModelStatement statement = statement_;
  statement.resources[0].name = "../a";
  EXPECT_UNSIGNED(SignModel(statement, key_, KeyMaterial{key_.public_key().Hint()}),
                  "this cannot be signed: statement: resource");
}

}  // namespace
}  // namespace setlog
