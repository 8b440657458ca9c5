// Walks from the root of a TopView to the members of a bucket.
#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/dense_top.h"

namespace setlog {
namespace {

// One step down from node `i`: where both sides have members it is a branch of the
// tree; else the tree goes on at the only side that has any.
struct Step {
  const Hash& left;
  const Hash& right;
  Step(const TopView& view, uint32_t i)
      : left(view.node(2 * i)), right(view.node(2 * i + 1)) {}
  bool branch() const { return left != kNoSubtree && right != kNoSubtree; }
  uint32_t only_side() const { return left != kNoSubtree ? 0 : 1; }
};

absl::Status DamagedBucket(uint64_t bucket, uint64_t m) {
  return absl::DataLossError(absl::StrFormat(
      "index bucket %d at m = %d: its rows do not lead to its hash", bucket, m));
}

// The first of `keys`, which differ first in `bit`, that has it set.
size_t SplitAt(std::span<const LiveKey> keys, unsigned bit) {
  return static_cast<size_t>(
      std::partition_point(keys.begin(), keys.end(),
                           [bit](const LiveKey& k) { return !KeyBit(k.key, bit); }) -
      keys.begin());
}

Hash HashOfKeys(std::span<const LiveKey> keys) {
  if (keys.size() == 1) return keys[0].key;
  const unsigned bit = FirstDifferentBit(keys.front().key, keys.back().key);
  const size_t split = SplitAt(keys, bit);
  return SetNode(static_cast<uint8_t>(bit), HashOfKeys(keys.first(split)),
                 HashOfKeys(keys.subspan(split)));
}

bool StrictlyIncreasing(std::span<const LiveKey> keys) {
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].key <= keys[i - 1].key) return false;
  }
  return !keys.empty();
}

}  // namespace

uint64_t PathBucket(const TopView& view, const Hash& key) {
  uint32_t i = 1;
  for (unsigned level = 0; level < view.depth(); ++level) {
    const Step step(view, i);
    i = 2 * i + (step.branch() ? KeyBit(key, level) : step.only_side());
  }
  return i - (uint64_t{1} << view.depth());
}

absl::StatusOr<SetAnswer> LookupUnder(const TopView& view, const Hash& key,
                                      LiveBucketOf live) {
  constexpr size_t kUsualLength = 40;
  SetAnswer answer;
  LookupProof& proof = answer.proof;
  proof.count = view.n();
  if (view.n() == 0) return answer;
  proof.branch_bits.reserve(kUsualLength);
  proof.siblings.reserve(kUsualLength);
  uint32_t i = 1;
  for (unsigned level = 0; level < view.depth(); ++level) {
    const Step step(view, i);
    if (!step.branch()) {
      i = 2 * i + step.only_side();
      continue;
    }
    const bool side = KeyBit(key, level);
    proof.branch_bits.push_back(static_cast<uint8_t>(level));
    proof.siblings.push_back(side ? step.left : step.right);
    i = 2 * i + side;
  }
  const uint64_t bucket = i - (uint64_t{1} << view.depth());
  const absl::StatusOr<LiveBucket> rows = live(bucket);
  if (!rows.ok()) return rows.status();
  std::span<const LiveKey> keys(rows->data(), rows->size());
  if (!StrictlyIncreasing(keys)) return DamagedBucket(bucket, view.m());
  const size_t above = proof.siblings.size();
  while (keys.size() > 1) {
    const unsigned bit = FirstDifferentBit(keys.front().key, keys.back().key);
    const size_t split = SplitAt(keys, bit);
    const bool side = KeyBit(key, bit);
    proof.branch_bits.push_back(static_cast<uint8_t>(bit));
    proof.siblings.push_back(
        HashOfKeys(side ? keys.first(split) : keys.subspan(split)));
    keys = side ? keys.subspan(split) : keys.first(split);
  }
  answer.present = keys[0].key == key;
  answer.terminal_position = keys[0].position;
  answer.terminal_key = keys[0].key;
  // Back up to the bucket: each of its nodes is hashed once.
  Hash hash = keys[0].key;
  for (size_t level = proof.siblings.size(); level-- > above;) {
    const uint8_t bit = proof.branch_bits[level];
    hash = KeyBit(key, bit) ? SetNode(bit, proof.siblings[level], hash)
                            : SetNode(bit, hash, proof.siblings[level]);
  }
  if (hash != view.node(i)) return DamagedBucket(bucket, view.m());
  return answer;
}

