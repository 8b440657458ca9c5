#include "model/ecdsa_key.h"

#include "log/base64.h"
#include "log/sha256.h"
#include "model/bundle.h"
#include "model/dsse.h"
#include "model/pem_blocks.h"
#include "mutants.h"
#include "openssl_command.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::AnyOf;
using testing::HasSubstr;
#define EXPECT_REFUSED(status, text) \
  EXPECT_STATUS(status, StatusCode::kInvalidArgument, text)

struct CurveNames {
  const char* openssl;
  const char* nist;
  const char* hash;
};
constexpr CurveNames kCurves[] = {{"prime256v1", "P-256", "-sha256"},
                                  {"secp384r1", "P-384", "-sha384"},
                                  {"secp521r1", "P-521", "-sha512"}};

EcdsaPrivateKey PrivateKey(const std::string& pem) {
  return EcdsaPrivateKey::FromPem(pem, "").value();
}

// The public key of the worked example.
constexpr char kExamplePem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGIJ0Grab/CoJEYs0kRMGFzP/yDPz\n"
    "7WkSSJGs30zGZInaxjSOG16yG2kg/EKk03B/U7/5/nuNRVVdF1Hc4iwoGw==\n"
    "-----END PUBLIC KEY-----\n";

TEST(EcdsaKeyTest, AHintIsThatOfTheWorkedExample) {
  const absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromPem(kExamplePem);
  ASSERT_OK(key);
  EXPECT_EQ(key->ToPem(), kExamplePem);
  EXPECT_EQ(key->Hint(),
            "537eef07d7b0b89921ca1348f8991213cf64384322b195052b0a1955acff1846");
  EXPECT_EQ(key->curve(), "P-256");
}

TEST(EcdsaKeyTest, AHintDoesNotDependOnHowThePemIsLaidOut) {
  std::string crlf = "a comment\r\n";
  for (const char c : std::string(kExamplePem)) {
    if (c == '\n') crlf.push_back('\r');
    crlf.push_back(c);
  }
  const absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromPem(crlf);
  ASSERT_OK(key);
  EXPECT_EQ(key->ToPem(), kExamplePem);
}

TEST(EcdsaKeyTest, SignaturesOfEachCurveAreOpensslsOfItsHash) {
  const TempDir dir;
  for (const CurveNames& curve : kCurves) {
    const std::string pem = NewEcKey(curve.openssl);
    const EcdsaPrivateKey key = PrivateKey(pem);
    EXPECT_EQ(key.public_key().curve(), curve.nist);
    EXPECT_EQ(key.public_key().ToPem(), PublicHalf(pem));
    const absl::StatusOr<EcdsaPublicKey> read =
        EcdsaPublicKey::FromPem(PublicHalf(pem));
    ASSERT_OK(read);
    EXPECT_EQ(read->Hint(), key.public_key().Hint());

    const std::string ours = key.Sign(AsBytes("message")).value();
    EXPECT_OK(read->Verify(AsBytes("message"), AsBytes(ours)));
    EXPECT_STATUS(read->Verify(AsBytes("massage"), AsBytes(ours)),
                  StatusCode::kDataLoss, "not by this key");
    std::ofstream(dir.path() + "/key") << pem;
    std::ofstream(dir.path() + "/sig") << ours;
    Openssl({"dgst", curve.hash, "-prverify", dir.path() + "/key", "-signature",
             dir.path() + "/sig"},
            "message");
    const std::string theirs =
        Openssl({"dgst", curve.hash, "-sign", dir.path() + "/key"}, "message");
    EXPECT_OK(read->Verify(AsBytes("message"), AsBytes(theirs)));
  }
}

TEST(EcdsaKeyTest, AnotherHashThanTheCurvesIsNoSignature) {
  const TempDir dir;
  const std::string pem = NewEcKey("secp384r1");
  std::ofstream(dir.path() + "/key") << pem;
  const std::string signature =
      Openssl({"dgst", "-sha256", "-sign", dir.path() + "/key"}, "message");
  EXPECT_STATUS(
      PrivateKey(pem).public_key().Verify(AsBytes("message"), AsBytes(signature)),
      StatusCode::kDataLoss, "not by this key");
}

TEST(EcdsaKeyTest, NoMutantOfASignatureVerifies) {
  const EcdsaPrivateKey key = PrivateKey(NewEcKey("prime256v1"));
  const std::string signature = key.Sign(AsBytes("message")).value();
  for (const std::string& mutant : Mutants(signature)) {
    EXPECT_THAT(key.public_key().Verify(AsBytes("message"), AsBytes(mutant)).code(),
                AnyOf(StatusCode::kDataLoss, StatusCode::kInvalidArgument));
  }
}

