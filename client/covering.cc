#include "client/covering.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/evidence_file.h"
#include "client/refused.h"
#include "log/proof.h"
#include "log/tree.h"

namespace setlog {
namespace {

// Of an evidence file, for the entries; the rest is for heads, paths and the manifest.
// Whether all of it fits, with a batch proof, is asked when it is made.
constexpr size_t kMaxRangeBytes = kMaxEvidenceFileBytes - (size_t{8} << 20);

// Of an entry in the file's JSON: base64 in quotes, on a line of its own.
size_t JsonBytes(Bytes entry) { return (entry.size() + 2) / 3 * 4 + 8; }

}  // namespace

absl::StatusOr<std::vector<Hash>> HashesBefore(const TreeClient& tree, uint64_t begin) {
  if (begin == 0) return std::vector<Hash>();
  if (begin < tree.head().size) {
    // The path of the entry that comes next, from its far end.
    absl::StatusOr<InclusionResult> next = tree.Inclusion(begin, begin + 1);
    if (!next.ok()) return next.status();
    std::reverse(next->path.begin(), next->path.end());
    return std::move(next->path);
  }
  // All of the tree: what stands before the last entry, and that entry, each perfect
  // subtree joined with its neighbour as often as both are of one height.
  absl::StatusOr<InclusionResult> last = tree.Inclusion(begin - 1, begin);
  if (!last.ok()) return last.status();
  std::vector<Hash> hashes(last->path.rbegin(), last->path.rend());
  Hash edge = last->leaf_hash;
  for (uint64_t size = begin - 1; size % 2 == 1; size /= 2) {
    edge = NodeHash(hashes.back(), edge);
    hashes.pop_back();
  }
  hashes.push_back(edge);
  return hashes;
}

absl::StatusOr<std::vector<Hash>> HashesAfter(const TreeClient& tree, uint64_t end) {
  const uint64_t size = tree.head().size;
  if (end == size) return std::vector<Hash>();
  const std::vector<NodeId> wanted = CoveringNodes(end, size);
  // On the right of the path of entry end - 1 hang all of them; those of the ragged
  // edge together, but they are perfect subtrees of the whole tree.
  const absl::StatusOr<NodeList> plan = InclusionNodes(end - 1, size);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<InclusionResult> path = tree.Inclusion(end - 1, size);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::vector<Hash>> whole = HashesBefore(tree, size);
  if (!whole.ok()) return whole.status();
  const std::vector<NodeId> edge = CoveringNodes(0, size);
  if (path->path.size() != plan->runs.size() || whole->size() != edge.size()) {
    return Refused(tree.head().origin, "a path of another length");
  }
  std::vector<std::pair<NodeId, Hash>> known;
  size_t first = 0;
  for (size_t i = 0; i < plan->runs.size(); ++i) {
    if (plan->runs[i] == 1) known.emplace_back(plan->ids[first], path->path[i]);
    first += plan->runs[i];
  }
  for (size_t i = 0; i < edge.size(); ++i) known.emplace_back(edge[i], (*whole)[i]);
  std::vector<Hash> hashes;
  for (const NodeId& id : wanted) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& node) { return node.first == id; });
    if (found == known.end())
      return Refused(tree.head().origin, "a subtree is missing");
    hashes.push_back(found->second);
  }
  return hashes;
}

absl::StatusOr<ProvenEntry> ProveEntry(const TreeClient& tree, uint64_t position,
                                       std::string entry) {
  absl::StatusOr<InclusionResult> proof = tree.Inclusion(position, tree.head().size);
  if (!proof.ok()) return proof.status();
  if (proof->leaf_hash != LeafHash(AsBytes(entry))) {
    return Refused(tree.head().origin,
                   absl::StrFormat("another entry stands at position %d", position));
  }
  return ProvenEntry{position, std::move(entry), std::move(proof->path)};
}

absl::StatusOr<EntryRange> FetchRange(const TreeClient& tree, uint64_t begin,
                                      uint64_t end) {
  EntryRange range{.begin = begin, .entries = {}, .left = {}, .right = {}};
  size_t bytes = 0;
  const absl::Status fetched =
      tree.Entries(begin, end, [&](uint64_t, std::span<const Bytes> entries) {
        for (Bytes entry : entries) {
          range.entries.emplace_back(AsText(entry));
          bytes += JsonBytes(entry);
        }
        if (bytes <= kMaxRangeBytes) return absl::OkStatus();
        return absl::ResourceExhaustedError(absl::StrFormat(
            "the entries [%d, %d) are too many for one evidence file", begin, end));
      });
  if (!fetched.ok()) return fetched;
  absl::StatusOr<std::vector<Hash>> left = HashesBefore(tree, begin);
  if (!left.ok()) return left.status();
  range.left = *std::move(left);
  absl::StatusOr<std::vector<Hash>> right = HashesAfter(tree, end);
  if (!right.ok()) return right.status();
  range.right = *std::move(right);
  return range;
}

}  // namespace setlog
