#include "model/statement.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "log/jcs.h"
#include "model/statement_form.h"

namespace setlog {
namespace {

using namespace statement_form;

void AppendResource(std::string* out, const ModelResource& resource,
                    std::string_view algorithm) {
  out->append(R"({"name":)");
  AppendCanonicalString(out, resource.name);
  out->append(R"(,"digest":")").append(ToHex(resource.digest));
  out->append(R"(","algorithm":")").append(algorithm).append("\"}");
}

void AppendSerialization(std::string* out, const Serialization& serialization) {
  const bool shards = serialization.method == ModelMethod::kShards;
  out->append(R"({"method":")").append(shards ? kShards : kFiles);
  out->append(R"(","hash_type":")").append(NameOf(serialization.digest)).append("\"");
  if (shards) absl::StrAppend(out, R"(,"shard_size":)", serialization.shard_bytes);
  out->append(R"(,"allow_symlinks":)");
  out->append(serialization.allow_symlinks ? "true" : "false");
  if (!serialization.ignore_paths.empty()) {
    char separator = '[';
    out->append(R"(,"ignore_paths":)");
    for (const std::string& path : serialization.ignore_paths) {
      out->push_back(separator);
      AppendCanonicalString(out, path);
      separator = ',';
    }
    out->push_back(']');
  }
  out->push_back('}');
}

}  // namespace

std::string FormatStatement(const ModelStatement& statement) {
  std::string out = R"({"_type":")";
  out.append(kType).append(R"(","subject":[{"name":)");
  AppendCanonicalString(&out, statement.subject);
  out.append(R"(,"digest":{"sha256":")").append(ToHex(RootDigest(statement.resources)));
  out.append(R"("}}],"predicateType":")").append(kPredicateType);
  out.append(R"(","predicate":{"resources":[)");
  for (size_t i = 0; i < statement.resources.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendResource(&out, statement.resources[i],
                   NameOf(statement.serialization.digest));
  }
  out.append(R"(],"serialization":)");
  AppendSerialization(&out, statement.serialization);
  out.append("}}");
  return out;
}

absl::Status CheckIgnorePath(std::string_view path) {
  const absl::Status status = CheckResourceName(path);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrFormat("ignored path %s", std::string(status.message())));
}

bool IsIgnored(std::string_view name, const std::vector<std::string>& ignore_paths) {
  return std::any_of(ignore_paths.begin(), ignore_paths.end(),
                     [&](const std::string& path) { return IsAtOrBelow(name, path); });
}

const std::vector<std::string>& DefaultIgnorePaths() {
  static const std::vector<std::string> paths = {".git", ".gitattributes", ".github",
                                                 ".gitignore"};
  return paths;
}

}  // namespace setlog
