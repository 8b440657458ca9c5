#include "log/manifest.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/json_object.h"
#include "log/scheme.h"

namespace setlog {
namespace {

std::optional<std::vector<std::string>> ReadStrings(const JsonValue& value) {
  const JsonValue::Array* array = value.AsArray();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  for (const JsonValue& item : *array) {
    if (item.AsString() == nullptr) return std::nullopt;
    strings.push_back(*item.AsString());
  }
  return strings;
}

void ReadLabels(JsonObject& reader, Manifest* manifest) {
  const JsonValue* labels = reader.Find("labels");
  if (labels == nullptr) {
    reader.Refuse("labels", "is missing");
  } else if (const std::string* word = labels->AsString()) {
    if (*word != "plain") reader.Refuse("labels", "must be \"plain\" or an object");
  } else {
    JsonObject vrf = reader.Object("labels");
    manifest->labels.emplace();
    manifest->labels->suite = vrf.String("suite");
    // What a public key looks like is the suite's to say: an unknown one's is not read.
    if (manifest->labels->suite == kVrfSuite) {
      manifest->labels->public_key = vrf.HexHash("public_key");
    } else {
      vrf.String("public_key");
    }
  }
}

ParentVersion ReadParent(JsonObject parent) {
  return ParentVersion{parent.String("origin"), parent.String("vkey"), parent.Uint("m"),
                       parent.HexHash("set_root")};
}

JsonValue StringsValue(const std::vector<std::string>& strings) {
  JsonValue::Array array;
  for (const std::string& text : strings) array.push_back(JsonValue{text});
  return JsonValue{std::move(array)};
}

JsonValue NumberValue(uint64_t number) {
  return JsonValue{static_cast<double>(number)};
}

}  // namespace

absl::StatusOr<Manifest> ParseManifest(Bytes body) {
  if (body.size() > kMaxManifestBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "manifest of %d bytes: at most %d are legal", body.size(), kMaxManifestBytes));
  }
  absl::StatusOr<JsonValue> json = ParseJson(AsText(body));
  if (!json.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("manifest: %s", std::string(json.status().message())));
  }
  if (CanonicalJson(*json) != AsText(body)) {
    return absl::InvalidArgumentError("manifest: not in the form of RFC 8785");
  }

  absl::Status status;
  JsonObject reader(*json, "manifest", &status);
  Manifest manifest;
  manifest.version = reader.Uint("version");
  if (!status.ok()) return status;
  if (manifest.version != 1) {  // then the other keys may mean anything
    return absl::UnimplementedError(absl::StrFormat(
        "manifest of version %d: this program knows version 1", manifest.version));
  }
  manifest.origin = reader.String("origin");
  manifest.scheme = reader.String("scheme");
  ReadLabels(reader, &manifest);
  manifest.title = reader.OptionalString("title");
  manifest.license = reader.OptionalString("license");
  manifest.unicode = reader.OptionalString("unicode");
  const std::string reads = reader.OptionalString("reads").value_or("public");
  manifest.private_reads = reads == "private";
  if (reads != "public" && reads != "private") {
    reader.Refuse("reads", "must be \"public\" or \"private\"");
  }
  if (const JsonValue* fields = reader.Find("fields")) {
    manifest.fields = ReadStrings(*fields);
    if (!manifest.fields) reader.Refuse("fields", "must be an array of strings");
  }
  if (const JsonValue* columns = reader.Find("columns")) {
    manifest.columns = ColumnsFromJson(*columns);
    if (!manifest.columns) {
      reader.Refuse("columns", "must be an array of [name, type]");
    }
  }
  if (reader.Find("parent") != nullptr) {
    manifest.parent = ReadParent(reader.Object("parent"));
  }
  if (!status.ok()) return status;

  // Only now: what is malformed is malformed under any scheme.
  if (absl::StatusOr<SchemeKind> kind = ParseSchemeName(manifest.scheme); !kind.ok()) {
    return absl::UnimplementedError(
        absl::StrFormat("manifest: %s", std::string(kind.status().message())));
  }
  if (manifest.labels && manifest.labels->suite != kVrfSuite) {
    return absl::UnimplementedError(
        absl::StrFormat("manifest: VRF suite \"%s\" is not supported; known: %s",
                        manifest.labels->suite, kVrfSuite));
  }
  return manifest;
}

absl::StatusOr<std::string> FormatManifest(const Manifest& manifest) {
  JsonValue::Object object;
  const auto add = [&object](std::string key, JsonValue value) {
    object.push_back({std::move(key), std::move(value)});
  };
  const auto add_text = [&add](std::string key,
                               const std::optional<std::string>& text) {
    if (text) add(std::move(key), JsonValue{*text});
  };
  add("version", NumberValue(manifest.version));
  add_text("origin", manifest.origin);
  add_text("scheme", manifest.scheme);
  if (manifest.labels) {
    add("labels", JsonValue{JsonValue::Object{
                      {"suite", JsonValue{manifest.labels->suite}},
                      {"public_key", JsonValue{ToHex(manifest.labels->public_key)}}}});
  } else {
    add_text("labels", "plain");
  }
  add_text("title", manifest.title);
  add_text("license", manifest.license);
  add_text("unicode", manifest.unicode);
  if (manifest.private_reads) add_text("reads", "private");
  if (manifest.fields) add("fields", StringsValue(*manifest.fields));
  if (manifest.columns) {
    JsonValue::Array columns;
    for (const Column& column : *manifest.columns) {
      columns.push_back(StringsValue({column.name, column.type}));
    }
    add("columns", JsonValue{std::move(columns)});
  }
  if (const auto& parent = manifest.parent) {
    add("parent",
        JsonValue{JsonValue::Object{{"origin", JsonValue{parent->origin}},
                                    {"vkey", JsonValue{parent->vkey}},
                                    {"m", NumberValue(parent->m)},
                                    {"set_root", JsonValue{ToHex(parent->set_root)}}}});
  }
  std::string body = CanonicalJson(JsonValue{std::move(object)});
  // Refuses what could not be read back: ill-formed text, an unknown scheme, the
  // length.
  absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(body));
  if (!parsed.ok()) return parsed.status();
  if (*parsed != manifest) {
    return absl::InvalidArgumentError("manifest: a number is beyond 2^53");
  }
  return body;
}

}  // namespace setlog
