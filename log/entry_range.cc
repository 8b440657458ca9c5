#include "log/entry_range.h"

#include "absl/strings/str_format.h"
#include "log/proof.h"
#include "log/tree.h"

namespace setlog {

absl::StatusOr<Hash> RootAround(uint64_t begin, std::span<const Hash> leaves,
                                uint64_t size, std::span<const Hash> left,
                                std::span<const Hash> right) {
  if (begin > size || leaves.size() > size - begin) {
    return absl::OutOfRangeError(
        absl::StrFormat("%d entries from position %d on go beyond the tree of size %d",
                        leaves.size(), begin, size));
  }
  const uint64_t end = begin + leaves.size();
  NodeList plan;
  plan.ids = CoveringNodes(0, begin);
  const std::vector<NodeId> rest = CoveringNodes(end, size);
  if (left.size() != plan.ids.size() || right.size() != rest.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "entries [%d, %d) of a tree of size %d stand between %d and %d subtrees, not "
        "%d and %d",
        begin, end, size, plan.ids.size(), rest.size(), left.size(), right.size()));
  }
  for (uint64_t position = begin; position < end; ++position) {
    plan.ids.push_back({0, position});
  }
  plan.ids.insert(plan.ids.end(), rest.begin(), rest.end());
  plan.runs = {plan.ids.size()};
  std::vector<Hash> hashes(left.begin(), left.end());
  hashes.insert(hashes.end(), leaves.begin(), leaves.end());
  hashes.insert(hashes.end(), right.begin(), right.end());
  return Fold(plan, hashes)[0];
}

absl::Status VerifyRange(const EntryRange& range, const Checkpoint& checkpoint) {
  const std::vector<Bytes> entries = [&] {
    std::vector<Bytes> views;
    views.reserve(range.entries.size());
    for (const std::string& entry : range.entries) views.push_back(AsBytes(entry));
    return views;
  }();
  const absl::StatusOr<Hash> root = RootAround(
      range.begin, LeafHashes(entries), checkpoint.size, range.left, range.right);
  if (!root.ok()) return root.status();
  if (*root == checkpoint.root) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "the entries [%d, %d) lead to root %s, not to the root %s of size %d",
      range.begin, range.end(), ToHex(*root), ToHex(checkpoint.root), checkpoint.size));
}

}  // namespace setlog
