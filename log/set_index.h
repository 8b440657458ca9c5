// log/set_index.h -- the set at every size of a log: incremental, in buckets of keys.
//
//   SetIndex index;
//   SetIndex::Batch batch = index.Prepare(changes, m);   // const: readers go on
//   index.Publish(std::move(batch));                     // writes rows and nodes
//   SetAnswer answer = *index.Lookup(index.top(), record);
//
// Shape: a dense binary top of `depth` levels over 2^depth buckets; bucket i holds, in
// key order, one row for each value ever added whose key starts with i. Rows are never
// dropped, so the set at an older m is today's rows filtered by it. An update changes
// the buckets it touches and the top nodes above them, nothing else. Deepen, which
// rewrites every bucket, is due when they would hold more than kBucketRows on average:
// each time the set has doubled.
//
// Pure: no I/O and no locks. Const members may run together with each other and with
// Prepare; Publish and InstallPage need the index alone. Values themselves are not
// kept: an answer names the position of the terminal value's add entry.
#ifndef SETLOG_LOG_SET_INDEX_H_
#define SETLOG_LOG_SET_INDEX_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/parallel_for.h"
#include "log/set_proof.h"
#include "log/set_tree.h"

namespace setlog {

// An add or remove entry of the log.
struct SetChange {
  Hash key;  // SetKey(value)
  uint64_t position = 0;
  bool add = true;
};

// A change that had an effect: an add of an absent value, a remove of a present one.
struct SetEvent {
  uint64_t position = 0;
  bool add = true;
  friend bool operator==(const SetEvent&, const SetEvent&) = default;
};

// The dense upper part of the tree for the set at one m: what a version costs to keep,
// 64 bytes a bucket.
struct SetTop {
  uint64_t m = 0;
  uint64_t n = 0;
  unsigned depth = 0;
  // Heap order: node 1 is the root, 2i and 2i + 1 are below i, bucket b is
  // nodes[2^depth + b]. kNoKeys where no member is below.
  std::vector<Hash> nodes = std::vector<Hash>(2);

  static constexpr Hash kNoKeys = {};
  Hash root() const { return SetRoot(n, nodes[1]); }
};

// A top as the walks read it: a SetTop, or the state before one of the last batches,
// which is today's nodes with what those batches replaced put back. Points into what it
// was made from.
class SetView {
 public:
  SetView(const SetTop& top)  // NOLINT: a top is a view of itself
      : m_(top.m), n_(top.n), depth_(top.depth), nodes_(top.nodes) {}

  uint64_t m() const { return m_; }
  uint64_t n() const { return n_; }
  unsigned depth() const { return depth_; }
  const Hash& node(size_t i) const;
  Hash root() const { return SetRoot(n_, node(1)); }

 private:
  friend class SetIndex;
  struct OldNode {
    size_t index;
    Hash hash;
  };
  uint64_t m_;
  uint64_t n_;
  unsigned depth_;
  std::span<const Hash> nodes_;
  std::vector<std::span<const OldNode>> replaced_;  // oldest batch first; by index
};

// A lookup proof but for the terminal value, which stands in the add entry at
// `terminal_position`.
struct SetAnswer {
  bool present = false;
  uint64_t terminal_position = 0;  // unused if the set is empty
  Hash terminal_key;               // as above
  LookupProof proof;               // without `terminal`
};

struct SetBatchAnswer {
  std::string proof;  // LEAF values are zero bytes, to be filled in from the log
  struct Leaf {
    size_t offset;  // of the value within `proof`
    uint64_t position;
    Hash key;  // of the value: if it is a query's, so is the value
  };
  std::vector<Leaf> leaves;
};

class SetIndex {
 public:
  // A change rehashes its bucket: few rows make updates fast, and the top large.
  static constexpr uint64_t kBucketRows = 8;
  static constexpr unsigned kPageBits = 9;  // a page is 2^9 buckets
  static constexpr size_t kUndoBatches = 16;

  class Batch;
  class Split;

  SetIndex();
  // The index as of a snapshot: `bucket_hashes` of 2^depth buckets, `history` as
  // EncodeHistory gave it. Pages are not there yet: InstallPage each, when needed.
  // DataLoss if the parts do not lead to `set_root`.
  static absl::StatusOr<SetIndex> Restore(uint64_t m, uint64_t n, uint64_t rows,
                                          const Hash& set_root,
                                          std::span<const Hash> bucket_hashes,
                                          Bytes history);

  const SetTop& top() const { return top_; }
  uint64_t rows() const { return row_count_; }

  // The set after `changes`, which are in log order with positions in [top().m, m).
  // Every page they touch must be installed. O(changes * log changes), and a rewrite of
  // each touched bucket; in up to 64 parts, by key.
  Batch Prepare(std::span<const SetChange> changes, uint64_t m,
                const ParallelFor& parallel = InOrder) const;
  // Makes `batch`, prepared on the state as it still is, the current state.
  void Publish(Batch batch, const ParallelFor& parallel = InOrder);

  // The depth that suits `added` more rows: when it is over top().depth, deepen first.
  unsigned WantedDepth(uint64_t added) const;
  // Hashes for a deeper top; every page must be installed. O(n), and const as Prepare.
  Split PrepareDeeper(unsigned depth, const ParallelFor& parallel = InOrder) const;
  void Publish(Split split, const ParallelFor& parallel = InOrder);

