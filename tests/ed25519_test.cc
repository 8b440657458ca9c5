#include "log/ed25519.h"

#include <sodium.h>

#include <set>
#include <type_traits>

#include "testing.h"

namespace setlog {
namespace {

std::string FromHex(std::string_view hex) { return BytesFromHex(hex).value(); }

Ed25519PrivateKey KeyOf(const std::string& seed) {
  return Ed25519PrivateKey::FromSeed(AsBytes(seed)).value();
}

// The points whose order divides 8: generated, not listed, from one of order 8.
std::vector<std::string> SmallOrderPoints() {
  const std::string generator =
      FromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  std::vector<std::string> points = {generator};
  while (points.size() < 8) {
    std::string sum(32, '\0');
    crypto_core_ed25519_add(reinterpret_cast<uint8_t*>(sum.data()),
                            AsBytes(points.back()).data(), AsBytes(generator).data());
    points.push_back(sum);
  }
  return points;
}

struct Rfc8032Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr Rfc8032Vector kRfc8032[] = {
    // section 7.1
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc"
     "61e"
     "39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e4"
     "58f"
     "3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290a"
     "e67"
     "f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a83"
     "6ba"
     "3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecf"
     "dfb"
     "c7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

TEST(Ed25519Test, MatchesRfc8032Vectors) {
  for (const Rfc8032Vector& vector : kRfc8032) {
    const Ed25519PrivateKey key = KeyOf(FromHex(vector.seed));
    EXPECT_EQ(ToHex(key.PublicKey().bytes()), vector.public_key);
    EXPECT_EQ(ToHex(key.Seed()), vector.seed);
    const std::string message = FromHex(vector.message);
    EXPECT_EQ(ToHex(key.Sign(AsBytes(message))), vector.signature);
    const auto parsed = Ed25519PublicKey::Parse(AsBytes(FromHex(vector.public_key)));
    ASSERT_OK(parsed);
    EXPECT_EQ(*parsed, key.PublicKey());
    EXPECT_OK(parsed->Verify(AsBytes(message), AsBytes(FromHex(vector.signature))));
  }
}

TEST(Ed25519Test, AnyFlippedBitOfMessageOrSignatureIsDataLoss) {
  const Ed25519PrivateKey key = KeyOf(std::string(32, 'k'));
  const std::string message = "message";
  const Ed25519Signature signature = key.Sign(AsBytes(message));
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    std::string other = message;
    other[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_STATUS(key.PublicKey().Verify(AsBytes(other), signature),
                  absl::StatusCode::kDataLoss, "wrong");
  }
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Ed25519Signature other = signature;
    other[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_STATUS(key.PublicKey().Verify(AsBytes(message), other),
                  absl::StatusCode::kDataLoss, "wrong");
  }
}

TEST(Ed25519Test, RefusesASignatureWhoseScalarIsNotReduced) {
  const Ed25519PrivateKey key = KeyOf(std::string(32, 'k'));
  Ed25519Signature signature = key.Sign(AsBytes("message"));
  const std::string order =  // L of RFC 8032, little endian
      FromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + static_cast<uint8_t>(order[i]);
    signature[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_STATUS(key.PublicKey().Verify(AsBytes("message"), signature),
                absl::StatusCode::kDataLoss, "wrong");
}

TEST(Ed25519Test, RefusesWrongLengths) {
  const Ed25519PrivateKey key = KeyOf(std::string(32, 'k'));
  for (size_t length : {0, 1, 31, 33, 63, 65}) {
    const std::string bytes(length, '\1');
    EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(bytes)),
                  absl::StatusCode::kInvalidArgument, "32 bytes");
    EXPECT_STATUS(Ed25519PrivateKey::FromSeed(AsBytes(bytes)),
                  absl::StatusCode::kInvalidArgument, "32 bytes");
    EXPECT_STATUS(key.PublicKey().Verify(AsBytes("m"), AsBytes(bytes)),
                  absl::StatusCode::kInvalidArgument, "64 bytes");
  }
}

TEST(Ed25519Test, RefusesTheEightPointsOfSmallOrder) {
  const std::vector<std::string> points = SmallOrderPoints();
  EXPECT_EQ(std::set<std::string>(points.begin(), points.end()).size(), 8);
  EXPECT_EQ(ToHex(AsBytes(points[7])), "01" + std::string(62, '0'));  // the neutral one
  for (const std::string& point : points) {
    EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(point)),
                  absl::StatusCode::kInvalidArgument, "prime-order");
  }
}

// Also of order 2 L, which libsodium let pass before it was fixed in December 2025.
TEST(Ed25519Test, RefusesAKeyPlusAnyPointOfSmallOrder) {
  const Ed25519PublicKey key = KeyOf(std::string(32, 'k')).PublicKey();
  for (const std::string& point : SmallOrderPoints()) {
    std::string sum(32, '\0');
    ASSERT_EQ(crypto_core_ed25519_add(reinterpret_cast<uint8_t*>(sum.data()),
                                      key.bytes().data(), AsBytes(point).data()),
              0);
    const bool is_key = sum == AsText(key.bytes());  // the neutral point was added
    EXPECT_EQ(Ed25519PublicKey::Parse(AsBytes(sum)).ok(), is_key)
        << ToHex(AsBytes(sum));
  }
}

TEST(Ed25519Test, RefusesEveryNonCanonicalEncoding) {
  // y = p + k for all k that fit in 255 bits, with both signs.
  for (int k = 0; k <= 18; ++k) {
    for (int sign : {0x7f, 0xff}) {
      std::string point(32, '\xff');
      point[0] = static_cast<char>(0xed + k);
      point[31] = static_cast<char>(sign);
      EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(point)),
                    absl::StatusCode::kInvalidArgument, "canonical");
    }
  }
  // x = 0 with a sign.
  for (const std::string& hex :
       {"01" + std::string(60, '0') + "80", "ec" + std::string(60, 'f') + "ff"}) {
    EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(FromHex(hex))),
                  absl::StatusCode::kInvalidArgument, "canonical");
  }
}

TEST(Ed25519Test, RefusesPointsOffTheCurve) {
  const std::string y_is_two = "02" + std::string(62, '0');
  EXPECT_STATUS(Ed25519PublicKey::Parse(AsBytes(FromHex(y_is_two))),
                absl::StatusCode::kInvalidArgument, "point");
}

TEST(Ed25519Test, TheSecretMovesAndIsWipedBehind) {
  static_assert(!std::is_copy_constructible_v<Ed25519PrivateKey>);
  static_assert(!std::is_copy_assignable_v<Ed25519PrivateKey>);
  const std::string seed(32, 'k');
  Ed25519PrivateKey first = KeyOf(seed);
  Ed25519PrivateKey second = std::move(first);
  EXPECT_EQ(AsText(second.Seed()), seed);
  EXPECT_EQ(AsText(first.Seed()), std::string(32, '\0'));  // NOLINT: moved from
  first = std::move(second);
  EXPECT_EQ(AsText(first.Seed()), seed);
  EXPECT_EQ(AsText(second.Seed()), std::string(32, '\0'));  // NOLINT: moved from
}

TEST(Ed25519Test, DestructionWipesTheSecret) {
  alignas(Ed25519PrivateKey) uint8_t memory[sizeof(Ed25519PrivateKey)];
  auto* key = new (memory) Ed25519PrivateKey(KeyOf(std::string(32, 'k')));
  ASSERT_EQ(key->Seed()[0], 'k');
  key->~Ed25519PrivateKey();
  for (uint8_t byte : memory) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace setlog
