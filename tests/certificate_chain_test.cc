#include "model/certificate_chain.h"

#include "model/bundle.h"
#include "model/dsse.h"
#include "mutants.h"
#include "test_certificates.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNowSeconds = 1'800'000'000;
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kNow = kNowSeconds * kSecond;

#define EXPECT_BROKEN(status, text) EXPECT_STATUS(status, StatusCode::kDataLoss, text)

absl::StatusOr<CertifiedSigner> Verify(const std::vector<std::string>& chain,
                                       const std::vector<std::string>& roots,
                                       int64_t at_us = kNow,
                                       const ExpectedSigner& expected = {}) {
  return VerifyCertificateChain(chain, {roots, at_us}, expected);
}

// A root, an intermediate and a leaf; each test exchanges one of them.
class CertificateChainTest : public testing::Test {
 protected:
  using Options = TestCertificate::Options;

  // A leaf like this one instead of leaf_.
  absl::StatusOr<CertifiedSigner> WithLeaf(Options options) {
    if (options.subject.empty()) options.subject = "leaf";
    if (options.issuer == nullptr) options.issuer = &middle_;
    return Verify({TestCertificate(options).der(), middle_.der()}, {root_.der()});
  }
  // An intermediate like this one.
  absl::StatusOr<CertifiedSigner> WithMiddle(Options options) {
    options.subject = "middle";
    if (options.issuer == nullptr) options.issuer = &root_;
    const TestCertificate middle(options);
    const TestCertificate leaf({.subject = "leaf", .issuer = &middle});
    return Verify({leaf.der(), middle.der()}, {root_.der()});
  }
  absl::StatusOr<CertifiedSigner> WithRoot(Options options) {
    options.subject = "root";
    const TestCertificate root(options);
    const TestCertificate leaf({.subject = "leaf", .issuer = &root});
    return Verify({leaf.der()}, {root.der()});
  }

  const TestCertificate root_{{.subject = "root", .extensions = kAuthority}};
  const TestCertificate middle_{
      {.subject = "middle", .issuer = &root_, .extensions = kAuthority}};
  const TestCertificate leaf_{{.subject = "leaf", .issuer = &middle_}};
};

