#include "log/sealed_vrf_skey.h"

#include <cstdint>

#include "log/vrf_skey.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

// C2SP's key, encrypted by golang.org/x/crypto v0.31.0 (argon2.IDKey,
// chacha20poly1305.NewX).
const std::string kPublic =
    "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e";
const std::string kSecret =
    "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500";
const std::string kSaltAndNonce =
    "+000102030405060708090a0b0c0d0e0f"
    "+404142434445464748494a4b4c4d4e4f5051525354555657";
const std::string kPassphrase = "correct horse";
const std::string kTwoPasses =
    "ENCRYPTED+VRF+" + kPublic + "+2+1" + kSaltAndNonce +
    "+f5fd46c981d3ddf92f8a6b461a5121cf3c56ed6769bb7b36f90117d7b406bf3f"
    "5a66d3c66fa741e3fb449ef876a882d3";
const std::string kEightMebibytes =
    "ENCRYPTED+VRF+" + kPublic + "+3+8" + kSaltAndNonce +
    "+293dede15d1407d9881c2d372786d8f6be5d03fe3e8ae3e74447ce28220b6c4b"
    "d6aecf2599a1f12c121842d6ac7b8767";
constexpr PassphraseCost kCheap = {.passes = 1, .mebibytes = 1};

// The same text with other numbers of passes and mebibytes.
std::string Costing(const std::string& passes, const std::string& mebibytes) {
  return "ENCRYPTED+VRF+" + kPublic + "+" + passes + "+" + mebibytes +
         kTwoPasses.substr(kTwoPasses.find(kSaltAndNonce));
}

TEST(SealedVrfSkeyTest, OpensWhatAnotherProgramWrote) {
  for (const std::string& text : {kTwoPasses, kEightMebibytes}) {
    const auto sealed = ParseSealedVrfSkey(text);
    ASSERT_OK(sealed);
    EXPECT_EQ(FormatSealedVrfSkey(*sealed), text);
    EXPECT_EQ(ToHex(sealed->public_key.bytes()), kPublic);
    const auto key = OpenVrfSkey(*sealed, AsBytes(kPassphrase));
    ASSERT_OK(key);
    EXPECT_EQ(ToHex(key->Scalar()), kSecret);
  }
}

TEST(SealedVrfSkeyTest, EveryKeyAndPassphraseComesBack) {
  const std::string passphrases[] = {"x", std::string("a\0b", 3), "\xC3\xA9",
                                     std::string(1024, 'p')};
  for (const std::string& passphrase : passphrases) {
    const VrfSecretKey key = VrfSecretKey::Generate().value();
    const auto sealed = SealVrfSkey(key, AsBytes(passphrase), kCheap);
    ASSERT_OK(sealed);
    const std::string text = FormatSealedVrfSkey(*sealed);
    EXPECT_EQ(text.find(ToHex(key.Scalar())), text.npos);
    const auto read = ParseSealedVrfSkey(text);
    ASSERT_OK(read);
    EXPECT_EQ(*read, *sealed);
    const auto opened = OpenVrfSkey(*read, AsBytes(passphrase));
    ASSERT_OK(opened);
    EXPECT_EQ(AsText(opened->Scalar()), AsText(key.Scalar()));
    EXPECT_EQ(opened->PublicKey(), key.PublicKey());
  }
}

TEST(SealedVrfSkeyTest, TheSameKeyAndPassphraseNeverGiveTheSameText) {
  const VrfSecretKey key = VrfSecretKey::Generate().value();
  const auto one = SealVrfSkey(key, AsBytes(kPassphrase), kCheap).value();
  const auto other = SealVrfSkey(key, AsBytes(kPassphrase), kCheap).value();
  EXPECT_NE(one.salt, other.salt);
  EXPECT_NE(one.nonce, other.nonce);
  EXPECT_NE(one.box, other.box);
}

TEST(SealedVrfSkeyTest, AnyOtherPassphraseIsRefusedInOneWay) {
  const auto sealed = ParseSealedVrfSkey(kTwoPasses).value();
  std::set<std::string> messages;
  for (const std::string& wrong :
       {std::string(), std::string("correct hors"), std::string("correct horse "),
        std::string("Correct horse"), std::string("correct horse\0", 14)}) {
    const auto key = OpenVrfSkey(sealed, AsBytes(wrong));
    EXPECT_EQ(key.status().code(), StatusCode::kFailedPrecondition) << wrong;
    messages.insert(std::string(key.status().message()));
  }
  EXPECT_THAT(messages, testing::UnorderedElementsAre(
                            testing::HasSubstr("wrong passphrase, or the key is not")));
}

TEST(SealedVrfSkeyTest, AnEmptyPassphraseOrAnUnboundedCostSealsNothing) {
  const VrfSecretKey key = VrfSecretKey::Generate().value();
  EXPECT_STATUS(SealVrfSkey(key, {}, kCheap), StatusCode::kInvalidArgument, "empty");
  for (const PassphraseCost cost :
       {PassphraseCost{0, 1}, PassphraseCost{1, 0}, PassphraseCost{1, 1025},
        PassphraseCost{5, 1024}, PassphraseCost{UINT32_MAX, UINT32_MAX}}) {
    EXPECT_STATUS(SealVrfSkey(key, AsBytes(kPassphrase), cost),
                  StatusCode::kInvalidArgument, "at most");
  }
}

