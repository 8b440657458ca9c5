#include "log/json.h"

#include "log/jcs.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode::kInvalidArgument;

std::string Canonical(std::string_view text) {
  absl::StatusOr<JsonValue> value = ParseJson(text);
  return value.ok() ? CanonicalJson(*value) : value.status().ToString();
}

std::string Nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonTest, EveryKindOfValueIsKept) {
  EXPECT_EQ(Canonical(" {\"a\" : [ null , true,false,-1.5e1 , \"x\" ,{ } ,[ ]]}\r\n\t"),
            R"({"a":[null,true,false,-15,"x",{},[]]})");
  EXPECT_EQ(Canonical("null"), "null");
  EXPECT_EQ(Canonical(R"("é\u00e9\ud83d\ude00")"), "\"éé😀\"");
}

TEST(JsonTest, FindGivesTheMemberOrNothing) {
  const JsonValue value = *ParseJson(R"({"b":"x","a":7})");
  ASSERT_NE(value.Find("a"), nullptr);
  EXPECT_EQ(value.Find("a")->AsUint(), 7u);
  EXPECT_EQ(*value.Find("b")->AsString(), "x");
  EXPECT_EQ(value.Find("c"), nullptr);
  EXPECT_EQ(value.Find("b")->AsUint(), std::nullopt);
  EXPECT_EQ(ParseJson("-1")->AsUint(), std::nullopt);
  EXPECT_EQ(ParseJson("1.5")->AsUint(), std::nullopt);
  EXPECT_EQ(ParseJson("1e30")->AsUint(), std::nullopt);
  EXPECT_EQ(ParseJson("9007199254740992")->AsUint(), uint64_t{1} << 53);
}

struct Refusal {
  std::string text;
  const char* message;
};

class JsonRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(JsonRefusalTest, IsRefusedAtItsColumn) {
  EXPECT_STATUS(ParseJson(GetParam().text), kInvalidArgument, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonRefusalTest,
    testing::Values(
        Refusal{R"({"a":1,"a":2})", "column 8: duplicate key \"a\""},
        Refusal{R"({"x":{"a":1,"b":2,"\u0061":3}})", "column 19: duplicate key \"a\""},
        Refusal{R"({"\"\\":1,"\"\\":2})", "column 11: duplicate key"},
        Refusal{R"(["\ud800"])",
                "column 9: syntax error while parsing value - invalid "
                "string: surrogate"},
        Refusal{R"(["\udc00"])", "surrogate"},
        Refusal{"[\"\xff\"]",
                "column 3: syntax error while parsing value - invalid "
                "string: ill-formed UTF-8 byte"},
        Refusal{"[\"\xc0\xaf\"]", "ill-formed UTF-8"},
        Refusal{"[\"\xed\xa0\x80\"]", "ill-formed UTF-8"},
        Refusal{"[\"\xf4\x90\x80\x80\"]", "ill-formed UTF-8"},
        Refusal{"\xef\xbb\xbf{}", "column 1: byte order mark"},
        Refusal{std::string("{}\0garbage", 10), "column 3: NUL byte"},
        Refusal{std::string("[\"a\0\"]", 6), "column 4: NUL byte"},
        Refusal{"[NaN]", "column 2: syntax error"}, Refusal{"[Infinity]", "column 2:"},
        Refusal{"[-Infinity]", "column 3:"}, Refusal{"[1e400]", "overflows a double"},
        Refusal{"[-1e400]", "overflows a double"},
        Refusal{"[1,9007199254740993]", "column 4: integer 9007199254740993 is beyond"},
        Refusal{"-9007199254740993", "column 1: integer -9007199254740993 is beyond"},
        Refusal{"[100000000000000000000]",
                "column 2: integer 100000000000000000000 is"},
        Refusal{"{\"a\": -18446744073709551617 }", "column 7: integer -184467440737"},
        Refusal{"18446744073709551616", "column 1: integer 18446744073709551616 is"},
        Refusal{"{} {}", "column 4: syntax error"}, Refusal{"{}x", "column 3:"},
        Refusal{"", "column 1: syntax error"}, Refusal{"   ", "column 4: syntax error"},
        Refusal{"{\"a\":1,}", "column 8:"}, Refusal{"[1,]", "column 4:"},
        Refusal{"{'a':1}", "column 2:"}, Refusal{"[01]", "column 3:"},
        Refusal{"[+1]", "column 2:"}, Refusal{"[.5]", "column 2:"},
        Refusal{"[1.]", "column 4:"}, Refusal{"/**/1", "column 1:"},
        Refusal{"[\"a\nb\"]", "control character U+000A"},
        Refusal{"[\"\\x\"]", "column 4:"}, Refusal{"{\"a\" 1}", "expected ':'"},
        Refusal{"{\"a\":1", "column 7:"}, Refusal{"\"abc", "column 5:"}));

