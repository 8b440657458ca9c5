#include "tools/units.h"

#include "testing.h"

namespace setlog {
namespace {

TEST(UnitsTest, SizesArePowersOf1024) {
  EXPECT_EQ(ParseSize("1MiB").value(), uint64_t{1} << 20);
  EXPECT_EQ(ParseSize("512M").value(), uint64_t{512} << 20);
  EXPECT_EQ(ParseSize("2GiB").value(), uint64_t{2} << 30);
  EXPECT_EQ(ParseSize("3G").value(), uint64_t{3} << 30);
  EXPECT_EQ(ParseSize("0G").value(), 0u);
  EXPECT_EQ(ParseSize("17179869183G").value(), uint64_t{17179869183} << 30);
}

TEST(UnitsTest, DurationsAreMicroseconds) {
  EXPECT_EQ(ParseDuration("250ms").value(), 250'000);
  EXPECT_EQ(ParseDuration("15s").value(), 15'000'000);
  EXPECT_EQ(ParseDuration("2m").value(), 120'000'000);
  EXPECT_EQ(ParseDuration("1h").value(), 3'600'000'000);
  EXPECT_EQ(ParseDuration("7d").value(), 7 * 86'400'000'000);
}

TEST(UnitsTest, EverythingElseIsRefusedAndTheFormIsShown) {
  for (const char* text :
       {"", "1", "MiB", "1 MiB", "1.5GiB", "-1G", "+1G", "01G", "1KB", "1mib", "1MiBx",
        "17179869184G", "99999999999999999999M"}) {
    EXPECT_STATUS(ParseSize(text), absl::StatusCode::kInvalidArgument, "512MiB");
  }
  for (const char* text : {"", "1", "s", "1 s", "1.5h", "-1s", "1sec", "01s", "1us",
                           "106751992d", "9223372036854776s"}) {
    EXPECT_STATUS(ParseDuration(text), absl::StatusCode::kInvalidArgument, "90s");
  }
}

TEST(UnitsTest, DurationsAreShownInTheirTwoLargestUnits) {
  EXPECT_EQ(FormatDuration(0), "0 s");
  EXPECT_EQ(FormatDuration(15'000'000), "15 s");
  EXPECT_EQ(FormatDuration(3'600'000'000), "1 h");
  EXPECT_EQ(FormatDuration(90'061'000'000), "1 d 1 h");
  EXPECT_EQ(FormatDuration(1'500'000), "1 s 500 ms");
}

TEST(UnitsTest, OneThingIsNoPlural) {
  EXPECT_EQ(FormatCount(0, "record"), "0 records");
  EXPECT_EQ(FormatCount(1, "record"), "1 record");
  EXPECT_EQ(FormatCount(1300, "record"), "1300 records");
}

}  // namespace
}  // namespace setlog
