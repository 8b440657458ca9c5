#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/json_object.h"
#include "log/show_bytes.h"
#include "model/statement.h"
#include "model/statement_form.h"
#include "model/statement_rules.h"

namespace setlog {
namespace {

using namespace statement_form;

// A resource has four values in 109 bytes or more; ignored paths may be shorter.
constexpr size_t kBytesOfValue = 16;
constexpr size_t kMoreValues = 4096;

ModelMethod ReadMethod(JsonObject& object) {
  const std::string& word = object.String("method");
  if (word == kFiles) return ModelMethod::kFiles;
  if (word != kShards) {
    object.Refuse("method", absl::StrFormat("must be \"%s\" or \"%s\", not \"%s\"",
                                            kFiles, kShards, ShowForeign(word)));
  }
  return ModelMethod::kShards;
}

DigestKind ReadHashType(JsonObject& object) {
  const std::string& word = object.String("hash_type");
  const std::optional<DigestKind> kind = DigestKindNamed(word);
  if (!kind) {
    object.Refuse("hash_type", absl::StrFormat("names no digest known here: \"%s\"",
                                               ShowForeign(word)));
  }
  return kind.value_or(DigestKind::kSha256);
}

Serialization ReadSerialization(JsonObject object) {
  Serialization serialization{.method = ReadMethod(object),
                              .digest = ReadHashType(object),
                              .allow_symlinks = object.Bool("allow_symlinks")};
  if (serialization.method == ModelMethod::kShards) {
    object.Only(
        {"method", "hash_type", "shard_size", "allow_symlinks", "ignore_paths"});
    serialization.shard_bytes = object.Uint("shard_size");
    if (serialization.shard_bytes == 0) object.Refuse("shard_size", "must not be 0");
  } else {
    object.Only({"method", "hash_type", "allow_symlinks", "ignore_paths"});
  }
  if (object.Find("ignore_paths") == nullptr) return serialization;
  for (const JsonValue& path : object.Array("ignore_paths")) {
    if (path.AsString() == nullptr) {
      object.Refuse("ignore_paths", "must be an array of strings");
      break;
    }
    serialization.ignore_paths.push_back(*path.AsString());
  }
  return serialization;
}

// What Python's model_signing writes for the digest of a shard: "sha256-sharded-100".
std::string PythonShardAlgorithm(const Serialization& serialization) {
  return absl::StrFormat("%s-sharded-%d", NameOf(serialization.digest),
                         serialization.shard_bytes);
}

// The one way in which all of `resources` must name their digests.
std::string AlgorithmOf(const Serialization& serialization,
                        const JsonValue::Array& resources,
                        std::vector<std::string>* warnings) {
  if (serialization.method == ModelMethod::kShards && !resources.empty()) {
    const std::string python = PythonShardAlgorithm(serialization);
    const JsonValue* first = resources[0].Find("algorithm");
    if (first != nullptr && first->AsString() != nullptr &&
        *first->AsString() == python) {
      warnings->push_back(absl::StrFormat(
          "the digests of shards are called \"%s\", as Python's model_signing does, "
          "not \"%s\"",
          python, NameOf(serialization.digest)));
      return python;
    }
  }
  return std::string(NameOf(serialization.digest));
}

ModelResource ReadResource(JsonObject object, DigestKind kind,
                           std::string_view algorithm) {
  object.Expect("algorithm", algorithm);
  const std::optional<Digest> digest = DigestFromHex(kind, object.String("digest"));
  if (!digest) {
    object.Refuse("digest", absl::StrFormat("must be %d lower-case hex digits",
                                            2 * SizeOf(kind)));
  }
  return {object.String("name"), digest.value_or(Digest())};
}

void ReadPredicate(JsonObject predicate, ParsedStatement* parsed) {
  predicate.Only({"resources", "serialization"});
  parsed->statement.serialization =
      ReadSerialization(predicate.Object("serialization"));
  const Serialization& serialization = parsed->statement.serialization;
  const JsonValue::Array& resources = predicate.Array("resources");
  const std::string algorithm =
      AlgorithmOf(serialization, resources, &parsed->warnings);
  for (size_t i = 0; i < resources.size(); ++i) {
    parsed->statement.resources.push_back(ReadResource(
        predicate.Item("resources", resources, i), serialization.digest, algorithm));
  }
}

// The root digest; the model's name is for people.
Hash ReadSubject(JsonObject& statement, std::string* name) {
  const JsonValue::Array& subjects = statement.Array("subject");
  if (subjects.size() != 1) {
    statement.Refuse("subject", "must have exactly one item");
    return Hash();
  }
  JsonObject subject = statement.Item("subject", subjects, 0);
  *name = subject.String("name");
  JsonObject digest = subject.Object("digest");
  digest.Only({"sha256"});
  return digest.HexHash("sha256");
}

// All but the rules of the list. The tree of JSON, larger than the text, ends here.
absl::StatusOr<Hash> ReadFields(std::string_view payload, ParsedStatement* parsed) {
  const absl::StatusOr<JsonValue> json =
      ParseJson(payload, kMoreValues + payload.size() / kBytesOfValue);
  absl::Status status = json.status();
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("statement: %s", std::string(status.message())));
  }
  JsonObject statement(*json, "statement", &status);
  statement.Only({"_type", "subject", "predicateType", "predicate"});
  statement.Expect("_type", kType);
  statement.Expect("predicateType", kPredicateType);
  const Hash root = ReadSubject(statement, &parsed->statement.subject);
  ReadPredicate(statement.Object("predicate"), parsed);
  if (!status.ok()) return status;
  return root;
}

}  // namespace

absl::StatusOr<ParsedStatement> ParseStatement(std::string_view payload) {
  ParsedStatement parsed;
  const absl::StatusOr<Hash> root = ReadFields(payload, &parsed);
  if (!root.ok()) return root.status();
  if (absl::Status s = CheckStatementRules(parsed.statement, &parsed.warnings);
      !s.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("statement: %s", std::string(s.message())));
  }
  const Hash listed = RootDigest(parsed.statement.resources);
  if (*root != listed) {
    return absl::InvalidArgumentError(
        absl::StrFormat("statement: the subject's digest is %s, and that of the "
                        "resources listed is %s",
                        ToHex(*root), ToHex(listed)));
  }
  return parsed;
}

}  // namespace setlog
