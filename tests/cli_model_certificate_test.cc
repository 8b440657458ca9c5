// `setlog model` with certificates as a process: chains, times and who signed.
#include "model_fixture.h"
#include "test_certificates.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr int64_t kDay = 86'400;

class CliModelCertificateTest : public ModelCliTest {
 protected:
  CliModelCertificateTest() {
    Write("root.pem", root_.pem());
    Write("middle.pem", middle_.pem());
  }

  // With a leaf of these times; under a middle and a root that are long valid.
  void SignWith(int64_t from_s, int64_t until_s) {
    Write("leaf.pem", Leaf(from_s, until_s).pem());
    const ProcessResult made = SignChain("leaf.pem");
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  // The same signature with another certificate of the same key, as no setlog signs.
  void ExchangeLeaf(int64_t from_s, int64_t until_s) {
    json bundle = Bundle();
    bundle["verificationMaterial"]["x509CertificateChain"]["certificates"][0]
          ["rawBytes"] = ToBase64(AsBytes(Leaf(from_s, until_s).der()));
    Write("demo.sig", bundle.dump());
  }
  TestCertificate Leaf(int64_t from_s, int64_t until_s) {
    return TestCertificate({.subject = "signer",
                            .issuer = &middle_,
                            .extensions = {{"keyUsage", "critical,digitalSignature"},
                                           {"subjectAltName", "email:ml@example.org"}},
                            .from_s = from_s,
                            .until_s = until_s,
                            .key = key_});
  }
  ProcessResult SignChain(const std::string& leaf) {
    return Setlog({"model", "sign", "certificate", Path("demo"), "--signature",
                   Path("demo.sig"), "--private-key", Path("key.pem"),
                   "--signing-certificate", Path(leaf), "--certificate-chain",
                   Path("middle.pem")});
  }
  json VerifyChain(int exit_code, const Arguments& more = {},
                   const std::string& root = "root.pem") {
    const ProcessResult result =
        Setlog(Joined({"model", "verify", "certificate", Path("demo"), "--signature",
                       Path("demo.sig"), "--certificate-chain", Path(root), "--json"},
                      more));
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    return result.out.empty() ? json() : Lines(result.out).at(0);
  }
  void ExpectRefused(const std::string& why, const Arguments& more = {},
                     const std::string& root = "root.pem") {
    const json report = VerifyChain(1, more, root);
    EXPECT_EQ(report["verdict"], "REFUSED");
    EXPECT_THAT(report["problems"][0]["detail"].get<std::string>(), HasSubstr(why));
  }

  const int64_t now_s_ = std::time(nullptr);
  const TestCertificate root_{{.subject = "root",
                               .extensions = kAuthority,
                               .from_s = now_s_ - 1000 * kDay,
                               .until_s = now_s_ + 1000 * kDay}};
  const TestCertificate middle_{{.subject = "middle",
                                 .issuer = &root_,
                                 .extensions = kAuthority,
                                 .from_s = now_s_ - 1000 * kDay,
                                 .until_s = now_s_ + 1000 * kDay}};
};

TEST_F(CliModelCertificateTest, AChainToTheGivenRootVerifiesAndNamesItsSigner) {
  SignWith(now_s_ - kDay, now_s_ + kDay);
  const json report = VerifyChain(0);
  EXPECT_EQ(report["verdict"], "VERIFIED");
  EXPECT_EQ(report["method"], "certificate");
  EXPECT_EQ(report["signer"]["subject"], "CN=signer");
  EXPECT_EQ(report["signer"]["issuer"], "CN=middle");
  EXPECT_EQ(report["signer"]["names"], json{"ml@example.org"});
  Write("demo/weights.bin", "weights-0002");
  EXPECT_EQ(VerifyChain(1)["problems"],
            json::array({Problem("changed", "weights.bin")}));
}

TEST_F(CliModelCertificateTest, AnExpiredOrFutureChainIsRefusedAndHeldAtItsTime) {
  SignWith(now_s_ - kDay, now_s_ + kDay);
  ExchangeLeaf(now_s_ - 20 * kDay, now_s_ - 10 * kDay);
  ExpectRefused("expired");
  const auto at = [](int64_t time_s) {
    char text[32];
    const std::time_t time = time_s;
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&time));
    return Arguments{"--at", text};
  };
  VerifyChain(0, at(now_s_ - 15 * kDay));
  ExpectRefused("is not valid before", at(now_s_ - 25 * kDay));
  ExchangeLeaf(now_s_ + 10 * kDay, now_s_ + 20 * kDay);
  ExpectRefused("is not valid before");
  VerifyChain(0, at(now_s_ + 15 * kDay));
  EXPECT_EQ(VerifyChain(2, {"--at", "yesterday"}), json());
}