// Every bit of it counts: the text is then no sealed key, or none that opens, and no
// message tells which part it was.
TEST(SealedVrfSkeyTest, EveryBitFlippedIsRefused) {
  std::set<std::string> messages;
  for (size_t i = 0; i < kTwoPasses.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = kTwoPasses;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const auto sealed = ParseSealedVrfSkey(bad);
      if (!sealed.ok()) {
        EXPECT_EQ(sealed.status().code(), StatusCode::kInvalidArgument) << bad;
        continue;
      }
      EXPECT_EQ(FormatSealedVrfSkey(*sealed), bad);
      const auto key = OpenVrfSkey(*sealed, AsBytes(kPassphrase));
      EXPECT_EQ(key.status().code(), StatusCode::kFailedPrecondition) << bad;
      messages.insert(std::string(key.status().message()));
    }
  }
  EXPECT_EQ(messages.size(), 1u);
}

TEST(SealedVrfSkeyTest, WhatIsMissingOrTooMuchIsRefused) {
  const auto refused = [](const std::string& bad) {
    EXPECT_EQ(ParseSealedVrfSkey(bad).status().code(), StatusCode::kInvalidArgument)
        << bad;
  };
  for (size_t i = 0; i < kTwoPasses.size(); ++i) {
    refused(kTwoPasses.substr(0, i));
    refused(kTwoPasses.substr(i + 1));
    std::string without = kTwoPasses;
    refused(without.erase(i, 1));
    std::string twice = kTwoPasses;
    // Where a number of one digit has two, it is another number, not another text.
    if (twice[i] != '2' && twice[i] != '1') refused(twice.insert(i, 1, twice[i]));
  }
  refused(kTwoPasses + "\n");
  refused(kTwoPasses + "+");
  refused(kTwoPasses + "00");
  refused("PRIVATE+VRF+" + kPublic + "+" + kSecret);
  std::string upper = kTwoPasses;
  upper.back() = 'D';
  upper[upper.size() - 2] = 'D';
  refused(upper);
}

// A file may come from anybody, and its cost is paid before anything proves it.
TEST(SealedVrfSkeyTest, NobodyIsMadeToPayMoreThanTheBounds) {
  EXPECT_OK(ParseSealedVrfSkey(Costing("4", "1024")));
  EXPECT_OK(ParseSealedVrfSkey(Costing("4096", "1")));
  const std::string refused[][2] = {
      {"0", "1"},
      {"1", "0"},
      {"5", "1024"},
      {"4097", "1"},
      {"1", "1025"},
      {"2", "102400"},
      {"1000000000", "1"},
      {"4294967297", "1"},
      {"1", "4294967297"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "1"},
      {"01", "1"},
      {"1", "01"},
      {"+1", "1"},
      {"-1", "1"},
      {"1 ", "1"},
      {"0x1", "1"},
      {"", "1"},
      {"1", ""},
  };
  for (const auto& [passes, mebibytes] : refused) {
    EXPECT_STATUS(ParseSealedVrfSkey(Costing(passes, mebibytes)),
                  StatusCode::kInvalidArgument, "encrypted VRF key");
  }
}

// The identity, and bytes that are no element: also what nobody can have a key of.
TEST(SealedVrfSkeyTest, APublicKeyThatIsNoneIsRefused) {
  for (const std::string& none : {std::string(64, '0'), std::string(64, 'f')}) {
    std::string bad = kTwoPasses;
    bad.replace(bad.find(kPublic), kPublic.size(), none);
    EXPECT_STATUS(ParseSealedVrfSkey(bad), StatusCode::kInvalidArgument,
                  "not a VRF public key");
  }
}

// Who knows a passphrase can box what he likes: it is still no other key's secret.
TEST(SealedVrfSkeyTest, ASecretOfAnotherKeyIsRefusedAsAWrongPassphraseIs) {
  // As kTwoPasses was made, of other secrets under the same public key: 1, and q.
  for (const char* box :
       {"c0cc8479b4e03f799db859a49ae26fe30d642fd75b8399b64b30263534b5fa3f"
        "c2b737e3b2121d51208ea6fc2dfd0d83",
        "2c1f7125ae832d214b24ae06441bb1f70d642fd75b8399b64b30263534b5fa2f"
        "252398d76b8555743950b217efb8e862"}) {
    const std::string head = kTwoPasses.substr(0, kTwoPasses.size() - 96);
    const auto sealed = ParseSealedVrfSkey(head + box);
    ASSERT_OK(sealed);
    EXPECT_STATUS(OpenVrfSkey(*sealed, AsBytes(kPassphrase)),
                  StatusCode::kFailedPrecondition, "wrong passphrase");
  }
}

TEST(SealedVrfSkeyTest, TheFormsOfAKeyAreToldApartByTheirFirstBytes) {
  EXPECT_TRUE(IsSealedVrfSkey(kTwoPasses));
  EXPECT_TRUE(IsSealedVrfSkey("ENCRYPTED+VRF+"));
  EXPECT_FALSE(IsSealedVrfSkey("ENCRYPTED+VRF"));
  EXPECT_FALSE(IsSealedVrfSkey("PRIVATE+VRF+" + kPublic + "+" + kSecret));
  EXPECT_STATUS(ParseVrfSkey(kTwoPasses), StatusCode::kInvalidArgument, "PRIVATE+VRF+");
}

}  // namespace
}  // namespace setlog
