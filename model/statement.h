// model/statement.h -- what is signed: an in-toto statement that lists a model's files.
//
//   std::string payload = FormatStatement({.subject = "demo", .resources = ...});
//   absl::StatusOr<ParsedStatement> parsed = ParseStatement(payload);
//
//   {"_type":"https://in-toto.io/Statement/v1",
//    "subject":[{"name":"demo","digest":{"sha256":"2028..."}}],
//    "predicateType":"https://model_signing/signature/v1.0",
//    "predicate":{"resources":[{"name":"a","digest":"3f92...","algorithm":"sha256"}],
//     "serialization":{"method":"files","hash_type":"sha256","allow_symlinks":false,
//      "ignore_paths":[".git"]}}}
//
// on one line. JSON has no canonical form here, and the signature is over the bytes:
// they are verified first and never written anew.
//
// A statement that parses lists each file once and names files below the model's root
// only; its subject's digest is RootDigest of the list; shards cover each file that
// they are of, from its first byte on, without gaps. JSON is strict (log/json.h), and
// fields that the schema forbids are refused.
//
// Source: OpenSSF Model Signing 1.0; in-toto Statement v1. Thread-safe: pure functions.
#ifndef SETLOG_MODEL_STATEMENT_H_
#define SETLOG_MODEL_STATEMENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/resource.h"

namespace setlog {

inline constexpr uint64_t kDefaultShardBytes = 1'000'000'000;

// How a model becomes a list of resources.
struct Serialization {
  ModelMethod method = ModelMethod::kFiles;
  DigestKind digest = DigestKind::kSha256;
  bool allow_symlinks = false;
  // Relative paths; one of a directory covers what is below it. No patterns.
  std::vector<std::string> ignore_paths;
  uint64_t shard_bytes = 0;  // kShards: > 0; else 0
  friend bool operator==(const Serialization&, const Serialization&) = default;
};

struct ModelStatement {
  std::string subject;  // the model's name: that of its folder or file
  Serialization serialization;
  std::vector<ModelResource> resources;
  friend bool operator==(const ModelStatement&, const ModelStatement&) = default;
};

struct ParsedStatement {
  ModelStatement statement;
  // What is accepted but is not as the specification has it (the order of names that
  // Python writes, its shards' fields), in words, for people.
  std::vector<std::string> warnings;
};

// `statement` must have resources in ResourceNameLess order, without doubles.
std::string FormatStatement(const ModelStatement& statement);

// InvalidArgument, saying where and why, unless `payload` is as above. O(n log n).
absl::StatusOr<ParsedStatement> ParseStatement(std::string_view payload);

// InvalidArgument unless `path` may stand in ignore_paths.
absl::Status CheckIgnorePath(std::string_view path);
// Whether one of `ignore_paths` is `name` or a directory above it.
bool IsIgnored(std::string_view name, const std::vector<std::string>& ignore_paths);

// What is never part of a model: .git, .gitattributes, .github, .gitignore at its root.
const std::vector<std::string>& DefaultIgnorePaths();

}  // namespace setlog

#endif  // SETLOG_MODEL_STATEMENT_H_
