#include "log/proof.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <numeric>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// How the path climbs from node `index` of some level, where `last` is the index of
// the level's last node. For `inner` steps index and last are still under different
// nodes: the sibling is on the side that the bit of `index` says. After that the node
// is on the tree's right edge, where a step exists only if there is something to the
// left: `border` of them.
struct PathShape {
  int inner;
  int border;
  size_t length() const {
    return static_cast<size_t>(inner) + static_cast<size_t>(border);
  }
};

PathShape ShapeOf(uint64_t index, uint64_t last) {
  const int inner = static_cast<int>(std::bit_width(index ^ last));
  const int border = inner == 64 ? 0 : std::popcount(index >> inner);
  return {inner, border};
}

// The node that a consistency path starts from: the last of the perfect subtrees that
// make up the smaller tree, and the last node of its level in the larger tree.
struct ConsistencyStart {
  int level;
  uint64_t index;
  uint64_t last;
  bool in_path;  // else it is the whole smaller tree, whose root the verifier has

  ConsistencyStart(uint64_t size1, uint64_t size2)
      : level(std::countr_zero(size1)),
        index((size1 - 1) >> level),
        last((size2 - 1) >> level),
        in_path(!std::has_single_bit(size1)) {}
};

void AddNode(NodeList* plan, int level, uint64_t index) {
  plan->ids.push_back({static_cast<uint8_t>(level), index});
  plan->runs.push_back(1);
}

void AddRun(NodeList* plan, uint64_t begin, uint64_t end) {
  const std::vector<NodeId> run = CoveringNodes(begin, end);
  plan->ids.insert(plan->ids.end(), run.begin(), run.end());
  plan->runs.push_back(run.size());
}

// Adds the siblings from node (level, index) up to the root of `size` leaves.
void AddSiblings(NodeList* plan, int level, uint64_t index, uint64_t size) {
  const int inner = ShapeOf(index, (size - 1) >> level).inner;
  for (int i = 0; i < inner; ++i) {
    const uint64_t sibling = index >> i ^ 1;
    // The highest one is on the right and reaches the tree's right edge.
    if (i + 1 == inner) {
      AddRun(plan, sibling << (level + i), size);
    } else {
      AddNode(plan, level + i, sibling);
    }
  }
  for (int i = inner; i < 64 && index >> i != 0; ++i) {
    if (index >> i & 1) AddNode(plan, level + i, index >> i ^ 1);
  }
}

absl::Status CheckSizes(uint64_t size1, uint64_t size2) {
  if (size1 == 0) {
    return absl::InvalidArgumentError(
        "a consistency proof must start from a tree with at least one entry");
  }
  if (size1 > size2) {
    return absl::OutOfRangeError(absl::StrFormat(
        "consistency from size %d goes beyond the tree of size %d", size1, size2));
  }
  return absl::OkStatus();
}

absl::Status CheckIndex(uint64_t index, uint64_t size) {
  if (index < size) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrFormat("entry %d is beyond the tree of size %d", index, size));
}

// One perfect subtree after another: two of a level are siblings, since everything to
// the left of them is joined already. What is left in the end has falling levels and is
// joined from the right, as RFC 6962 splits it.
Hash FoldRun(std::span<const NodeId> ids, std::span<const Hash> hashes) {
  if (ids.empty()) return EmptyRoot();
  struct Subtree {
    int level;
    Hash hash;
  };
  std::vector<Subtree> stack;
  for (size_t i = 0; i < ids.size(); ++i) {
    Subtree right{ids[i].level, hashes[i]};
    for (; !stack.empty() && stack.back().level == right.level; stack.pop_back()) {
      right = {right.level + 1, NodeHash(stack.back().hash, right.hash)};
    }
    stack.push_back(right);
  }
  Hash root = stack.back().hash;
  for (size_t i = stack.size() - 1; i-- > 0;) root = NodeHash(stack[i].hash, root);
  return root;
}

}  // namespace

absl::StatusOr<NodeList> InclusionNodes(uint64_t index, uint64_t size) {
  if (absl::Status status = CheckIndex(index, size); !status.ok()) return status;
  NodeList plan;
  AddSiblings(&plan, 0, index, size);
  return plan;
}

absl::StatusOr<NodeList> ConsistencyNodes(uint64_t size1, uint64_t size2) {
  if (absl::Status status = CheckSizes(size1, size2); !status.ok()) return status;
  NodeList plan;
  if (size1 == size2) return plan;
  const ConsistencyStart start(size1, size2);
  if (start.in_path) AddNode(&plan, start.level, start.index);
  AddSiblings(&plan, start.level, start.index, size2);
  return plan;
}

