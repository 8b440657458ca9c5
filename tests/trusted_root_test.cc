#include "model/trusted_root.h"

#include <functional>

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;
#define EXPECT_REFUSED(status, text) \
  EXPECT_STATUS(status, StatusCode::kInvalidArgument, text)

TEST(TrustedRootTest, ThePublicOneParses) {
  const absl::StatusOr<TrustedRoot> root =
      ParseTrustedRoot(ReadTestFile("sigstore/trusted_root.json"));
  ASSERT_OK(root);
  ASSERT_EQ(root->tlogs.size(), 2u);
  EXPECT_EQ(root->tlogs[0].base_url, "https://rekor.sigstore.dev");
  EXPECT_EQ(root->tlogs[0].kind, LogKeyKind::kEcdsaP256);
  EXPECT_EQ(root->tlogs[0].valid.start_us, 1610452407'000'000);
  EXPECT_FALSE(root->tlogs[0].valid.end_us.has_value());
  // Rekor v1 is named by its key.
  EXPECT_EQ(root->tlogs[0].log_id, Sha256Of(root->tlogs[0].key));
  EXPECT_EQ(root->tlogs[1].kind, LogKeyKind::kEd25519);
  EXPECT_EQ(root->ctlogs.size(), 2u);
  ASSERT_EQ(root->certificate_authorities.size(), 2u);
  EXPECT_EQ(root->certificate_authorities[0].certificates.size(), 1u);
  EXPECT_EQ(root->certificate_authorities[0].valid.end_us, 1672531199'999'000);
  EXPECT_EQ(root->certificate_authorities[1].certificates.size(), 2u);
  EXPECT_EQ(root->timestamp_authorities.size(), 1u);
}

TEST(TrustedRootTest, TheStagingOneParsesWithItsRsaKey) {
  const absl::StatusOr<TrustedRoot> root =
      ParseTrustedRoot(ReadTestFile("sigstore/staging_trusted_root.json"));
  ASSERT_OK(root);
  EXPECT_EQ(root->tlogs.size(), 4u);
  const TrustedLog& rsa = root->ctlogs[0];
  EXPECT_EQ(rsa.kind, LogKeyKind::kRsa);
  // The file has the bare RSA key; the log's ID is of the key with its algorithm.
  EXPECT_EQ(rsa.log_id, Sha256Of(rsa.key));
}

TEST(TrustedRootTest, ABareRsaKeyIsWholeToo) {
  Json json = ReadTestJson("sigstore/staging_trusted_root.json");
  Json& key = json["ctlogs"][0]["publicKey"]["rawBytes"];
  const std::string bytes = *BytesFromBase64(std::string(key));
  for (const std::string& bad : {bytes + '\0', bytes.substr(1), std::string("key")}) {
    key = Base64(bad);
    EXPECT_REFUSED(ParseTrustedRoot(json.dump()), "is no key as");
  }
}

TEST(TrustedRootTest, LogsAreFoundByTheirId) {
  const TrustedRoot root = PrivateSigstore().Root();
  EXPECT_EQ(FindLog(root.tlogs, root.tlogs[1].log_id), &root.tlogs[1]);
  EXPECT_EQ(FindLog(root.tlogs, root.ctlogs[0].log_id), nullptr);
  EXPECT_EQ(FindLog(root.tlogs, ""), nullptr);
}

TEST(TrustedRootTest, BothEndsBelongToAWindow) {
  const ValidityWindow window{.start_us = 5, .end_us = 7};
  EXPECT_FALSE(window.Contains(4));
  EXPECT_TRUE(window.Contains(5));
  EXPECT_TRUE(window.Contains(7));
  EXPECT_FALSE(window.Contains(8));
  EXPECT_TRUE((ValidityWindow{.start_us = 5}).Contains(INT64_MAX));
}

