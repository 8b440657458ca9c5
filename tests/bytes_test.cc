#include "log/bytes.h"

#include "testing.h"

namespace setlog {
namespace {

TEST(HexTest, OneSpellingOfEachLength) {
  EXPECT_EQ(ToHex(AsBytes(std::string("\0\x0f\xff", 3))), "000fff");
  EXPECT_EQ(BytesFromHex("000fff"), std::string("\0\x0f\xff", 3));
  EXPECT_EQ(BytesFromHex(""), "");
  for (const char* hex : {"0", "000", "0F", "0g", "g0", " 0", "0x"}) {
    EXPECT_EQ(BytesFromHex(hex), std::nullopt) << hex;
  }
}

TEST(HexTest, AHashHas64Digits) {
  const std::string digits(64, 'a');
  ASSERT_TRUE(HashFromHex(digits).has_value());
  EXPECT_EQ(ToHex(*HashFromHex(digits)), digits);
  for (size_t length : {0, 62, 63, 65, 66}) {
    EXPECT_EQ(HashFromHex(std::string(length, 'a')), std::nullopt) << length;
  }
  for (size_t i = 0; i < digits.size(); ++i) {
    std::string other = digits;
    other[i] = 'A';
    EXPECT_EQ(HashFromHex(other), std::nullopt) << i;
  }
}

TEST(U64Test, IsBigEndian) {
  std::string bytes = "x";
  AppendU64(&bytes, 0x0102030405060708);
  EXPECT_EQ(bytes, "x\1\2\3\4\5\6\7\x08");
  EXPECT_EQ(ReadU64(AsBytes(bytes).subspan(1)), 0x0102030405060708u);
}

}  // namespace
}  // namespace setlog
