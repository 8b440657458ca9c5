#include "log/base64.h"

#include "testing.h"

namespace setlog {
namespace {

TEST(Base64Test, MatchesRfc4648Examples) {
  const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(ToBase64(AsBytes(bytes)), text);
    EXPECT_EQ(BytesFromBase64(text), bytes);
  }
  EXPECT_EQ(ToBase64(AsBytes("\xfb\xff\xfe")), "+//+");
}

// Of all 4-byte texts that can be decoded, no two give the same bytes.
TEST(Base64Test, EveryByteStringHasOneEncoding) {
  const std::string characters = "ABgw+/-_= \n";
  for (char a : characters) {
    for (char b : characters) {
      for (char c : characters) {
        for (char d : characters) {
          const std::string text = {a, b, c, d};
          const std::optional<std::string> bytes = BytesFromBase64(text);
          if (bytes) {
            EXPECT_EQ(ToBase64(AsBytes(*bytes)), text);
          }
        }
      }
    }
  }
}

// libsodium 1.0.18 decodes some of these bytes as if they were '/'.
TEST(Base64Test, RefusesEveryByteOutsideOfTheAlphabetAtEveryPlace) {
  const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (size_t place = 0; place < 4; ++place) {
      std::string text = "AAAA";
      text[place] = c;
      const bool last_padding = c == '=' && place == 3;
      EXPECT_EQ(BytesFromBase64(text).has_value(),
                alphabet.find(c) != alphabet.npos || last_padding)
          << ToHex(AsBytes(text));
    }
  }
}

TEST(Base64Test, RefusesOtherAlphabetsMissingPaddingAndLineBreaks) {
  for (const std::string text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", "Zm9v====", "====", "=", "-_-_",
        "Zm 9v", "Zm9v Zg==", "Zg==Zg==", "Z===", "Zm\n9v=="}) {
    EXPECT_EQ(BytesFromBase64(text), std::nullopt) << text;
  }
  EXPECT_EQ(BytesFromBase64(std::string("Zm\0v", 4)), std::nullopt);
}

TEST(Base64Test, AHashHasExactly32Bytes) {
  const Hash hash = HashOf(std::string(64, 'a'));
  EXPECT_EQ(HashFromBase64(ToBase64(hash)), hash);
  EXPECT_EQ(HashFromBase64(ToBase64(AsBytes(std::string(31, 'x')))), std::nullopt);
  EXPECT_EQ(HashFromBase64(ToBase64(AsBytes(std::string(33, 'x')))), std::nullopt);
}

}  // namespace
}  // namespace setlog
