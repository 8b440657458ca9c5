// Records by scheme: canonical bytes are their own canonical form, and what a row says
// can be read out of them.
#include <nlohmann/json.hpp>

#include "fuzz/law.h"
#include "log/base64.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/scheme.h"
#include "log/utf8.h"

namespace setlog {
namespace {

RecordScheme Scheme(Manifest manifest) {
  return RecordScheme::FromManifest(manifest).value();
}

bool IsAbout2To53(const absl::Status& status) {
  return status.message().find("beyond 2^53") != std::string::npos;
}

void CheckJson(std::string_view record) {
  static const RecordScheme scheme = Scheme({.scheme = "json/1"});
  const absl::StatusOr<std::string> canonical = scheme.Canonical(record);
  const absl::StatusOr<JsonValue> json = ParseJson(record);
  Law(canonical.ok() == (json.ok() && json->AsObject() != nullptr), "objects");
  if (!canonical.ok()) return;
  const absl::StatusOr<std::string> again = scheme.Canonical(*canonical);
  Law(again.ok() ? *again == *canonical : IsAbout2To53(again.status()),
      "canonical bytes are their own canonical form");
}

void CheckRow(const std::vector<std::string_view>& cells) {
  static const std::vector<Column> columns = {{"z", "int"},        {"b", "float?"},
                                              {"c", "str"},        {"d", "timestamp"},
                                              {"\u20ac", "bytes"}, {"a", "bool?"}};
  static const RecordScheme scheme = Scheme({.scheme = "row/1", .columns = columns});
  const absl::StatusOr<std::string> canonical = scheme.CanonicalRow(cells);
  if (!canonical.ok()) {
    Law(absl::IsInvalidArgument(canonical.status()), "refused is InvalidArgument");
    Law(cells.size() != columns.size() ||
            std::string(canonical.status().message()).starts_with("field \""),
        "a refusal names the field");
    return;
  }
  const absl::StatusOr<JsonValue> json = ParseJson(*canonical);
  Law(json.ok() ? CanonicalJson(*json) == *canonical : IsAbout2To53(json.status()),
      "a row is canonical JSON");
  const auto value = nlohmann::json::parse(*canonical);
  Law(value.size() == columns.size(), "of all columns");
  Law(value["c"] == std::string(cells[2]), "text is unchanged");
  Law(value["\u20ac"] == std::string(cells[4]) && BytesFromBase64(cells[4]),
      "bytes are base64, unchanged");
  Law(value["b"].is_null() == cells[1].empty(), "an empty nullable cell is null");
  Law(value["a"].is_null() ? cells[5].empty() : value["a"].dump() == cells[5],
      "truth is spelled one way");
  // Integers beyond 2^53 are strings.
  Law((value["z"].is_string() ? value["z"].get<std::string>() : value["z"].dump()) ==
          cells[0],
      "an integer has one spelling");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  CheckJson(text);
  std::vector<std::string_view> cells;
  for (size_t begin = 0, end = 0; end != text.npos; begin = end + 1) {
    end = text.find('|', begin);
    cells.push_back(text.substr(begin, end - begin));
  }
  CheckRow(cells);
  const absl::StatusOr<std::vector<Column>> columns = ParseColumnsFile(text);
  Law(!columns.ok() || CheckColumns(*columns).ok(), "columns that parse are columns");
  static const RecordScheme plain = Scheme({.scheme = "text/1"});
  const absl::StatusOr<std::string> same = plain.Canonical(text);
  Law(same.ok() == !FirstIllFormedUtf8(text), "text is UTF-8");
  Law(!same.ok() || *same == text, "and stays as it is");
  return 0;
}
