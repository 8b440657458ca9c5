#include "log/scheme.h"

#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode::kInvalidArgument;
using absl::StatusCode::kUnimplemented;

absl::StatusOr<RecordScheme> Scheme(const std::string& name,
                                    std::optional<std::vector<std::string>> fields = {},
                                    std::optional<std::vector<Column>> columns = {}) {
  Manifest manifest;
  manifest.scheme = name;
  manifest.fields = std::move(fields);
  manifest.columns = std::move(columns);
  return RecordScheme::FromManifest(manifest);
}

std::string Text(const nlohmann::json& vector, const std::string& key) {
  if (vector.contains(key)) return vector[key];
  return BytesFromHex(vector[key + "_hex"].get<std::string>()).value();
}

absl::StatusOr<std::string> CanonicalOf(const std::string& scheme_name,
                                        const nlohmann::json& vector) {
  std::optional<std::vector<std::string>> fields;
  std::optional<std::vector<Column>> columns;
  if (vector.contains("fields")) fields = vector["fields"];
  if (vector.contains("columns")) {
    columns.emplace();
    for (const auto& column : vector["columns"]) {
      columns->push_back({column[0], column[1]});
    }
  }
  absl::StatusOr<RecordScheme> scheme = Scheme(scheme_name, fields, columns);
  if (!scheme.ok()) return scheme.status();
  if (!vector.contains("cells")) return scheme->Canonical(Text(vector, "input"));
  const std::vector<std::string> cells = vector["cells"];
  const std::vector<std::string_view> views(cells.begin(), cells.end());
  return scheme->CanonicalRow(views);
}

class SchemeVectorTest : public testing::TestWithParam<const char*> {};

TEST_P(SchemeVectorTest, EveryRecordHasItsHashOrItsRefusal) {
  const nlohmann::json file =
      ReadTestJson(std::string("records/") + GetParam() + ".json");
  int checked = 0;
  for (const nlohmann::json& vector : file["vectors"]) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const absl::StatusOr<std::string> canonical = CanonicalOf(file["scheme"], vector);
    if (vector.contains("error")) {
      EXPECT_STATUS(canonical, kInvalidArgument, vector["error"].get<std::string>());
    } else {
      ASSERT_OK(canonical);
      EXPECT_EQ(*canonical, Text(vector, "canonical"));
      EXPECT_EQ(ToHex(RecordHash(*canonical)), vector["sha256"]);
    }
    ++checked;
  }
  EXPECT_GE(checked, 20);
}

INSTANTIATE_TEST_SUITE_P(All, SchemeVectorTest,
                         testing::Values("bytes", "text", "json", "row"));

TEST(SchemeTest, OtherNamesAreUnimplementedAndListTheKnownOnes) {
  EXPECT_STATUS(
      Scheme("pixels/1"), kUnimplemented,
      "\"pixels/1\" is not supported yet; supported: bytes/1, text/1, json/1");
  EXPECT_STATUS(Scheme("textnorm/1"), kUnimplemented, "not supported yet");
  EXPECT_STATUS(Scheme("json/2"), kUnimplemented, "\"json/2\" is not supported;");
  EXPECT_STATUS(Scheme("json"), kUnimplemented, "not supported");
  EXPECT_STATUS(Scheme(""), kUnimplemented, "not supported");
}

TEST(SchemeTest, ParametersMustSuitTheScheme) {
  EXPECT_STATUS(Scheme("row/1"), kInvalidArgument, "no columns");
  EXPECT_STATUS(
      Scheme("row/1", {}, {{{"a", "int32"}}}), kInvalidArgument,
      "unknown type \"int32\"; known: int, float, bool, str, bytes, timestamp");
  EXPECT_STATUS(Scheme("row/1", {}, {{{"a", "int"}, {"a", "str"}}}), kInvalidArgument,
                "named twice: \"a\"");
  EXPECT_STATUS(Scheme("json/1", {{}}), kInvalidArgument, "none named");
  EXPECT_STATUS(Scheme("json/1", {{"a", "b", "a"}}), kInvalidArgument,
                "\"a\" is named twice");
  // What a scheme has no use for means nothing.
  EXPECT_OK(Scheme("bytes/1", {{}}, {{{"a", "?"}}}));
}

TEST(SchemeTest, ARowIsNoTextAndATextNoRow) {
  const std::string_view cells[] = {"1"};
  EXPECT_STATUS(Scheme("row/1", {}, {{{"a", "int"}}})->Canonical("1"), kInvalidArgument,
                "list of cells");
  EXPECT_STATUS(Scheme("json/1")->CanonicalRow(cells), kInvalidArgument,
                "no list of cells");
}

TEST(SchemeTest, TheHashIsPlainSha256) {
  EXPECT_EQ(ToHex(RecordHash("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace setlog
