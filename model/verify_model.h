// model/verify_model.h -- is this model what was signed? Each step is a value.
//
//   absl::StatusOr<SignedModel> claimed = OpenSignedModel(bundle_bytes, trusted);
//   const ReadingRules rules = {.ignore_paths = ...};
//   absl::StatusOr<ModelTree> tree = ListModel(path, ListOptionsOf(*claimed, rules));
//   Listed listed = JudgeListing(*claimed, rules, *tree);
//   absl::StatusOr<HashedModel> hashed = HashModel(*tree, HashOptionsOf(*claimed));
//   JudgeModel(*claimed, rules, *tree, listed, *hashed).empty();  // then it is
//
// In this order: the bundle is parsed, its signature verified over the payload's bytes,
// the payload read, and only then is anything of the model looked at; what is looked at
// is said by the directory and the signed list, by names that were checked.
//
// Pure, but for ListModel and HashModel.
#ifndef SETLOG_MODEL_VERIFY_MODEL_H_
#define SETLOG_MODEL_VERIFY_MODEL_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bundle_signature.h"
#include "model/compare.h"
#include "model/hash_model.h"
#include "model/model_tree.h"
#include "model/statement.h"

namespace setlog {

// What `signer` says, and nothing yet about any file.
struct SignedModel {
  ModelStatement statement;
  std::vector<std::string> warnings;
  ModelSigner signer;
};

// InvalidArgument or DataLoss, saying what is wrong with the signature file: then
// nothing that it lists is to be believed.
absl::StatusOr<SignedModel> OpenSignedModel(std::string_view bundle_bytes,
                                            const TrustedSigner& trusted);

// How the reader wants the directory read.
struct ReadingRules {
  // On top of those that are signed, and of the default ones.
  std::vector<std::string> ignore_paths;
  bool ignore_unsigned = false;
  // Links are followed if the signer followed them, too.
  bool allow_symlinks = false;
};

ListOptions ListOptionsOf(const SignedModel& model, const ReadingRules& rules);
// Without threads and progress, which are the caller's.
HashModelOptions HashOptionsOf(const SignedModel& model, const ReadingRules& rules);

// What names and sizes alone decide.
struct Listed {
  std::vector<ModelDifference> differences;
  // Signed in shards, a model's files of no bytes are not signed at all.
  std::vector<std::string> unsigned_empty;
};
// Takes out of `tree` what is decided, so that it is not read: files that nobody
// signed, but for those that a missing one may have been renamed to; with shards also
// files of another size than what was signed.
Listed JudgeListing(const SignedModel& model, const ReadingRules& rules,
                    ModelTree& tree);

// All differences. Verified is a model that has none.
std::vector<ModelDifference> JudgeModel(const SignedModel& model,
                                        const ReadingRules& rules,
                                        const ModelTree& tree, const Listed& listed,
                                        const HashedModel& hashed);

}  // namespace setlog

#endif  // SETLOG_MODEL_VERIFY_MODEL_H_
