#include "log/show_bytes.h"

#include "gtest/gtest.h"

namespace setlog {
namespace {

TEST(ShowBytesTest, TextIsShownAsItIsAndCutBetweenCharacters) {
  EXPECT_EQ(ShowBytes("{\"a\":1}", 80, true), "{\"a\":1}");
  EXPECT_EQ(ShowBytes("gr\xC3\xBC\xC3\x9F", 80, true), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(ShowBytes("gr\xC3\xBC\xC3\x9F", 3, true), "gr...");
  EXPECT_EQ(ShowBytes("abc", 3, false), "abc...");
  EXPECT_EQ(ShowBytes("", 3, true), "");
}

TEST(ShowBytesTest, WhatIsShownAgainStaysAsItIs) {
  const std::string shown = ShowForeign("a\xFF\"\\\n\xC2\x80\xC3\xBC");
  EXPECT_EQ(shown, "a\\xff\"\\\\n\\xc2\\x80\xC3\xBC");
  EXPECT_EQ(ShowForeign(shown), shown);
  EXPECT_EQ(ShowLine(shown), shown);
}

TEST(ShowBytesTest, AStrangersTextIsBounded) {
  EXPECT_EQ(ShowForeign(std::string(512, 'a')), std::string(512, 'a'));
  EXPECT_EQ(ShowForeign(std::string(513, 'a')), std::string(512, 'a') + "...");
  EXPECT_EQ(ShowLine(std::string(10000, 'a')).size(), 10000u);
}

TEST(ShowBytesTest, NoByteOfARecordReachesTheTerminalAsAControl) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {'a', static_cast<char>(first),
                                 static_cast<char>(second), 'b'};
      const std::string shown = ShowBytes(bytes, 80, true);
      for (size_t i = 0; i < shown.size(); ++i) {
        const auto byte = static_cast<unsigned char>(shown[i]);
        ASSERT_TRUE(byte >= 0x20 && byte != 0x7F) << first << " " << second;
        ASSERT_FALSE(byte == 0xC2 && static_cast<unsigned char>(shown[i + 1]) < 0xA0)
            << first << " " << second;
      }
    }
  }
}

}  // namespace
}  // namespace setlog
