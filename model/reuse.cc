#include "model/reuse.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace setlog {
namespace {

struct SignedFile {
  std::vector<const ModelResource*> resources;
  uint64_t bytes = 0;  // of shards
};

std::map<std::string_view, SignedFile> FilesOf(const ModelStatement& statement) {
  std::map<std::string_view, SignedFile> files;
  for (const ModelResource& resource : statement.resources) {
    std::string_view path = resource.name;
    uint64_t end = 0;
    if (statement.serialization.method == ModelMethod::kShards) {
      const std::optional<ShardName> shard = ParseShardName(resource.name);
      if (!shard) continue;
      path = path.substr(0, shard->path.size());
      end = shard->end;
    }
    SignedFile& file = files[path];
    file.resources.push_back(&resource);
    file.bytes = std::max(file.bytes, end);
  }
  return files;
}

bool ByName(const ModelResource& a, const ModelResource& b) {
  return ResourceNameLess(a.name, b.name);
}

}  // namespace

absl::StatusOr<ReusedDigests> ReuseDigests(const ModelStatement& earlier,
                                           const Serialization& how,
                                           const ModelTree& tree,
                                           int64_t signed_at_ns) {
  const Serialization& was = earlier.serialization;
  if (was.method != how.method || was.digest != how.digest ||
      was.shard_bytes != how.shard_bytes) {
    return absl::FailedPreconditionError(
        "its digests are of another kind (--hash, --shards, --shard-size): none of "
        "them can be used again");
  }
  const std::map<std::string_view, SignedFile> files = FilesOf(earlier);
  ReusedDigests reused;
  reused.unread = tree;
  reused.unread.files.clear();
  for (const ModelFile& file : tree.files) {
    const auto at = files.find(file.name);
    const bool known =
        at != files.end() && file.mtime_ns < signed_at_ns &&
        (how.method == ModelMethod::kFiles || at->second.bytes == file.bytes);
    if (!known) {
      reused.unread.files.push_back(file);
      continue;
    }
    for (const ModelResource* resource : at->second.resources) {
      reused.resources.push_back(*resource);
    }
  }
  std::sort(reused.resources.begin(), reused.resources.end(), ByName);
  return reused;
}

std::vector<ModelResource> MergeResources(std::vector<ModelResource> a,
                                          std::vector<ModelResource> b) {
  std::vector<ModelResource> merged;
  merged.reserve(a.size() + b.size());
  std::merge(std::make_move_iterator(a.begin()), std::make_move_iterator(a.end()),
             std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()),
             std::back_inserter(merged), ByName);
  return merged;
}

}  // namespace setlog