TEST(JsonTest, NestingIsLimitedWhileParsing) {
  EXPECT_OK(ParseJson(Nested(kMaxJsonDepth)));
  EXPECT_STATUS(ParseJson(Nested(kMaxJsonDepth + 1)), kInvalidArgument,
                "column 257: nested deeper than 256 levels");
  // Ten million brackets must neither exhaust the stack nor be read to their end.
  EXPECT_STATUS(ParseJson(std::string(10'000'000, '[')), kInvalidArgument,
                "column 257: nested deeper");
  std::string objects;
  for (int i = 0; i < 300; ++i) objects += "{\"a\":";
  EXPECT_STATUS(ParseJson(objects), kInvalidArgument, "nested deeper");
}

TEST(JsonTest, TwoTo53IsTheLargestIntegerLiteral) {
  EXPECT_EQ(Canonical("[9007199254740992,-9007199254740992]"),
            "[9007199254740992,-9007199254740992]");
  EXPECT_EQ(Canonical("[9007199254740993.0,1E30,-0]"), "[9007199254740992,1e+30,0]");
}

TEST(JsonTest, EveryTruncationIsRefused) {
  const std::string text = R"({"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":true}})";
  ASSERT_OK(ParseJson(text));
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_STATUS(ParseJson(text.substr(0, size)), kInvalidArgument, "column ");
  }
}

TEST(JsonTest, WhateverByteIsChangedTheResultIsStableOrRefused) {
  const std::string text = R"({"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":true}})";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const absl::StatusOr<JsonValue> value = ParseJson(changed);
      if (!value.ok()) {
        EXPECT_EQ(value.status().code(), kInvalidArgument);
        continue;
      }
      const std::string once = CanonicalJson(*value);
      ASSERT_EQ(Canonical(once), once) << changed;
    }
  }
}

TEST(JsonTest, LongLiteralsAreCutInMessages) {
  const std::string key(100'000, 'k');
  const absl::Status status =
      ParseJson("{\"" + key + "\":1,\"" + key + "\":2}").status();
  EXPECT_THAT(std::string(status.message()), testing::StartsWith("column 100007: dup"));
  EXPECT_LT(status.message().size(), 200u);
  const absl::Status bad = ParseJson("\"" + key + "\xff\"").status();
  EXPECT_LT(bad.message().size(), 200u);
}

TEST(JsonTest, ManyKeysAreSortedAndTwinsFound) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i)
    text += "\"" + std::to_string(i * 7919 % 20011) + "\":0,";
  EXPECT_OK(ParseJson(text + "\"last\":0}"));
  EXPECT_STATUS(ParseJson(text + "\"7919\":0}"), kInvalidArgument,
                "duplicate key \"7919\"");
}

TEST(JsonTest, ATextOfMoreValuesThanAskedForIsReadNoFurther) {
  const std::string text = R"({"a":[0,true,null],"b":{"c":"d"},"e":[]})";
  EXPECT_OK(ParseJson(text, 8));
  for (size_t max_values = 0; max_values < 8; ++max_values) {
    EXPECT_STATUS(ParseJson(text, max_values), kInvalidArgument,
                  "more values than are read here");
  }
  // What is behind is no JSON, and is not looked at.
  EXPECT_STATUS(ParseJson("[0,0,[0!", 3), kInvalidArgument,
                "column 6: more values than are read here");
}

}  // namespace
}  // namespace setlog
