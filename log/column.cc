#include "log/column.h"

#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/utf8.h"

namespace setlog {
namespace {

constexpr std::pair<std::string_view, ColumnType::Base> kTypes[] = {
    {"int", ColumnType::Base::kInt},     {"float", ColumnType::Base::kFloat},
    {"bool", ColumnType::Base::kBool},   {"str", ColumnType::Base::kStr},
    {"bytes", ColumnType::Base::kBytes}, {"timestamp", ColumnType::Base::kTimestamp},
};

// A cell may be of any length and any bytes; a message is one printable line.
absl::Status Bad(std::string_view what, std::string_view cell) {
  constexpr size_t kShownBytes = 60;
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s: \"%s\"%s", what,
      absl::Utf8SafeCHexEscape(std::string(cell.substr(0, kShownBytes))),
      cell.size() > kShownBytes ? "..." : ""));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view* text) {
  size_t count = 0;
  while (count < text->size() && IsDigit((*text)[count])) ++count;
  const std::string_view digits = text->substr(0, count);
  text->remove_prefix(count);
  return digits;
}

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// number = [ "-" ] int [ frac ] [ exp ] of RFC 8259.
bool IsJsonNumber(std::string_view text) {
  TakePrefix(&text, "-");
  const std::string_view integer = TakeDigits(&text);
  if (integer.empty() || (integer.size() > 1 && integer[0] == '0')) return false;
  if (TakePrefix(&text, ".") && TakeDigits(&text).empty()) return false;
  if (TakePrefix(&text, "e") || TakePrefix(&text, "E")) {
    if (!TakePrefix(&text, "+")) TakePrefix(&text, "-");
    if (TakeDigits(&text).empty()) return false;
  }
  return text.empty();
}

// The integer of exactly these decimal digits, whose number the caller has bounded.
int DigitsValue(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// A number of exactly `width` digits, then `after`.
std::optional<int> TakeFixed(std::string_view* text, size_t width,
                             std::string_view after) {
  const std::string_view digits = TakeDigits(text);
  if (digits.size() != width || !TakePrefix(text, after)) return std::nullopt;
  return DigitsValue(digits);
}

// RFC 3339 in UTC as microseconds since 1970; nothing if it is not that. Leap seconds
// have no such number. Years 0000..9999 cannot overflow.
std::optional<int64_t> ParseTime(std::string_view text) {
  const auto year = TakeFixed(&text, 4, "-"), month = TakeFixed(&text, 2, "-"),
             day = TakeFixed(&text, 2, "T"), hour = TakeFixed(&text, 2, ":"),
             minute = TakeFixed(&text, 2, ":"), second = TakeFixed(&text, 2, "");
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  int64_t micros = 0;
  if (TakePrefix(&text, ".")) {
    const std::string_view fraction = TakeDigits(&text);
    if (fraction.empty() || fraction.size() > 6) return std::nullopt;
    micros = DigitsValue(fraction);
    for (size_t i = fraction.size(); i < 6; ++i) micros *= 10;
  }
  if (text != "Z" && text != "+00:00") return std::nullopt;
  const absl::CivilSecond time(*year, *month, *day, *hour, *minute, *second);
  // CivilSecond carries 31 April over to 1 May: such dates are refused.
  if (time.month() != *month || time.day() != *day || time.hour() != *hour ||
      time.minute() != *minute || time.second() != *second) {
    return std::nullopt;
  }
  return (time - absl::CivilSecond(1970)) * int64_t{1000000} + micros;
}

void AppendInt(std::string* out, int64_t value) {
  if (value >= -kMaxExactInteger && value <= kMaxExactInteger) {
    absl::StrAppendFormat(out, "%d", value);
  } else {
    absl::StrAppendFormat(out, "\"%d\"", value);
  }
}

absl::Status AppendIntCell(std::string* out, std::string_view cell) {
  std::string_view digits = cell;
  const bool negative = TakePrefix(&digits, "-");
  const bool canonical =
      !digits.empty() && (digits[0] != '0' || (digits.size() == 1 && !negative));
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (!canonical || end != cell.data() + cell.size() ||
      error == std::errc::invalid_argument) {
    return Bad("not an integer (digits only; no '+', leading zero or space)", cell);
  }
  if (error == std::errc::result_out_of_range) {
    return Bad("integer beyond 64 bits", cell);
  }
  AppendInt(out, value);
  return absl::OkStatus();
}

absl::Status AppendFloatCell(std::string* out, std::string_view cell) {
  if (!IsJsonNumber(cell)) return Bad("not a finite decimal number", cell);
  double value = 0;
  const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (result.ec != std::errc()) return Bad("number outside a double's range", cell);
  AppendCanonicalNumber(out, value);
  return absl::OkStatus();
}

absl::Status AppendTextCell(std::string* out, std::string_view cell) {
  if (const std::optional<size_t> bad = FirstIllFormedUtf8(cell)) {
    return Bad(absl::StrFormat("ill-formed UTF-8 at byte %d", *bad + 1), cell);
  }
  AppendCanonicalString(out, cell);
  return absl::OkStatus();
}

absl::Status AppendBytesCell(std::string* out, std::string_view cell) {
  std::string bytes;
  if (!absl::Base64Unescape(std::string(cell), &bytes) ||
      absl::Base64Escape(bytes) != cell) {  // the decoder alone takes sloppy input
    return Bad("not base64 in its canonical, padded form", cell);
  }
  AppendCanonicalString(out, cell);
  return absl::OkStatus();
}

absl::Status AppendTimeCell(std::string* out, std::string_view cell) {
  if (AppendIntCell(out, cell).ok()) return absl::OkStatus();
  const std::optional<int64_t> time = ParseTime(cell);
  if (!time) {
    return Bad(
        "not a time (microseconds since 1970, or YYYY-MM-DDThh:mm:ss[.ffffff]Z in UTC)",
        cell);
  }
  AppendInt(out, *time);
  return absl::OkStatus();
}

absl::StatusOr<Column> ParseColumn(std::string_view item) {
  const size_t colon = item.rfind(':');
  if (colon == item.npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("column \"%s\": write NAME:TYPE, for example age:int", item));
  }
  return Column{std::string(item.substr(0, colon)),
                std::string(item.substr(colon + 1))};
}

