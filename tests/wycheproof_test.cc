// Project Wycheproof's vectors for Ed25519 (tests/data/README.md says where they are
// from), and where setlog is stricter than they ask.
#include <sodium.h>

#include <map>

#include "log/ed25519.h"
#include "testing.h"

namespace setlog {
namespace {

std::string FromHex(const nlohmann::json& hex) {
  return BytesFromHex(hex.get<std::string>()).value();
}

TEST(WycheproofTest, EveryVerdictIsTheirs) {
  std::map<std::string, int> tried;
  const nlohmann::json vectors = ReadTestJson("wycheproof_ed25519.json");
  for (const auto& group : vectors["testGroups"]) {
    const std::string point = FromHex(group["publicKey"]["pk"]);
    // They use no key that we refuse, so no verdict of ours has to differ.
    const auto key = Ed25519PublicKey::Parse(AsBytes(point));
    ASSERT_OK(key);
    for (const auto& test : group["tests"]) {
      const std::string result = test["result"];
      ASSERT_TRUE(result == "valid" || result == "invalid") << result;
      const std::string signature = FromHex(test["sig"]);
      const absl::Status status =
          key->Verify(AsBytes(FromHex(test["msg"])), AsBytes(signature));
      EXPECT_EQ(status.ok(), result == "valid")
          << "tcId " << test["tcId"] << ": " << test["comment"] << ": " << status;
      if (!status.ok()) {
        EXPECT_EQ(status.code(), signature.size() == 64
                                     ? absl::StatusCode::kDataLoss
                                     : absl::StatusCode::kInvalidArgument);
      }
      ++tried[result];
    }
  }
  EXPECT_EQ(tried["valid"], 88);
  EXPECT_EQ(tried["invalid"], 63);
}

TEST(WycheproofTest, AValidSignatureIsForItsMessageOnly) {
  int tried = 0;
  const nlohmann::json vectors = ReadTestJson("wycheproof_ed25519.json");
  for (const auto& group : vectors["testGroups"]) {
    const auto key =
        Ed25519PublicKey::Parse(AsBytes(FromHex(group["publicKey"]["pk"])));
    for (const auto& test : group["tests"]) {
      if (test["result"] != "valid") continue;
      const std::string longer = FromHex(test["msg"]) + '\0';
      EXPECT_STATUS(key->Verify(AsBytes(longer), AsBytes(FromHex(test["sig"]))),
                    absl::StatusCode::kDataLoss, "wrong");
      ++tried;
    }
  }
  EXPECT_EQ(tried, 88);
}

// Beyond the vectors. RFC 8032 section 5.1.7 lets a verifier multiply the equation by
// the cofactor 8; then a signature whose R has a part of small order passes here and
// fails there. One verdict must hold for everybody, so R is compared as bytes with what
// the equation without cofactor gives, and one of small order is refused outright.
class SmallOrderTest : public testing::Test {
 protected:
  // The point of order 8 whose multiples are all eight of small order.
  const std::string generator_ =
      *BytesFromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

  std::string Add(const std::string& a, const std::string& b) {
    std::string sum(32, '\0');
    EXPECT_EQ(crypto_core_ed25519_add(Data(sum), Data(a), Data(b)), 0);
    return sum;
  }
  static uint8_t* Data(std::string& s) { return reinterpret_cast<uint8_t*>(s.data()); }
  static const uint8_t* Data(const std::string& s) {
    return reinterpret_cast<const uint8_t*>(s.data());
  }
  // SHA-512(R | A | message) mod L.
  static std::string Challenge(const std::string& r, const std::string& a,
                               const std::string& message) {
    const std::string text = r + a + message;
    std::string wide(64, '\0'), reduced(32, '\0');
    crypto_hash_sha512(Data(wide), Data(text), text.size());
    crypto_core_ed25519_scalar_reduce(Data(reduced), Data(wide));
    return reduced;
  }
  // S = nonce + challenge * secret.
  static std::string Answer(const std::string& nonce, const std::string& challenge,
                            const std::string& secret) {
    std::string product(32, '\0'), sum(32, '\0');
    crypto_core_ed25519_scalar_mul(Data(product), Data(challenge), Data(secret));
    crypto_core_ed25519_scalar_add(Data(sum), Data(nonce), Data(product));
    return sum;
  }
  static std::string Base(const std::string& scalar) {
    std::string point(32, '\0');
    EXPECT_EQ(crypto_scalarmult_ed25519_base_noclamp(Data(point), Data(scalar)), 0);
    return point;
  }