NodeList RootNodes(uint64_t size) {
  NodeList plan;
  AddRun(&plan, 0, size);
  return plan;
}

std::vector<NodeId> CoveringNodes(uint64_t begin, uint64_t end) {
  std::vector<NodeId> nodes;
  while (begin < end) {
    const int level = std::min(std::countr_zero(begin),
                               static_cast<int>(std::bit_width(end - begin)) - 1);
    nodes.push_back({static_cast<uint8_t>(level), begin >> level});
    begin += uint64_t{1} << level;
  }
  return nodes;
}

std::vector<Hash> Fold(const NodeList& plan, std::span<const Hash> hashes) {
  const size_t planned = std::accumulate(plan.runs.begin(), plan.runs.end(), size_t{0});
  if (hashes.size() != plan.ids.size() || planned != plan.ids.size()) std::abort();
  const std::span<const NodeId> ids(plan.ids);
  std::vector<Hash> path;
  path.reserve(plan.runs.size());
  size_t begin = 0;
  for (size_t run : plan.runs) {
    path.push_back(run == 1
                       ? hashes[begin]
                       : FoldRun(ids.subspan(begin, run), hashes.subspan(begin, run)));
    begin += run;
  }
  return path;
}

absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Hash& leaf,
                             std::span<const Hash> path, const Hash& root) {
  if (absl::Status status = CheckIndex(index, size); !status.ok()) return status;
  const PathShape shape = ShapeOf(index, size - 1);
  if (path.size() != shape.length()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "inclusion path of entry %d in a tree of size %d has %d hashes instead of %d",
        index, size, path.size(), shape.length()));
  }
  Hash hash = leaf;
  for (int i = 0; i < shape.inner; ++i) {
    hash = index >> i & 1 ? NodeHash(path[i], hash) : NodeHash(hash, path[i]);
  }
  for (const Hash& left : path.subspan(shape.inner)) hash = NodeHash(left, hash);
  if (hash == root) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "inclusion path of entry %d leads to root %s, not to the root %s of size %d",
      index, ToHex(hash), ToHex(root), size));
}

absl::StatusOr<ConsistencyRoots> RootsOfConsistencyPath(uint64_t size1, uint64_t size2,
                                                        const Hash& root1,
                                                        std::span<const Hash> path) {
  if (absl::Status status = CheckSizes(size1, size2); !status.ok()) return status;
  const ConsistencyStart start(size1, size2);
  const PathShape shape = ShapeOf(start.index, start.last);
  // Equal sizes are the one case in which the path says nothing at all.
  const size_t expected = size1 == size2 ? 0 : shape.length() + (start.in_path ? 1 : 0);
  if (path.size() != expected) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "consistency path from size %d to size %d has %d hashes instead of %d", size1,
        size2, path.size(), expected));
  }
  if (size1 == size2) return ConsistencyRoots{root1, root1};
  ConsistencyRoots roots{root1, root1};
  if (start.in_path) {
    roots = {path[0], path[0]};
    path = path.subspan(1);
  }
  // A left sibling belongs to both trees, a right one only to the larger.
  for (size_t i = 0; i < path.size(); ++i) {
    const bool inner = i < static_cast<size_t>(shape.inner);
    if (inner && (start.index >> i & 1) == 0) {
      roots.root2 = NodeHash(roots.root2, path[i]);
    } else {
      roots.root1 = NodeHash(path[i], roots.root1);
      roots.root2 = NodeHash(path[i], roots.root2);
    }
  }
  return roots;
}

absl::Status VerifyConsistency(uint64_t size1, uint64_t size2, const Hash& root1,
                               const Hash& root2, std::span<const Hash> path) {
  const absl::StatusOr<ConsistencyRoots> roots =
      RootsOfConsistencyPath(size1, size2, root1, path);
  if (!roots.ok()) return roots.status();
  if (roots->root1 != root1) {
    return absl::DataLossError(absl::StrFormat(
        "consistency path leads to old root %s, not to the root %s of size %d",
        ToHex(roots->root1), ToHex(root1), size1));
  }
  if (roots->root2 != root2) {
    return absl::DataLossError(absl::StrFormat(
        "consistency path leads to new root %s, not to the root %s of size %d",
        ToHex(roots->root2), ToHex(root2), size2));
  }
  return absl::OkStatus();
}

}  // namespace setlog