absl::StatusOr<std::vector<Column>> ParseItems(const std::vector<std::string>& items) {
  std::vector<Column> columns;
  for (const std::string& item : items) {
    absl::StatusOr<Column> column = ParseColumn(item);
    if (!column.ok()) return column.status();
    columns.push_back(*std::move(column));
  }
  if (absl::Status status = CheckColumns(columns); !status.ok()) return status;
  return columns;
}

absl::StatusOr<std::vector<Column>> ParseJsonColumns(std::string_view content) {
  absl::StatusOr<JsonValue> json = ParseJson(content);
  if (!json.ok()) return json.status();
  std::optional<std::vector<Column>> columns = ColumnsFromJson(*json);
  if (!columns) {
    return absl::InvalidArgumentError("columns: must be an array of [name, type]");
  }
  if (absl::Status status = CheckColumns(*columns); !status.ok()) return status;
  return *std::move(columns);
}

}  // namespace

absl::StatusOr<ColumnType> ParseColumnType(std::string_view name) {
  const bool nullable = name.ends_with('?');
  const std::string_view base = name.substr(0, name.size() - (nullable ? 1 : 0));
  std::string known;
  for (const auto& [type_name, type] : kTypes) {
    if (base == type_name) return ColumnType{type, nullable};
    absl::StrAppendFormat(&known, "%s%s", known.empty() ? "" : ", ", type_name);
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "unknown type \"%s\"; known: %s (nullable with '?' behind)", name, known));
}

absl::Status AppendCell(std::string* out, ColumnType type, std::string_view cell) {
  if (cell.empty() && type.nullable) {
    out->append("null");
    return absl::OkStatus();
  }
  const bool has_empty_value =
      type.base == ColumnType::Base::kStr || type.base == ColumnType::Base::kBytes;
  if (cell.empty() && !has_empty_value) {
    return absl::InvalidArgumentError("empty cell (for null, make the type nullable)");
  }
  switch (type.base) {
    case ColumnType::Base::kInt:
      return AppendIntCell(out, cell);
    case ColumnType::Base::kFloat:
      return AppendFloatCell(out, cell);
    case ColumnType::Base::kBool:
      if (cell != "true" && cell != "false") return Bad("not true or false", cell);
      out->append(cell);
      return absl::OkStatus();
    case ColumnType::Base::kStr:
      return AppendTextCell(out, cell);
    case ColumnType::Base::kBytes:
      return AppendBytesCell(out, cell);
    case ColumnType::Base::kTimestamp:
      return AppendTimeCell(out, cell);
  }
  return absl::InternalError("no such column type");
}

absl::Status CheckColumns(const std::vector<Column>& columns) {
  if (columns.empty()) return absl::InvalidArgumentError("no columns given");
  std::set<std::string_view> names;
  for (const Column& column : columns) {
    std::string what;
    if (column.name.empty()) {
      what = "empty name";
    } else if (FirstIllFormedUtf8(column.name)) {
      what = "name is not UTF-8";
    } else if (!names.insert(column.name).second) {
      what = "named twice";
    } else if (auto type = ParseColumnType(column.type); !type.ok()) {
      what = std::string(type.status().message());
    }
    if (!what.empty()) return Bad("column: " + what, column.name);
  }
  return absl::OkStatus();
}

std::optional<std::vector<Column>> ColumnsFromJson(const JsonValue& json) {
  const JsonValue::Array* array = json.AsArray();
  if (array == nullptr) return std::nullopt;
  std::vector<Column> columns;
  for (const JsonValue& item : *array) {
    const JsonValue::Array* pair = item.AsArray();
    if (pair == nullptr || pair->size() != 2) return std::nullopt;
    const std::string* name = (*pair)[0].AsString();
    const std::string* type = (*pair)[1].AsString();
    if (name == nullptr || type == nullptr) return std::nullopt;
    columns.push_back({*name, *type});
  }
  return columns;
}

absl::StatusOr<std::vector<Column>> ParseColumns(std::string_view list) {
  return ParseItems(absl::StrSplit(std::string(list), ','));
}

absl::StatusOr<std::vector<Column>> ParseColumnsFile(std::string_view content) {
  if (content.starts_with('[')) return ParseJsonColumns(content);
  std::vector<std::string> lines = absl::StrSplit(std::string(content), '\n');
  for (std::string& line : lines) {
    if (line.ends_with('\r')) line.pop_back();
  }
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return ParseItems(lines);
}

}  // namespace setlog
