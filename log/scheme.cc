#include "log/scheme.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/sha256.h"
#include "log/utf8.h"

namespace setlog {
namespace {

constexpr std::pair<std::string_view, SchemeKind> kSchemes[] = {
    {"bytes/1", SchemeKind::kBytes},
    {"text/1", SchemeKind::kText},
    {"json/1", SchemeKind::kJson},
    {"row/1", SchemeKind::kRow},
};
constexpr std::string_view kPlannedSchemes[] = {"pixels/1", "textnorm/1", "w13/1",
                                                "c50/1"};

}  // namespace

absl::StatusOr<SchemeKind> ParseSchemeName(std::string_view name) {
  std::string known;
  for (const auto& [scheme_name, kind] : kSchemes) {
    if (name == scheme_name) return kind;
    absl::StrAppendFormat(&known, "%s%s", known.empty() ? "" : ", ", scheme_name);
  }
  const bool planned =
      std::count(std::begin(kPlannedSchemes), std::end(kPlannedSchemes), name) > 0;
  return absl::UnimplementedError(
      absl::StrFormat("record scheme \"%s\" is not supported%s; supported: %s", name,
                      planned ? " yet" : "", known));
}

absl::StatusOr<RecordScheme> RecordScheme::FromManifest(const Manifest& manifest) {
  absl::StatusOr<SchemeKind> kind = ParseSchemeName(manifest.scheme);
  if (!kind.ok()) return kind.status();
  RecordScheme scheme(*kind, manifest.scheme);
  if (*kind == SchemeKind::kJson && manifest.fields) {
    scheme.fields_ = *manifest.fields;
    std::sort(scheme.fields_.begin(), scheme.fields_.end(), JsonKeyLess);
    if (scheme.fields_.empty()) {
      return absl::InvalidArgumentError(
          "fields: none named, so that all records would be equal");
    }
    const auto twin = std::adjacent_find(scheme.fields_.begin(), scheme.fields_.end());
    if (twin != scheme.fields_.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("fields: \"%s\" is named twice", *twin));
    }
  }
  if (*kind == SchemeKind::kRow) {
    scheme.columns_ = manifest.columns.value_or(std::vector<Column>());
    if (absl::Status status = CheckColumns(scheme.columns_); !status.ok())
      return status;
    std::vector<size_t> order(scheme.columns_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&scheme](size_t a, size_t b) {
      return JsonKeyLess(scheme.columns_[a].name, scheme.columns_[b].name);
    });
    for (size_t i : order) {
      std::string lead = scheme.slots_.empty() ? "{" : ",";
      AppendCanonicalString(&lead, scheme.columns_[i].name);
      lead.push_back(':');
      scheme.slots_.push_back(
          {i, *ParseColumnType(scheme.columns_[i].type), std::move(lead)});
    }
  }
  return scheme;
}

absl::StatusOr<std::string> RecordScheme::Canonical(std::string_view record) const {
  switch (kind_) {
    case SchemeKind::kBytes:
      return std::string(record);
    case SchemeKind::kText:
      if (const std::optional<size_t> bad = FirstIllFormedUtf8(record)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("column %d: ill-formed UTF-8", *bad + 1));
      }
      return std::string(record);
    case SchemeKind::kJson:
      return CanonicalObject(record);
    case SchemeKind::kRow:
      return absl::InvalidArgumentError("row/1: a record is a list of cells");
  }
  return absl::InternalError("no such scheme");
}

absl::StatusOr<std::string> RecordScheme::CanonicalObject(
    std::string_view record) const {
  absl::StatusOr<JsonValue> json = ParseJson(record);
  if (!json.ok()) return json.status();
  auto* object = std::get_if<JsonValue::Object>(&json->value);
  if (object == nullptr) {
    return absl::InvalidArgumentError("column 1: not a JSON object");
  }
  if (fields_.empty()) return CanonicalJson(*json);
  // Both are sorted in one order, so that one pass finds them all.
  JsonValue::Object kept;
  auto member = object->begin();
  for (const std::string& field : fields_) {
    while (member != object->end() && JsonKeyLess(member->key, field)) ++member;
    if (member == object->end() || member->key != field) {
      return absl::InvalidArgumentError(
          absl::StrFormat("column 1: field \"%s\" is missing", field));
    }
    kept.push_back(std::move(*member++));
  }
  return CanonicalJson(JsonValue{std::move(kept)});
}

absl::StatusOr<std::string> RecordScheme::CanonicalRow(
    std::span<const std::string_view> cells) const {
  if (kind_ != SchemeKind::kRow) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: a record is no list of cells", name_));
  }
  if (cells.size() != columns_.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d cells where %d columns are expected", cells.size(), columns_.size()));
  }
  std::string out;
  for (const Slot& slot : slots_) {
    out.append(slot.lead);
    if (absl::Status status = AppendCell(&out, slot.type, cells[slot.cell]);
        !status.ok()) {
      const Column& column = columns_[slot.cell];
      return absl::InvalidArgumentError(absl::StrFormat("field \"%s\" (%s): %s",
                                                        column.name, column.type,
                                                        std::string(status.message())));
    }
  }
  out.push_back('}');
  return out;
}

Hash RecordHash(std::string_view canonical) { return Sha256(AsBytes(canonical)); }

}  // namespace setlog