  // From now on RecentView knows only the newest state, and batches cost less.
  void ForgetOlder() {
    keeps_undo_ = false;
    undo_.clear();
  }

  // The state at m, if m is top().m or where one of the last kUndoBatches batches
  // began: so an answer about the newest set is not lost to a batch that comes in
  // between.
  std::optional<SetView> RecentView(uint64_t m) const;
  // The top for any m <= top().m, by one pass over all rows (all pages needed). O(n).
  absl::StatusOr<SetTop> TopAt(uint64_t m) const;

  // Whether `key` is in the set of `view`, with the proof. DataLoss if the bucket's
  // rows do not hash to what `view` says, which is checked on every answer.
  absl::StatusOr<SetAnswer> Lookup(const SetView& view, const Hash& key) const;
  // One proof for all `keys` (sorted, distinct), in which exactly their paths are open.
  absl::StatusOr<SetBatchAnswer> BatchLookup(const SetView& view,
                                             std::span<const Hash> keys) const;
  // What happened to `key` before m, oldest first. Empty if it never was a member.
  std::vector<SetEvent> Events(const Hash& key, uint64_t m) const;

  // --- Pages: the unit in which rows are stored and loaded.
  size_t page_count() const { return page_loaded_.size(); }
  bool page_loaded(size_t page) const { return page_loaded_[page]; }
  // Pages that answers about `keys` under `view` read; some may be installed already.
  // Sorted, distinct.
  std::vector<size_t> PagesFor(const SetView& view, std::span<const Hash> keys) const;
  // Rows in key order, then the SHA-256 of them.
  std::string EncodePage(size_t page) const;
  // DataLoss if the bytes are not the rows that the bucket hashes commit to.
  absl::Status InstallPage(size_t page, Bytes bytes);
  // Pages that changes to `keys` rewrite. Sorted, distinct.
  std::vector<size_t> PagesOfKeys(std::span<const Hash> keys) const;
  std::string EncodeHistory() const;
  std::span<const Hash> bucket_hashes() const {
    return std::span(top_.nodes).subspan(size_t{1} << top_.depth);
  }

  // Rewritten buckets since the start: what an update costs, for tests and metrics.
  uint64_t buckets_written() const { return buckets_written_; }

 private:
  // 40 bytes, as stored: key | u64 (position << 1 | has history).
  struct Row {
    Hash key;
    uint64_t word = 0;
    uint64_t position() const { return word >> 1; }
    bool has_history() const { return word & 1; }
  };
  using Bucket = std::vector<Row>;
  // Only values that were ever removed; keyed so that encoding is deterministic.
  using History = std::map<Hash, std::vector<SetEvent>>;
  struct LiveRow {
    Hash key;
    uint64_t position;
  };

  size_t PageOf(size_t bucket) const {
    return bucket >> (top_.depth < kPageBits ? top_.depth : kPageBits);
  }
  size_t BucketOf(const Hash& key) const { return KeyPrefix(key, top_.depth); }
  const Row* FindRow(const Hash& key) const;
  // The add position of a row if it is live at m.
  std::optional<uint64_t> LiveAt(const Row& row, uint64_t m) const;
  std::vector<LiveRow> LiveRows(const SetView& view, size_t bucket) const;
  SetTop BuildTop(uint64_t m, unsigned depth, const ParallelFor& parallel) const;
  // Bits of the key that number the parts in which work is done.
  unsigned PartBits() const {
    return top_.depth < kMaxPartBits ? top_.depth : kMaxPartBits;
  }

  friend class BatchWalker;

  static constexpr unsigned kMaxPartBits = 6;

  struct NewNode {
    size_t index;
    Hash hash;
  };
  // What a batch does to the keys that begin with the same bits.
  struct Part {
    std::vector<std::pair<size_t, Row>> rows;  // new and changed ones: bucket, row
    uint64_t touched = 0;                      // buckets
    std::vector<NewNode> nodes;                // the last one is the highest
    History history;                           // new or replaced lists
    uint64_t new_rows = 0;
    int64_t new_members = 0;
  };
  Part PreparePart(std::span<const SetChange> changes, unsigned part_bits) const;
  static void PutRow(const Row& row, Bucket* bucket);
  // The new nodes above those of `level`, which is at `depth`.
  std::vector<NewNode> ParentsOf(std::vector<NewNode> level, unsigned depth) const;

  // What a batch replaced: the set as it was at m.
  struct Undo {
    uint64_t m;
    uint64_t n;
    std::vector<SetView::OldNode> nodes;  // by index
  };

  SetTop top_;
  std::deque<Undo> undo_;  // oldest first
  bool keeps_undo_ = true;
  std::vector<Bucket> buckets_;
  std::vector<bool> page_loaded_;
  History history_;
  uint64_t row_count_ = 0;
  uint64_t buckets_written_ = 0;
};

// A prepared update. Holds the set root it leads to before anything is changed.
class SetIndex::Batch {
 public:
  uint64_t m() const { return m_; }
  uint64_t n() const { return n_; }
  const Hash& root() const { return root_; }

 private:
  friend class SetIndex;
  uint64_t m_ = 0;
  uint64_t n_ = 0;
  Hash root_;
  std::vector<Part> parts_;
  std::vector<NewNode> nodes_;  // above the parts, each once
};

// A prepared deepening of the top.
class SetIndex::Split {
  friend class SetIndex;
  SetTop top_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_SET_INDEX_H_