namespace {

// Pre-order walk of the union of the paths of many keys.
class Walker {
 public:
  Walker(const TopView& view, LiveBucketOf live) : view_(view), live_(live) {}

  absl::Status WalkTop(uint32_t i, unsigned level, std::span<const Hash> queries) {
    if (queries.empty()) {
      Sibling(view_.node(i));
      return absl::OkStatus();
    }
    if (level == view_.depth()) return WalkBucket(i, queries);
    const Step step(view_, i);
    if (!step.branch()) return WalkTop(2 * i + step.only_side(), level + 1, queries);
    Branch(level);
    return Both(queries, level, [&](int side, std::span<const Hash> part) {
      return WalkTop(2 * i + static_cast<uint32_t>(side), level + 1, part);
    });
  }

  SetBatchAnswer answer;

 private:
  // Calls walk(side, queries of that side) for both sides. Queries stay sorted; those
  // of keys that are led to where they do not belong may differ before this bit, and
  // only if the first and the last agree up to it are they contiguous by it.
  template <typename Walk>
  absl::Status Both(std::span<const Hash> queries, unsigned bit, Walk walk) {
    if (FirstDifferentBit(queries.front(), queries.back()) >= bit) {
      const auto split = std::partition_point(
          queries.begin(), queries.end(),
          [bit](const Hash& query) { return !KeyBit(query, bit); });
      const size_t left = static_cast<size_t>(split - queries.begin());
      if (absl::Status s = walk(0, queries.first(left)); !s.ok()) return s;
      return walk(1, queries.subspan(left));
    }
    std::array<std::vector<Hash>, 2> sides;
    for (const Hash& query : queries) sides[KeyBit(query, bit)].push_back(query);
    for (int side = 0; side < 2; ++side) {
      if (absl::Status s = walk(side, sides[side]); !s.ok()) return s;
    }
    return absl::OkStatus();
  }
  void Sibling(const Hash& hash) {
    answer.proof.push_back(kSiblingItem);
    answer.proof.append(AsText(hash));
  }
  void Branch(unsigned bit) {
    answer.proof.push_back(kBranchItem);
    answer.proof.push_back(static_cast<char>(bit));
  }

  absl::Status WalkBucket(uint32_t i, std::span<const Hash> queries) {
    const uint64_t bucket = i - (uint64_t{1} << view_.depth());
    const absl::StatusOr<LiveBucket> rows = live_(bucket);
    if (!rows.ok()) return rows.status();
    const std::span<const LiveKey> keys(rows->data(), rows->size());
    if (!StrictlyIncreasing(keys) || HashOfKeys(keys) != view_.node(i)) {
      return DamagedBucket(bucket, view_.m());
    }
    return WalkKeys(keys, queries);
  }

  absl::Status WalkKeys(std::span<const LiveKey> keys, std::span<const Hash> queries) {
    if (queries.empty()) {
      Sibling(HashOfKeys(keys));
      return absl::OkStatus();
    }
    if (keys.size() == 1) {
      answer.proof.push_back(kLeafItem);
      answer.leaves.push_back({answer.proof.size(), keys[0].position, keys[0].key});
      answer.proof.append(Hash::kSize, '\0');
      return absl::OkStatus();
    }
    const unsigned bit = FirstDifferentBit(keys.front().key, keys.back().key);
    const size_t split = SplitAt(keys, bit);
    Branch(bit);
    return Both(queries, bit, [&](int side, std::span<const Hash> part) {
      return WalkKeys(side == 0 ? keys.first(split) : keys.subspan(split), part);
    });
  }

  const TopView& view_;
  LiveBucketOf live_;
};

}  // namespace

absl::StatusOr<SetBatchAnswer> BatchLookupUnder(const TopView& view,
                                                std::span<const Hash> keys,
                                                LiveBucketOf live) {
  Walker walker(view, live);
  if (view.n() == 0) return std::move(walker.answer);
  absl::Status status = walker.WalkTop(1, 0, keys);
  if (!status.ok()) return status;
  return std::move(walker.answer);
}

}  // namespace setlog
