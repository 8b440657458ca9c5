// Bundles of the public Sigstore, signed and logged by nobody here. Their payloads are
// no models: whoever verifies a signature does not read what was signed.
#include <functional>
#include <vector>

#include "model/sigstore.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using Json = nlohmann::json;

constexpr char kActions[] = "https://token.actions.githubusercontent.com";
constexpr char kBeacon[] =
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
constexpr char kConda[] =
    "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml"
    "@refs/heads/main";
constexpr char kNpm[] =
    "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml"
    "@refs/heads/main";

TrustedRoot Root(const std::string& file) {
  return *ParseTrustedRoot(ReadTestFile("sigstore/" + file));
}

ModelBundle Bundle(const std::string& file) {
  const absl::StatusOr<ModelBundle> bundle =
      ParseModelBundle(ReadTestFile("sigstore/" + file));
  EXPECT_OK(bundle);
  return *bundle;
}

// A bundle of version 0.1: the same parts, and the certificate in a chain of one.
ModelBundle OldBundle(const std::string& file) {
  Json json = ReadTestJson("sigstore/" + file);
  Json& material = json["verificationMaterial"];
  json["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json";
  material["certificate"] = material["x509CertificateChain"]["certificates"][0];
  material.erase("x509CertificateChain");
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(json.dump());
  EXPECT_OK(bundle);
  return *bundle;
}

TEST(SigstorePublicTest, AnEntryOfRekorV1Verifies) {
  const absl::StatusOr<SigstoreSigner> signer = VerifySigstore(
      Bundle("dsse_rekor_v1.json"), Root("trusted_root.json"), {kConda, kActions});
  ASSERT_OK(signer);
  EXPECT_EQ(signer->log_url, "https://rekor.sigstore.dev");
  EXPECT_EQ(signer->log_index, 456119071u);
  EXPECT_THAT(signer->times_us, ElementsAre(1756728839'000'000));
}

TEST(SigstorePublicTest, AnEntryOfRekorV2WithATimeStampVerifies) {
  const absl::StatusOr<SigstoreSigner> signer =
      VerifySigstore(Bundle("hashedrekord_rekor_v2.json"),
                     Root("staging_trusted_root.json"), {kBeacon, kActions});
  ASSERT_OK(signer);
  EXPECT_EQ(signer->log_url, "https://log2025-alpha3.rekor.sigstage.dev");
  EXPECT_EQ(signer->log_index, 4026478u);
  EXPECT_THAT(signer->times_us, ElementsAre(1778700213'000'000));
}

TEST(SigstorePublicTest, AnEntryOfTheKindIntotoVerifies) {
  const absl::StatusOr<SigstoreSigner> signer = VerifySigstore(
      OldBundle("intoto_rekor_v1.json"), Root("trusted_root.json"), {kNpm, kActions});
  ASSERT_OK(signer);
  EXPECT_EQ(signer->log_index, 31821305u);
  EXPECT_THAT(signer->times_us, ElementsAre(1692374735'000'000));
}

TEST(SigstorePublicTest, AnotherInstancesBundlesAreNotFound) {
  EXPECT_STATUS(VerifySigstore(Bundle("dsse_rekor_v1.json"),
                               Root("staging_trusted_root.json"), {kConda, kActions}),
                StatusCode::kNotFound, "no log with the ID");
  EXPECT_STATUS(VerifySigstore(Bundle("hashedrekord_rekor_v2.json"),
                               Root("trusted_root.json"), {kBeacon, kActions}),
                StatusCode::kNotFound, "no log with the ID");
}

TEST(SigstorePublicTest, OthersIdentitiesAndIssuersAreRefused) {
  const ModelBundle bundle = Bundle("dsse_rekor_v1.json");
  const TrustedRoot root = Root("trusted_root.json");
  EXPECT_STATUS(VerifySigstore(bundle, root, {kBeacon, kActions}),
                StatusCode::kDataLoss, "the signer is https://github.com/prefix-dev/");
  EXPECT_STATUS(VerifySigstore(bundle, root, {kConda, "https://accounts.example.org"}),
                StatusCode::kDataLoss, "vouched for by https://token.actions.");
}

TEST(SigstorePublicTest, AnyPartOfAnotherBundleIsRefused) {
  const TrustedRoot root = Root("trusted_root.json");
  const ModelBundle good = Bundle("dsse_rekor_v1.json");
  const ModelBundle other = OldBundle("intoto_rekor_v1.json");
  using Change = std::function<void(ModelBundle&)>;
  const std::vector<Change> changes = {
      [&](ModelBundle& b) { b.payload = other.payload; },
      [&](ModelBundle& b) { b.signature = other.signature; },
      [&](ModelBundle& b) { b.material = other.material; },
      [&](ModelBundle& b) { b.tlog_entries = other.tlog_entries; },
      [&](ModelBundle& b) {
        b.tlog_entries[0].inclusion = other.tlog_entries[0].inclusion;
      },
      [&](ModelBundle& b) {
        b.tlog_entries[0].signed_entry_timestamp =
            other.tlog_entries[0].signed_entry_timestamp;
      },
      [](ModelBundle& b) { b.tlog_entries[0].integrated_time_s += 1; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    ModelBundle bundle = good;
    changes[i](bundle);
    EXPECT_EQ(VerifySigstore(bundle, root, {kConda, kActions}).status().code(),
              StatusCode::kDataLoss)
        << "change " << i;
  }
}

}  // namespace
}  // namespace setlog