// INTEGER 1, and the same with a zero byte too many, or in BER's long form of a length.
TEST(EcdsaKeyTest, ASignatureHasOneEncoding) {
  const EcdsaPublicKey key = EcdsaPublicKey::FromPem(kExamplePem).value();
  EXPECT_STATUS(key.Verify({}, AsBytes("\x30\x06\x02\x01\x01\x02\x01\x01")),
                StatusCode::kDataLoss, "not by this key");
  const std::string no_der[] = {
      std::string("\x30\x07\x02\x02\x00\x01\x02\x01\x01", 9),
      "\x30\x81\x06\x02\x01\x01\x02\x01\x01",
      "\x30\x06\x02\x01\x01\x02\x01\x01x",
      std::string("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00", 10),
      "\x30\x06\x02\x01\xFF\x02\x01\xFF",  // both are -1
      "",
      std::string(64, '\x01'),
  };
  for (const std::string& signature : no_der) {
    EXPECT_REFUSED(key.Verify({}, AsBytes(signature)), "not an ECDSA signature in DER");
  }
}

TEST(EcdsaKeyTest, ZeroAndNumbersOutOfRangeSignNothing) {
  const EcdsaPublicKey key = EcdsaPublicKey::FromPem(kExamplePem).value();
  // The order of P-256, after the zero that keeps it positive.
  const std::string n =
      "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  for (const std::string& hex :
       {std::string("3006020100020100"), std::string("3006020100020101"),
        std::string("3006020101020100"), "3026020101" + n, "3026" + n + "020101"}) {
    const absl::Status status = key.Verify({}, AsBytes(*BytesFromHex(hex)));
    EXPECT_STATUS(status, StatusCode::kDataLoss, "not by this key");
  }
}

// Every implementation of the format takes both.
TEST(EcdsaKeyTest, BothHalvesOfSVerify) {
  const std::string pem = NewEcKey("prime256v1");
  const EcdsaPrivateKey key = PrivateKey(pem);
  const auto high = [](const std::string& der) {
    const size_t s = 4 + static_cast<uint8_t>(der[3]);
    return der[s + 1] == 33;  // a zero byte before the sign bit: above n/2
  };
  bool seen[2] = {};
  for (int i = 0; i < 100 && !(seen[0] && seen[1]); ++i) {
    const std::string signature = key.Sign(AsBytes("m")).value();
    EXPECT_OK(key.public_key().Verify(AsBytes("m"), AsBytes(signature)));
    seen[high(signature)] = true;
  }
  EXPECT_TRUE(seen[0] && seen[1]);
}

TEST(EcdsaKeyTest, OtherKindsOfKeysAreRefused) {
  const std::pair<std::string, const char*> refused[] = {
      {Openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}),
       "a key of type RSA"},
      {Openssl({"genpkey", "-algorithm", "ED25519"}), "a key of type ED25519"},
      {Openssl({"genpkey", "-algorithm", "X25519"}), "a key of type X25519"},
      {NewEcKey("secp256k1"), "the curve secp256k1"},
      {NewEcKey("secp224r1"), "the curve secp224r1"},
      {NewEcKey("brainpoolP256r1"), "the curve brainpoolP256r1"},
      {Openssl({"genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-pkeyopt", "ec_param_enc:explicit"}),
       "no name, but numbers"},
      {Openssl({"ec", "-conv_form", "compressed"}, NewEcKey("prime256v1")),
       "compressed"},
      {Openssl({"ec", "-conv_form", "hybrid"}, NewEcKey("prime256v1")), "compressed"},
  };
  for (const auto& [pem, why] : refused) {
    EXPECT_REFUSED(EcdsaPrivateKey::FromPem(pem, ""), why);
    EXPECT_REFUSED(EcdsaPublicKey::FromPem(PublicHalf(pem)), why);
  }
}

TEST(EcdsaKeyTest, AnythingButOnePublicKeyIsRefused) {
  EXPECT_REFUSED(EcdsaPublicKey::FromPem(""), "not PEM");
  EXPECT_REFUSED(EcdsaPublicKey::FromPem("537eef07"), "not PEM");
  EXPECT_REFUSED(EcdsaPublicKey::FromPem(std::string(kExamplePem) + kExamplePem),
                 "one block \"PUBLIC KEY\"");
  EXPECT_REFUSED(EcdsaPublicKey::FromPem(NewEcKey("prime256v1")),
                 "one block \"PUBLIC KEY\"");
  std::string damaged = kExamplePem;
  damaged[60] = '!';
  EXPECT_REFUSED(EcdsaPublicKey::FromPem(damaged), "damaged");
}

TEST(EcdsaKeyTest, NoMutantOfAPublicKeyIsTheSameKey) {
  const std::string der = ReadPemBlocks(kExamplePem)->at(0).der;
  const EcdsaPublicKey key = EcdsaPublicKey::FromPem(kExamplePem).value();
  ASSERT_OK(EcdsaPublicKey::FromDer(AsBytes(der)));
  for (const std::string& mutant : Mutants(der)) {
    const absl::StatusOr<EcdsaPublicKey> other =
        EcdsaPublicKey::FromDer(AsBytes(mutant));
    if (other.ok()) {
      EXPECT_NE(other->Hint(), key.Hint());
    } else {
      EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument);
    }
  }
}

TEST(EcdsaKeyTest, APointMustBeOnItsCurve) {
  std::string der = ReadPemBlocks(kExamplePem)->at(0).der;
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_REFUSED(EcdsaPublicKey::FromDer(AsBytes(der)),
                 "not the bytes of a public key");
}

