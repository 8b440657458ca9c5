#include "tools/output.h"

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

constexpr std::string_view kEvil = "x\nPRESENT: y\r\x1B[2K\x7F\xC2\x9B\xFFz";
constexpr std::string_view kShown = "x\\nPRESENT: y\\r\\x1b[2K\\x7f\\xc2\\x9b\\xffz";

TEST(OutputTest, WhatIsPrintedForPeopleIsOneLineWithoutControls) {
  Output out({});
  CaptureStdout();
  out.Result({}, kEvil);
  out.Verdict({}, "UNVERIFIED", kEvil);
  out.Verdict({}, kEvil, "");
  out.Detail(kEvil);
  EXPECT_EQ(GetCapturedStdout(), absl::StrFormat("%s\nUNVERIFIED%s\n%s\n%s\n", kShown,
                                                 kShown, kShown, kShown));
  CaptureStderr();
  out.Error(kEvil);
  out.Error("a", kEvil);
  out.Note(kEvil);
  EXPECT_EQ(out.Fail(absl::InternalError(std::string(kEvil))), ExitCode::kUnverified);
  EXPECT_EQ(GetCapturedStderr(),
            absl::StrFormat("setlog: %s\nsetlog: a\n%s\nsetlog: %s\nsetlog: %s\n",
                            kShown, kShown, kShown, kShown));
}

TEST(OutputTest, ALineBreakStaysOneOnlyInADetailAndBeforeAnIndentedLine) {
  Output out({});
  CaptureStdout();
  out.Detail("  a\n  b\n\n  c\n d\n");
  out.Verdict({}, "ABSENT", "\n  a");
  EXPECT_EQ(GetCapturedStdout(), "  a\n  b\\n\n  c\\n d\\n\nABSENT\\n  a\n");
  CaptureStderr();
  out.Note("a\n  b");
  out.Error("a\n  b", "  c\n  d");
  EXPECT_EQ(GetCapturedStderr(), "setlog: a\n  b\nsetlog: a\\n  b\n  c\n  d\n");
}

TEST(OutputTest, JsonHasNoControlsEither) {
  Output out({.json = true});
  CaptureStdout();
  out.Result({{"name", kEvil}, {"other", "\xC2\x80\xC2\x9F\xC2\xA0\xC3\x9B"}}, "");
  const std::string line = GetCapturedStdout();
  EXPECT_EQ(line,
            "{\"name\":\"x\\nPRESENT: y\\r\\u001b[2K\\u007f\\u009b\xEF\xBF\xBDz\","
            "\"other\":\"\\u0080\\u009f\xC2\xA0\xC3\x9B\"}\n");
  EXPECT_EQ(Json::parse(line)["other"], "\xC2\x80\xC2\x9F\xC2\xA0\xC3\x9B");
}

TEST(OutputTest, RawBytesStayAsTheyAre) {
  Output out({});
  CaptureStdout();
  out.Raw(kEvil);
  EXPECT_EQ(GetCapturedStdout(), kEvil);
}

}  // namespace
}  // namespace setlog