class ChangedRootTest : public testing::Test {
 protected:
  absl::StatusOr<TrustedRoot> Parse(const std::function<void(Json&)>& change) const {
    Json json = json_;
    change(json);
    return ParseTrustedRoot(json.dump());
  }
  absl::StatusOr<TrustedRoot> With(const std::string& pointer,
                                   const Json& value) const {
    return Parse([&](Json& json) { json[Json::json_pointer(pointer)] = value; });
  }
  absl::StatusOr<TrustedRoot> Without(const std::string& pointer) const {
    return Parse([&](Json& json) {
      const Json::json_pointer at(pointer);
      json[at.parent_pointer()].erase(at.back());
    });
  }

  const PrivateSigstore sigstore_;
  const Json json_ = sigstore_.RootJson();
};

TEST_F(ChangedRootTest, BothMediaTypesParseAndNoOther) {
  EXPECT_OK(
      With("/mediaType", "application/vnd.dev.sigstore.trustedroot+json;version=0.1"));
  EXPECT_OK(With("/mediaType", "application/vnd.dev.sigstore.trustedroot.v0.2+json"));
  EXPECT_REFUSED(
      With("/mediaType", "application/vnd.dev.sigstore.trustedroot.v0.3+json"),
      "is of no trusted root known here");
  EXPECT_REFUSED(With("/mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json"),
                 "is of no trusted root known here");
  EXPECT_REFUSED(Without("/mediaType"), "\"mediaType\" is missing");
}

TEST_F(ChangedRootTest, ListsMayBeMissingAndMembersUnknown) {
  for (const char* list :
       {"/tlogs", "/ctlogs", "/certificateAuthorities", "/timestampAuthorities"}) {
    SCOPED_TRACE(list);
    EXPECT_OK(Without(list));
    EXPECT_REFUSED(With(list, "none"), "must be an array");
  }
  EXPECT_OK(With("/tlogs/0/operator", "example.org"));
  EXPECT_OK(With("/witnesses", Json::array()));
}

TEST_F(ChangedRootTest, AWindowHasAStartAndNoEndBeforeIt) {
  for (const std::string window :
       {"/tlogs/1/publicKey/validFor", "/ctlogs/0/publicKey/validFor",
        "/certificateAuthorities/0/validFor", "/timestampAuthorities/0/validFor"}) {
    SCOPED_TRACE(window);
    EXPECT_REFUSED(Without(window), "\"validFor\" is missing");
    EXPECT_REFUSED(Without(window + "/start"), "\"start\" is missing");
    EXPECT_OK(With(window + "/end", "2025-06-01T00:00:00Z"));
    EXPECT_REFUSED(With(window + "/end", "2025-05-31T23:59:59Z"), "before the start");
  }
}

