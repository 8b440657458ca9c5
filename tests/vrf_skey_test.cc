#include "log/vrf_skey.h"

#include "golden_notes.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

// C2SP's vector.
const std::string kPublic =
    "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e";
const std::string kSecret =
    "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500";
const std::string kVrfSkey = "PRIVATE+VRF+" + kPublic + "+" + kSecret;

TEST(VrfSkeyTest, IsThePublicKeyAndTheScalarInHex) {
  const auto key = ParseVrfSkey(kVrfSkey);
  ASSERT_OK(key);
  EXPECT_EQ(ToHex(key->Scalar()), kSecret);
  EXPECT_EQ(ToHex(key->PublicKey().bytes()), kPublic);
  EXPECT_EQ(FormatVrfSkey(*key), kVrfSkey);
}

TEST(VrfSkeyTest, EveryKeyIsReadAsItWasWritten) {
  for (int i = 0; i < 20; ++i) {
    const VrfSecretKey key = VrfSecretKey::Generate().value();
    const auto read = ParseVrfSkey(FormatVrfSkey(key));
    ASSERT_OK(read);
    EXPECT_EQ(AsText(read->Scalar()), AsText(key.Scalar()));
    EXPECT_EQ(read->PublicKey(), key.PublicKey());
  }
}

// Nothing of the secret in any message: there are three of them, whatever was read.
TEST(VrfSkeyTest, AnyOtherByteIsRefusedInWordsThatTellNothing) {
  std::set<std::string> messages;
  const auto refused = [&](const std::string& bad) {
    const auto key = ParseVrfSkey(bad);
    EXPECT_EQ(key.status().code(), StatusCode::kInvalidArgument) << bad;
    messages.insert(std::string(key.status().message()));
  };
  for (size_t i = 0; i < kVrfSkey.size(); ++i) {
    for (char other : {'0', 'f', 'F', 'g', '+', '\0', '\n', ':'}) {
      if (kVrfSkey[i] == other) continue;
      std::string bad = kVrfSkey;
      bad[i] = other;
      refused(bad);
    }
    refused(kVrfSkey.substr(0, i));
    refused(kVrfSkey.substr(i + 1));
  }
  refused(kVrfSkey + "\n");
  refused(kVrfSkey + "0");
  refused(kLogSkey);
  refused("PRIVATE+VRF+" + std::string(64, '0') + "+" + std::string(64, '0'));
  EXPECT_THAT(
      messages,
      testing::UnorderedElementsAre(
          "a VRF secret key has the form PRIVATE+VRF+PUBLIC+SECRET",
          "VRF secret key: its public key is another one's, or it is not of the form "
          "PRIVATE+VRF+PUBLIC+SECRET in lower-case hex",
          "not a VRF secret key: the bytes are zero, or no scalar below the order of "
          "the group"));
}

TEST(VrfSkeyTest, UpperCaseIsRefused) {
  std::string upper = kVrfSkey;
  for (char& c : upper) {
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  }
  EXPECT_STATUS(ParseVrfSkey(upper), StatusCode::kInvalidArgument, "lower-case");
}

}  // namespace
}  // namespace setlog
