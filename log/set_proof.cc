#include "log/set_proof.h"

#include "absl/status/status.h"
#include "log/partial_set.h"
#include "log/set_queries.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

absl::Status Invalid(const char* what) {
  return absl::DataLossError(std::string("proof does not verify: ") + what);
}

}  // namespace

absl::StatusOr<bool> VerifyLookup(const Hash& root, const Hash& record,
                                  const LookupProof& proof) {
  const size_t levels = proof.branch_bits.size();
  if (levels != proof.siblings.size()) return Invalid("a level without its sibling");
  if (proof.count == 0) {
    if (proof.terminal || levels != 0) return Invalid("an empty set with a path");
    if (root != EmptySetRoot()) return Invalid("the set root differs");
    return false;
  }
  if (!proof.terminal) return Invalid("no terminal value");
  if (levels >= proof.count || (levels == 0) != (proof.count == 1)) {
    return Invalid("the path's length does not fit the count");
  }
  const Hash key = SetKey(record);
  const Hash terminal_key = SetKey(*proof.terminal);
  for (size_t i = 0; i < levels; ++i) {
    const uint8_t bit = proof.branch_bits[i];
    if (i > 0 && bit <= proof.branch_bits[i - 1]) {
      return Invalid("branch bits do not increase");
    }
    if (KeyBit(terminal_key, bit) != KeyBit(key, bit)) {
      return Invalid("the terminal value is not on the record's path");
    }
  }
  Hash hash = terminal_key;
  for (size_t i = levels; i-- > 0;) {
    const uint8_t bit = proof.branch_bits[i];
    hash = KeyBit(key, bit) ? SetNode(bit, proof.siblings[i], hash)
                            : SetNode(bit, hash, proof.siblings[i]);
  }
  if (SetRoot(proof.count, hash) != root) return Invalid("the set root differs");
  return *proof.terminal == record;
}

absl::StatusOr<std::vector<bool>> VerifyBatch(const Hash& root, uint64_t count,
                                              const std::vector<Hash>& queries,
                                              Bytes proof) {
  const SetQueries asked(queries);
  const absl::StatusOr<PartialSet> set =
      PartialSet::Open(root, count, asked.keys(), proof);
  if (!set.ok()) return set.status();

  std::vector<bool> present(queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    present[i] = set->Contains(asked.place(i));
  }
  return present;
}

}  // namespace setlog
