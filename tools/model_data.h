// tools/model_data.h -- the data sets that a signed model names, and whom to believe
// about them.
//
//   absl::StatusOr<std::vector<DataHead>> heads =
//       SignedDataHeads("model", checked.claimed->statement);
//   JudgedHead judged = JudgeHead(heads->front(), trust_flags, out);
//   if (judged.status.ok()) ... judged.head   // as if a server had just shown it
//
// Two people speak here. Who signed the model says that it was trained on these
// versions of these sets, and the signature shows that nobody else put that in; whether
// it is true, nothing here can show. The logs say what is in the sets, and each is
// believed under a key or a policy that the reader named, now or before: never under
// the key that the model brings along.
#ifndef SETLOG_TOOLS_MODEL_DATA_H_
#define SETLOG_TOOLS_MODEL_DATA_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/head_follower.h"
#include "client/training_data.h"
#include "model/statement.h"
#include "tools/offline_trust.h"
#include "tools/output.h"
#include "tools/trust_flags.h"

namespace setlog {

// What the file kTrainingDataFile in the directory `model` names, if `statement` lists
// just the bytes that are read. NotFound if it lists no such file; DataLoss and
// ParseTrainingData's errors else. `statement` must be of a verified signature.
absl::StatusOr<std::vector<DataHead>> SignedDataHeads(const std::string& model,
                                                      const ModelStatement& statement);

// Those of `names` (ORIGIN@TAG), or all if there are none. InvalidArgument for a name
// that is not among them.
absl::StatusOr<std::vector<DataHead>> HeadsNamed(std::vector<DataHead> heads,
                                                 const std::vector<std::string>& names);

struct JudgedHead {
  // NotFound: the reader trusts nobody for this log, so nothing was checked.
  absl::Status status;
  std::optional<VerifiedHead> head;  // if the status is OK
  std::optional<MemoryConviction> conviction;
};

// Offline. With `flags.vkey` of another log, that says nothing of this one. The key of
// a head that holds is remembered.
absl::StatusOr<JudgedHead> JudgeHead(const DataHead& head, const TrustFlags& flags,
                                     Output& out);

// `flags` without a key that is another log's.
TrustFlags TrustFor(const std::string& origin, TrustFlags flags);

// The name, the numbers, the root and the key, as the head has them.
Json JsonOf(const DataHead& head);
// "example.org/digits@v1: claimed count 1797 members at size 1798", and the set root in
// a second line.
std::string SentenceOf(const DataHead& head);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_DATA_H_
