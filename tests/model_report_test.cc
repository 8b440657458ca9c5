#include "tools/model_report.h"

#include "gmock/gmock.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStdout;

CheckedModel Checked(std::vector<ModelDifference> differences) {
  return {.claimed = SignedModel{.statement = {.subject = "demo"}},
          .differences = std::move(differences),
          .files = 2};
}

std::string Printed(const CheckedModel& checked, ExitCode code) {
  const ModelCheckFlags flags = {.model = "m", .signature = "m.sig"};
  Output out({});
  CaptureStdout();
  EXPECT_EQ(PrintReport(ReportOf(flags, checked), flags, checked, out), code);
  return GetCapturedStdout();
}

TEST(ModelReportTest, WhatCouldNotBeReadDecidesNothing) {
  const ModelDifference unread = {
      .kind = DifferenceKind::kUnread, .name = "a", .detail = "Permission denied"};
  EXPECT_THAT(Printed(Checked({unread}), ExitCode::kUnverified),
              AllOf(StartsWith("UNVERIFIED: m: 1 of its files could not be read\n"),
                    HasSubstr("\n  unread   a (Permission denied)\n")));
  // What differs is refused, whatever else there is.
  EXPECT_THAT(
      Printed(Checked({unread, {.kind = DifferenceKind::kAdded, .name = "b"}}),
              ExitCode::kDoesNotHold),
      StartsWith("REFUSED m is not what was signed as \"demo\": 2 differences"));
  EXPECT_THAT(Printed(Checked({}), ExitCode::kHolds), StartsWith("VERIFIED m is "));
}

}  // namespace
}  // namespace setlog
