// The JSON lines of `setlog check`: stricter than log/json.h but for the numbers, and
// judged without a crash whatever they hold.
#include <nlohmann/json.hpp>

#include "fuzz/law.h"
#include "log/json.h"
#include "tools/judge.h"
#include "tools/strict_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view line = AsText({data, size});
  const absl::StatusOr<StrictJson> strict = StrictJson::Parse(line);
  const absl::StatusOr<JsonValue> json = ParseJson(line);
  if (json.ok()) {
    Law(strict.ok() == (json->AsObject() != nullptr), "a line is one JSON object");
  } else if (strict.ok()) {
    const std::string why(json.status().message());
    Law(why.find("beyond 2^53") != why.npos || why.find("nested deeper") != why.npos,
        "integers may have 64 bits, and nothing else is legal on top");
  }
  if (strict.ok()) {
    const auto value = nlohmann::json::parse(line);
    for (const auto& [key, field] : value.items()) {
      const absl::StatusOr<uint64_t> number = strict->Uint(key);
      Law(!number.ok() || field.dump() == std::to_string(*number), "plain decimals");
      const absl::StatusOr<Hash> hash = strict->Digest(key);
      Law(!hash.ok() || field == ToHex(*hash), "lower-case hex");
      const absl::StatusOr<std::string> text = strict->Text(key);
      Law(text.ok() == field.is_string() && (!text.ok() || field == *text), "text");
      Law(strict->Object(key).ok() == field.is_object(), "objects");
    }
  }
  for (ProofKind kind : {ProofKind::kInclusion, ProofKind::kConsistency,
                         ProofKind::kLookup, ProofKind::kBatch, ProofKind::kNote}) {
    const Judgement judgement = Judge(kind, line);
    Law(judgement.ok() == (judgement.verdict != "INVALID"), "INVALID says why");
    Law(strict.ok() || judgement.verdict == "INVALID",
        "what cannot be read is INVALID");
  }
  return 0;
}
