#include "tools/exit_code.h"

#include "gtest/gtest.h"

namespace setlog {
namespace {

TEST(ExitCodeTest, EveryStatusHasTheCodeOfTheContract) {
  using enum absl::StatusCode;
  struct Case {
    absl::StatusCode status;
    int exit_code;
  };
  constexpr Case kCases[] = {
      {kOk, 0},
      // what the caller can put right
      {kInvalidArgument, 2},
      {kNotFound, 2},
      {kAlreadyExists, 2},
      {kOutOfRange, 2},
      {kFailedPrecondition, 2},
      {kUnauthenticated, 2},
      {kPermissionDenied, 2},
      // could not verify or reach
      {kUnavailable, 3},
      {kDeadlineExceeded, 3},
      {kResourceExhausted, 3},
      {kDataLoss, 3},
      {kUnimplemented, 3},
      {kAborted, 3},
      {kCancelled, 3},
      {kInternal, 3},
      {kUnknown, 3},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(static_cast<int>(ForStatus(absl::Status(c.status, "why"))), c.exit_code)
        << absl::StatusCodeToString(c.status);
  }
}

TEST(ExitCodeTest, TheWorstOfManyWinsWhateverTheOrder) {
  for (int a = 0; a <= 4; ++a) {
    for (int b = 0; b <= 4; ++b) {
      EXPECT_EQ(
          static_cast<int>(Worst(static_cast<ExitCode>(a), static_cast<ExitCode>(b))),
          a > b ? a : b);
    }
  }
}

TEST(ExitCodeTest, ExpectAbsentSwapsTheTwoVerdictsAndNothingElse) {
  constexpr int kSwapped[] = {1, 0, 2, 3, 4};
  for (int code = 0; code <= 4; ++code) {
    EXPECT_EQ(static_cast<int>(ExpectAbsent(static_cast<ExitCode>(code))),
              kSwapped[code]);
  }
}

}  // namespace
}  // namespace setlog
