// log/dense_top.h -- the upper levels of the sorted tree in one array, at several m.
//
//   DenseTop top(20);                                  // 2^20 buckets, all empty
//   auto levels = RaiseChanges(top, changed_buckets, 0);  // const: readers go on
//   TopView before(m, n, top.depth(), top.nodes(), {&undo});  // as it was before
//   absl::StatusOr<SetAnswer> answer = LookupUnder(before, key, live_rows_of);
//
// Heap order: node 1 is the root, 2i and 2i + 1 are below i, bucket b is node
// 2^depth + b. A node without members below it is kNoSubtree. 64 bytes a bucket.
//
// An update replaces nodes; what it replaces is kept as a TopUndo, and a view of an
// older m reads through those of all updates since. So an update may write the nodes
// while views that know its undo read: they never look at a node that it writes.
//
// Pure: no I/O and no locks. Const members may run together.
#ifndef SETLOG_LOG_DENSE_TOP_H_
#define SETLOG_LOG_DENSE_TOP_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/set_answer.h"
#include "log/set_tree.h"

namespace setlog {

struct TopNode {
  uint32_t index;  // in heap order
  Hash hash;
};

class DenseTop {
 public:
  static constexpr unsigned kMaxDepth = 28;

  // All kNoSubtree. Large memory is not touched before it is used.
  explicit DenseTop(unsigned depth);

  unsigned depth() const { return depth_; }
  size_t size() const { return size_t{2} << depth_; }
  const Hash* nodes() const { return nodes_; }
  const Hash& node(size_t i) const { return nodes_[i]; }
  Hash& node(size_t i) { return nodes_[i]; }
  // The nodes of one level from left to right.
  std::span<Hash> level(unsigned level) {
    return {nodes_ + (size_t{1} << level), size_t{1} << level};
  }
  // The buckets below node `root`.
  std::span<Hash> BucketsBelow(size_t root);
  // Hashes node `root` and all between it and the buckets. Calls for nodes of which
  // none is below the other may run together.
  void HashBelow(size_t root);
  // Hashes the nodes of all levels above `level`.
  void HashAbove(unsigned level);

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  unsigned depth_;
  std::unique_ptr<void, Free> memory_;
  Hash* nodes_;  // in it
};

// What changes above `changes`, nodes of one level sorted by index, up to `to_level`:
// the changed nodes of each level, from to_level to that of `changes`. O(changes *
// levels).
std::vector<std::vector<TopNode>> RaiseChanges(const DenseTop& top,
                                               std::vector<TopNode> changes,
                                               unsigned to_level);

// Nodes of one level, sorted by index, that are found in about one step.
class NodeTable {
 public:
  NodeTable() = default;
  explicit NodeTable(std::vector<TopNode> nodes);
  const Hash* Find(uint32_t index) const;
  size_t size() const { return nodes_.size(); }

 private:
  std::vector<TopNode> nodes_;
  // Of the nodes with the same (index - first) >> shift; empty if there are few.
  std::vector<uint32_t> starts_;
  unsigned shift_ = 0;
};

// What one update replaced: the set as it was at m. Below level `part_bits` the nodes
// are kept in parts, by the subtree they are in.
class TopUndo {
 public:
  TopUndo(uint64_t m, uint64_t n, unsigned part_bits)
      : m_(m), n_(n), part_bits_(part_bits), parts_(size_t{1} << part_bits) {}

  uint64_t m() const { return m_; }
  uint64_t n() const { return n_; }
  // Tables by level: of the levels above part_bits; of part `part` from part_bits on.
  void SetUpper(std::vector<NodeTable> levels) { upper_ = std::move(levels); }
  void SetPart(size_t part, std::vector<NodeTable> levels) {
    parts_[part] = std::move(levels);
  }
  // The hash that was replaced; nullptr if the node was left alone.
  const Hash* Find(uint32_t index) const;
  // O(levels * parts).
  size_t memory_bytes() const;

 private:
  uint64_t m_;
  uint64_t n_;
  unsigned part_bits_;
  std::vector<NodeTable> upper_;
  std::vector<std::vector<NodeTable>> parts_;
};

// The top as of one m, for the walks. Points into what it was made from.
class TopView {
 public:
  // `undone`: of all updates since m, oldest first.
  TopView(uint64_t m, uint64_t n, unsigned depth, const Hash* nodes,
          std::vector<const TopUndo*> undone = {})
      : m_(m), n_(n), depth_(depth), nodes_(nodes), undone_(std::move(undone)) {}

  uint64_t m() const { return m_; }
  uint64_t n() const { return n_; }
  unsigned depth() const { return depth_; }
  const Hash& node(uint32_t i) const {
    for (const TopUndo* undo : undone_) {
      if (const Hash* replaced = undo->Find(i)) return *replaced;
    }
    return nodes_[i];
  }
  Hash root() const { return SetRoot(n_, node(1)); }

 private:
  uint64_t m_;
  uint64_t n_;
  unsigned depth_;
  const Hash* nodes_;
  std::vector<const TopUndo*> undone_;
};

// A member in one version, and its newest add entry before that.
struct LiveKey {
  Hash key;
  uint64_t position;
};
using LiveBucket = absl::InlinedVector<LiveKey, 12>;
// The members of a bucket of the view, sorted by key.
using LiveBucketOf = absl::FunctionRef<absl::StatusOr<LiveBucket>(uint64_t bucket)>;

// Whether `key` is in the set of `view`, with the proof. DataLoss if the bucket's
// members do not hash to what `view` says, which is checked on every answer; errors of
// `live` are handed on.
absl::StatusOr<SetAnswer> LookupUnder(const TopView& view, const Hash& key,
                                      LiveBucketOf live);
// One proof for all `keys` (sorted, distinct), in which exactly their paths are open.
absl::StatusOr<SetBatchAnswer> BatchLookupUnder(const TopView& view,
                                                std::span<const Hash> keys,
                                                LiveBucketOf live);
// The bucket that the path of `key` ends in: not always the key's own, which may be
// empty.
uint64_t PathBucket(const TopView& view, const Hash& key);

}  // namespace setlog

#endif  // SETLOG_LOG_DENSE_TOP_H_
