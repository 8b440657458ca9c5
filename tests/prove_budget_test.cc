#include "tools/prove_budget.h"

#include "testing.h"

namespace setlog {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 24 * 3600 * kSecond;

TEST(ProveBudgetTest, IsRecordsInATime) {
  EXPECT_EQ(*ParseBudget("10000/1d"), (Budget{10000, kDay}));
  EXPECT_EQ(*ParseBudget("1/1500ms"), (Budget{1, 1'500'000}));
  EXPECT_EQ(*ParseBudget("1000000000/3650d"), (Budget{1'000'000'000, 3650 * kDay}));
  EXPECT_EQ(*ParseBudget("0"), Budget{});
}

TEST(ProveBudgetTest, IsShownAsItIsRead) {
  for (const char* text : {"10000/1d", "1/1500ms", "5/90m", "7/25h", "3/61s", "0"}) {
    EXPECT_EQ(FormatBudget(*ParseBudget(text)), text);
  }
  EXPECT_EQ(FormatBudget(*ParseBudget("8/48h")), "8/2d");
  EXPECT_EQ(FormatBudget({8, 1'000'001}), "8/1000001us");
}

TEST(ProveBudgetTest, EverythingElseIsRefusedAndTheFormIsShown) {
  for (const char* text :
       {"", "1", "/", "1/", "/1d", "0/1d", "01/1d", "+1/1d", "1/1", "1/1d ", " 1/1d",
        "1/1d/1d", "00", "99999999999999999999/1d"}) {
    EXPECT_STATUS(ParseBudget(text), absl::StatusCode::kInvalidArgument, "10000/1d");
  }
  for (const char* text : {"1/1ms", "1000000001/1d", "1/3651d"}) {
    EXPECT_STATUS(ParseBudget(text), absl::StatusCode::kInvalidArgument, "1s to 3650d");
  }
}

}  // namespace
}  // namespace setlog
