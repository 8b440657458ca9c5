#include "log/column.h"

#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode::kInvalidArgument;

std::string Cell(std::string_view type, std::string_view cell) {
  std::string out;
  const absl::Status status = AppendCell(&out, ParseColumnType(type).value(), cell);
  return status.ok() ? out : std::string(status.message());
}

TEST(ColumnTest, AListNamesColumnsInOrder) {
  EXPECT_THAT(ParseColumns("id:int,a:b:str,n:float?").value(),
              testing::ElementsAre(Column{"id", "int"}, Column{"a:b", "str"},
                                   Column{"n", "float?"}));
}

TEST(ColumnTest, MalformedListsAreRefusedByName) {
  EXPECT_STATUS(ParseColumns(""), kInvalidArgument, "write NAME:TYPE");
  EXPECT_STATUS(ParseColumns("id"), kInvalidArgument, "column \"id\": write NAME:TYPE");
  EXPECT_STATUS(ParseColumns("a:int,"), kInvalidArgument, "write NAME:TYPE");
  EXPECT_STATUS(ParseColumns(":int"), kInvalidArgument, "empty name");
  EXPECT_STATUS(ParseColumns("a:int,a:str"), kInvalidArgument, "named twice: \"a\"");
  EXPECT_STATUS(ParseColumns("\xff:int"), kInvalidArgument, "not UTF-8");
  for (const char* type :
       {"", "?", "int64", "Int", "int ", "int??", "?int", "string"}) {
    EXPECT_STATUS(ParseColumns(std::string("a:") + type), kInvalidArgument,
                  "known: int, float, bool, str, bytes, timestamp");
  }
}

TEST(ColumnTest, AFileHoldsLinesOrTheManifestsForm) {
  const auto expected = testing::ElementsAre(Column{"a,b", "int"}, Column{"c", "str?"});
  EXPECT_THAT(ParseColumnsFile("a,b:int\nc:str?\n").value(), expected);
  EXPECT_THAT(ParseColumnsFile("a,b:int\r\nc:str?").value(), expected);
  EXPECT_THAT(ParseColumnsFile(R"([ ["a,b","int"], ["c","str?"] ])").value(), expected);
  EXPECT_STATUS(ParseColumnsFile("a:int\n\nb:int\n"), kInvalidArgument, "NAME:TYPE");
  EXPECT_STATUS(ParseColumnsFile(""), kInvalidArgument, "no columns");
  EXPECT_STATUS(ParseColumnsFile("[]"), kInvalidArgument, "no columns");
  EXPECT_STATUS(ParseColumnsFile(R"([["a"]])"), kInvalidArgument, "[name, type]");
  EXPECT_STATUS(ParseColumnsFile(R"([["a",1]])"), kInvalidArgument, "[name, type]");
  EXPECT_STATUS(ParseColumnsFile(R"([["a","int"])"), kInvalidArgument, "column ");
}

TEST(ColumnTest, OnlyNullableColumnsHaveNull) {
  for (const char* type : {"int", "float", "bool", "str", "bytes", "timestamp"}) {
    EXPECT_EQ(Cell(std::string(type) + "?", ""), "null") << type;
    EXPECT_NE(Cell(type, ""), "null") << type;
  }
}

TEST(ColumnTest, EveryDayOf400YearsIsOneDayLater) {
  // The Gregorian calendar repeats after 400 years of 146,097 days.
  int64_t day = 10957 - 146097;  // 1600-01-01
  const int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int year = 1600; year < 2000; ++year) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 1; month <= 12; ++month) {
      const int days = kDays[month - 1] + (leap && month == 2 ? 1 : 0);
      for (int d = 1; d <= days; ++d, ++day) {
        char text[40];
        std::snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, d);
        std::string micros = std::to_string(day * 86'400'000'000);
        if (day * 86'400'000'000 < -(int64_t{1} << 53)) micros = "\"" + micros + "\"";
        ASSERT_EQ(Cell("timestamp", text), micros) << text;
      }
      char past[40];
      std::snprintf(past, sizeof(past), "%04d-%02d-%02dT00:00:00Z", year, month,
                    days + 1);
      ASSERT_THAT(Cell("timestamp", past), testing::StartsWith("not a time"));
    }
  }
  EXPECT_EQ(day, 10957);  // 2000-01-01
}

TEST(ColumnTest, MessagesStayOnePrintableLine) {
  const std::string message = Cell("int", std::string(100'000, '\n') + "\xff");
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(message.find('\n'), message.npos);
}

}  // namespace
}  // namespace setlog
