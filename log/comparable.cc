#include "log/comparable.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "log/scheme.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

// What of the manifest goes into a record's hash, beside the name of the scheme. The
// parameters of other schemes mean nothing (log/scheme.h).
std::vector<std::string> HashedParts(const Manifest& manifest) {
  std::vector<std::string> parts;
  if (manifest.scheme.starts_with("json/") && manifest.fields) {
    parts = *manifest.fields;
  }
  if (manifest.scheme.starts_with("row/") && manifest.columns) {
    for (const Column& column : *manifest.columns) {
      std::string type = column.type;
      if (type.ends_with('?')) type.pop_back();
      parts.push_back(column.name + ":" + type);
    }
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

}  // namespace

std::string DescribeScheme(const Manifest& manifest) {
  const std::vector<std::string> parts = HashedParts(manifest);
  if (parts.empty()) return manifest.scheme;
  return absl::StrFormat("%s of %s", manifest.scheme, absl::StrJoin(parts, ", "));
}

absl::Status CheckComparable(const Manifest& a, const Manifest& b) {
  if (a.labels || b.labels) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a private log: it holds labels that only its own key makes, so that a "
        "record has another one in every log, and nothing in common would mean "
        "nothing",
        a.labels ? a.origin : b.origin));
  }
  for (const Manifest* manifest : {&a, &b}) {
    if (absl::Status s = RecordScheme::FromManifest(*manifest).status(); !s.ok()) {
      return absl::Status(s.code(), absl::StrFormat("%s: %s", manifest->origin,
                                                    std::string(s.message())));
    }
  }
  if (a.scheme != b.scheme || HashedParts(a) != HashedParts(b)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the records of %s are hashed as %s, those of %s as %s: the same record has "
        "another hash there, so that nothing in common would mean nothing",
        a.origin, ShowForeign(DescribeScheme(a)), b.origin,
        ShowForeign(DescribeScheme(b))));
  }
  return absl::OkStatus();
}

}  // namespace setlog
