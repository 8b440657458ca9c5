#include "model/compare.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// A file, whole or in part, as one of the two lists has it.
struct Part : FilePart {
  Bytes digest;
  friend bool operator<(const Part& a, const Part& b) {
    return std::tie(a.path, a.begin, a.end) < std::tie(b.path, b.begin, b.end);
  }
};
using Parts = std::span<const Part>;

// In order, so that the parts of a file stand together.
std::vector<Part> PartsOf(const std::vector<ModelResource>& resources,
                          ModelMethod method) {
  std::vector<Part> parts;
  parts.reserve(resources.size());
  for (const ModelResource& resource : resources) {
    parts.push_back({PartNamed(resource.name, method), resource.digest});
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

// The parts of the file that `parts` begins with.
Parts FirstFile(Parts parts) {
  size_t count = 0;
  while (count < parts.size() && parts[count].path == parts[0].path) ++count;
  return parts.first(count);
}

bool SamePart(const Part& a, const Part& b) {
  return a.begin == b.begin && a.end == b.end && std::ranges::equal(a.digest, b.digest);
}
bool SameContent(Parts a, Parts b) { return std::ranges::equal(a, b, SamePart); }

// "bytes 1000:1100, 1500:1600": where parts of one have no equal in the other.
std::string ChangedRanges(Parts a, Parts b) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  const auto collect = [&ranges](Parts from, Parts other) {
    for (const Part& part : from) {
      const auto at = std::lower_bound(other.begin(), other.end(), part);
      if (at == other.end() || !SamePart(part, *at)) {
        ranges.emplace_back(part.begin, part.end);
      }
    }
  };
  collect(a, b);
  collect(b, a);
  std::ranges::sort(ranges);
  std::string text;
  for (size_t i = 0; i < ranges.size();) {
    const uint64_t begin = ranges[i].first;
    uint64_t end = ranges[i].second;
    for (++i; i < ranges.size() && ranges[i].first <= end; ++i) {
      end = std::max(end, ranges[i].second);
    }
    absl::StrAppendFormat(&text, "%s%d:%d", text.empty() ? "bytes " : ", ", begin, end);
  }
  return text;
}

// What stands on one side only, by its content.
struct ContentLess {
  bool operator()(Parts a, Parts b) const {
    return std::ranges::lexicographical_compare(a, b, [](const Part& x, const Part& y) {
      if (x.begin != y.begin || x.end != y.end) {
        return std::tie(x.begin, x.end) < std::tie(y.begin, y.end);
      }
      return std::ranges::lexicographical_compare(x.digest, y.digest);
    });
  }
};
struct OneSided {
  std::vector<std::string_view> missing;
  std::vector<std::string_view> added;
};
using OneSidedFiles = std::map<Parts, OneSided, ContentLess>;

// A rename only if nothing else could have been renamed to the same.
void AddOneSided(const OneSidedFiles& files, bool ignore_added,
                 std::vector<ModelDifference>& differences) {
  for (const auto& [content, sides] : files) {
    if (sides.missing.size() == 1 && sides.added.size() == 1) {
      differences.push_back({.kind = DifferenceKind::kRenamed,
                             .name = std::string(sides.missing[0]),
                             .other = std::string(sides.added[0])});
      continue;
    }
    for (const std::string_view name : sides.missing) {
      differences.push_back(
          {.kind = DifferenceKind::kMissing, .name = std::string(name)});
    }
    if (ignore_added) continue;
    for (const std::string_view name : sides.added) {
      differences.push_back(
          {.kind = DifferenceKind::kAdded, .name = std::string(name)});
    }
  }
}

// Whether `parts`, in order, have the file `name` or one in a directory of that name.
bool Lists(Parts parts, std::string_view name) {
  const auto at = std::ranges::lower_bound(parts, name, {}, &Part::path);
  if (at != parts.end() && at->path == name) return true;
  const std::string directory = std::string(name) + "/";
  const auto below =
      std::ranges::lower_bound(parts, std::string_view(directory), {}, &Part::path);
  return below != parts.end() && below->path.starts_with(directory);
}

}  // namespace

std::vector<ModelDifference> CompareModel(const ModelStatement& signed_model,
                                          const HashedModel& found,
                                          std::span<const OddFile> odd,
                                          const CompareOptions& options) {
  const ModelMethod method = signed_model.serialization.method;
  const bool shards = method == ModelMethod::kShards;
  const std::vector<Part> before = PartsOf(signed_model.resources, method);
  const std::vector<Part> after = PartsOf(found.resources, method);
  std::vector<ModelDifference> differences(options.decided.begin(),
                                           options.decided.end());
  std::vector<std::string_view> said;
  for (const ModelDifference& decided : options.decided) said.push_back(decided.name);
  for (const std::span<const OddFile> files : {odd, std::span(found.odd)}) {
    for (const OddFile& file : files) {
      if (options.ignore_added && !Lists(before, file.name)) continue;
      said.push_back(file.name);
      differences.push_back({.kind = file.kind == OddKind::kUnreadable
                                         ? DifferenceKind::kUnread
                                         : DifferenceKind::kOdd,
                             .name = file.name,
                             .detail = file.detail});
    }
  }
  std::ranges::sort(said);

  OneSidedFiles one_sided;
  Parts a = before;
  Parts b = after;
  while (!a.empty() || !b.empty()) {
    const bool only_b = a.empty() || (!b.empty() && b[0].path < a[0].path);
    const bool only_a = b.empty() || (!a.empty() && a[0].path < b[0].path);
    const Parts file_a = only_b ? Parts() : FirstFile(a);
    const Parts file_b = only_a ? Parts() : FirstFile(b);
    a = a.subspan(file_a.size());
    b = b.subspan(file_b.size());
    if (only_b) {
      one_sided[file_b].added.push_back(file_b[0].path);
    } else if (only_a) {
      // What stands in its place was said already.
      if (std::ranges::binary_search(said, file_a[0].path)) continue;
      one_sided[file_a].missing.push_back(file_a[0].path);
    } else if (!SameContent(file_a, file_b)) {
      differences.push_back({.kind = DifferenceKind::kChanged,
                             .name = std::string(file_a[0].path),
                             .detail = shards ? ChangedRanges(file_a, file_b) : ""});
    }
  }
  AddOneSided(one_sided, options.ignore_added, differences);
  std::ranges::sort(differences, {}, &ModelDifference::name);
  return differences;
}

}  // namespace setlog
