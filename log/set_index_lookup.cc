// The reading half of SetIndex: walks from the root of a top to a bucket's leaves.
#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/set_index.h"

namespace setlog {
namespace {

// One step down the dense top from node `i` at `level`: where both sides have members
// it is a branch of the tree; else the tree goes on at the only side that has any.
bool IsBranch(const SetView& view, size_t i) {
  return view.node(2 * i) != SetTop::kNoKeys && view.node(2 * i + 1) != SetTop::kNoKeys;
}
size_t OnlyChild(const SetView& view, size_t i) {
  return view.node(2 * i) != SetTop::kNoKeys ? 2 * i : 2 * i + 1;
}

// The bucket that a key's path ends in: not always the key's own, which may be empty.
size_t PathBucket(const SetView& view, const Hash& key) {
  size_t i = 1;
  for (unsigned level = 0; level < view.depth(); ++level) {
    i = IsBranch(view, i) ? 2 * i + KeyBit(key, level) : OnlyChild(view, i);
  }
  return i - (size_t{1} << view.depth());
}

absl::Status DamagedBucket(size_t bucket, uint64_t m) {
  return absl::DataLossError(absl::StrFormat(
      "index bucket %d at m = %d: its rows do not lead to its hash", bucket, m));
}

}  // namespace

std::vector<size_t> SetIndex::PagesOfKeys(std::span<const Hash> keys) const {
  std::vector<size_t> pages;
  pages.reserve(keys.size());
  for (const Hash& key : keys) pages.push_back(PageOf(BucketOf(key)));
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  return pages;
}

std::vector<size_t> SetIndex::PagesFor(const SetView& view,
                                       std::span<const Hash> keys) const {
  std::vector<size_t> pages;
  const unsigned split = top_.depth - view.depth();
  for (const Hash& key : keys) {
    pages.push_back(PageOf(BucketOf(key)));
    const size_t bucket = PathBucket(view, key);
    for (size_t page = PageOf(bucket << split);
         page <= PageOf(((bucket + 1) << split) - 1); ++page) {
      pages.push_back(page);
    }
  }
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  return pages;
}

absl::StatusOr<SetAnswer> SetIndex::Lookup(const SetView& view, const Hash& key) const {
  SetAnswer answer;
  LookupProof& proof = answer.proof;
  proof.count = view.n();
  if (view.n() == 0) return answer;
  size_t i = 1;
  for (unsigned level = 0; level < view.depth(); ++level) {
    if (!IsBranch(view, i)) {
      i = OnlyChild(view, i);
      continue;
    }
    const size_t next = 2 * i + KeyBit(key, level);
    proof.branch_bits.push_back(static_cast<uint8_t>(level));
    proof.siblings.push_back(view.node(next ^ 1));
    i = next;
  }
  const size_t bucket = i - (size_t{1} << view.depth());
  const std::vector<LiveRow> rows = LiveRows(view, bucket);
  if (rows.empty()) return DamagedBucket(bucket, view.m());
  std::vector<Hash> keys;
  keys.reserve(rows.size());
  for (const LiveRow& row : rows) keys.push_back(row.key);
  const size_t end = keys.size();
  const SetForest forest(keys, std::span(&end, 1));
  SetForest::Ref ref = forest.root(0);
  if (forest.hash(ref) != view.node(i)) return DamagedBucket(bucket, view.m());
  while (ref.is_node) {
    const SetForest::Node& node = forest.node(ref);
    const bool side = KeyBit(key, node.bit);
    proof.branch_bits.push_back(node.bit);
    proof.siblings.push_back(forest.hash(side ? node.left : node.right));
    ref = side ? node.right : node.left;
  }
  answer.present = keys[ref.index] == key;
  answer.terminal_position = rows[ref.index].position;
  answer.terminal_key = keys[ref.index];
  return answer;
}

// Pre-order walk of the union of the paths of many keys.
class BatchWalker {
 public:
  BatchWalker(const SetIndex& index, const SetView& view)
      : index_(index), view_(view) {}

  absl::Status WalkTop(size_t i, unsigned level, const std::vector<Hash>& queries) {
    if (queries.empty()) {
      Sibling(view_.node(i));
      return absl::OkStatus();
    }
    if (level == view_.depth()) return WalkBucket(i, queries);
    if (!IsBranch(view_, i)) return WalkTop(OnlyChild(view_, i), level + 1, queries);
    Branch(level);
    const auto sides = Part(queries, level);
    for (int side = 0; side < 2; ++side) {
      if (absl::Status s = WalkTop(2 * i + side, level + 1, sides[side]); !s.ok()) {
        return s;
      }
    }
    return absl::OkStatus();
  }

  SetBatchAnswer answer;

 private:
  static std::array<std::vector<Hash>, 2> Part(const std::vector<Hash>& queries,
                                               unsigned bit) {
    std::array<std::vector<Hash>, 2> sides;
    for (const Hash& key : queries) sides[KeyBit(key, bit)].push_back(key);
    return sides;
  }
  void Sibling(const Hash& hash) {
    answer.proof.push_back(kSiblingItem);
    answer.proof.append(AsText(hash));
  }
  void Branch(unsigned bit) {
    answer.proof.push_back(kBranchItem);
    answer.proof.push_back(static_cast<char>(bit));
  }

  absl::Status WalkBucket(size_t i, const std::vector<Hash>& queries) {
    const size_t bucket = i - (size_t{1} << view_.depth());
    const std::vector<SetIndex::LiveRow> rows = index_.LiveRows(view_, bucket);
    if (rows.empty()) return DamagedBucket(bucket, view_.m());
    std::vector<Hash> keys;
    keys.reserve(rows.size());
    for (const SetIndex::LiveRow& row : rows) keys.push_back(row.key);
    const size_t end = keys.size();
    const SetForest forest(keys, std::span(&end, 1));
    if (forest.hash(forest.root(0)) != view_.node(i)) {
      return DamagedBucket(bucket, view_.m());
    }
    WalkTrie(forest, rows, forest.root(0), queries);
    return absl::OkStatus();
  }

  void WalkTrie(const SetForest& forest, const std::vector<SetIndex::LiveRow>& rows,
                SetForest::Ref ref, const std::vector<Hash>& queries) {
    if (queries.empty()) return Sibling(forest.hash(ref));
    if (!ref.is_node) {
      answer.proof.push_back(kLeafItem);
      answer.leaves.push_back(
          {answer.proof.size(), rows[ref.index].position, rows[ref.index].key});
      answer.proof.append(Hash::kSize, '\0');
      return;
    }
    const SetForest::Node& node = forest.node(ref);
    Branch(node.bit);
    const auto sides = Part(queries, node.bit);
    WalkTrie(forest, rows, node.left, sides[0]);
    WalkTrie(forest, rows, node.right, sides[1]);
  }

  const SetIndex& index_;
  const SetView& view_;
};

absl::StatusOr<SetBatchAnswer> SetIndex::BatchLookup(const SetView& view,
                                                     std::span<const Hash> keys) const {
  BatchWalker walker(*this, view);
  if (view.n() == 0) return std::move(walker.answer);
  absl::Status status = walker.WalkTop(1, 0, {keys.begin(), keys.end()});
  if (!status.ok()) return status;
  return std::move(walker.answer);
}

}  // namespace setlog
