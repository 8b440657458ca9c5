// `setlog model verify sigstore` as a process, with a Sigstore of the test's own.
#include "model_fixture.h"
#include "sigstore_fixture.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class CliModelSigstoreTest : public ModelCliTest {
 protected:
  CliModelSigstoreTest() {
    // For its statement, which is then signed again.
    EXPECT_EQ(Sign().exit_code, 0);
    wish_.payload = Payload();
    Write("root.json", sigstore_.RootJson().dump());
  }
  json VerifyAs(int exit_code, const std::string& identity, const std::string& issuer) {
    const ProcessResult result =
        Setlog({"model", "verify", "sigstore", Path("demo"), "--signature",
                Path("demo.sig"), "--trusted-root", Path("root.json"), "--identity",
                identity, "--identity-provider", issuer, "--json"});
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    return result.out.empty() ? json() : Lines(result.out).at(0);
  }
  json VerifyExpected(int exit_code) {
    return VerifyAs(exit_code, "ml@example.org", "https://accounts.example.org");
  }

  const PrivateSigstore sigstore_;
  SigningWish wish_;
};

TEST_F(CliModelSigstoreTest, BothVersionsOfTheLogVerifyAndTellWhoAndWhen) {
  for (const ModelBundle& bundle :
       {sigstore_.Bundle1(wish_), sigstore_.Bundle2(wish_)}) {
    Write("demo.sig", BundleText(bundle));
    const json report = VerifyExpected(0);
    EXPECT_EQ(report["verdict"], "VERIFIED");
    EXPECT_EQ(report["method"], "sigstore");
    EXPECT_EQ(report["signer"]["names"], json{"ml@example.org"});
    EXPECT_EQ(report["signer"]["issuer"], "https://accounts.example.org");
    EXPECT_EQ(report["signer"]["times"].size(), 1u);
    EXPECT_THAT(report["signer"]["log"].get<std::string>(), HasSubstr("rekor"));
  }
}

TEST_F(CliModelSigstoreTest, AnotherSignerIssuerOrFileIsRefused) {
  Write("demo.sig", BundleText(sigstore_.Bundle1(wish_)));
  EXPECT_EQ(VerifyAs(1, "not@example.org", "https://accounts.example.org")["verdict"],
            "REFUSED");
  EXPECT_EQ(VerifyAs(1, "ml@example.org", "https://other.example.org")["verdict"],
            "REFUSED");
  Write("demo/weights.bin", "weights-0002");
  EXPECT_EQ(VerifyExpected(1)["problems"],
            json::array({Problem("changed", "weights.bin")}));
}

TEST_F(CliModelSigstoreTest, WithoutItsEntryOrUnderAnotherRootItIsRefused) {
  const json whole = json::parse(BundleText(sigstore_.Bundle2(wish_)));
  json bundle = whole;
  bundle["verificationMaterial"]["tlogEntries"] = json::array();
  Write("demo.sig", bundle.dump());
  EXPECT_EQ(VerifyExpected(1)["problems"][0]["kind"], "signature");
  Write("demo.sig", whole.dump());
  Write("root.json", PrivateSigstore().RootJson().dump());
  EXPECT_EQ(VerifyExpected(1)["problems"][0]["kind"], "signature");
  Write("root.json", "{}");
  EXPECT_EQ(VerifyExpected(2), json());
}

TEST_F(CliModelSigstoreTest, AKeysSignatureIsNoSigstoreSignatureNorTheReverse) {
  EXPECT_THAT(VerifyExpected(1)["problems"][0]["detail"].get<std::string>(),
              HasSubstr("method"));
  Write("demo.sig", BundleText(sigstore_.Bundle1(wish_)));
  EXPECT_THAT(Problems().at(0)["detail"].get<std::string>(), HasSubstr("method"));
}

}  // namespace
}  // namespace setlog
