#include "client/training_data.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/origin.h"
#include "log/show_bytes.h"
#include "proto/forms.h"
#include "proto/message_file.h"

namespace setlog {
namespace {

constexpr char kStatementType[] = "https://in-toto.io/Statement/v1";
constexpr char kPredicateType[] = "setlog:training-data/v1";
constexpr MessageFileKind kHeadKind = {"a setlog.v1.Head", kMaxTrainingDataBytes};
// For each value that the file may have: most are hashes and signatures.
constexpr size_t kBytesOfValue = 16;

absl::Status Malformed(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", kTrainingDataFile, why));
}

JsonValue Text(std::string text) { return JsonValue{std::move(text)}; }
JsonValue Number(uint64_t number) { return JsonValue{static_cast<double>(number)}; }
JsonValue ObjectOf(JsonValue::Object members) { return JsonValue{std::move(members)}; }

absl::StatusOr<JsonValue> DescriptorOf(const DataHead& head) {
  const Version& version = head.version;
  if (version.index.m > kMaxExactInteger) {
    return Malformed(head.Name() + " has more entries than a JSON number can say");
  }
  absl::StatusOr<JsonValue> proof =
      ParseJson(FormatMessageFile(VersionToProto(head.proof)));
  if (!proof.ok()) return proof.status();
  return ObjectOf({
      {"annotations", ObjectOf({{"setlog_count", Number(version.index.n)},
                                {"setlog_head", *std::move(proof)},
                                {"setlog_size", Number(version.index.m)},
                                {"setlog_vkey", Text(FormatVkey(version.log_key))}})},
      {"digest", ObjectOf({{"setlogSetRoot", Text(ToHex(version.index.set_root))}})},
      {"name", Text(head.Name())},
  });
}

// What a descriptor says of itself, for errors; it need not be true.
std::string ClaimedName(const JsonValue& descriptor, size_t place) {
  const JsonValue* name = descriptor.Find("name");
  if (name == nullptr || name->AsString() == nullptr) {
    return absl::StrFormat("subject %d", place);
  }
  return ShowForeign(*name->AsString());
}

// The key and the head, which say all that there is to say.
absl::StatusOr<DataHead> HeadIn(const JsonValue& descriptor) {
  const JsonValue* annotations = descriptor.Find("annotations");
  if (annotations == nullptr) return absl::InvalidArgumentError("no annotations");
  const JsonValue* vkey = annotations->Find("setlog_vkey");
  const JsonValue* proof = annotations->Find("setlog_head");
  if (vkey == nullptr || vkey->AsString() == nullptr || proof == nullptr) {
    return absl::InvalidArgumentError("no setlog_vkey, or no setlog_head");
  }
  const absl::StatusOr<VerifierKey> key = ParseVkey(*vkey->AsString());
  if (!key.ok()) return key.status();
  const absl::StatusOr<v1::Head> message =
      ParseMessageFile<v1::Head>(CanonicalJson(*proof), kHeadKind);
  if (!message.ok()) return message.status();
  absl::StatusOr<VersionProof> version = VersionFromProto(*message);
  if (!version.ok()) return version.status();
  return MakeDataHead(*std::move(version), *key);
}

// The head of a descriptor that says what it says, and nothing else.
absl::StatusOr<DataHead> CheckedHead(const JsonValue& descriptor) {
  absl::StatusOr<DataHead> head = HeadIn(descriptor);
  if (!head.ok()) return head;
  const absl::StatusOr<JsonValue> again = DescriptorOf(*head);
  if (!again.ok()) return again.status();
  if (CanonicalJson(*again) == CanonicalJson(descriptor)) return head;
  return absl::DataLossError(absl::StrFormat(
      "it does not say what its head says, which is %s with m = %d, %d members, root "
      "%s and these fields only",
      head->Name(), head->version.index.m, head->version.index.n,
      ToHex(head->version.index.set_root)));
}

}  // namespace

absl::StatusOr<DataHead> MakeDataHead(VersionProof proof, const VerifierKey& key) {
  absl::StatusOr<Version> version = VerifyVersion(proof, {.log_key = key}, {});
  if (absl::IsUnimplemented(version.status())) return version.status();
  if (!version.ok()) return absl::DataLossError(version.status().message());
  if (!version->tag) return absl::DataLossError("the head names no version");
  return DataHead{std::move(proof), *std::move(version)};
}

absl::StatusOr<std::string> FormatTrainingData(std::vector<DataHead> heads) {
  if (heads.empty()) return Malformed("it names no data set");
  std::sort(heads.begin(), heads.end(),
            [](const DataHead& a, const DataHead& b) { return a.Name() < b.Name(); });
  JsonValue::Array subject;
  for (size_t i = 0; i < heads.size(); ++i) {
    if (i > 0 && heads[i].Name() == heads[i - 1].Name()) {
      return Malformed(heads[i].Name() + " is named twice");
    }
    absl::StatusOr<JsonValue> descriptor = DescriptorOf(heads[i]);
    if (!descriptor.ok()) return descriptor.status();
    subject.push_back(*std::move(descriptor));
  }
  std::string bytes =
      CanonicalJson(ObjectOf({{"_type", Text(kStatementType)},
                              {"predicateType", Text(kPredicateType)},
                              {"subject", JsonValue{std::move(subject)}}})) +
      "\n";
  if (bytes.size() <= kMaxTrainingDataBytes) return bytes;
  return Malformed(absl::StrFormat("%d bytes, at most %d are legal", bytes.size(),
                                   kMaxTrainingDataBytes));
}

absl::StatusOr<std::vector<DataHead>> ParseTrainingData(std::string_view bytes) {
  if (bytes.size() > kMaxTrainingDataBytes) {
    return Malformed(absl::StrFormat("over %d bytes", kMaxTrainingDataBytes));
  }
  const absl::StatusOr<JsonValue> statement =
      ParseJson(bytes, bytes.size() / kBytesOfValue);
  if (!statement.ok()) return Malformed(std::string(statement.status().message()));
  const JsonValue* predicate = statement->Find("predicateType");
  const JsonValue* subject = statement->Find("subject");
  if (predicate == nullptr || predicate->AsString() == nullptr ||
      *predicate->AsString() != kPredicateType || subject == nullptr ||
      subject->AsArray() == nullptr) {
    return Malformed(absl::StrFormat("no in-toto statement of type %s with subjects",
                                     kPredicateType));
  }
  std::vector<DataHead> heads;
  for (const JsonValue& descriptor : *subject->AsArray()) {
    absl::StatusOr<DataHead> head = CheckedHead(descriptor);
    if (!head.ok()) {
      return absl::Status(head.status().code(),
                          absl::StrFormat("%s: %s: %s", kTrainingDataFile,
                                          ClaimedName(descriptor, heads.size()),
                                          std::string(head.status().message())));
    }
    heads.push_back(*std::move(head));
  }
  const absl::StatusOr<std::string> again = FormatTrainingData(heads);
  if (!again.ok()) return again.status();
  if (*again == bytes) return heads;
  return Malformed(
      "other bytes than its heads give: RFC 8785 form, names rising, no other field");
}

absl::StatusOr<DataName> ParseDataName(std::string_view name) {
  const size_t at = name.find('@');
  if (at == name.npos) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: a version is named ORIGIN@TAG; `setlog tags ORIGIN` lists the tags",
        name));
  }
  DataName parsed{std::string(name.substr(0, at)), std::string(name.substr(at + 1))};
  absl::Status status = CheckOrigin(parsed.origin);
  if (status.ok()) status = CheckTagName(parsed.tag);
  if (status.ok()) return parsed;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: not ORIGIN@TAG: %s", name, std::string(status.message())));
}

}  // namespace setlog