TEST_F(ChangedRootTest, TimesHaveOneForm) {
  const std::string end = "/tlogs/0/publicKey/validFor/end";
  const absl::StatusOr<TrustedRoot> root = With(end, "2026-05-28T20:26:40.250Z");
  ASSERT_OK(root);
  EXPECT_EQ(root->tlogs[0].valid.end_us, kTestTime * 1'000'000 + 250'000);
  for (const char* bad :
       {"", "infinite-future", "2026-05-28", " 2026-05-28T20:26:40Z",
        "2026-05-28T20:26:40", "2026-05-28T20:26:40Z ", "2026-05-28 20:26:40Z",
        "2026-02-30T20:26:40Z", "2026-05-28T20:26:40+02:00", "2026-05-28T24:26:40Z"}) {
    SCOPED_TRACE(bad);
    EXPECT_REFUSED(With(end, bad), "must be a time such as");
  }
  EXPECT_REFUSED(With(end, 1780000000), "must be a string");
}

TEST_F(ChangedRootTest, KeysAreOfTheKindTheySayAndWhole) {
  const std::string key = "/tlogs/0/publicKey/rawBytes";
  const std::string spki = SpkiOf(sigstore_.rekor1);
  EXPECT_REFUSED(With(key, Base64(SpkiOf(NewKey("P-384")))), "is no key as");
  EXPECT_REFUSED(With(key, Base64(spki + '\0')), "is no key as");
  EXPECT_REFUSED(With(key, Base64(spki.substr(1))), "is no key as");
  // The same key with its length in two bytes: BER, and not DER.
  EXPECT_REFUSED(With(key, Base64("\x30\x81" + spki.substr(1))), "is no key as");
  EXPECT_REFUSED(With(key, "!"), "must be bytes in base64");
  EXPECT_REFUSED(With(key, ""), "must be bytes in base64");
  EXPECT_REFUSED(With("/tlogs/0/publicKey/keyDetails", "PKIX_ED25519"), "is no key as");
  EXPECT_REFUSED(With("/tlogs/1/publicKey/keyDetails", "PKIX_ECDSA_P256_SHA_256"),
                 "is no key as");
  EXPECT_REFUSED(With("/tlogs/0/publicKey/keyDetails", "PKCS1_RSA_PKCS1V5"),
                 "is no key as");
  // The identity: one signature under it fits many messages.
  EXPECT_REFUSED(With("/tlogs/1/publicKey/rawBytes",
                      Base64(*BytesFromHex("302a300506032b6570032100"
                                           "01000000000000000000000000000000"
                                           "00000000000000000000000000000000"))),
                 "is no key as");
}

TEST_F(ChangedRootTest, AKeyOfAKindNotKnownHereIsKeptUnread) {
  const absl::StatusOr<TrustedRoot> root =
      With("/tlogs/0/publicKey/keyDetails", "ML_DSA_65");
  ASSERT_OK(root);
  EXPECT_EQ(root->tlogs[0].kind, LogKeyKind::kOther);
}

TEST_F(ChangedRootTest, IdsAre32BytesAndDistinct) {
  EXPECT_REFUSED(With("/tlogs/0/logId/keyId", Base64("four")), "must be of 32 bytes");
  EXPECT_REFUSED(Without("/ctlogs/0/logId"), "\"logId\" is missing");
  EXPECT_REFUSED(With("/tlogs/1/logId/keyId", json_["tlogs"][0]["logId"]["keyId"]),
                 "two logs with the same ID");
}

TEST_F(ChangedRootTest, ChainsAreOfCertificatesAndNotEmpty) {
  const std::string chain = "/certificateAuthorities/0/certChain/certificates";
  EXPECT_REFUSED(With(chain, Json::array()), "must not be empty");
  EXPECT_REFUSED(With(chain + "/1/rawBytes", Base64("certificate")),
                 "certificateAuthorities[0]: certChain: certificates[1]: key "
                 "\"rawBytes\" is no certificate");
  EXPECT_REFUSED(With(chain + "/1/rawBytes", Base64(sigstore_.root.der() + '\0')),
                 "is no certificate");
  EXPECT_REFUSED(With("/tlogs/0/hashAlgorithm", "SHA1"), "must be \"SHA2_256\"");
}

TEST(TrustedRootTest, JsonIsStrict) {
  const std::string text = PrivateSigstore().RootJson().dump();
  EXPECT_REFUSED(ParseTrustedRoot("{\"tlogs\":[]," + text.substr(1)), "duplicate key");
  EXPECT_REFUSED(ParseTrustedRoot(text + "{}"), "trusted root: column");
  EXPECT_REFUSED(ParseTrustedRoot(""), "trusted root: column");
  EXPECT_REFUSED(ParseTrustedRoot("[]"), "trusted root: must be an object");
  EXPECT_REFUSED(ParseTrustedRoot(text + std::string(kMaxTrustedRootBytes, ' ')),
                 "at most");
}

TEST(TrustedRootTest, NoTruncationParses) {
  const std::string text = PrivateSigstore().RootJson().dump();
  for (size_t i = 0; i < text.size(); i += 7) {
    EXPECT_REFUSED(ParseTrustedRoot(text.substr(0, i)), "trusted root");
  }
}

TEST(TrustedRootTest, ItHasFewValues) {
  Json json = Json::parse(ReadTestFile("sigstore/trusted_root.json"));
  json["z"] = Json(20'000, 0);
  EXPECT_REFUSED(ParseTrustedRoot(json.dump()), "more values than are read here");
}

}  // namespace
}  // namespace setlog
