#include "log/jcs.h"

#include <bit>
#include <cstdlib>
#include <random>

#include "testing.h"

namespace setlog {
namespace {

std::string Number(double value) {
  std::string out;
  AppendCanonicalNumber(&out, value);
  return out;
}

std::string Canonical(std::string_view text) {
  absl::StatusOr<JsonValue> value = ParseJson(text);
  return value.ok() ? CanonicalJson(*value) : value.status().ToString();
}

TEST(JcsTest, NumbersOfRfc8785AppendixB) {
  const std::pair<uint64_t, const char*> kTable[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : kTable) {
    EXPECT_EQ(Number(std::bit_cast<double>(bits)), text) << std::hex << bits;
  }
}

TEST(JcsTest, LayoutChangesWhereEcmaScriptSays) {
  EXPECT_EQ(Number(1e20), "100000000000000000000");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(1.5e21), "1.5e+21");
  EXPECT_EQ(Number(1e-6), "0.000001");
  EXPECT_EQ(Number(1.25e-6), "0.00000125");
  EXPECT_EQ(Number(1e-7), "1e-7");
  EXPECT_EQ(Number(1.25e-7), "1.25e-7");
  EXPECT_EQ(Number(100), "100");
  EXPECT_EQ(Number(-0.5), "-0.5");
  EXPECT_EQ(Number(123.456), "123.456");
  EXPECT_EQ(Number(4.35), "4.35");
}

TEST(JcsTest, EveryNumberReadsBackAsItself) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = Number(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    ASSERT_LE(text.size(), 25u) << text;
  }
}

TEST(JcsTest, LiteralsNumbersAndStringOfRfc8785Section322) {
  EXPECT_EQ(Canonical(R"({
      "numbers": [333333333.33333329, 1E30, 4.50,
                  2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    })"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,"
            "0.002,1e-27],\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(JcsTest, SortingOfRfc8785Section323) {
  EXPECT_EQ(Canonical(R"({
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    })"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
            "\"\u00f6\":\"Latin Small Letter O With Diaeresis\","
            "\"\u20ac\":\"Euro Sign\",\"\U0001F600\":\"Emoji: Grinning Face\","
            "\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(JcsTest, StringsAreEscapedAsLittleAsPossible) {
  std::string controls;
  for (int c = 0; c < 0x20; ++c) controls.push_back(static_cast<char>(c));
  std::string out;
  AppendCanonicalString(&out, controls + "\x7f/\"\\\u2028");
  EXPECT_EQ(
      out,
      "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b"
      "\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017"
      "\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\x7f/\\\"\\\\\u2028\"");
}

// The order of the definition itself: by UTF-16 code units.
std::u16string Utf16(const std::u32string& text) {
  std::u16string units;
  for (char32_t c : text) {
    if (c < 0x10000) {
      units.push_back(static_cast<char16_t>(c));
    } else {
      units.push_back(static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10)));
      units.push_back(static_cast<char16_t>(0xDC00 + ((c - 0x10000) & 0x3FF)));
    }
  }
  return units;
}

std::string Utf8(const std::u32string& text) {
  std::string bytes;
  const auto add = [&bytes](char32_t byte) {
    bytes.push_back(static_cast<char>(byte));
  };
  for (char32_t c : text) {
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xC0 | c >> 6), add(0x80 | (c & 63));
    } else if (c < 0x10000) {
      add(0xE0 | c >> 12), add(0x80 | (c >> 6 & 63)), add(0x80 | (c & 63));
    } else {
      add(0xF0 | c >> 18), add(0x80 | (c >> 12 & 63)), add(0x80 | (c >> 6 & 63));
      add(0x80 | (c & 63));
    }
  }
  return bytes;
}

TEST(JcsTest, KeysAreOrderedAsTheirUtf16CodeUnits) {
  const char32_t kLetters[] = {'a',     'b',     0x7f,    0x80,    0x7ff,  0x800,
                               0xd7ff,  0xe000,  0xefff,  0xf000,  0xffff, 0x10000,
                               0x3ffff, 0x40000, 0xfffff, 0x10ffff};
  std::mt19937 random(2);
  const auto word = [&] {
    std::u32string text;
    for (size_t i = random() % 4; i > 0; --i) {
      text.push_back(kLetters[random() % std::size(kLetters)]);
    }
    return text;
  };
  for (int i = 0; i < 100'000; ++i) {
    const std::u32string a = word(), b = word();
    ASSERT_EQ(JsonKeyLess(Utf8(a), Utf8(b)), Utf16(a) < Utf16(b))
        << ToHex(AsBytes(Utf8(a))) << " " << ToHex(AsBytes(Utf8(b)));
  }
}

TEST(JcsTest, MembersInAnyOrderGiveOneForm) {
  const JsonValue built{JsonValue::Object{
      {"b", JsonValue{2.0}}, {"", JsonValue{nullptr}}, {"a", JsonValue{"x"}}}};
  EXPECT_EQ(CanonicalJson(built), R"({"":null,"a":"x","b":2})");
}

TEST(JcsTest, CanonicalFormIsItsOwnCanonicalForm) {
  for (const char* text :
       {R"({"b":[1e-7,1e21,0.1,{"z":"\u0001","y":[]}],"a":{}})", "\"\\ud83d\\ude00\"",
        "[[[[-0.0]]]]", "1E300", R"({"\u0000":"\u0000"})"}) {
    const std::string once = Canonical(text);
    EXPECT_EQ(Canonical(once), once);
  }
}

// A double from 2^53 to 10^21 prints as an integer literal, which is refused: no other
// hash, but no hash either.
TEST(JcsTest, LargeIntegralFloatsDoNotReadBack) {
  EXPECT_EQ(Canonical("1e20"), "100000000000000000000");
  EXPECT_STATUS(ParseJson("100000000000000000000"), absl::StatusCode::kInvalidArgument,
                "beyond 2^53");
}

}  // namespace
}  // namespace setlog
