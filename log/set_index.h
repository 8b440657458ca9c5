// log/set_index.h -- the set as a replay follows it: whole, in memory, only the newest.
//
//   SetIndex set;
//   SetIndex::Undo undo = set.Apply(changes, m);     // set.root() is the set at m
//   if (set.root() != promised) set.Revert(undo);    // and is as it was
//   SetAnswer answer = *set.Lookup(SetKey(record));
//
// Shape: the upper levels of the tree in one array over 2^depth buckets, and the rows,
// one a member in key order, in pages of four buckets each. A batch is sorted, merged
// page by page, and the buckets that it changes are hashed with the nodes above them,
// many in a kernel call. Where buckets would hold more than kBucketRows on average, all
// are split: each time the set has doubled.
//
// Memory: 40 bytes a member, a sixth of that for pages that can grow, and 8 to 16 bytes
// for the upper levels. A batch takes up to 112 bytes a change while it is applied.
// Pure: no I/O and no locks; const members may run together.
#ifndef SETLOG_LOG_SET_INDEX_H_
#define SETLOG_LOG_SET_INDEX_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/change_queue.h"
#include "log/dense_top.h"
#include "log/parallel_for.h"
#include "log/set_answer.h"

namespace setlog {

class SetIndex {
 public:
  // A change rehashes its bucket: few rows make updates fast, and the top large.
  static constexpr uint64_t kBucketRows = 8;
  static constexpr size_t kRowBytes = Hash::kSize + 8;

  // What takes a batch back: its effects, turned round.
  class Undo {
    friend class SetIndex;
    uint64_t m_ = 0;
    std::vector<std::vector<SetChange>> parts_;
  };
  class Loader;

  SetIndex() : pages_(1), nodes_(1) {}

  uint64_t m() const { return m_; }
  uint64_t n() const { return n_; }
  Hash root() const { return SetRoot(n_, node(1)); }

  // Makes it the set at m: `changes` are those at positions in [m(), m). O(changes *
  // log changes), and a rewrite of each page and bucket that changes; in up to 64
  // parts, by key.
  Undo Apply(const ChangeQueue::Parts& changes, uint64_t m,
             const ParallelFor& parallel = InOrder) {
    return Update(changes, m, false, parallel);
  }
  // The same; they are in log order.
  Undo Apply(std::span<const SetChange> changes, uint64_t m,
             const ParallelFor& parallel = InOrder) {
    return Apply(ChangeQueue(changes).Before(m), m, parallel);
  }
  // Takes back the last Apply.
  void Revert(const Undo& undo, const ParallelFor& parallel = InOrder);

  // Whether `key` is in the set, with the proof. DataLoss if memory is damaged.
  absl::StatusOr<SetAnswer> Lookup(const Hash& key) const;
  // One proof for all `keys` (sorted, distinct), in which exactly their paths are open.
  absl::StatusOr<SetBatchAnswer> BatchLookup(std::span<const Hash> keys) const;

  // --- Rows as stored, in key order: key | u64 position of an add entry of it.
  size_t page_count() const { return pages_.size(); }
  std::string EncodeRows(size_t begin_page, size_t end_page) const;

  // Rewritten buckets since the start: what an update costs, for tests.
  uint64_t buckets_written() const { return buckets_written_; }

 private:
  using Row = LiveKey;
  using Page = std::vector<Row>;
  // Side by side in one cache line.
  struct alignas(64) Siblings {
    Hash sides[2];
  };
  // Changes by key and, for one key, in log order.
  struct Place {
    uint64_t prefix;  // the key's first 64 bits
    uint32_t index;
  };
  struct Part;

  static constexpr unsigned kPageBits = 2;  // a page is 2^2 buckets

  const Hash& node(size_t i) const { return nodes_[i / 2].sides[i % 2]; }
  Hash& node(size_t i) { return nodes_[i / 2].sides[i % 2]; }
  TopView View() const { return TopView(m_, n_, depth_, nodes_[0].sides); }

  unsigned page_level() const { return depth_ < kPageBits ? 0 : depth_ - kPageBits; }
  size_t PageOf(uint64_t prefix) const { return Prefix(prefix, page_level()); }
  size_t BucketOf(const Hash& key) const { return KeyPrefix(key, depth_); }
  static size_t Prefix(uint64_t prefix, unsigned bits) {
    return bits == 0 ? 0 : prefix >> (64 - bits);
  }
  // Which bucket of its page, as Merge says it.
  unsigned BucketBit(const Hash& key) const {
    return 1u << BucketOf(key) % (1u << kPageBits);
  }
  LiveBucket BucketRows(uint64_t bucket) const;

  static unsigned DepthFor(uint64_t rows);
  void Deepen(unsigned depth, const ParallelFor& parallel);
  // With `all`, every bucket is hashed.
  Undo Update(const ChangeQueue::Parts& changes, uint64_t m, bool all,
              const ParallelFor& parallel);
  static std::vector<Place> Order(std::span<const SetChange> changes,
                                  unsigned known_bits);
  Part UpdatePart(std::span<const SetChange> changes, size_t number, unsigned part_bits,
                  bool all);
  // The buckets of the page that changed, as bits.
  unsigned Merge(std::span<const SetChange> changes, std::span<const Place> order,
                 Page& page, Part& part) const;
  void Prefetch(std::span<const Place> ahead) const;
  // Hashes what is above the changed nodes of `level`, by number, up to `to_level`.
  void Raise(std::vector<uint32_t> changed, unsigned level, unsigned to_level);

  uint64_t m_ = 0;
  uint64_t n_ = 0;
  unsigned depth_ = 0;
  std::vector<Page> pages_;
  // Heap order: node 1 is the root, 2i and 2i + 1 are below i, bucket b is
  // 2^depth + b. kNoSubtree where no member is below.
  std::vector<Siblings> nodes_;
  uint64_t buckets_written_ = 0;
};

// A set from its rows.
class SetIndex::Loader {
 public:
  explicit Loader(uint64_t rows);
  // The next rows, whole ones. DataLoss if their keys do not go on increasing.
  absl::Status Add(Bytes rows);
  // The set at m. DataLoss if it has not `root`, or other than the rows announced.
  absl::StatusOr<SetIndex> Finish(uint64_t m, const Hash& root,
                                  const ParallelFor& parallel = InOrder) &&;

 private:
  void EndPage();

  SetIndex set_;
  uint64_t announced_;
  uint64_t end_ = 0;  // of positions
  Page rows_;         // of the page that is being read
  Hash last_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_SET_INDEX_H_
