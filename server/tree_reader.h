// server/tree_reader.h -- reads a log's entries, nodes and proofs from the store.
//
//   TreeReader reader(store, cache_bytes);
//   absl::StatusOr<std::vector<Hash>> path = reader.InclusionPath(log, index, size);
//
// Tiles are kept decoded, with their inner nodes, in one cache for all logs. What a
// tile holds never changes, so a partial one is good until more of it is asked for. The
// same goes for the right edges of the sizes asked for last, and for entries that are
// no values (manifests, index entries, tags), which many answers show. Any size up to a
// log's head can be asked for, published or not. Thread-safe.
#ifndef SETLOG_SERVER_TREE_READER_H_
#define SETLOG_SERVER_TREE_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/decoded_tile.h"
#include "log/proof.h"
#include "log/tile.h"
#include "log/tile_tree.h"
#include "log/verify.h"
#include "server/lru_cache.h"
#include "storage/store.h"

namespace setlog {

// The key of a tile's row in Table::kTile.
std::string TileRowKey(TileId id);

// An entry's place in the tree of one size.
struct Inclusion {
  Hash leaf;
  std::vector<Hash> path;
  Hash root;
};

class TreeReader {
 public:
  // `store` must outlive the reader. A decoded tile counts as 16 KiB of `cache_bytes`.
  TreeReader(const Store* store, uint64_t cache_bytes);

  // Entry `position`, which must be below the log's head. DataLoss if it is missing.
  absl::StatusOr<std::string> Entry(LogNumber log, uint64_t position) const;
  // The bundle that holds entries [256 * number, ...), cut to `width` entries.
  absl::StatusOr<std::string> Bundle(LogNumber log, uint64_t number,
                                     uint32_t width) const;
  // The bundles that hold entries [begin, end), in order, each as the store has it: the
  // last one may go on beyond `end`. An error of `visit` ends it and is returned;
  // DataLoss if a bundle is missing. For many bundles: no copies, one scan.
  absl::Status Bundles(
      LogNumber log, uint64_t begin, uint64_t end,
      const std::function<absl::Status(uint64_t number, Bytes bundle)>& visit) const;
  // The first `width` hashes of a tile, as C2SP serves them. DataLoss if the log does
  // not reach that far.
  absl::StatusOr<std::string> TileBytes(LogNumber log, TileId id, uint32_t width) const;
  // The values of add or remove entries, in any order, of which the caller knows the
  // keys: a bundle is read once, and the keys vouch for it. DataLoss if the log is
  // damaged, NotFound if it is whole and such an entry has no value with this key.
  struct ValuePlace {
    uint64_t position;
    Hash key;  // SetKey of the value
  };
  absl::StatusOr<std::vector<Hash>> Values(LogNumber log,
                                           std::span<const ValuePlace> places) const;

  // One past the last add or remove entry in [begin, end); `begin` if there is none.
  absl::StatusOr<uint64_t> ChangesEnd(LogNumber log, uint64_t begin,
                                      uint64_t end) const;

  absl::StatusOr<Hash> RootAt(LogNumber log, uint64_t size) const;
  // All that an inclusion proof says. OutOfRange if index >= size.
  absl::StatusOr<Inclusion> Include(LogNumber log, uint64_t index, uint64_t size) const;
  absl::StatusOr<std::vector<Hash>> InclusionPath(LogNumber log, uint64_t index,
                                                  uint64_t size) const;
  absl::StatusOr<std::vector<Hash>> ConsistencyPath(LogNumber log, uint64_t size1,
                                                    uint64_t size2) const;
  // Entry `position` with its path under the head of `size`.
  absl::StatusOr<ProvenEntry> Prove(LogNumber log, uint64_t position,
                                    uint64_t size) const;

  // The right edge of the log's tree, to go on appending. O(log size) reads.
  // DataLoss if it does not lead to the head's root.
  absl::StatusOr<TileTree> Restore(LogNumber log, const StoredHead& head) const;

 private:
  using TilePtr = std::shared_ptr<const DecodedTile>;
  // What is cached stands at a level and number, or is the edge of a size.
  struct Place {
    LogNumber log;
    uint8_t level;
    uint64_t number;
    friend bool operator==(const Place&, const Place&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Place& place) {
      return H::combine(std::move(state), place.log, place.level, place.number);
    }
  };
  // Of the tree of one size: element i is the root over its perfect subtrees (those of
  // CoveringNodes(0, size)) from the i-th on, so element 0 is the tree's root.
  using Edge = std::vector<Hash>;
  class Nodes;

  enum class Checked { kByStore, kByCaller };
  absl::StatusOr<std::string> ReadBundle(LogNumber log, uint64_t number,
                                         Checked checked = Checked::kByStore) const;
  absl::StatusOr<std::vector<Hash>> Fetch(Nodes* nodes, const NodeList& plan,
                                          uint64_t size) const;
  absl::StatusOr<std::shared_ptr<const Edge>> EdgeOf(Nodes* nodes, uint64_t size) const;
  // The tile with at least its first `width` hashes.
  absl::StatusOr<TilePtr> Tile(LogNumber log, TileId id, uint32_t width) const;
  absl::StatusOr<std::vector<Hash>> TileHashes(LogNumber log, TileId id) const;
  // The full level-0 tile of a bundle, if the tile above vouches for it.
  TilePtr VouchedTile(LogNumber log, uint64_t number) const;

  const Store* store_;
  mutable LruCache<Place, DecodedTile> tiles_;
  mutable LruCache<Place, Edge> edges_;
  mutable LruCache<Place, std::string> entries_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_TREE_READER_H_
