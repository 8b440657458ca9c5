// What an entry must say, and how it is proven: each part broken alone.
#include "model/rekor.h"

#include <functional>

#include "sigstore_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;

class RekorTest : public testing::Test {
 protected:
  SignedEnvelope Envelope() const {
    return {bundle_.payload, bundle_.signature, LeafOf(bundle_)};
  }
  absl::StatusOr<RekorEntry> Verify(const TlogEntry& entry) const {
    return VerifyRekorEntry(entry, root_.tlogs, Envelope());
  }
  TlogEntry Entry1() const { return sigstore_.Entry1(Dsse1(), kTestTime); }
  TlogEntry Entry2() const { return sigstore_.Entry2(HashedRekord2()); }
  Json Dsse1() const { return Dsse1Body(bundle_); }
  Json Intoto2() const { return Intoto2Body(bundle_); }
  Json Dsse2() const { return Dsse2Body(bundle_); }
  Json HashedRekord2() const { return HashedRekord2Body(bundle_); }

  const PrivateSigstore sigstore_;
  const TrustedRoot root_ = sigstore_.Root();
  const ModelBundle bundle_ = sigstore_.Bare({});
};

TEST_F(RekorTest, EntriesOfBothVersionsVerify) {
  const absl::StatusOr<RekorEntry> one = Verify(Entry1());
  ASSERT_OK(one);
  EXPECT_EQ(one->log, &root_.tlogs[0]);
  EXPECT_EQ(one->promised_us, kTestTime * 1'000'000);
  const absl::StatusOr<RekorEntry> two = Verify(Entry2());
  ASSERT_OK(two);
  EXPECT_EQ(two->log, &root_.tlogs[1]);
  EXPECT_FALSE(two->promised_us.has_value());
}

// --- what the body says

// The body with one value changed; nothing but what it says is looked at.
absl::Status CheckBody(Json body, const SignedEnvelope& envelope,
                       const std::string& pointer, const Json& value) {
  body[Json::json_pointer(pointer)] = value;
  TlogEntry entry{.kind = body["kind"], .version = body["apiVersion"]};
  entry.canonicalized_body = body.dump();
  return CheckEntryDescribes(entry, envelope);
}

TEST_F(RekorTest, ABodyAboutAnotherPayloadIsRefused) {
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

TEST_F(RekorTest, ABodyAboutAnotherSignatureIsRefused) {
  const std::string other = sigstore_.Bare({}).signature;
  const auto expect = [&](const Json& body, const std::string& at, const Json& value) {
    EXPECT_STATUS(CheckBody(body, Envelope(), at, value), StatusCode::kDataLoss,
                  "about another signature");
  };
  expect(Dsse1(), "/spec/signatures/0/signature", Base64(other));
  expect(Intoto2(), "/spec/content/envelope/signatures/0/sig", Base64(Base64(other)));
  expect(Dsse2(), "/spec/dsseV002/signatures/0/content", Base64(other));
  expect(HashedRekord2(), "/spec/hashedRekordV002/signature/content", Base64(other));
}

TEST_F(RekorTest, ABodyAboutAnotherCertificateIsRefused) {
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

TEST_F(RekorTest, ABodyIsOfTheKindTheEntrySays) {
  TlogEntry entry = Entry1();
  entry.kind = "hashedrekord";
  entry.version = "0.0.2";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument,
                "key \"kind\" must be \"hashedrekord\"");
  entry = Entry1();
  entry.version = "0.0.2";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument,
                "key \"apiVersion\" must be \"0.0.2\"");
}

TEST_F(RekorTest, OtherKindsAreUnimplemented) {
  for (const auto& [kind, version] :
       {std::pair("hashedrekord", "0.0.1"), {"intoto", "0.0.1"}, {"rekord", "0.0.1"}}) {
    SCOPED_TRACE(kind);
    TlogEntry entry = Entry1();
    entry.kind = kind;
    entry.version = version;
    EXPECT_STATUS(Verify(entry), StatusCode::kUnimplemented, "an entry of kind ");
  }
}

TEST_F(RekorTest, MalformedBodiesAreRefused) {
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
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "duplicate key");
}

TEST_F(RekorTest, OneCertificateStandsInItsPlace) {
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

// --- the path and the checkpoint

class InclusionTest : public RekorTest, public testing::WithParamInterface<int> {
 protected:
  TlogEntry Entry() const { return GetParam() == 1 ? Entry1() : Entry2(); }
};
INSTANTIATE_TEST_SUITE_P(Versions, InclusionTest, testing::Values(1, 2));

TEST_P(InclusionTest, WithoutProofAnEntryIsRefused) {
  TlogEntry entry = Entry();
  entry.inclusion.reset();
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "no inclusion proof");
}

TEST_P(InclusionTest, AnotherBodyIsNotIncluded) {
  TlogEntry entry = Entry();
  entry.canonicalized_body += " ";
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
}

TEST_P(InclusionTest, APathIsOfItsLengthIndexAndHashes) {
  TlogEntry entry = Entry();
  entry.inclusion->path.pop_back();
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "inclusion proof");
  entry = Entry();
  entry.inclusion->path.push_back(Hash());
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "inclusion proof");
  entry = Entry();
  entry.inclusion->path[1].bytes[31] ^= 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
  entry = Entry();
  entry.inclusion->log_index = 4;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "inclusion proof");
  entry.inclusion->log_index = PrivateSigstore::kSize;
  EXPECT_STATUS(Verify(entry), StatusCode::kOutOfRange, "inclusion proof");
}

