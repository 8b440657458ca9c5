// client/static_log.h -- a log's checkpoint, nodes and entries, from its files.
//
//   StaticLog log(*std::move(files));
//   absl::StatusOr<StaticHead> head = log.ReadHead(stopped);     // the file as it is
//   now StaticTree tree(&log, head->checkpoint.size, stopped);
//   absl::StatusOr<std::vector<Hash>> path = tree.InclusionPath(17, tree.size());
//   tree.Bundles(0, 4, [](uint64_t first, std::vector<Bytes> entries, ...) { ... });
//
// What a log's server computes from its store, from what anybody published: C2SP
// tlog-tiles. Nothing is believed and nothing is verified here, but bytes that cannot
// be what the file's name says are DataLoss, and named. Partial files are asked for in
// the widths of the tree's size; where they have gone, in favour of the full ones that
// came later, those are taken. A log may grow, and be exported, while it is read.
#ifndef SETLOG_CLIENT_STATIC_LOG_H_
#define SETLOG_CLIENT_STATIC_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/static_files.h"
#include "log/checkpoint.h"
#include "log/decoded_tile.h"
#include "log/proof.h"
#include "log/tile.h"
#include "port/mutex.h"

namespace setlog {

struct StaticHead {
  std::string note;
  Checkpoint checkpoint;
};

// Thread-safe. Memory: kTiles decoded tiles, and what fetchers have under way.
class StaticLog {
 public:
  static constexpr size_t kTiles = 512;

  explicit StaticLog(std::unique_ptr<StaticFiles> files);

  const StaticFiles& files() const { return *files_; }

  // The checkpoint as it is there now; its signatures are the reader's to check.
  // NotFound, with what to do, if there is none; DataLoss if it is none.
  absl::StatusOr<StaticHead> ReadHead(const Stopped& stopped);
  // The one that was read last; reads it if none was.
  absl::StatusOr<StaticHead> LastHead(const Stopped& stopped);
  // After what they led to was wrong: they may have been replaced by right ones.
  void ForgetTiles();

 private:
  friend class StaticTree;
  using TilePtr = std::shared_ptr<const DecodedTile>;
  using TileKey = std::pair<uint8_t, uint64_t>;

  // Fetchers whose connections are kept: only such as have nothing under way.
  absl::StatusOr<std::unique_ptr<FileFetcher>> TakeFetcher();
  void GiveFetcher(std::unique_ptr<FileFetcher> fetcher);
  TilePtr FindTile(TileId id, uint32_t width);
  void KeepTile(TileId id, TilePtr tile);

  const std::unique_ptr<StaticFiles> files_;
  Mutex mutex_;
  std::optional<StaticHead> last_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<FileFetcher>> idle_ ABSL_GUARDED_BY(mutex_);
  std::map<TileKey, TilePtr> tiles_ ABSL_GUARDED_BY(mutex_);
};

// The log's tree under a checkpoint of one size. For one thread.
class StaticTree {
 public:
  // `log` must outlive it.
  StaticTree(StaticLog* log, uint64_t size, Stopped stopped)
      : log_(log), size_(size), stopped_(std::move(stopped)) {}

  uint64_t size() const { return size_; }

  // Of trees of up to size() leaves; errors as InclusionNodes and ConsistencyNodes say,
  // and as a file's reading does. The tiles of one answer are fetched at once.
  absl::StatusOr<Hash> RootAt(uint64_t size);
  absl::StatusOr<Hash> LeafAt(uint64_t index);
  absl::StatusOr<std::vector<Hash>> Nodes(std::span<const NodeId> nodes);
  absl::StatusOr<std::vector<Hash>> InclusionPath(uint64_t index, uint64_t size);
  absl::StatusOr<std::vector<Hash>> ConsistencyPath(uint64_t size1, uint64_t size2);
  // So that what follows does not wait for one after the other.
  absl::Status Prefetch(std::span<const NodeId> nodes);

  // A bundle: its number, its entries below size(), and what they are views into, which
  // may be taken. False ends the reading.
  using Visit = std::function<absl::StatusOr<bool>(
      uint64_t number, std::span<const Bytes> entries, std::string& bytes)>;
  // Bundles first, first + 1, ... below `end`. Those to come are fetched meanwhile, the
  // more of them the longer it goes on.
  absl::Status Bundles(uint64_t first, uint64_t end, const Visit& visit);
  // The same, and of each bundle the file of its hashes too, which is tile 0/number:
  // what its content is worth is for the caller to find out.
  using VisitBoth = std::function<absl::StatusOr<bool>(
      uint64_t number, std::span<const Bytes> entries, std::string& bytes,
      const std::string& tile)>;
  absl::Status BundlesAndTiles(uint64_t first, uint64_t end, const VisitBoth& visit);
  // Bundles end - 1, end - 2, ... down to `first`.
  absl::Status BundlesBackwards(uint64_t first, uint64_t end, const Visit& visit);
  absl::StatusOr<std::string> Entry(uint64_t position);

  // The names of files, for messages.
  std::string BundleName(uint64_t number) const;
  std::string TileName(TileId id) const;

 private:
  TilePath PathOf(TileId id, bool entries) const;
  absl::Status Walk(uint64_t count, const std::function<uint64_t(uint64_t)>& number,
                    bool tiles, const VisitBoth& visit);
  // What `fetcher` has next, which is `path`; or the full file in its place.
  absl::StatusOr<std::string> Take(FileFetcher& fetcher, const TilePath& path);
  absl::StatusOr<std::string> ReadAlone(const TilePath& path, size_t max_bytes);
  absl::StatusOr<std::vector<Hash>> Folded(const NodeList& plan);

  StaticLog* const log_;
  const uint64_t size_;
  const Stopped stopped_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATIC_LOG_H_
