#include "tools/model_hashing.h"

#include <algorithm>
#include <thread>

#include "tools/interrupt.h"
#include "tools/progress.h"

namespace setlog {

HashModelOptions HashOptionsOf(const Serialization& how) {
  return {.method = how.method,
          .digest = how.digest,
          .shard_bytes = how.shard_bytes,
          .follow_symlinks = how.allow_symlinks};
}

absl::StatusOr<HashedModel> HashWithProgress(const char* what, const ModelTree& tree,
                                             HashModelOptions options,
                                             const Output& out) {
  uint64_t total = 0;
  for (const ModelFile& file : tree.files) total += file.bytes;
  const Interrupt interrupt;
  Progress progress(what, total, out.quiet(), Progress::Unit::kBytes);
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.progress = [&](uint64_t bytes) {
    progress.Update(bytes);
    return !interrupt.requested();
  };
  absl::StatusOr<HashedModel> hashed = HashModel(tree, options);
  if (absl::IsCancelled(hashed.status())) {
    return absl::CancelledError(
        "interrupted: not all files were read, and nothing is "
        "decided");
  }
  return hashed;
}

}  // namespace setlog
