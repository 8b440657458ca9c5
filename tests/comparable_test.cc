// Which logs hash records in the same way, so that what they have in common can be
// seen.
#include "log/comparable.h"

#include "log/scheme.h"
#include "testing.h"

namespace setlog {
namespace {

using Columns = std::vector<Column>;
using Fields = std::vector<std::string>;

Manifest Bytes1(const std::string& origin) {
  return {.origin = origin, .scheme = "bytes/1"};
}
Manifest Json1(std::optional<Fields> fields) {
  return {.origin = "example.org/j", .scheme = "json/1", .fields = std::move(fields)};
}
Manifest Row1(Columns columns) {
  return {.origin = "example.org/r", .scheme = "row/1", .columns = std::move(columns)};
}

TEST(ComparableTest, LogsOfOneSchemeAreWhateverElseTheirManifestsSay) {
  Manifest other = Bytes1("example.net/b");
  other.title = "others";
  other.license = "MIT";
  other.private_reads = true;
  other.parent = ParentVersion{.origin = "example.net/a"};
  EXPECT_OK(CheckComparable(Bytes1("example.org/a"), other));
  // A parameter that its scheme does not have means nothing.
  other.columns = Columns{{"a", "int"}};
  other.fields = Fields{"a"};
  EXPECT_OK(CheckComparable(Bytes1("example.org/a"), other));
}

TEST(ComparableTest, LogsOfTwoSchemesAreNotAndBothAreNamed) {
  const absl::Status refused =
      CheckComparable(Bytes1("example.org/a"), Row1({{"id", "int"}, {"b", "str?"}}));
  EXPECT_STATUS(refused, absl::StatusCode::kInvalidArgument, "example.org/a");
  EXPECT_STATUS(refused, absl::StatusCode::kInvalidArgument, " as bytes/1,");
  EXPECT_STATUS(refused, absl::StatusCode::kInvalidArgument,
                "example.org/r as row/1 of b:str, id:int:");
  Manifest text = Bytes1("example.org/t");
  text.scheme = "text/1";
  EXPECT_STATUS(CheckComparable(text, Bytes1("example.org/a")),
                absl::StatusCode::kInvalidArgument, "as text/1");
}

TEST(ComparableTest, TheFieldsOfJsonCountAndTheirOrderDoesNot) {
  const auto refused = absl::StatusCode::kInvalidArgument;
  EXPECT_OK(CheckComparable(Json1({}), Json1({})));
  EXPECT_OK(CheckComparable(Json1({{"a", "b"}}), Json1({{"b", "a"}})));
  EXPECT_STATUS(CheckComparable(Json1({{"a", "b"}}), Json1({{"a"}})), refused,
                "json/1 of a, b");
  EXPECT_STATUS(CheckComparable(Json1({{"a"}}), Json1({})), refused, "as json/1:");
  EXPECT_STATUS(CheckComparable(Json1({{"a"}}), Json1({{"b"}})), refused, "");
}

TEST(ComparableTest, NamesAndTypesOfColumnsCountNotTheirOrderNorIfTheyMayBeNull) {
  const Manifest row = Row1({{"a", "int"}, {"b", "str"}});
  EXPECT_OK(CheckComparable(row, Row1({{"b", "str?"}, {"a", "int"}})));
  for (const Columns& columns :
       {Columns{{"a", "int"}}, Columns{{"a", "str"}, {"b", "int"}},
        Columns{{"a", "int"}, {"c", "str"}}, Columns{{"a", "float"}, {"b", "str"}},
        Columns{{"a", "int"}, {"b", "str"}, {"c", "str?"}}}) {
    EXPECT_STATUS(CheckComparable(row, Row1(columns)),
                  absl::StatusCode::kInvalidArgument, "row/1 of a:");
  }
}

// What the rules say of manifests, the schemes do with records.
TEST(ComparableTest, ComparableLogsHashARecordAlikeAndOthersDoNot) {
  const auto hash = [](const Manifest& manifest, std::string_view record) {
    return RecordHash(
        RecordScheme::FromManifest(manifest).value().Canonical(record).value());
  };
  const std::string record = R"({"b":2,"a":1})";
  EXPECT_EQ(hash(Json1({{"a", "b"}}), record), hash(Json1({{"b", "a"}}), record));
  EXPECT_NE(hash(Json1({{"a", "b"}}), record), hash(Json1({{"a"}}), record));
  EXPECT_NE(hash(Json1({}), record), hash(Bytes1("example.org/a"), record));
  const auto row_hash = [](const Manifest& manifest,
                           const std::vector<std::string_view>& cells) {
    return RecordHash(
        RecordScheme::FromManifest(manifest).value().CanonicalRow(cells).value());
  };
  EXPECT_EQ(row_hash(Row1({{"a", "int"}, {"b", "str"}}), {"1", "x"}),
            row_hash(Row1({{"b", "str?"}, {"a", "int?"}}), {"x", "1"}));
}

TEST(ComparableTest, PrivateLogsAreNotEvenTheSameOne) {
  Manifest labels = Bytes1("example.org/p");
  labels.labels = VrfLabels{.suite = std::string(kVrfSuite)};
  for (const auto& [a, b] :
       {std::pair(labels, Bytes1("example.org/a")),
        std::pair(Bytes1("example.org/a"), labels), std::pair(labels, labels)}) {
    EXPECT_STATUS(CheckComparable(a, b), absl::StatusCode::kInvalidArgument,
                  "example.org/p is a private log");
  }
}

}  // namespace
}  // namespace setlog
