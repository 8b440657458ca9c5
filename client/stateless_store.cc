#include "client/stateless_store.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/decimal.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// A note, and about a million tags.
constexpr size_t kMaxStateBytes = size_t{64} << 20;
constexpr size_t kSumBytes = 2 * Hash::kSize + 1;

JsonValue Number(uint64_t number) { return {absl::StrFormat("%d", number)}; }

std::string Format(const StatelessState& state, const std::string& origin) {
  JsonValue::Array peaks;
  for (const Hash& hash : state.peaks) peaks.push_back({ToHex(hash)});
  JsonValue::Array tags;
  for (const auto& [name, tag] : state.tags) {
    tags.push_back({JsonValue::Array{{name}, Number(tag.m), Number(tag.position)}});
  }
  const IndexEntry& index = state.last.entry;
  std::string text = CanonicalJson({JsonValue::Object{
      {"head", {state.note}},
      {"m", Number(index.m)},
      {"n", Number(index.n)},
      {"origin", {origin}},
      {"peaks", {std::move(peaks)}},
      {"position", Number(state.last.position)},
      {"set_root", {ToHex(index.set_root)}},
      {"size", Number(state.size)},
      {"tags", {std::move(tags)}},
  }});
  text += "\n";
  return text + ToHex(Sha256(AsBytes(text))) + "\n";
}

// Fields of an object; the first that is missing or of another form is remembered.
class Fields {
 public:
  explicit Fields(const JsonValue& object) : object_(object) {}

  bool ok() const { return ok_; }
  std::string Text(const char* key) { return TextOf(object_.Find(key)); }
  uint64_t Number(const char* key) { return NumberOf(object_.Find(key)); }
  Hash HashAt(const char* key) { return HashOf(object_.Find(key)); }
  const JsonValue::Array& List(const char* key) { return ListOf(object_.Find(key)); }

  std::string TextOf(const JsonValue* value) {
    const std::string* text = value == nullptr ? nullptr : value->AsString();
    ok_ = ok_ && text != nullptr;
    return text == nullptr ? "" : *text;
  }
  uint64_t NumberOf(const JsonValue* value) {
    const std::optional<uint64_t> number = ParseDecimal(TextOf(value));
    ok_ = ok_ && number;
    return number.value_or(0);
  }
  Hash HashOf(const JsonValue* value) {
    const std::optional<Hash> hash = HashFromHex(TextOf(value));
    ok_ = ok_ && hash;
    return hash.value_or(Hash());
  }
  const JsonValue::Array& ListOf(const JsonValue* value) {
    static const JsonValue::Array kNone;
    const JsonValue::Array* list = value == nullptr ? nullptr : value->AsArray();
    ok_ = ok_ && list != nullptr;
    return list == nullptr ? kNone : *list;
  }

 private:
  const JsonValue& object_;
  bool ok_ = true;
};

absl::StatusOr<StatelessState> Parse(std::string_view text, const std::string& origin) {
  if (text.size() <= kSumBytes) return absl::DataLossError("it is cut short");
  const std::string_view line = text.substr(0, text.size() - kSumBytes);
  const absl::StatusOr<JsonValue> value = ParseJson(line.substr(0, line.find('\n')));
  if (!value.ok()) return absl::DataLossError(value.status().message());
  Fields fields(*value);
  StatelessState state{
      .note = fields.Text("head"),
      .size = fields.Number("size"),
      .last = {{fields.Number("m"), fields.Number("n"), fields.HashAt("set_root")},
               fields.Number("position")}};
  for (const JsonValue& peak : fields.List("peaks")) {
    state.peaks.push_back(fields.HashOf(&peak));
  }
  for (const JsonValue& item : fields.List("tags")) {
    const JsonValue::Array& tag = fields.ListOf(&item);
    if (tag.size() != 3) return absl::DataLossError("a tag of another form");
    state.tags[fields.TextOf(&tag[0])] = {fields.NumberOf(&tag[1]),
                                          fields.NumberOf(&tag[2])};
  }
  if (!fields.ok()) return absl::DataLossError("a member is missing");
  if (fields.Text("origin") != origin) {
    return absl::DataLossError("it is another log's");
  }
  // Also its hash.
  if (Format(state, origin) != text) return absl::DataLossError("it was changed");
  return state;
}

}  // namespace

StatelessStore::StatelessStore(const std::string& directory, std::string origin)
    : path_(absl::StrFormat("%s/%s.stateless", directory,
                            ToHex(Sha256(AsBytes(origin))))),
      origin_(std::move(origin)) {}

absl::StatusOr<std::optional<StatelessState>> StatelessStore::Load() const {
  const absl::StatusOr<std::string> text = ReadSmallFile(path_, kMaxStateBytes);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  absl::StatusOr<StatelessState> state = Parse(*text, origin_);
  if (state.ok()) return *std::move(state);
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged (%s): restore it, or audit from the beginning with --restart",
      path_, std::string(state.status().message())));
}

absl::Status StatelessStore::Save(const StatelessState& state) const {
  const std::string text = Format(state, origin_);
  // What could not be read again would be lost at the next run.
  if (text.size() > kMaxStateBytes) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%s would be %d bytes, too large to be kept: audit without --stateless", path_,
        text.size()));
  }
  return ReplaceFile(path_, text, 0600);
}

}  // namespace setlog
