#include "model/reuse.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

struct SignedFile {
  std::vector<const ModelResource*> resources;
  uint64_t bytes = 0;  // of shards
};

std::map<std::string_view, SignedFile> FilesOf(const ModelStatement& statement) {
  std::map<std::string_view, SignedFile> files;
  for (const ModelResource& resource : statement.resources) {
    const FilePart part = PartNamed(resource.name, statement.serialization.method);
    SignedFile& file = files[part.path];
    file.resources.push_back(&resource);
    file.bytes = std::max(file.bytes, part.end);
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
  if (earlier.subject != tree.subject) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "it is of the model \"%s\", not of \"%s\": files of one name in both need not "
        "be the same",
        ShowForeign(earlier.subject), ShowForeign(tree.subject)));
  }
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
        at != files.end() && std::max(file.mtime_ns, file.ctime_ns) < signed_at_ns &&
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