TEST(EcdsaKeyTest, PrivateKeysAreReadInEachForm) {
  const std::string pkcs8 = NewEcKey("secp384r1");
  const std::string hint = PrivateKey(pkcs8).public_key().Hint();
  const std::string sec1 = Openssl({"ec"}, pkcs8);
  EXPECT_THAT(sec1, HasSubstr("BEGIN EC PRIVATE KEY"));
  EXPECT_EQ(PrivateKey(sec1).public_key().Hint(), hint);
  const std::string without_public = Openssl({"ec", "-no_public"}, pkcs8);
  EXPECT_EQ(PrivateKey(without_public).public_key().Hint(), hint);
  const std::string with_parameters =
      Openssl({"ecparam", "-name", "prime256v1", "-genkey"});
  EXPECT_THAT(with_parameters, HasSubstr("BEGIN EC PARAMETERS"));
  EXPECT_OK(EcdsaPrivateKey::FromPem(with_parameters, ""));
  EXPECT_OK(EcdsaPrivateKey::FromPem(pkcs8, "a passphrase that nobody asks for"));
}

TEST(EcdsaKeyTest, AnEncryptedKeyOpensWithItsPassphraseOnly) {
  const std::string pkcs8 = NewEcKey("prime256v1");
  const std::string encrypted[] = {
      Openssl({"pkcs8", "-topk8", "-passout", "pass:secret"}, pkcs8),
      Openssl({"pkcs8", "-topk8", "-scrypt", "-passout", "pass:secret"}, pkcs8),
      Openssl({"ec", "-aes256", "-passout", "pass:secret"}, pkcs8),
  };
  for (const std::string& pem : encrypted) {
    ASSERT_THAT(pem, HasSubstr("ENCRYPTED"));
    const absl::StatusOr<EcdsaPrivateKey> key = EcdsaPrivateKey::FromPem(pem, "secret");
    ASSERT_OK(key);
    EXPECT_EQ(key->public_key().ToPem(), PublicHalf(pkcs8));
    EXPECT_STATUS(EcdsaPrivateKey::FromPem(pem, "Secret"),
                  StatusCode::kPermissionDenied, "does not open");
    EXPECT_STATUS(EcdsaPrivateKey::FromPem(pem, std::string(5000, 's')),
                  StatusCode::kPermissionDenied, "does not open");
    EXPECT_STATUS(EcdsaPrivateKey::FromPem(pem, ""), StatusCode::kFailedPrecondition,
                  "no passphrase was given");
  }
}

TEST(EcdsaKeyTest, AnEncryptedKeyOfAnotherKindIsRefusedForThat) {
  const std::string pem = Openssl({"pkcs8", "-topk8", "-passout", "pass:secret"},
                                  Openssl({"genpkey", "-algorithm", "ED25519"}));
  EXPECT_REFUSED(EcdsaPrivateKey::FromPem(pem, "secret"), "a key of type ED25519");
}

TEST(EcdsaKeyTest, WhatIsNoPrivateKeyIsRefused) {
  for (const std::string& pem :
       {std::string(), std::string("key"), std::string(kExamplePem),
        std::string(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}) {
    EXPECT_REFUSED(EcdsaPrivateKey::FromPem(pem, ""), "not a private key in PEM");
  }
}

TEST(EcdsaKeyTest, APrivateKeyBesideAnothersPublicHalfIsRefused) {
  const auto der_of = [](const std::string& pem) {
    return ReadPemBlocks(pem)->back().der;
  };
  // The last 65 bytes of either are the point.
  const std::string a = der_of(Openssl({"ec"}, NewEcKey("prime256v1")));
  const std::string b = der_of(Openssl({"ec"}, NewEcKey("prime256v1")));
  const std::string mixed = a.substr(0, a.size() - 65) + b.substr(b.size() - 65);
  EXPECT_REFUSED(EcdsaPrivateKey::FromPem("-----BEGIN EC PRIVATE KEY-----\n" +
                                              ToBase64(AsBytes(mixed)) +
                                              "\n-----END EC PRIVATE KEY-----\n",
                                          ""),
                 "public half is another's");
}

TEST(EcdsaKeyTest, WhatPythonSignsVerifies) {
  const absl::StatusOr<EcdsaPublicKey> key =
      EcdsaPublicKey::FromPem(ReadTestFile("oms/public.pem"));
  ASSERT_OK(key);
  for (const char* file : {"key.sig", "single.sig", "shards.sig"}) {
    const absl::StatusOr<ModelBundle> bundle =
        ParseModelBundle(ReadTestFile(std::string("oms/") + file));
    ASSERT_OK(bundle);
    EXPECT_EQ(std::get<KeyMaterial>(bundle->material).hint, key->Hint());
    EXPECT_OK(
        key->Verify(AsBytes(DssePae(bundle->payload)), AsBytes(bundle->signature)));
    EXPECT_STATUS(key->Verify(AsBytes(bundle->payload), AsBytes(bundle->signature)),
                  StatusCode::kDataLoss, "not by this key");
  }
}

}  // namespace
}  // namespace setlog
