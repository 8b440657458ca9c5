#include "log/set_proof.h"

#include <algorithm>
#include <numeric>

#include "absl/status/status.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

absl::Status Invalid(const char* what) {
  return absl::DataLossError(std::string("proof does not verify: ") + what);
}

// The walk of the batch rules B2..B7 (docs/format.md). Recursion is at most 257 deep,
// because branch bits strictly increase.
class BatchWalk {
 public:
  // `keys` sorted, without duplicates; present is set for those that are found.
  BatchWalk(const std::vector<Hash>& keys, Bytes proof)
      : rest_(proof), keys_(keys), present_(keys.size(), false) {}

  absl::StatusOr<Hash> Run() {
    std::vector<uint32_t> all(keys_.size());
    std::iota(all.begin(), all.end(), 0);
    absl::StatusOr<Subtree> top = Walk(all);
    if (!top.ok()) return top.status();
    if (!rest_.empty()) return Invalid("bytes after the last item");
    return top->hash;
  }

  uint64_t leaves() const { return leaves_; }
  uint64_t siblings() const { return siblings_; }
  const std::vector<bool>& present() const { return present_; }

 private:
  struct Subtree {
    Hash hash;
    std::optional<Hash> some_leaf_key;
  };
  struct Step {
    uint8_t bit;
    bool side;
  };

  absl::StatusOr<Subtree> Walk(const std::vector<uint32_t>& queries) {
    if (rest_.empty()) return Invalid("an item is missing");
    const uint8_t item = rest_[0];
    rest_ = rest_.subspan(1);
    if (queries.empty() != (item == kSiblingItem)) {
      return Invalid("opened where no query goes, or closed where one does");
    }
    switch (item) {
      case kSiblingItem:
        return WalkSibling();
      case kBranchItem:
        return WalkBranch(queries);
      case kLeafItem:
        return WalkLeaf(queries);
      default:
        return Invalid("unknown item");
    }
  }

  absl::StatusOr<Subtree> WalkSibling() {
    if (rest_.size() < Hash::kSize) return Invalid("an item is cut short");
    const Hash hash = HashFromBytes(rest_);
    rest_ = rest_.subspan(Hash::kSize);
    ++siblings_;
    return Subtree{hash, std::nullopt};
  }

  absl::StatusOr<Subtree> WalkBranch(const std::vector<uint32_t>& queries) {
    if (rest_.empty()) return Invalid("an item is cut short");
    const uint8_t bit = rest_[0];
    rest_ = rest_.subspan(1);
    if (!path_.empty() && bit <= path_.back().bit) {
      return Invalid("branch bits do not increase");
    }
    // Every key is tested: keys of absent records may differ before this bit, so the
    // sorted keys are not contiguous by it.
    std::vector<uint32_t> sides[2];
    for (uint32_t query : queries) sides[KeyBit(keys_[query], bit)].push_back(query);
    Subtree children[2];
    for (int side = 0; side < 2; ++side) {
      path_.push_back({bit, side == 1});
      absl::StatusOr<Subtree> child = Walk(sides[side]);
      path_.pop_back();
      if (!child.ok()) return child.status();
      children[side] = *std::move(child);
    }
    const auto& [left, right] = children;
    if (left.some_leaf_key && right.some_leaf_key &&
        FirstDifferentBit(*left.some_leaf_key, *right.some_leaf_key) != bit) {
      return Invalid("leaves on the two sides of a branch differ at another bit");
    }
    return Subtree{SetNode(bit, left.hash, right.hash),
                   left.some_leaf_key ? left.some_leaf_key : right.some_leaf_key};
  }

  absl::StatusOr<Subtree> WalkLeaf(const std::vector<uint32_t>& queries) {
    if (rest_.size() < Hash::kSize) return Invalid("an item is cut short");
    const Hash key = SetKey(HashFromBytes(rest_));
    rest_ = rest_.subspan(Hash::kSize);
    ++leaves_;
    for (const Step& step : path_) {
      if (KeyBit(key, step.bit) != step.side) {
        return Invalid("a leaf hangs on the wrong side of a branch");
      }
    }
    for (uint32_t query : queries) present_[query] = keys_[query] == key;
    return Subtree{key, key};
  }

  Bytes rest_;
  const std::vector<Hash>& keys_;
  std::vector<bool> present_;
  std::vector<Step> path_;
  uint64_t leaves_ = 0;
  uint64_t siblings_ = 0;
};

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
  if (count == 0) {
    if (!proof.empty()) return Invalid("an empty set with items");
    if (root != EmptySetRoot()) return Invalid("the set root differs");
    return std::vector<bool>(queries.size(), false);
  }
  const std::vector<Hash> query_keys = SetKeys(queries);
  std::vector<Hash> keys = query_keys;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());

  BatchWalk walk(keys, proof);
  absl::StatusOr<Hash> top = walk.Run();
  if (!top.ok()) return top.status();
  const uint64_t shown = walk.leaves() + walk.siblings();
  if (shown > count || (walk.siblings() == 0 && walk.leaves() != count)) {
    return Invalid("the items do not fit the count");
  }
  if (SetRoot(count, *top) != root) return Invalid("the set root differs");

  std::vector<bool> present(queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    const auto key = std::lower_bound(keys.begin(), keys.end(), query_keys[i]);
    present[i] = walk.present()[static_cast<size_t>(key - keys.begin())];
  }
  return present;
}

}  // namespace setlog