TEST_F(CliModelCertificateTest, WhoSignedMustBeWhoWasExpected) {
  SignWith(now_s_ - kDay, now_s_ + kDay);
  VerifyChain(0, {"--expect-san", "ml@example.org", "--expect-subject", "CN=signer",
                  "--expect-issuer", "CN=middle"});
  ExpectRefused("not@example.org", {"--expect-san", "not@example.org"});
  ExpectRefused("CN=other", {"--expect-subject", "CN=other"});
  ExpectRefused("CN=root", {"--expect-issuer", "CN=root"});
}

TEST_F(CliModelCertificateTest, ACertificateThatIsNotValidNowSignsNothing) {
  const auto signed_with = [&](int64_t from_s, int64_t until_s) {
    Write("leaf.pem", Leaf(from_s, until_s).pem());
    return SignChain("leaf.pem");
  };
  const ProcessResult expired = signed_with(now_s_ - 20 * kDay, now_s_ - kDay);
  EXPECT_EQ(expired.exit_code, 2);
  EXPECT_THAT(expired.err, HasSubstr("\"CN=signer\" expired on"));
  const ProcessResult future = signed_with(now_s_ + kDay, now_s_ + 2 * kDay);
  EXPECT_EQ(future.exit_code, 2);
  EXPECT_THAT(future.err, HasSubstr("\"CN=signer\" is not valid before"));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
}

TEST_F(CliModelCertificateTest, AnotherRootIsRefusedAndSoIsAnotherMethod) {
  SignWith(now_s_ - kDay, now_s_ + kDay);
  const TestCertificate stranger({.subject = "root",
                                  .extensions = kAuthority,
                                  .from_s = now_s_ - kDay,
                                  .until_s = now_s_ + kDay});
  Write("stranger.pem", stranger.pem());
  ExpectRefused("", {}, "stranger.pem");
  // The right key is known, but a certificate is not what was asked for.
  EXPECT_THAT(Problems().at(0)["detail"].get<std::string>(), HasSubstr("method"));
  ASSERT_EQ(Sign().exit_code, 0);
  ExpectRefused("method");
}

TEST_F(CliModelCertificateTest, AKeyThatIsNotTheCertificatesSignsNothing) {
  const TestCertificate other({.subject = "other", .issuer = &middle_});
  Write("other.pem", other.pem());
  const ProcessResult result = SignChain("other.pem");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("not that of the signing certificate"));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
  EXPECT_EQ(SignChain("key.pem").exit_code, 2);
  EXPECT_EQ(SignChain("nowhere.pem").exit_code, 2);
}

TEST_F(CliModelCertificateTest, InspectNamesTheCertificateAndBelievesNothing) {
  SignWith(now_s_ - kDay, now_s_ + kDay);
  const json shown =
      Lines(Setlog({"model", "inspect", Path("demo.sig"), "--json"}).out).at(0);
  EXPECT_EQ(shown["verified"], false);
  EXPECT_EQ(shown["signed_with"], "certificate");
  EXPECT_EQ(shown["claimed"]["subject"], "CN=signer");
  EXPECT_EQ(shown["claimed"]["names"], json{"ml@example.org"});
}

}  // namespace
}  // namespace setlog