  const std::string secret_ = std::string(31, 'k') + '\1';
  const std::string nonce_ = std::string(31, 'n') + '\1';
  const std::string key_ = Base(secret_);
};

TEST_F(SmallOrderTest, ASignatureMadeByHandVerifies) {
  const std::string r = Base(nonce_);
  const std::string s = Answer(nonce_, Challenge(r, key_, "m"), secret_);
  EXPECT_OK(
      Ed25519PublicKey::Parse(AsBytes(key_))->Verify(AsBytes("m"), AsBytes(r + s)));
}

TEST_F(SmallOrderTest, ThatOnlyTheCofactorWouldSaveIsRefused) {
  const auto key = Ed25519PublicKey::Parse(AsBytes(key_));
  std::string small = generator_;
  for (int i = 1; i < 8; ++i, small = Add(small, generator_)) {
    const std::string r = Add(Base(nonce_), small);
    const std::string s = Answer(nonce_, Challenge(r, key_, "m"), secret_);
    EXPECT_STATUS(key->Verify(AsBytes("m"), AsBytes(r + s)),
                  absl::StatusCode::kDataLoss, "wrong");
  }
}

TEST_F(SmallOrderTest, AnRWithoutANonceIsRefused) {
  // S = challenge * secret fits R = 0 * B, the neutral element: the equation holds even
  // without the cofactor. Nobody who draws a nonce makes such a signature, and
  // libraries disagree about it.
  const auto key = Ed25519PublicKey::Parse(AsBytes(key_));
  std::string r = generator_;
  for (int i = 1; i <= 8; ++i, r = Add(r, generator_)) {
    const std::string s =
        Answer(std::string(32, '\0'), Challenge(r, key_, "m"), secret_);
    EXPECT_STATUS(key->Verify(AsBytes("m"), AsBytes(r + s)),
                  absl::StatusCode::kDataLoss, "wrong");
  }
}

TEST_F(SmallOrderTest, AnROfAnotherEncodingIsRefused) {
  // The neutral element, with a sign and as y = p + 1.
  const auto key = Ed25519PublicKey::Parse(AsBytes(key_));
  for (const std::string& hex :
       {"01" + std::string(60, '0') + "80", "ee" + std::string(60, 'f') + "7f",
        "ee" + std::string(60, 'f') + "ff"}) {
    const std::string r = *BytesFromHex(hex);
    const std::string s =
        Answer(std::string(32, '\0'), Challenge(r, key_, "m"), secret_);
    EXPECT_STATUS(key->Verify(AsBytes("m"), AsBytes(r + s)),
                  absl::StatusCode::kDataLoss, "wrong");
  }
}

TEST_F(SmallOrderTest, AKeyWithAPartOfSmallOrderIsRefusedThoughItsSignaturesVerify) {
  // A' = A + T: with a challenge divisible by 8 the part T vanishes from the equation,
  // so whether a signature verifies depends on the message. Found by trying nonces; the
  // library itself takes the signature, the key is what we refuse.
  const std::string key = Add(key_, generator_);
  bool found = false;
  for (int i = 0; i < 200 && !found; ++i) {
    std::string nonce = nonce_;
    nonce[0] = static_cast<char>(i);
    const std::string r = Base(nonce);
    const std::string challenge = Challenge(r, key, "m");
    if (challenge[0] % 8 != 0) continue;
    const std::string signature = r + Answer(nonce, challenge, secret_);
    found = crypto_sign_verify_detached(Data(signature), Data(std::string("m")), 1,
                                        Data(key)) == 0;
  }
  EXPECT_TRUE(found);
  EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(key)),
                absl::StatusCode::kInvalidArgument, "prime-order");
}

}  // namespace
}  // namespace setlog
