#include "log/json_object.h"

#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

absl::Status Read(std::string_view text, void (*read)(JsonObject)) {
  const absl::StatusOr<JsonValue> json = ParseJson(text);
  if (!json.ok()) throw std::runtime_error("no JSON");
  absl::Status status;
  read(JsonObject(*json, "x", &status));
  return status;
}

TEST(JsonObjectTest, MembersAreReadAsWhatTheyAre) {
  EXPECT_OK(Read(R"({"s":"t","o":{"u":7},"a":[{"b":true}],"n":null,"e":"ZGVtbw=="})",
                 [](JsonObject x) {
                   x.Only({"s", "o", "a", "n", "e"});
                   x.Expect("s", "t");
                   EXPECT_EQ(x.String("s"), "t");
                   EXPECT_EQ(x.OptionalString("s"), "t");
                   EXPECT_EQ(x.OptionalString("none"), std::nullopt);
                   EXPECT_EQ(x.Object("o").Uint("u"), 7u);
                   EXPECT_TRUE(x.Item("a", x.Array("a"), 0).Bool("b"));
                   EXPECT_EQ(x.Base64("e"), "demo");
                   EXPECT_TRUE(x.HasValue("s"));
                   EXPECT_FALSE(x.HasValue("n"));
                   EXPECT_FALSE(x.HasValue("none"));
                 }));
}

TEST(JsonObjectTest, WhatIsWrongIsNamedWithItsPlace) {
  constexpr auto kWrong = StatusCode::kInvalidArgument;
  EXPECT_STATUS(Read("[]", [](JsonObject) {}), kWrong, "x: must be an object");
  EXPECT_STATUS(Read("{}", [](JsonObject x) { x.String("s"); }), kWrong,
                "x: key \"s\" is missing");
  EXPECT_STATUS(Read(R"({"s":1})", [](JsonObject x) { x.String("s"); }), kWrong,
                "x: key \"s\" must be a string");
  EXPECT_STATUS(Read(R"({"s":1})", [](JsonObject x) { x.OptionalString("s"); }), kWrong,
                "must be a string");
  EXPECT_STATUS(Read(R"({"s":1})", [](JsonObject x) { x.Bool("s"); }), kWrong,
                "must be true or false");
  EXPECT_STATUS(Read(R"({"s":-1})", [](JsonObject x) { x.Uint("s"); }), kWrong,
                "must be an integer");
  EXPECT_STATUS(Read(R"({"s":{}})", [](JsonObject x) { x.Array("s"); }), kWrong,
                "must be an array");
  EXPECT_STATUS(Read(R"({"s":"AB"})", [](JsonObject x) { x.HexHash("s"); }), kWrong,
                "64 lower-case hex digits");
  for (const char* text : {R"({"s":"ZGVtbw"})", R"({"s":""})"}) {
    EXPECT_STATUS(Read(text, [](JsonObject x) { x.Base64("s"); }), kWrong,
                  "must be bytes in base64");
  }
  EXPECT_STATUS(Read(R"({"s":"a"})", [](JsonObject x) { x.Expect("s", "b"); }), kWrong,
                "must be \"b\"");
  EXPECT_STATUS(
      Read(R"({"o":{"i":3}})", [](JsonObject x) { x.Object("o").Object("i"); }), kWrong,
      "x: o: i: must be an object");
  EXPECT_STATUS(Read(R"({"a":[{},{}]})",
                     [](JsonObject x) { x.Item("a", x.Array("a"), 1).Uint("u"); }),
                kWrong, "x: a[1]: key \"u\" is missing");
}

TEST(JsonObjectTest, OfSeveralMistakesTheFirstIsTold) {
  EXPECT_STATUS(Read("{}",
                     [](JsonObject x) {
                       x.Object("o").Uint("u");
                       x.String("s");
                     }),
                StatusCode::kInvalidArgument, "x: key \"o\" is missing");
}

TEST(JsonObjectTest, UnknownKeysAreRefusedAndShownSafely) {
  EXPECT_STATUS(
      Read("{\"a\":1,\"\\u001b[31m\":2}", [](JsonObject x) { x.Only({"a"}); }),
      StatusCode::kInvalidArgument, "key \"\\x1b[31m\" is not known");
}

}  // namespace
}  // namespace setlog
