// server/token.h -- what a token allows, and how tokens are stored.
//
//   Covers("example.org/*", "example.org/pets");   // true
//   VerbOf("add");                                  // Verb::kAdd
//   std::string file = EncodeTokens(tokens);
//
// A token is `slt_<id>_<secret>`: 16 hex digits that name it and 64 that are random.
// Only SHA-256 of the secret is kept; the secret has 256 random bits, so the digest
// cannot be guessed backwards. A file of tokens is JSON (docs/format.md):
//
//   {"tokens": [{"id": ..., "digest": 64 hex, "origins": "example.org/*",
//                "verbs": ["add", "tag"], "created_us": 1, "expires_us": 2}, ...]}
//
// and, where a token has a budget of its own, "prove_budget": {"records", "period_us"}.
// Pure functions; thread-safe.
#ifndef SETLOG_SERVER_TOKEN_H_
#define SETLOG_SERVER_TOKEN_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "server/budget.h"

namespace setlog {

// The numbers of proto/setlog/v1/admin.proto.
enum class Verb {
  kCreate = 1,
  kAdd = 2,
  kRemove = 3,
  kTag = 4,
  kRead = 5,
  kHandover = 6
};
inline constexpr std::array kVerbs = {Verb::kCreate, Verb::kAdd,  Verb::kRemove,
                                      Verb::kTag,    Verb::kRead, Verb::kHandover};
std::string_view VerbName(Verb verb);
std::optional<Verb> VerbOf(std::string_view name);
// "add, tag".
std::string VerbNames(const std::set<Verb>& verbs);

struct Token {
  std::string id;
  Hash digest;          // SHA-256 of the secret's 64 hex digits
  std::string origins;  // a pattern
  std::set<Verb> verbs;
  int64_t created_us = 0;
  int64_t expires_us = 0;
  // For queries of each private log; nothing: the server's default.
  std::optional<Budget> prove_budget;
  friend bool operator==(const Token&, const Token&) = default;
};

// An origin, PREFIX/* where PREFIX has the form of an origin, or *.
absl::Status CheckOriginPattern(std::string_view pattern);
// `PREFIX/*` covers everything below PREFIX at any depth, not PREFIX itself.
bool Covers(std::string_view pattern, std::string_view origin);

// The id and the secret in a token's text; nothing if it has not the form of one.
struct TokenText {
  std::string id;
  std::string secret;
};
std::optional<TokenText> SplitToken(std::string_view text);
std::string JoinToken(const TokenText& parts);

// By id.
using TokenMap = std::map<std::string, Token, std::less<>>;
std::string EncodeTokens(const TokenMap& tokens);
// DataLoss unless `text` is exactly what EncodeTokens writes for some tokens.
absl::StatusOr<TokenMap> DecodeTokens(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_SERVER_TOKEN_H_
