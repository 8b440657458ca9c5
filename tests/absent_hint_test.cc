#include "tools/absent_hint.h"

#include "testing.h"

namespace setlog {
namespace {

// Whether `wanted` is among the variants of `canonical`, under these words.
void ExpectVariant(SchemeKind scheme, const std::string& canonical,
                   const std::string& words, const std::string& wanted) {
  for (const Variant& variant : VariantsOf(scheme, canonical)) {
    if (variant.change == words) {
      EXPECT_EQ(variant.hash, RecordHash(wanted)) << canonical;
      return;
    }
  }
  ADD_FAILURE() << "no variant of " << canonical << " " << words;
}

TEST(AbsentHintTest, BytesAndTextAreChangedAsTheyAre) {
  for (SchemeKind scheme : {SchemeKind::kBytes, SchemeKind::kText}) {
    ExpectVariant(scheme, "a\n", "without its final newline", "a");
    ExpectVariant(scheme, "a\n\n", "without its final newline", "a\n");
    ExpectVariant(scheme, "a\r\n", "without its final newline", "a");
    ExpectVariant(scheme, "a\r\nb", "with LF for CRLF", "a\nb");
    ExpectVariant(scheme, "\xEF\xBB\xBFx", "without its byte order mark", "x");
    ExpectVariant(scheme, "e\xCC\x81", "in Unicode form NFC", "\xC3\xA9");
    ExpectVariant(scheme,
                  "\xEF\xBB\xBF"
                  "e\xCC\x81\r\nb\r\n",
                  "with all of these changes", "\xC3\xA9\nb");
  }
}

TEST(AbsentHintTest, JsonIsChangedInsideItsStrings) {
  const std::string canonical = R"({"a":["x\r\n",{"b":"y\n"}],"n":1})";
  ExpectVariant(SchemeKind::kJson, canonical, "without its final newline",
                R"({"a":["x",{"b":"y"}],"n":1})");
  ExpectVariant(SchemeKind::kJson, canonical, "with LF for CRLF",
                R"({"a":["x\n",{"b":"y\n"}],"n":1})");
  // A backslash and letters, no line break.
  EXPECT_TRUE(VariantsOf(SchemeKind::kJson, R"({"a":"x\\r\\n"})").empty());
}

TEST(AbsentHintTest, WhatNoChangeTouchesHasNoVariants) {
  EXPECT_TRUE(VariantsOf(SchemeKind::kText, "").empty());
  EXPECT_TRUE(VariantsOf(SchemeKind::kText, "plain").empty());
  EXPECT_TRUE(VariantsOf(SchemeKind::kBytes, "\xFF\xFE").empty());
  EXPECT_TRUE(VariantsOf(SchemeKind::kRow, R"({"a":1})").empty());
  EXPECT_TRUE(VariantsOf(SchemeKind::kJson, "no json\n").empty());
}

TEST(AbsentHintTest, EachVariantIsAnotherRecordThanAllOthers) {
  for (const std::string& text : {std::string("\xEF\xBB\xBF"
                                              "a\r\ne\xCC\x81\r\n"),
                                  std::string("\n"), std::string("\r\n")}) {
    const std::vector<Variant> variants = VariantsOf(SchemeKind::kText, text);
    for (size_t i = 0; i < variants.size(); ++i) {
      EXPECT_NE(variants[i].hash, RecordHash(text));
      for (size_t j = 0; j < i; ++j) EXPECT_NE(variants[i].hash, variants[j].hash);
    }
  }
}

}  // namespace
}  // namespace setlog