TEST_P(InclusionTest, TheCheckpointIsOfTheProofsTree) {
  TlogEntry entry = Entry();
  entry.inclusion->tree_size += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "another tree");
  entry = Entry();
  entry.inclusion->root.bytes[0] ^= 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "another tree");
}

TEST_P(InclusionTest, AnotherLogsCheckpointIsRefused) {
  const PrivateSigstore other;
  const Json body = GetParam() == 1 ? Dsse1() : HashedRekord2();
  TlogEntry entry = Entry();
  entry.inclusion->checkpoint = GetParam() == 1 ? other.Checkpoint1(*entry.inclusion)
                                                : Entry1().inclusion->checkpoint;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "not signed by");
}

TEST_P(InclusionTest, AChangedCheckpointIsRefused) {
  TlogEntry entry = Entry();
  std::string& note = entry.inclusion->checkpoint;
  note.replace(note.find("\n11\n"), 4, "\n12\n");
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's checkpoint");
  entry.inclusion->checkpoint = "";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "the entry's checkpoint");
}

TEST_P(InclusionTest, LinesOfOthersOnTheCheckpointAreNotLookedAt) {
  TlogEntry entry = Entry();
  std::string& note = entry.inclusion->checkpoint;
  const std::string line =
      "\xE2\x80\x94 witness.example.org " + Base64("1234witness") + "\n";
  note.insert(note.find("\n\n") + 2, line);
  EXPECT_OK(Verify(entry));
  note += line;
  EXPECT_OK(Verify(entry));
}

TEST_F(RekorTest, ACheckpointOfV1HasTheNameOfItsKey) {
  TlogEntry entry = Entry1();
  const auto origin = [&](const std::string& name) {
    entry.inclusion->checkpoint = sigstore_.Checkpoint1(*entry.inclusion, name);
    return Verify(entry).status();
  };
  EXPECT_OK(origin("rekor.example.org"));
  EXPECT_OK(origin("rekor.example.org - 1"));
  EXPECT_STATUS(origin("rekor.example.org.evil.test"), StatusCode::kDataLoss,
                "signed it as the log rekor.example.org.evil.test");
  EXPECT_STATUS(origin("other.example.org - 1"), StatusCode::kDataLoss, "signed it as");
}

TEST_F(RekorTest, ACheckpointOfV2HasTheNameOfTheHost) {
  // Another name for the same key, in the trusted root: then another ID as well.
  Json json = sigstore_.RootJson();
  json["tlogs"][1]["baseUrl"] = "https://other.example.org";
  EXPECT_STATUS(
      VerifyRekorEntry(Entry2(), ParseTrustedRoot(json.dump())->tlogs, Envelope()),
      StatusCode::kInvalidArgument, "has the ID of another key or name");
  // The same key may sign for another origin, but not as this log.
  TlogEntry entry = Entry2();
  const std::string text =
      "other.example.org\n11\n" + ToBase64(entry.inclusion->root) + "\n";
  entry.inclusion->checkpoint = FormatNote({text, {*SignNote(text, sigstore_.rekor2)}});
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss,
                "whose origin is other.example.org");
}

TEST_F(RekorTest, KeysNotKnownHereVerifyNothing) {
  Json json = sigstore_.RootJson();
  json["tlogs"][0]["publicKey"]["keyDetails"] = "ML_DSA_65";
  EXPECT_STATUS(
      VerifyRekorEntry(Entry1(), ParseTrustedRoot(json.dump())->tlogs, Envelope()),
      StatusCode::kUnimplemented, "no ECDSA key on P-256 and no Ed25519 key");
}

// --- the promise

TEST_F(RekorTest, APromiseIsOfBodyTimeIndexAndLog) {
  TlogEntry entry = Entry1();
  entry.integrated_time_s += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.log_index += 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.signed_entry_timestamp =
      sigstore_.Entry1(Intoto2(), kTestTime).signed_entry_timestamp;
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry = Entry1();
  entry.signed_entry_timestamp = PrivateSigstore().Promise(entry);
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
  entry.signed_entry_timestamp = "promise";
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "the entry's promise");
  entry = Entry1();
  TlogEntry elsewhere = entry;
  elsewhere.log_id = sigstore_.LogId2();
  entry.signed_entry_timestamp = sigstore_.Promise(elsewhere);
  EXPECT_STATUS(Verify(entry), StatusCode::kDataLoss, "the entry's promise");
}

TEST_F(RekorTest, RekorV2PromisesNothing) {
  TlogEntry entry = Entry2();
  entry.signed_entry_timestamp = sigstore_.Promise(entry);
  EXPECT_STATUS(Verify(entry), StatusCode::kUnimplemented, "");
}

TEST_F(RekorTest, TimesAndIndicesThatNoPromiseCanHaveAreRefused) {
  TlogEntry entry = Entry1();
  entry.integrated_time_s = 253402300800;
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "beyond the year 9999");
  entry = Entry1();
  entry.log_index = (uint64_t{1} << 53) + 1;
  EXPECT_STATUS(Verify(entry), StatusCode::kInvalidArgument, "above 2^53");
}

}  // namespace
}  // namespace setlog