TEST_F(CertificateChainTest, AChainToAGivenRootNamesItsSigner) {
  const absl::StatusOr<CertifiedSigner> signer =
      Verify({leaf_.der(), middle_.der()}, {root_.der()});
  ASSERT_OK(signer);
  EXPECT_EQ(signer->subject, "CN=leaf");
  EXPECT_EQ(signer->issuer, "CN=middle");
  EXPECT_EQ(signer->key.ToPem(), PublicHalf(leaf_.key_pem()));
  EXPECT_THAT(signer->names, IsEmpty());
  EXPECT_EQ(signer->not_before_us, 1'700'000'000 * kSecond);
  EXPECT_EQ(signer->not_after_us, 1'900'000'000 * kSecond);
}

TEST_F(CertificateChainTest, WhatElseIsInTheChainDoesNoHarm) {
  const TestCertificate stranger({.subject = "stranger", .extensions = kAuthority});
  EXPECT_OK(
      Verify({leaf_.der(), stranger.der(), leaf_.der(), root_.der(), middle_.der()},
             {stranger.der(), root_.der()}));
}

TEST_F(CertificateChainTest, RootsAreThoseGivenAndNoOthers) {
  const TestCertificate other({.subject = "root", .extensions = kAuthority});
  EXPECT_BROKEN(
      Verify({leaf_.der(), middle_.der(), root_.der()}, {}),
      "certificate \"CN=root\" is signed by itself, and is none of the given");
  EXPECT_BROKEN(Verify({leaf_.der(), middle_.der(), root_.der()}, {other.der()}),
                "certificate \"CN=");
  EXPECT_BROKEN(
      Verify({leaf_.der(), middle_.der()}, {}),
      "certificate \"CN=middle\" was issued by \"CN=root\", whose certificate");
  EXPECT_BROKEN(Verify({leaf_.der()}, {root_.der()}),
                "certificate \"CN=leaf\" was issued by \"CN=middle\"");
}

TEST_F(CertificateChainTest, AnIntermediateIsNoRootThoughItIsGiven) {
  EXPECT_BROKEN(Verify({leaf_.der(), middle_.der()}, {middle_.der()}),
                "was issued by \"CN=root\"");
  EXPECT_BROKEN(Verify({leaf_.der()}, {leaf_.der()}), "was issued by \"CN=middle\"");
}

TEST_F(CertificateChainTest, ALeafThatSignsItselfIsBelievedIfItIsGiven) {
  const TestCertificate alone({.subject = "alone"});
  EXPECT_OK(Verify({alone.der()}, {alone.der()}));
  EXPECT_BROKEN(Verify({alone.der()}, {root_.der()}),
                "certificate \"CN=alone\" is signed by itself, and is none");
  const TestCertificate useless({.subject = "alone", .extensions = {}});
  EXPECT_BROKEN(Verify({useless.der()}, {useless.der()}), "is not for signatures");
}

TEST_F(CertificateChainTest, EveryCertificateIsValidAtTheTimeAsked) {
  const int64_t before = 1'790'000'000, after = 1'810'000'000;
  EXPECT_BROKEN(WithLeaf({.until_s = before}),
                "certificate \"CN=leaf\" expired on 2026-09-21T14:13:20Z");
  EXPECT_BROKEN(WithLeaf({.from_s = after}),
                "certificate \"CN=leaf\" is not valid before 2027-05-11T01:46:40Z");
  EXPECT_BROKEN(WithMiddle({.extensions = kAuthority, .until_s = before}),
                "certificate \"CN=middle\" expired on 2026-09-21");
  EXPECT_BROKEN(WithMiddle({.extensions = kAuthority, .from_s = after}),
                "certificate \"CN=middle\" is not valid before");
  EXPECT_BROKEN(WithRoot({.extensions = kAuthority, .until_s = before}),
                "certificate \"CN=root\" expired on 2026-09-21");
  EXPECT_BROKEN(WithRoot({.extensions = kAuthority, .from_s = after}),
                "certificate \"CN=root\" is not valid before");
}

TEST_F(CertificateChainTest, TheTimeIsTheOneAskedAndNotTheClocks) {
  const auto at = [&](int64_t at_us) {
    return Verify({leaf_.der(), middle_.der()}, {root_.der()}, at_us);
  };
  EXPECT_OK(at(1'700'000'000 * kSecond));
  EXPECT_OK(at(1'899'999'999 * kSecond + 999'999));
  EXPECT_BROKEN(at(1'700'000'000 * kSecond - 1), "is not valid before");
  EXPECT_BROKEN(at(1'900'000'001 * kSecond), "expired on");
  for (const int64_t early : {int64_t{0}, int64_t{-1}, -kSecond - 1}) {
    EXPECT_BROKEN(at(early), "is not valid before");
  }
}

TEST_F(CertificateChainTest, ALeafIsForSignaturesOrForCode) {
  for (const Extensions& extensions :
       {Extensions{{"keyUsage", "digitalSignature"}},
        Extensions{{"extendedKeyUsage", "codeSigning"}},
        Extensions{{"extendedKeyUsage", "serverAuth,codeSigning"}},
        Extensions{{"extendedKeyUsage", "anyExtendedKeyUsage"}},
        Extensions{{"keyUsage", "digitalSignature,keyAgreement"},
                   {"extendedKeyUsage", "codeSigning"}}}) {
    EXPECT_OK(WithLeaf({.extensions = extensions}));
  }
  for (const Extensions& extensions :
       {Extensions{}, Extensions{{"keyUsage", "keyAgreement,nonRepudiation"}},
        Extensions{{"keyUsage", "keyAgreement"},
                   {"extendedKeyUsage", "codeSigning"}}}) {
    EXPECT_BROKEN(WithLeaf({.extensions = extensions}),
                  "certificate \"CN=leaf\" is not for signatures");
  }
}

TEST_F(CertificateChainTest, ACertificateForAWebServerSignsNoModels) {
  const Extensions server = {{"keyUsage", "critical,digitalSignature,keyEncipherment"},
                             {"extendedKeyUsage", "serverAuth,clientAuth"}};
  EXPECT_BROKEN(WithLeaf({.extensions = server}),
                "certificate \"CN=leaf\" is not for the signing of code");
  EXPECT_BROKEN(
      WithLeaf({.extensions = {{"extendedKeyUsage", "serverAuth,emailProtection"}}}),
      "certificate \"CN=leaf\" is not for the signing of code");
  // What an authority is not for, it cannot let others do.
  Extensions authority = kAuthority;
  authority.push_back({"extendedKeyUsage", "serverAuth,clientAuth"});
  EXPECT_BROKEN(WithMiddle({.extensions = authority}),
                "certificate \"CN=middle\" is an authority, and not for the signing");
  EXPECT_BROKEN(WithRoot({.extensions = authority}),
                "certificate \"CN=root\" is an authority, and not for the signing");
  for (const char* usages :
       {"codeSigning", "serverAuth,codeSigning", "anyExtendedKeyUsage"}) {
    authority.back().second = usages;
    EXPECT_OK(WithMiddle({.extensions = authority}));
  }
}

TEST_F(CertificateChainTest, ASignersOwnChainIsCheckedUpToWhereItEnds) {
  const auto own = [&](const std::vector<std::string>& chain, int64_t at_us = kNow) {
    return CheckOwnChain(chain, at_us);
  };
  for (const std::vector<std::string>& chain :
       {std::vector{leaf_.der()},
        {leaf_.der(), middle_.der()},
        {leaf_.der(), middle_.der(), root_.der()},
        {leaf_.der(), root_.der(), middle_.der()}}) {
    const absl::StatusOr<CertifiedSigner> signer = own(chain);
    ASSERT_OK(signer);
    EXPECT_EQ(signer->subject, "CN=leaf");
    EXPECT_BROKEN(own(chain, 1'600'000'000 * kSecond), "is not valid before");
    EXPECT_BROKEN(own(chain, 2'000'000'000 * kSecond), "expired on");
  }
  const TestCertificate old({.subject = "old",
                             .issuer = &root_,
                             .extensions = kAuthority,
                             .until_s = 1'790'000'000});
  const TestCertificate under({.subject = "leaf", .issuer = &old});
  EXPECT_OK(own({under.der()}));
  EXPECT_BROKEN(own({under.der(), old.der()}), "certificate \"CN=old\" expired on");
  EXPECT_BROKEN(own({under.der(), old.der(), root_.der()}),
                "certificate \"CN=old\" expired on");
  const TestCertificate useless(
      {.subject = "leaf", .issuer = &middle_, .extensions = {}});
  EXPECT_BROKEN(own({useless.der(), middle_.der()}), "is not for signatures");
  EXPECT_STATUS(own({}), StatusCode::kInvalidArgument, "a chain of 0 certificates");
  EXPECT_STATUS(own(std::vector(kMaxChainCertificates + 1, leaf_.der())),
                StatusCode::kInvalidArgument, "a chain of 33 certificates");
}

TEST_F(CertificateChainTest, OnlyAuthoritiesIssue) {
  for (const Extensions& extensions :
       {Extensions{}, kSigner, Extensions{{"basicConstraints", "critical,CA:FALSE"}},
        Extensions{{"keyUsage", "critical,keyCertSign"}}}) {
    EXPECT_BROKEN(WithMiddle({.extensions = extensions}), "certificate \"CN=");
    EXPECT_BROKEN(WithRoot({.extensions = extensions}), "certificate \"CN=");
  }
  EXPECT_BROKEN(WithMiddle({.extensions = {{"keyUsage", "critical,keyCertSign"}}}),
                "\"CN=middle\" has issued another and is no authority");
  EXPECT_BROKEN(WithMiddle({.extensions = {}}),
                "\"CN=middle\" has issued another and is no authority");
  EXPECT_BROKEN(WithRoot({.extensions = {{"keyUsage", "critical,keyCertSign"}}}),
                "\"CN=root\" has issued another and is no authority");
  Extensions no_cert_sign = kAuthority;
  no_cert_sign.push_back({"keyUsage", "critical,digitalSignature"});
  EXPECT_BROKEN(WithMiddle({.extensions = no_cert_sign}), "certificate \"CN=");
}

TEST_F(CertificateChainTest, ALeafThatIsNoAuthorityCannotIssueAnother) {
  const TestCertificate forged({.subject = "forged", .issuer = &leaf_});
  EXPECT_BROKEN(Verify({forged.der(), leaf_.der(), middle_.der()}, {root_.der()}),
                "certificate \"CN=");
}

TEST_F(CertificateChainTest, APathIsAsLongAsItsAuthoritiesAllow) {
  EXPECT_BROKEN(
      [&] {
        const TestCertificate root(
            {.subject = "root",
             .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}}});
        const TestCertificate middle(
            {.subject = "middle", .issuer = &root, .extensions = kAuthority});
        const TestCertificate leaf({.subject = "leaf", .issuer = &middle});
        return Verify({leaf.der(), middle.der()}, {root.der()}).status();
      }(),
      "path length constraint exceeded");
}

TEST_F(CertificateChainTest, NamesOfAnIssuerWithoutItsSignatureAreNothing) {
  EXPECT_BROKEN(WithLeaf({.other_issuer_key = true}),
                "certificate \"CN=leaf\" does not hold: certificate signature failure");
  EXPECT_BROKEN(
      WithMiddle(
          {.issuer = &root_, .extensions = kAuthority, .other_issuer_key = true}),
      "certificate signature failure");
}

TEST_F(CertificateChainTest, CriticalExtensionsMustBeUnderstood) {
  const std::pair<std::string, std::string> plain = {"1.2.3.4", "ASN1:UTF8String:x"};
  const std::pair<std::string, std::string> critical = {"1.2.3.4",
                                                        "critical,ASN1:UTF8String:x"};
  EXPECT_OK(WithLeaf({.extensions = {kSigner[0], plain}}));
  EXPECT_BROKEN(WithLeaf({.extensions = {kSigner[0], critical}}),
                "certificate \"CN=leaf\" does not hold: unhandled critical extension");
  EXPECT_BROKEN(WithMiddle({.extensions = {kAuthority[0], critical}}),
                "unhandled critical extension");
}

TEST_F(CertificateChainTest, WeakKeysAndHashesAreRefused) {
  EXPECT_BROKEN(WithLeaf({.hash = EVP_sha1()}), "too weak");
  const std::string rsa_1024 =
      Openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"});
  EXPECT_BROKEN(WithMiddle({.extensions = kAuthority, .key = rsa_1024}), "too weak");
}

TEST_F(CertificateChainTest, AuthoritiesMayHaveOtherKeysAndALeafMayNot) {
  const std::string rsa =
      Openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"});
  EXPECT_OK(WithMiddle({.extensions = kAuthority, .key = rsa}));
  EXPECT_STATUS(WithLeaf({.key = rsa}), StatusCode::kInvalidArgument,
                "certificate \"CN=leaf\": a key of type RSA");
  EXPECT_STATUS(WithLeaf({.key = NewEcKey("secp256k1")}), StatusCode::kInvalidArgument,
                "the curve secp256k1");
}

TEST_F(CertificateChainTest, TheSignerIsTheOneExpected) {
  const TestCertificate leaf(
      {.subject = "leaf",
       .issuer = &middle_,
       .extensions = {kSigner[0],
                      {"subjectAltName",
                       "email:ml@example.org,URI:https://example.org/a,"
                       "DNS:example.org,IP:127.0.0.1"}}});
  const auto expecting = [&](const ExpectedSigner& expected) {
    return Verify({leaf.der(), middle_.der()}, {root_.der()}, kNow, expected);
  };
  EXPECT_THAT(expecting({})->names,
              ElementsAre("ml@example.org", "https://example.org/a", "example.org"));
  for (const char* name : {"ml@example.org", "https://example.org/a", "example.org"}) {
    EXPECT_OK(expecting({.san = name}));
  }
  for (const char* name : {"", "ML@example.org", "ml@example.or", "l@example.org",
                           "127.0.0.1", "leaf", "CN=leaf"}) {
    EXPECT_BROKEN(expecting({.san = name}),
                  "but \"ml@example.org\", \"https://example.org/a\", \"example.org\"");
  }
  EXPECT_OK(expecting({.subject = "CN=leaf", .issuer = "CN=middle"}));
  EXPECT_BROKEN(expecting({.subject = "CN=Leaf"}),
                "the signer's subject is not \"CN=Leaf\" but \"CN=leaf\"");
  EXPECT_BROKEN(expecting({.issuer = "CN=root"}),
                "the signer's issuer is not \"CN=root\" but \"CN=middle\"");
}

TEST_F(CertificateChainTest, WhatANameHoldsSteersNoTerminal) {
  const absl::Status status =
      WithLeaf({.subject = "\x1b[31m\n", .until_s = 1'790'000'000}).status();
  EXPECT_BROKEN(status, "expired");
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("\x1b")));
}

TEST_F(CertificateChainTest, ExtensionsThatCannotBeReadAreRefused) {
  for (const Extensions& names :
       {Extensions{kSigner[0], {"subjectAltName", "DER:04:01:00"}},
        Extensions{
            kSigner[0], {"subjectAltName", "DNS:a"}, {"subjectAltName", "DNS:b"}},
        Extensions{{"keyUsage", "DER:04:01:00"},
                   {"extendedKeyUsage", "codeSigning"}}}) {
    EXPECT_BROKEN(WithLeaf({.extensions = names}),
                  "certificate \"CN=leaf\" has extensions that cannot be read");
    const TestCertificate alone({.subject = "alone", .extensions = names});
    EXPECT_BROKEN(Verify({alone.der()}, {alone.der()}), "that cannot be read");
  }
}

TEST_F(CertificateChainTest, NoMutantOfALeafIsBelieved) {
  const std::string der = leaf_.der();
  for (const std::string& mutant : Mutants(der)) {
    const absl::Status status = Verify({mutant, middle_.der()}, {root_.der()}).status();
    EXPECT_FALSE(status.ok());
  }
}

TEST_F(CertificateChainTest, WhatIsNoCertificateIsRefused) {
  for (const std::string& der :
       {std::string(), std::string("leaf"), leaf_.der() + "x"}) {
    EXPECT_STATUS(Verify({der}, {root_.der()}), StatusCode::kInvalidArgument,
                  "not the bytes of a certificate");
    EXPECT_STATUS(Verify({leaf_.der(), der}, {root_.der()}),
                  StatusCode::kInvalidArgument, "not the bytes of a certificate");
    EXPECT_STATUS(Verify({leaf_.der(), middle_.der()}, {root_.der(), der}),
                  StatusCode::kInvalidArgument, "not the bytes of a certificate");
  }
  EXPECT_STATUS(Verify({}, {root_.der()}), StatusCode::kInvalidArgument,
                "a chain of 0 certificates");
  std::vector<std::string> chain(kMaxChainCertificates, middle_.der());
  chain[0] = leaf_.der();
  EXPECT_OK(Verify(chain, {root_.der()}));
  chain.push_back(middle_.der());
  EXPECT_STATUS(Verify(chain, {root_.der()}), StatusCode::kInvalidArgument,
                "a chain of 33 certificates");
}

TEST_F(CertificateChainTest, AFileOfCertificatesHoldsNothingElse) {
  const absl::StatusOr<std::vector<std::string>> read =
      CertificatesFromPem("leaf\n" + leaf_.pem() + middle_.pem());
  ASSERT_OK(read);
  EXPECT_THAT(*read, ElementsAre(leaf_.der(), middle_.der()));
  EXPECT_STATUS(CertificatesFromPem(""), StatusCode::kInvalidArgument, "not PEM");
  // There are no such bytes: reading them would crash.
  EXPECT_STATUS(CertificatesFromPem(std::string_view("-", size_t{1} << 31)),
                StatusCode::kInvalidArgument, "over 2 GiB");
  EXPECT_STATUS(CertificatesFromPem(leaf_.pem() + leaf_.key_pem()),
                StatusCode::kInvalidArgument, "holds a block \"PRIVATE KEY\"");
  EXPECT_STATUS(CertificatesFromPem(
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                StatusCode::kInvalidArgument, "not the bytes of a certificate");
  std::string cut = leaf_.pem();
  cut.resize(cut.size() / 2);
  EXPECT_STATUS(CertificatesFromPem(leaf_.pem() + cut), StatusCode::kInvalidArgument,
                "damaged");
}

TEST(PythonCertificateTest, WhatPythonSignsVerifies) {
  const absl::StatusOr<ModelBundle> bundle =
      ParseModelBundle(ReadTestFile("oms/chain.sig"));
  ASSERT_OK(bundle);
  const std::vector<std::string> roots =
      CertificatesFromPem(ReadTestFile("oms/root.pem")).value();
  const auto& chain = std::get<ChainMaterial>(bundle->material).certificates;
  constexpr int64_t kFebruary2026 = 1'770'000'000 * kSecond;
  const absl::StatusOr<CertifiedSigner> signer =
      Verify(chain, roots, kFebruary2026, {.san = "ml@example.org"});
  ASSERT_OK(signer);
  EXPECT_EQ(signer->key.curve(), "P-384");
  EXPECT_OK(signer->key.Verify(AsBytes(DssePae(bundle->payload)),
                               AsBytes(bundle->signature)));
  EXPECT_BROKEN(Verify(chain, roots, kNow), "\"CN=signer\" expired on 2026-04-01");
}

}  // namespace
}  // namespace setlog
