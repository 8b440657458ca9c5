// What an entry must say of an envelope: each part changed alone.
#include "model/rekor_body.h"

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;

class RekorBodyTest : public testing::Test {
 protected:
  SignedEnvelope Envelope() const {
    return {bundle_.payload, bundle_.signature, LeafOf(bundle_)};
  }
  absl::Status Check(const TlogEntry& entry) const {
    return CheckEntryDescribes(entry, Envelope());
  }
  TlogEntry Entry1() const {
    return {.kind = "dsse", .version = "0.0.1", .canonicalized_body = Dsse1().dump()};
  }
  Json Dsse1() const { return Dsse1Body(bundle_); }
  Json Intoto2() const { return Intoto2Body(bundle_); }
  Json Dsse2() const { return Dsse2Body(bundle_); }
  Json HashedRekord2() const { return HashedRekord2Body(bundle_); }

  const PrivateSigstore sigstore_;
  const ModelBundle bundle_ = sigstore_.Bare({});
};

// The body with one value changed; nothing but what it says is looked at.
absl::Status CheckBody(Json body, const SignedEnvelope& envelope,
                       const std::string& pointer, const Json& value) {
  body[Json::json_pointer(pointer)] = value;
  TlogEntry entry{.kind = body["kind"], .version = body["apiVersion"]};
  entry.canonicalized_body = body.dump();
  return CheckEntryDescribes(entry, envelope);
}

TEST_F(RekorBodyTest, ABodyAboutAnotherPayloadIsRefused) {
  const Json other_hex = ToHex(AsBytes(Sha256Of("other")));
  const Json other = Base64(Sha256Of("other"));
  const auto expect = [&](const Json& body, const std::string& at, const Json& value) {
    EXPECT_STATUS(CheckBody(body, Envelope(), at, value), StatusCode::kDataLoss,
                  "about another payload");
  };
  expect(Dsse1(), "/spec/payloadHash/value", other_hex);
  expect(Intoto2(), "/spec/content/payloadHash/value", other_hex);
  expect(Dsse2(), "/spec/dsseV002/payloadHash/digest", other);
  expect(HashedRekord2(), "/spec/hashedRekordV002/data/digest", other);
  // The digest of the payload alone is not that of the bytes signed.
  expect(HashedRekord2(), "/spec/hashedRekordV002/data/digest",
         Base64(Sha256Of(bundle_.payload)));
  expect(HashedRekord2(), "/spec/hashedRekordV002/data/algorithm", "SHA2_512");
}

