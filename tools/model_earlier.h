// tools/model_earlier.h -- signs a model again without reading what did not change.
//
//   absl::StatusOr<EarlierSignature> earlier = OpenEarlier("old.sig", key);
//   absl::StatusOr<HashedModel> hashed = HashChanged(tree, options, *earlier, out);
//   ReplaceFile(signature, ...);  DateSignature(signature, started_ns);
//
// Which files are unread is said by times alone (model/reuse.h), so a signature file is
// dated back to when the files began to be read: one that was written since is newer.
#ifndef SETLOG_TOOLS_MODEL_EARLIER_H_
#define SETLOG_TOOLS_MODEL_EARLIER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/ecdsa_key.h"
#include "model/hash_model.h"
#include "model/statement.h"
#include "tools/output.h"

namespace setlog {

struct EarlierSignature {
  ModelStatement statement;
  int64_t signed_at_ns = 0;  // the file's time
};

// DataLoss unless `key` itself signed it.
absl::StatusOr<EarlierSignature> OpenEarlier(const std::string& file,
                                             const EcdsaPublicKey& key);

// All digests of the model; `bytes` are those that were read.
absl::StatusOr<HashedModel> HashChanged(const ModelTree& tree, const Serialization& how,
                                        const EarlierSignature& earlier, Output& out);

// The clock that file systems take their times from, which lags the exact one.
int64_t FileTimeNow();
absl::Status DateSignature(const std::string& file, int64_t time_ns);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_EARLIER_H_
