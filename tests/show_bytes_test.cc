#include "tools/show_bytes.h"

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
