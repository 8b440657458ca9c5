// Statements of models: any text, and statements of all kinds of lists, which are
// taken if a slow model of the rules takes them.
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/statement_model.h"

namespace setlog {
namespace {

void CheckRefusal(const absl::Status& status) {
  Law(absl::IsInvalidArgument(status), "malformed is InvalidArgument");
  Law(!status.message().empty(), "a refusal says why");
}

void CheckText(std::string_view text) {
  const absl::StatusOr<ParsedStatement> parsed = ParseStatement(text);
  if (!parsed.ok()) return CheckRefusal(parsed.status());
  Law(ModelTakes(parsed->statement), "what parses keeps the rules");
  const absl::StatusOr<ParsedStatement> again =
      ParseStatement(FormatStatement(parsed->statement));
  Law(again.ok() && again->statement == parsed->statement,
      "what parses is written as the same statement");
}

std::string Name(Choices& choices) {
  constexpr std::string_view kPieces[] = {
      "a", "b", "/", "-", ".", "..", ":0", ":2", ":0:2", ":2:4", ":4:5", "\xC3\xA9"};
  std::string name;
  for (uint64_t i = 0, pieces = 1 + choices.Below(4); i < pieces; ++i) {
    name += kPieces[choices.Below(std::size(kPieces))];
  }
  return name;
}

void CheckList(Choices choices) {
  ModelStatement statement;
  Serialization& how = statement.serialization;
  if (choices.Below(2) == 1) {
    how.method = ModelMethod::kShards;
    how.shard_bytes = 2;
  }
  std::vector<std::string> names;
  for (uint64_t i = 0, n = choices.Below(6); i < n; ++i) {
    std::string name = Name(choices);
    const uint64_t shards = how.method == ModelMethod::kShards ? choices.Below(4) : 0;
    for (uint64_t begin = 0; begin < 2 * shards; begin += 2) {
      names.push_back(FormatShardName({name, begin, begin + 2}));
    }
    if (shards == 0) names.push_back(std::move(name));
  }
  switch (choices.Below(4)) {
    case 0:
      break;
    case 1:
      std::sort(names.begin(), names.end(), ComponentNameLess);
      break;
    default:
      std::sort(names.begin(), names.end());
  }
  for (const std::string& name : names) {
    Digest digest{.size = 32};
    digest.bytes[0] = choices.Byte();
    statement.resources.push_back({name, digest});
  }
  for (uint64_t i = 0, n = choices.Below(3); i < n; ++i) {
    how.ignore_paths.push_back(Name(choices));
  }
  const absl::StatusOr<ParsedStatement> parsed =
      ParseStatement(FormatStatement(statement));
  Law(parsed.ok() == ModelTakes(statement),
      "what keeps the rules parses, and only that");
  if (!parsed.ok()) return CheckRefusal(parsed.status());
  Law(parsed->statement == statement, "what is written is read");
  const bool named = std::get<0>(*ModelKey(names[0], how.method)) != NameParts{"."};
  const bool in_order = std::is_sorted(names.begin(), names.end());
  Law(parsed->warnings.empty() == (in_order && named),
      "what is not by the specification is told");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  if (size > 0 && data[0] == '{') {
    CheckText(AsText({data, size}));
  } else {
    CheckList(Choices(data, size));
  }
  return 0;
}
