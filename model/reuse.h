// model/reuse.h -- digests of an earlier signature that stand for files not read again.
//
//   ReusedDigests reused = ReuseDigests(earlier.statement, how, tree, signed_at_ns);
//   HashModel(reused.unread, ...);
//   MergeResources(reused.resources, hashed.resources);
//
// A file is taken to be what it was if the earlier statement is of a model of this name
// and has it, and if it was neither written nor changed in any other way since that was
// signed, as the file system's times have it; of shards, if its size is the same, too.
// Whoever can set the machine's clock back is believed: the digest then signed is one
// that was signed before, never that of content that nobody read, and the model does
// not verify.
//
// Pure.
#ifndef SETLOG_MODEL_REUSE_H_
#define SETLOG_MODEL_REUSE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "model/model_tree.h"
#include "model/statement.h"

namespace setlog {

struct ReusedDigests {
  std::vector<ModelResource> resources;
  ModelTree unread;  // the files whose digests are not known
};

// `signed_at_ns`: when the earlier model's files began to be read. FailedPrecondition
// if the earlier statement is of another model, or has other digests or shards.
absl::StatusOr<ReusedDigests> ReuseDigests(const ModelStatement& earlier,
                                           const Serialization& how,
                                           const ModelTree& tree, int64_t signed_at_ns);

// Both in ResourceNameLess order, and so is the result.
std::vector<ModelResource> MergeResources(std::vector<ModelResource> a,
                                          std::vector<ModelResource> b);

}  // namespace setlog

#endif  // SETLOG_MODEL_REUSE_H_
