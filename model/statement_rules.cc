#include "model/statement_rules.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

// Python names the file that is a whole model so.
constexpr std::string_view kPythonSingleFile = ".";

absl::Status Refused(std::string_view name, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("resource \"%s\" %s", ShowForeign(name), why));
}

// Which is then the only one, whole or in shards.
bool IsPythonSingleFile(const ModelStatement& statement) {
  return std::ranges::all_of(statement.resources, [&](const ModelResource& resource) {
    return PartNamed(resource.name, statement.serialization.method).path ==
           kPythonSingleFile;
  });
}

// The shards listed, or for a list of files each of them as [0, 0).
absl::StatusOr<std::vector<ShardName>> ReadNames(const ModelStatement& statement,
                                                 bool python_single_file) {
  std::vector<ShardName> names;
  names.reserve(statement.resources.size());
  for (const ModelResource& resource : statement.resources) {
    if (statement.serialization.method == ModelMethod::kFiles) {
      names.push_back({.path = resource.name});
    } else if (std::optional<ShardName> shard = ParseShardName(resource.name)) {
      names.push_back(*std::move(shard));
    } else {
      return Refused(resource.name, "is no shard: a shard is PATH:BEGIN:END");
    }
    if (python_single_file) continue;
    if (absl::Status s = CheckResourceName(names.back().path); !s.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("resource %s", std::string(s.message())));
    }
  }
  return names;
}

bool ShardLess(const ShardName& a, const ShardName& b) {
  if (a.path != b.path) return ComponentNameLess(a.path, b.path);
  return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
}

// Either order is strict, so no name stands twice.
absl::Status CheckOrder(const ModelStatement& statement,
                        const std::vector<ShardName>& names,
                        std::vector<std::string>* warnings) {
  const auto& resources = statement.resources;
  size_t in_order = 1;
  while (in_order < resources.size() &&
         ResourceNameLess(resources[in_order - 1].name, resources[in_order].name)) {
    ++in_order;
  }
  if (in_order == resources.size()) return absl::OkStatus();
  const auto not_less = [](const ShardName& a, const ShardName& b) {
    return !ShardLess(a, b);
  };
  if (std::adjacent_find(names.begin(), names.end(), not_less) == names.end()) {
    warnings->push_back(
        "the resources are in the order of their paths' components, as Python's "
        "model_signing writes them, not in that of their bytes");
    return absl::OkStatus();
  }
  const std::string& name = resources[in_order].name;
  if (name == resources[in_order - 1].name) return Refused(name, "is listed twice");
  return Refused(name, absl::StrFormat("stands after \"%s\": that is no order of names",
                                       ShowForeign(resources[in_order - 1].name)));
}

// What is listed of each file is all of it, in pieces of the one size. `shards` are in
// the order of ShardLess.
absl::Status CheckShards(const std::vector<ShardName>& shards, uint64_t shard_bytes) {
  for (size_t i = 0; i < shards.size(); ++i) {
    const ShardName& shard = shards[i];
    const bool first = i == 0 || shards[i - 1].path != shard.path;
    const bool last = i + 1 == shards.size() || shards[i + 1].path != shard.path;
    const uint64_t bytes = shard.end - shard.begin;
    if (shard.begin != (first ? 0 : shards[i - 1].end)) {
      return Refused(FormatShardName(shard),
                     first ? "is the first of its file, which begins at 0"
                           : "does not begin where the one before it ends");
    }
    if (last ? bytes > shard_bytes : bytes != shard_bytes) {
      return Refused(
          FormatShardName(shard),
          absl::StrFormat("has %d bytes, where a shard has %d", bytes, shard_bytes));
    }
  }
  return absl::OkStatus();
}

// No file is also a directory, and none is at or below an ignored path. `sorted` is in
// the order of ShardLess. One walk, in an order in which a directory's files follow it.
absl::Status CheckPlaces(const std::vector<ShardName>& sorted,
                         const std::vector<std::string>& ignore_paths) {
  struct Place {
    std::string_view path;
    bool is_file;
  };
  std::vector<Place> places;
  for (const std::string& path : ignore_paths) places.push_back({path, false});
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].path != sorted[i - 1].path) {
      places.push_back({sorted[i].path, true});
    }
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return ComponentNameLess(a.path, b.path);
  });
  const Place* top = nullptr;  // the last that is not below another
  for (const Place& place : places) {
    if (top == nullptr || !IsAtOrBelow(place.path, top->path)) {
      top = &place;
    } else if (place.is_file) {
      return Refused(place.path,
                     absl::StrFormat(top->is_file ? "is below the file \"%s\""
                                                  : "is under the ignored path \"%s\"",
                                     ShowForeign(top->path)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStatementRules(const ModelStatement& statement,
                                 std::vector<std::string>* warnings) {
  const Serialization& serialization = statement.serialization;
  for (const std::string& path : serialization.ignore_paths) {
    if (absl::Status s = CheckIgnorePath(path); !s.ok()) return s;
  }
  if (statement.resources.empty()) {
    return absl::InvalidArgumentError("no resource is listed: that signs nothing");
  }
  const bool python_single_file = IsPythonSingleFile(statement);
  if (python_single_file) {
    warnings->push_back(
        "the model's one file is called \".\", as Python's model_signing does, not by "
        "its name");
  }
  absl::StatusOr<std::vector<ShardName>> names =
      ReadNames(statement, python_single_file);
  if (!names.ok()) return names.status();
  if (absl::Status s = CheckOrder(statement, *names, warnings); !s.ok()) return s;
  std::sort(names->begin(), names->end(), ShardLess);
  if (serialization.method == ModelMethod::kShards) {
    if (absl::Status s = CheckShards(*names, serialization.shard_bytes); !s.ok()) {
      return s;
    }
  }
  return CheckPlaces(*names, serialization.ignore_paths);
}

}  // namespace setlog
