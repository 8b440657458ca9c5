// Bundles of the public Sigstore, and of a private one that signs what it should not:
// each of the things that must hold, broken alone.
#include "model/sigstore.h"

#include <functional>

#include "model/statement.h"
#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using Json = nlohmann::json;

class SigstoreTest : public testing::Test {
 protected:
  absl::StatusOr<SigstoreSigner> Verify(const ModelBundle& bundle) const {
    return VerifySigstore(bundle, root_, PrivateSigstore::Expected());
  }
  // Against a trusted root that `change` has altered.
  absl::StatusOr<SigstoreSigner> VerifyWith(
      const ModelBundle& bundle, const std::function<void(Json&)>& change) const {
    Json json = sigstore_.RootJson();
    change(json);
    const absl::StatusOr<TrustedRoot> root = ParseTrustedRoot(json.dump());
    if (!root.ok()) return root.status();
    return VerifySigstore(bundle, *root, PrivateSigstore::Expected());
  }

  const PrivateSigstore sigstore_;
  const TrustedRoot root_ = sigstore_.Root();
};

constexpr int64_t kMicros = 1'000'000;

TEST_F(SigstoreTest, RekorV1WithItsPromiseVerifies) {
  const absl::StatusOr<SigstoreSigner> signer = Verify(sigstore_.Bundle1({}));
  ASSERT_OK(signer);
  EXPECT_EQ(signer->identity, "ml@example.org");
  EXPECT_EQ(signer->issuer, "https://accounts.example.org");
  EXPECT_EQ(signer->key.curve(), "P-256");
  EXPECT_THAT(signer->times_us, ElementsAre(kTestTime * kMicros));
  EXPECT_EQ(signer->log_url, "https://rekor.example.org");
  EXPECT_EQ(signer->log_index, 1'000'005u);
}

TEST_F(SigstoreTest, RekorV2WithATimeStampVerifies) {
  const absl::StatusOr<SigstoreSigner> signer = Verify(sigstore_.Bundle2({}));
  ASSERT_OK(signer);
  EXPECT_THAT(signer->times_us, ElementsAre(kTestTime * kMicros));
  EXPECT_EQ(signer->log_url, "https://log2026.rekor.example.org");
  EXPECT_EQ(signer->log_index, PrivateSigstore::kIndex);
}

TEST_F(SigstoreTest, EachKindOfEntryVerifies) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.tlog_entries = {sigstore_.Entry1(Intoto2Body(bundle), kTestTime)};
  EXPECT_OK(Verify(bundle));
  bundle = sigstore_.Bundle2({});
  bundle.tlog_entries = {sigstore_.Entry2(Dsse2Body(bundle))};
  EXPECT_OK(Verify(bundle));
}

TEST_F(SigstoreTest, KeysOnP384Verify) {
  EXPECT_OK(Verify(sigstore_.Bundle1({.curve = "P-384"})));
}

TEST_F(SigstoreTest, AStatementOfAModelVerifiesFromItsFile) {
  const ModelStatement statement = {
      .subject = "demo",
      .resources = {{.name = "weights.bin",
                     .digest = DigestFromBytes(Sha256(AsBytes("weights")))}}};
  for (const bool v2 : {false, true}) {
    const SigningWish wish = {.payload = FormatStatement(statement)};
    const ModelBundle made = v2 ? sigstore_.Bundle2(wish) : sigstore_.Bundle1(wish);
    const absl::StatusOr<ModelBundle> read = ParseModelBundle(BundleText(made));
    ASSERT_OK(read);
    ASSERT_OK(Verify(*read));
    const auto parsed = ParseStatement(read->payload);
    ASSERT_OK(parsed);
    EXPECT_EQ(parsed->statement.subject, "demo");
  }
}

TEST_F(SigstoreTest, AllTimesAreTold) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.timestamps = {sigstore_.tsa.Stamp(bundle.signature, kTestTime + 3),
                       sigstore_.tsa.Stamp(bundle.signature, kTestTime - 2)};
  const absl::StatusOr<SigstoreSigner> signer = Verify(bundle);
  ASSERT_OK(signer);
  EXPECT_THAT(signer->times_us,
              ElementsAre((kTestTime - 2) * kMicros, kTestTime * kMicros,
                          (kTestTime + 3) * kMicros));
}

TEST_F(SigstoreTest, ABundleWithAKeyOrAChainIsOfAnotherMethod) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.material = ChainMaterial{{LeafOf(bundle)}};
  EXPECT_STATUS(Verify(bundle), StatusCode::kInvalidArgument,
                "no certificate of Fulcio");
  bundle.material = KeyMaterial{};
  EXPECT_STATUS(Verify(bundle), StatusCode::kInvalidArgument,
                "no certificate of Fulcio");
}

// The certificate lives from 10 s before the test's time, for 600 s.
TEST_F(SigstoreTest, APromisedTimeOutsideOfTheCertificateIsRefused) {
  for (const int64_t off : {-11, 590}) {
    EXPECT_STATUS(Verify(sigstore_.Bundle1(
                      {.at_s = kTestTime + off, .certified_s = kTestTime - 10})),
                  StatusCode::kDataLoss, "of no authority of the trusted root at");
  }
  for (const int64_t off : {-10, 589}) {
    EXPECT_OK(Verify(sigstore_.Bundle1({.at_s = kTestTime + off})));
  }
}

TEST_F(SigstoreTest, EveryTimeMustBeInTheCertificatesLife) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.timestamps = {sigstore_.tsa.Stamp(bundle.signature, kTestTime + 591)};
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss, "of no authority of");
  bundle.timestamps = {sigstore_.tsa.Stamp(bundle.signature, kTestTime - 11)};
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss, "of no authority of");
}

