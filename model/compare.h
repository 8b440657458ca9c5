// model/compare.h -- in what a model differs from what was signed: all of it.
//
//   for (const ModelDifference& d : CompareModel(statement, hashed, tree->odd, {}))
//     ...  // "weights.bin: changed", "evil.py: added", "a.bin: renamed to b.bin"
//
// Pure.
#ifndef SETLOG_MODEL_COMPARE_H_
#define SETLOG_MODEL_COMPARE_H_

#include <span>
#include <string>
#include <vector>

#include "model/hash_model.h"

namespace setlog {

enum class DifferenceKind : uint8_t {
  kChanged,
  kAdded,
  kMissing,
  kRenamed,  // `name` is gone and `other` has its content
  kOdd,      // a link, a device, a name that is no text: `detail`
  kUnread,   // this machine could not read it, which is no fault of the model: `detail`
};

struct ModelDifference {
  DifferenceKind kind;
  std::string name;
  std::string other;   // kRenamed
  std::string detail;  // "shard 1000:1100", "a symbolic link"
  friend bool operator==(const ModelDifference&, const ModelDifference&) = default;
};

struct CompareOptions {
  bool ignore_added = false;  // --ignore-unsigned-files
  // Known already: what was found of these files is not looked at.
  std::span<const ModelDifference> decided;
};

// By name. Files of no bytes have no shards: with kShards, what is added or missing of
// them is not seen.
std::vector<ModelDifference> CompareModel(const ModelStatement& signed_model,
                                          const HashedModel& found,
                                          std::span<const OddFile> odd,
                                          const CompareOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_COMPARE_H_
