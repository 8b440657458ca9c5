// tools/judge.h -- verdicts on raw proofs, one JSON object each, for `setlog check`.
//
//   Judgement j = Judge(ProofKind::kLookup, R"({"root":"...","record":"...",...})");
//   j.verdict;  // "PRESENT", "ABSENT" or "INVALID"
//
//   inclusion    leaf_hash, index, size, root, path[]
//   consistency  size1, size2, root1, root2, path[]
//   lookup       root, record, proof{count, terminal, branch_bits[], siblings[]}
//   batch        root, count, queries[], proof (hex)
//   extension    m, n, root, m2, n2, root2, entries[] (hex), proof (hex)
//   note         vkey, note
//
// What cannot be read is judged too: INVALID, with the reason. Thread-safe: pure.
#ifndef SETLOG_TOOLS_JUDGE_H_
#define SETLOG_TOOLS_JUDGE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace setlog {

enum class ProofKind { kInclusion, kConsistency, kLookup, kBatch, kExtension, kNote };

struct Judgement {
  // PRESENT or ABSENT of a lookup; VALID of the others; INVALID.
  std::string verdict;
  std::string error;                         // INVALID: why
  std::optional<std::vector<bool>> present;  // batch: of each query
  bool ok() const { return error.empty(); }
};

Judgement Judge(ProofKind kind, std::string_view line);

}  // namespace setlog

#endif  // SETLOG_TOOLS_JUDGE_H_
