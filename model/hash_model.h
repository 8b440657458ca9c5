// model/hash_model.h -- the digests of a model's files, as fast as the cores hash.
//
//   absl::StatusOr<HashedModel> hashed = HashModel(*tree, {.threads = 2});
//   hashed->resources;  // in ResourceNameLess order
//   hashed->odd;        // files that could not be read, or changed while being read
//
// The longest files begin first, and each core has several SHA-256 streams in flight
// (log/sha256_streams.h), so files of any sizes keep all cores busy; one file alone is
// one stream, and shards make it many. Memory is bounded by the buffers, some MiB, and
// open files by what the process may have; where it is short of them, fewer do.
#ifndef SETLOG_MODEL_HASH_MODEL_H_
#define SETLOG_MODEL_HASH_MODEL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "log/sha256_streams.h"
#include "model/model_tree.h"
#include "model/statement.h"

namespace setlog {

// More shards than this are not made: their list alone would fill the memory.
inline constexpr size_t kMaxModelShards = size_t{1} << 22;

struct HashModelOptions {
  ModelMethod method = ModelMethod::kFiles;
  DigestKind digest = DigestKind::kSha256;
  uint64_t shard_bytes = 0;  // kShards
  bool follow_symlinks = false;
  unsigned threads = 1;
  // Called now and then, on one thread at a time, with how many bytes were read;
  // returns false to stop: Cancelled.
  std::function<bool(uint64_t bytes)> progress;
  const Sha256LanesKernel* sha256 = nullptr;  // if not the best
};

struct HashedModel {
  std::vector<ModelResource> resources;  // of the files that were read
  std::vector<OddFile> odd;
  uint64_t bytes = 0;
};

// Unimplemented for a digest that no library here computes, Internal if one fails to
// after all. A file that cannot be read, or whose size is not the listed one, is in
// `odd`, and the others are hashed.
absl::StatusOr<HashedModel> HashModel(const ModelTree& tree,
                                      const HashModelOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_HASH_MODEL_H_
