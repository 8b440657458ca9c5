#include "log/vkey.h"

#include "golden_notes.h"
#include "log/base64.h"
#include "log/note_text.h"
#include "log/sha256.h"
#include "log/skey.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(VkeyTest, MatchesOtherProgramsByteForByte) {
  const SigningKey log = LogKey();
  EXPECT_EQ(log.name, kLogName);
  std::string seed;
  for (int i = 0; i < 32; ++i) seed.push_back(static_cast<char>(i));
  EXPECT_EQ(AsText(log.key.Seed()), seed);
  EXPECT_EQ(FormatSkey(log), kLogSkey);
  EXPECT_EQ(FormatVkey(log.Verifier(SignatureType::kEd25519)), kLogVkey);
  EXPECT_EQ(FormatVkey(log.Verifier(SignatureType::kCosignature)), kLogCosignerVkey);
  EXPECT_EQ(FormatVkey(WitnessKey().Verifier(SignatureType::kCosignature)),
            kWitnessVkey);
}

TEST(VkeyTest, ParsesToWhatWasFormatted) {
  for (const std::string& vkey : {kLogVkey, kLogCosignerVkey, kWitnessVkey}) {
    ASSERT_OK(ParseVkey(vkey));
    EXPECT_EQ(FormatVkey(*ParseVkey(vkey)), vkey);
  }
  EXPECT_EQ(Vkey(kLogVkey), LogKey().Verifier(SignatureType::kEd25519));
  EXPECT_EQ(Vkey(kLogVkey).id, 0xa87f1415);
  EXPECT_EQ(Vkey(kWitnessVkey).type, SignatureType::kCosignature);
  EXPECT_EQ(Vkey(kWitnessVkey).id, 0x00b85718);  // eight digits in the text
}

TEST(VkeyTest, NoSmallDamageParses) {
  for (const std::string& vkey : {kLogVkey, kWitnessVkey}) {
    for (const std::string& mutant : Mutants(vkey)) {
      EXPECT_STATUS(ParseVkey(mutant), kInvalid, "");
    }
  }
}

TEST(VkeyTest, NoSmallDamageOfASecretKeyParses) {
  // A damaged seed is another key, so it is the ID that must notice.
  for (const std::string& mutant : Mutants(kLogSkey)) {
    EXPECT_STATUS(ParseSkey(mutant), kInvalid, "");
  }
}

TEST(VkeyTest, MessagesNeverQuoteASecretKey) {
  const std::string secret = "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
  for (const std::string& skey :
       {"PRIVATE+KEY+" + kLogName + "+a87f1416+" + secret,
        "PRIVATE+KEY+a b+a87f1415+" + secret, "PRIVATE+KEY+" + secret, secret}) {
    EXPECT_THAT(std::string(ParseSkey(skey).status().message()),
                ::testing::Not(::testing::HasSubstr(secret.substr(4, 8))));
  }
}

TEST(VkeyTest, SaysWhatIsWrong) {
  EXPECT_STATUS(ParseVkey(""), kInvalid, "NAME+KEYID+KEY");
  EXPECT_STATUS(ParseVkey("a+b"), kInvalid, "NAME+KEYID+KEY");
  EXPECT_STATUS(ParseVkey("a+b+"), kInvalid, "base64");
  EXPECT_STATUS(ParseVkey("a+00000000+AQ=="), kInvalid, "32 bytes");
  const auto with_type = [](char type) {
    return "a+00000000+" +
           ToBase64(AsBytes(std::string(1, type) +
                            std::string(AsText(Vkey(kLogVkey).key.bytes()))));
  };
  EXPECT_STATUS(ParseVkey(with_type(2)), kInvalid, "type 0x02 is not supported");
  EXPECT_STATUS(ParseVkey(with_type(6)), kInvalid, "type 0x06 is not supported");
  EXPECT_STATUS(ParseVkey(with_type(1)), kInvalid, "key ID");
  EXPECT_STATUS(ParseVkey("example.com/dataset-log+A87F1415+" + kLogVkey.substr(33)),
                kInvalid, "key ID");
  EXPECT_STATUS(ParseVkey(kLogVkey + "\n"), kInvalid, "base64");
}

TEST(VkeyTest, ASmallOrderKeyIsRefusedEvenWithTheRightId) {
  const std::string neutral = std::string("\x01\x01", 2) + std::string(31, '\0');
  const Hash hash = Sha256({AsBytes("a\n"), AsBytes(neutral)});
  EXPECT_STATUS(
      ParseVkey("a+" + ToHex(hash).substr(0, 8) + "+" + ToBase64(AsBytes(neutral))),
      kInvalid, "prime-order");
}

TEST(VkeyTest, ANameThatIsNoneIsRefusedEvenWithTheRightId) {
  const Ed25519PublicKey key = Vkey(kLogVkey).key;
  for (const std::string name : {"a b", "", "a\tb", "\xFF", "a\xC2\xA0"}) {
    EXPECT_STATUS(MakeVerifierKey(name, SignatureType::kEd25519, key), kInvalid,
                  "key name");
    const uint32_t id = KeyId(name, SignatureType::kEd25519, key);
    EXPECT_STATUS(ParseVkey(FormatVkey({name, SignatureType::kEd25519, key, id})),
                  kInvalid, "key name");
    SigningKey signing = LogKey();
    signing.name = name;
    EXPECT_STATUS(ParseSkey(FormatSkey(signing)), kInvalid, "key name");
    EXPECT_STATUS(MakeSigningKey(name, LogKey().key), kInvalid, "key name");
  }
}

TEST(VkeyTest, FingerprintStartsWithTheKeyId) {
  const std::string fingerprint = Fingerprint(Vkey(kLogVkey));
  ASSERT_TRUE(fingerprint.starts_with("SHA256:"));
  ASSERT_EQ(fingerprint.size(), 7 + 43);
  const std::optional<Hash> hash = HashFromBase64(fingerprint.substr(7) + "=");
  ASSERT_TRUE(hash);
  EXPECT_EQ(ToHex(*hash).substr(0, 8), "a87f1415");
  EXPECT_NE(fingerprint, Fingerprint(Vkey(kLogCosignerVkey)));
}

TEST(KeyNameTest, HasNoPlusAndNoUnicodeSpace) {
  for (const std::string name : {"a", "example.com/a", "\xC3\xA9", "a\xF0\x9F\x98\x80",
                                 "a\x7F", "a\xE2\x80\x8B"}) {  // zero width: no space
    EXPECT_OK(CheckKeyName(name)) << name;
  }
  EXPECT_STATUS(CheckKeyName(""), kInvalid, "empty");
  for (const std::string name :
       {"a+b", "a b", " ", "a\tb", "a\nb", "a\rb", "a\x01", "a\xC2\x85", "a\xC2\xA0",
        "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9",
        "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "a\xFF"}) {
    EXPECT_STATUS(CheckKeyName(name), kInvalid, "key name");
  }
}

}  // namespace
}  // namespace setlog
