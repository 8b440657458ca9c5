#include "model/resource.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/sha256_stream.h"
#include "log/show_bytes.h"
#include "log/utf8.h"

namespace setlog {
namespace {

// What is wrong with a name; empty if nothing is.
std::string_view WrongWith(std::string_view name) {
  if (name.empty()) return "a name has at least one character";
  if (FirstIllFormedUtf8(name)) return "a name must be UTF-8";
  if (name.find('\0') != name.npos) return "a name cannot hold a NUL byte";
  if (name.front() == '/') return "a name is a path from the model's root, without '/'";
  if (name.back() == '/') return "a name cannot end in '/'";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view component = name.substr(begin, end - begin);
    if (component.empty()) return "a component of a name cannot be empty";
    if (component == "." || component == "..") {
      return "a component of a name cannot be \".\" or \"..\"";
    }
    begin = end + 1;
  }
  return "";
}

// What stands before the last ':', and the number behind it, both taken off `text`.
std::optional<uint64_t> TakeLastNumber(std::string_view* text) {
  const size_t colon = text->rfind(':');
  if (colon == text->npos) return std::nullopt;
  const std::optional<uint64_t> number = ParseDecimal(text->substr(colon + 1));
  *text = text->substr(0, colon);
  return number;
}

}  // namespace

absl::Status CheckResourceName(std::string_view name) {
  const std::string_view wrong = WrongWith(name);
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\": %s", ShowForeign(name), wrong));
}

std::string FormatShardName(const ShardName& shard) {
  return absl::StrFormat("%s:%d:%d", shard.path, shard.begin, shard.end);
}

std::optional<ShardName> ParseShardName(std::string_view name) {
  const FilePart part = PartNamed(name, ModelMethod::kShards);
  if (part.end == 0) return std::nullopt;
  return ShardName{std::string(part.path), part.begin, part.end};
}

FilePart PartNamed(std::string_view name, ModelMethod method) {
  if (method == ModelMethod::kFiles) return {name};
  std::string_view path = name;
  const std::optional<uint64_t> end = TakeLastNumber(&path);
  const std::optional<uint64_t> begin = TakeLastNumber(&path);
  if (!begin || !end || *begin >= *end) return {name};
  return {path, *begin, *end};
}

bool ResourceNameLess(std::string_view a, std::string_view b) { return a < b; }

bool ComponentNameLess(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) return at_b != b.end();
  // What ends a component comes before whatever would have made it longer.
  if (*at_a == '/' || *at_b == '/') return *at_a == '/';
  return static_cast<uint8_t>(*at_a) < static_cast<uint8_t>(*at_b);
}

bool IsAtOrBelow(std::string_view name, std::string_view path) {
  return name.starts_with(path) &&
         (name.size() == path.size() || name[path.size()] == '/');
}

Hash RootDigest(std::span<const ModelResource> resources) {
  Sha256Stream stream;
  for (const ModelResource& resource : resources) stream.Update(resource.digest);
  return stream.Finish();
}

}  // namespace setlog