TEST_F(RekorBodyTest, ABodyHasFewValues) {
  EXPECT_STATUS(CheckBody(Dsse1(), Envelope(), "/z", Json(20'000, 0)),
                StatusCode::kInvalidArgument, "more values than are read here");
}

TEST_F(RekorBodyTest, ABodyAboutAnotherSignatureIsRefused) {
  const std::string other = std::string("other");
  const auto expect = [&](const Json& body, const std::string& at, const Json& value) {
    EXPECT_STATUS(CheckBody(body, Envelope(), at, value), StatusCode::kDataLoss,
                  "about another signature");
  };
  expect(Dsse1(), "/spec/signatures/0/signature", Base64(other));
  expect(Intoto2(), "/spec/content/envelope/signatures/0/sig", Base64(Base64(other)));
  expect(Dsse2(), "/spec/dsseV002/signatures/0/content", Base64(other));
  expect(HashedRekord2(), "/spec/hashedRekordV002/signature/content", Base64(other));
}

TEST_F(RekorBodyTest, ABodyAboutAnotherCertificateIsRefused) {
  const ModelBundle other = sigstore_.Bare({});
  const Json pem = Dsse1Body(other)["spec"]["signatures"][0]["verifier"];
  const Json der = Base64(LeafOf(other));
  const auto expect = [&](const Json& body, const std::string& at, const Json& value) {
    EXPECT_STATUS(CheckBody(body, Envelope(), at, value), StatusCode::kDataLoss,
                  "by another certificate");
  };
  expect(Dsse1(), "/spec/signatures/0/verifier", pem);
  expect(Intoto2(), "/spec/content/envelope/signatures/0/publicKey", pem);
  expect(Dsse2(), "/spec/dsseV002/signatures/0/verifier/x509Certificate/rawBytes", der);
  expect(HashedRekord2(),
         "/spec/hashedRekordV002/signature/verifier/x509Certificate/rawBytes", der);
}

TEST_F(RekorBodyTest, ABodyIsOfTheKindTheEntrySays) {
  TlogEntry entry = Entry1();
  entry.kind = "hashedrekord";
  entry.version = "0.0.2";
  EXPECT_STATUS(Check(entry), StatusCode::kInvalidArgument,
                "key \"kind\" must be \"hashedrekord\"");
  entry = Entry1();
  entry.version = "0.0.2";
  EXPECT_STATUS(Check(entry), StatusCode::kInvalidArgument,
                "key \"apiVersion\" must be \"0.0.2\"");
}

TEST_F(RekorBodyTest, OtherKindsAreUnimplemented) {
  for (const auto& [kind, version] :
       {std::pair("hashedrekord", "0.0.1"), {"intoto", "0.0.1"}, {"rekord", "0.0.1"}}) {
    SCOPED_TRACE(kind);
    TlogEntry entry = Entry1();
    entry.kind = kind;
    entry.version = version;
    EXPECT_STATUS(Check(entry), StatusCode::kUnimplemented, "an entry of kind ");
  }
}

TEST_F(RekorBodyTest, MalformedBodiesAreRefused) {
  const auto expect = [&](const Json& body, const std::string& at, const Json& value,
                          const std::string& why) {
    EXPECT_STATUS(CheckBody(body, Envelope(), at, value), StatusCode::kInvalidArgument,
                  why);
  };
  expect(Dsse1(), "/spec", 1, "spec: must be an object");
  expect(Dsse1(), "/spec/payloadHash/algorithm", "sha1", "must be \"sha256\"");
  expect(Dsse1(), "/spec/signatures", Json::array(), "must have one item");
  expect(Dsse1(), "/spec/signatures/1", Dsse1()["spec"]["signatures"][0],
         "must have one item");
  expect(Dsse1(), "/spec/signatures/0/verifier", Base64("PEM"), "certificate in PEM");
  expect(Dsse1(), "/spec/signatures/0/signature", "a", "must be bytes in base64");
  expect(Intoto2(), "/spec/content/envelope/payloadType", "text/plain",
         "must be \"application/vnd.in-toto+json\"");
  expect(Intoto2(), "/spec/content/envelope/signatures/0/sig",
         Base64(bundle_.signature), "must be the base64 of base64");
  expect(HashedRekord2(), "/spec/hashedRekordV002/data/algorithm", "SHA1",
         "must be SHA2_256, SHA2_384 or SHA2_512");
  TlogEntry entry = Entry1();
  entry.canonicalized_body = "{\"kind\":\"dsse\"," + entry.canonicalized_body.substr(1);
  EXPECT_STATUS(Check(entry), StatusCode::kInvalidArgument, "duplicate key");
}

TEST_F(RekorBodyTest, OneCertificateStandsInItsPlace) {
  std::string pem =
      *BytesFromBase64(std::string(Dsse1()["spec"]["signatures"][0]["verifier"]));
  EXPECT_STATUS(
      CheckBody(Dsse1(), Envelope(), "/spec/signatures/0/verifier", Base64(pem + pem)),
      StatusCode::kInvalidArgument, "one certificate in PEM");
  for (size_t at; (at = pem.find("CERTIFICATE")) != pem.npos;) {
    pem.replace(at, 11, "PUBLIC KEY");
  }
  EXPECT_STATUS(
      CheckBody(Dsse1(), Envelope(), "/spec/signatures/0/verifier", Base64(pem)),
      StatusCode::kInvalidArgument, "one certificate in PEM");
}

}  // namespace
}  // namespace setlog
