#include "server/token.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "log/origin.h"

namespace setlog {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "slt_";
constexpr size_t kIdDigits = 16;
constexpr size_t kSecretDigits = 64;

bool IsHex(std::string_view text, size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

const std::string* StringAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<int64_t> IntegerAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

std::optional<Budget> BudgetOf(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  const std::optional<int64_t> records = IntegerAt(object, "records");
  const std::optional<int64_t> period_us = IntegerAt(object, "period_us");
  if (!records || *records < 0 || !period_us) return std::nullopt;
  const Budget budget{static_cast<uint64_t>(*records), *period_us};
  if (!budget.Check().ok()) return std::nullopt;
  return budget;
}

std::optional<Token> TokenOf(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  const std::string* id = StringAt(object, "id");
  const std::string* digest = StringAt(object, "digest");
  const std::string* origins = StringAt(object, "origins");
  const std::optional<int64_t> created_us = IntegerAt(object, "created_us");
  const std::optional<int64_t> expires_us = IntegerAt(object, "expires_us");
  const auto verbs = object.find("verbs");
  if (id == nullptr || !IsHex(*id, kIdDigits) || digest == nullptr ||
      origins == nullptr || !CheckOriginPattern(*origins).ok() || !created_us ||
      !expires_us || verbs == object.end() || !verbs->is_array()) {
    return std::nullopt;
  }
  const std::optional<Hash> hash = HashFromHex(*digest);
  if (!hash) return std::nullopt;
  Token token{*id, *hash, *origins, {}, *created_us, *expires_us, {}};
  if (const auto budget = object.find("prove_budget"); budget != object.end()) {
    token.prove_budget = BudgetOf(*budget);
    if (!token.prove_budget) return std::nullopt;
  }
  for (const Json& name : *verbs) {
    const std::string* text = name.get_ptr<const std::string*>();
    const std::optional<Verb> verb = text == nullptr ? std::nullopt : VerbOf(*text);
    if (!verb) return std::nullopt;
    token.verbs.insert(*verb);
  }
  return token;
}

}  // namespace

std::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kAdd:
      return "add";
    case Verb::kRemove:
      return "remove";
    case Verb::kTag:
      return "tag";
    case Verb::kRead:
      return "read";
    case Verb::kHandover:
      return "handover";
  }
  return "";
}

std::optional<Verb> VerbOf(std::string_view name) {
  for (Verb verb : kVerbs) {
    if (VerbName(verb) == name) return verb;
  }
  return std::nullopt;
}

std::string VerbNames(const std::set<Verb>& verbs) {
  return absl::StrJoin(
      verbs, ", ", [](std::string* out, Verb verb) { out->append(VerbName(verb)); });
}

absl::Status CheckOriginPattern(std::string_view pattern) {
  if (pattern == "*") return absl::OkStatus();
  std::string_view prefix = pattern;
  if (prefix.ends_with("/*")) prefix.remove_suffix(2);
  if (const absl::Status s = CheckOrigin(prefix); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s (a token is for one ORIGIN, for PREFIX/* or for *)", s.message()));
  }
  return absl::OkStatus();
}

bool Covers(std::string_view pattern, std::string_view origin) {
  if (pattern == "*") return true;
  if (!pattern.ends_with("/*")) return pattern == origin;
  pattern.remove_suffix(1);
  return origin.size() > pattern.size() && origin.starts_with(pattern);
}

std::optional<TokenText> SplitToken(std::string_view text) {
  if (text.size() != kPrefix.size() + kIdDigits + 1 + kSecretDigits ||
      !text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  const std::string_view id = text.substr(0, kIdDigits);
  const std::string_view secret = text.substr(kIdDigits + 1);
  if (text[kIdDigits] != '_' || !IsHex(id, kIdDigits) ||
      !IsHex(secret, kSecretDigits)) {
    return std::nullopt;
  }
  return TokenText{std::string(id), std::string(secret)};
}

std::string JoinToken(const TokenText& parts) {
  return absl::StrFormat("%s%s_%s", kPrefix, parts.id, parts.secret);
}

std::string EncodeTokens(const TokenMap& tokens) {
  Json list = Json::array();
  for (const auto& [id, token] : tokens) {
    Json verbs = Json::array();
    for (Verb verb : token.verbs) verbs.push_back(std::string(VerbName(verb)));
    list.push_back({{"id", token.id},
                    {"digest", ToHex(token.digest)},
                    {"origins", token.origins},
                    {"verbs", std::move(verbs)},
                    {"created_us", token.created_us},
                    {"expires_us", token.expires_us}});
    if (const std::optional<Budget>& budget = token.prove_budget) {
      list.back()["prove_budget"] = {{"records", budget->records},
                                     {"period_us", budget->period_us}};
    }
  }
  return Json{{"tokens", std::move(list)}}.dump(1) + "\n";
}

absl::StatusOr<TokenMap> DecodeTokens(std::string_view text) {
  TokenMap tokens;
  const Json file = Json::parse(text, nullptr, false);
  if (file.is_object() && file.contains("tokens") && file["tokens"].is_array()) {
    for (const Json& object : file["tokens"]) {
      const std::optional<Token> token = TokenOf(object);
      if (token) tokens.emplace(token->id, *token);
    }
  }
  // Whatever was left out, doubled or spelled in another way shows here.
  if (EncodeTokens(tokens) != text) {
    return absl::DataLossError("it is not a file of tokens as setlogd writes it");
  }
  return tokens;
}

}  // namespace setlog