TEST_F(SigstoreTest, ATimeThatNobodySignedIsNone) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.tlog_entries[0].signed_entry_timestamp.clear();
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss, "no time that anybody signed");
  bundle = sigstore_.Bundle2({});
  bundle.timestamps.clear();
  bundle.tlog_entries[0].integrated_time_s = kTestTime;
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss, "no time that anybody signed");
}

TEST_F(SigstoreTest, ATimeStampServesWhereThePromiseIsMissing) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.tlog_entries[0].signed_entry_timestamp.clear();
  bundle.timestamps = {sigstore_.tsa.Stamp(bundle.signature, kTestTime)};
  EXPECT_OK(Verify(bundle));
}

TEST_F(SigstoreTest, AWrongTimeStampIsRefusedBesideARightTime) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.timestamps = {sigstore_.tsa.Stamp("another signature", kTestTime)};
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss,
                "the time stamp: message imprint");
}

TEST_F(SigstoreTest, ASignatureOfAnotherPayloadIsRefused) {
  ModelBundle bundle = sigstore_.Bare({});
  bundle.payload += " ";
  bundle.tlog_entries = {sigstore_.Entry1(Dsse1Body(bundle), kTestTime)};
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss,
                "the signature is not by this key");
}

TEST_F(SigstoreTest, ASignatureOfTheBarePayloadIsRefused) {
  const TestKey key = NewKey();
  ModelBundle bundle = sigstore_.Bare({});
  bundle.material = FulcioMaterial{sigstore_.Certificate({}, key)};
  bundle.signature = SignWith(key, bundle.payload);
  bundle.tlog_entries = {sigstore_.Entry1(Dsse1Body(bundle), kTestTime)};
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss,
                "the signature is not by this key");
}

TEST_F(SigstoreTest, ABundleWithoutEntriesIsRefused) {
  ModelBundle bundle = sigstore_.Bundle2({});
  bundle.tlog_entries.clear();
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss,
                "no entry of a transparency log");
}

TEST_F(SigstoreTest, EveryEntryMustBeRight) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.tlog_entries.push_back(sigstore_.Bundle1({}).tlog_entries[0]);
  EXPECT_STATUS(Verify(bundle), StatusCode::kDataLoss, "about another signature");
}

TEST_F(SigstoreTest, TooManyProofsAreRefusedUnread) {
  ModelBundle bundle = sigstore_.Bundle1({});
  bundle.tlog_entries.assign(kMaxSigstoreProofs, bundle.tlog_entries[0]);
  EXPECT_OK(Verify(bundle));
  bundle.tlog_entries.emplace_back();
  EXPECT_STATUS(Verify(bundle), StatusCode::kInvalidArgument, "more than 16");
  bundle.tlog_entries.resize(1);
  bundle.timestamps.assign(kMaxSigstoreProofs + 1, "");
  EXPECT_STATUS(Verify(bundle), StatusCode::kInvalidArgument, "more than 16");
}

TEST_F(SigstoreTest, ALogThatIsNotTrustedIsNotFound) {
  const auto forget = [](Json& root) { root["tlogs"].erase(0); };
  EXPECT_STATUS(VerifyWith(sigstore_.Bundle1({}), forget), StatusCode::kNotFound,
                "the trusted root has no log with the ID");
  EXPECT_OK(VerifyWith(sigstore_.Bundle2({}), forget));
}

// 2026-05-28T20:26:40Z is the test's time.
TEST_F(SigstoreTest, TimesMustBeInTheValidityOfWhoeverSigned) {
  const auto until = [](const std::string& end) {
    return Json{{"start", "2025-06-01T00:00:00Z"}, {"end", end}};
  };
  const auto log = [&](const char* kind, size_t i, const std::string& end) {
    return [=](Json& root) { root[kind][i]["publicKey"]["validFor"] = until(end); };
  };
  const auto authority = [&](const char* kind, const std::string& end) {
    return [=](Json& root) { root[kind][0]["validFor"] = until(end); };
  };
  const std::string at = "2026-05-28T20:26:40Z", before = "2026-05-28T20:26:39.999Z";
  const ModelBundle one = sigstore_.Bundle1({}), two = sigstore_.Bundle2({});
  EXPECT_OK(VerifyWith(one, log("tlogs", 0, at)));
  EXPECT_STATUS(VerifyWith(one, log("tlogs", 0, before)), StatusCode::kDataLoss,
                "outside of the validity of https://rekor.example.org");
  EXPECT_OK(VerifyWith(two, log("tlogs", 1, at)));
  EXPECT_STATUS(VerifyWith(two, log("tlogs", 1, before)), StatusCode::kDataLoss,
                "outside of the validity of https://log2026.rekor.example.org");
  EXPECT_OK(VerifyWith(one, authority("certificateAuthorities", at)));
  EXPECT_STATUS(VerifyWith(one, authority("certificateAuthorities", before)),
                StatusCode::kDataLoss, "outside of the authority's validity");
  EXPECT_OK(VerifyWith(two, authority("timestampAuthorities", at)));
  EXPECT_STATUS(VerifyWith(two, authority("timestampAuthorities", before)),
                StatusCode::kDataLoss, "outside of the authority's validity");
  EXPECT_STATUS(VerifyWith(one, log("ctlogs", 0, "2026-05-28T20:26:28Z")),
                StatusCode::kDataLoss, "the SCT's time is outside of the validity");
}

}  // namespace
}  // namespace setlog
