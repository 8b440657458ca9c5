// tools/model_hashing.h -- HashModel for a person who waits: a bar, and Ctrl-C.
//
//   absl::StatusOr<HashedModel> hashed =
//       HashWithProgress("verifying", tree, {.method = ...}, session.out);
#ifndef SETLOG_TOOLS_MODEL_HASHING_H_
#define SETLOG_TOOLS_MODEL_HASHING_H_

#include "absl/status/statusor.h"
#include "model/hash_model.h"
#include "tools/output.h"

namespace setlog {

// As `how` says; links are followed if it says so.
HashModelOptions HashOptionsOf(const Serialization& how);

// On all cores. Cancelled if SIGINT or SIGTERM came.
absl::StatusOr<HashedModel> HashWithProgress(const char* what, const ModelTree& tree,
                                             HashModelOptions options,
                                             const Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_HASHING_H_
