#include "client/static_log.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/note.h"

namespace setlog {
namespace {

constexpr char kCheckpoint[] = "checkpoint";
// Of a file that is fetched among others: whatever setlog writes is far smaller, and
// what is not comes alone.
constexpr size_t kUsualBytes = size_t{1} << 20;
static_assert(kUsualBytes >= kMaxNoteBytes);
constexpr size_t kMaxBundleBytes = kTileWidth * (2 + kMaxEntryBytes);
constexpr size_t kIdleFetchers = 4;

// How object stores say of a file that it is not there.
bool IsMissing(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsPermissionDenied(status);
}

}  // namespace

StaticLog::StaticLog(std::unique_ptr<StaticFiles> files) : files_(std::move(files)) {}

absl::StatusOr<std::unique_ptr<FileFetcher>> StaticLog::TakeFetcher() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<FileFetcher> fetcher = std::move(idle_.back());
      idle_.pop_back();
      return fetcher;
    }
  }
  return files_->NewFetcher(kUsualBytes);
}

void StaticLog::GiveFetcher(std::unique_ptr<FileFetcher> fetcher) {
  MutexLock lock(mutex_);
  if (idle_.size() < kIdleFetchers) idle_.push_back(std::move(fetcher));
}

StaticLog::TilePtr StaticLog::FindTile(TileId id, uint32_t width) {
  MutexLock lock(mutex_);
  const auto found = tiles_.find({id.level, id.index});
  if (found == tiles_.end() || found->second->width() < width) return nullptr;
  return found->second;
}

void StaticLog::KeepTile(TileId id, TilePtr tile) {
  MutexLock lock(mutex_);
  if (tiles_.size() >= kTiles) tiles_.clear();
  tiles_.insert_or_assign({id.level, id.index}, std::move(tile));
}

void StaticLog::ForgetTiles() {
  MutexLock lock(mutex_);
  tiles_.clear();
}

absl::StatusOr<StaticHead> StaticLog::ReadHead(const Stopped& stopped) {
  absl::StatusOr<std::unique_ptr<FileFetcher>> fetcher = TakeFetcher();
  if (!fetcher.ok()) return fetcher.status();
  (*fetcher)->Want(kCheckpoint);
  absl::StatusOr<std::string> note = (*fetcher)->Next(stopped);
  const std::string name = files_->NameOf(kCheckpoint);
  if (IsMissing(note.status())) {
    const std::string why(note.status().message());
    if (IsUrl(files_->place())) {
      return absl::DataLossError(absl::StrFormat(
          "%s shows no log (%s): ask another mirror or a server, or see that --from is "
          "the URL below which /checkpoint is",
          files_->place(), why));
    }
    return absl::NotFoundError(absl::StrFormat(
        "there is no log at %s (%s): name the directory that `setlog export ORIGIN "
        "DIR` wrote, or the URL below which /checkpoint is",
        files_->place(), why));
  }
  // A mirror's answer is nobody's mistake on this side.
  if (absl::IsFailedPrecondition(note.status()) && IsUrl(files_->place())) {
    return absl::DataLossError(absl::StrFormat("%s; or ask another mirror or a server",
                                               std::string(note.status().message())));
  }
  if (!note.ok() && !absl::IsResourceExhausted(note.status())) return note.status();
  GiveFetcher(*std::move(fetcher));
  const absl::StatusOr<Note> parsed =
      note.ok() ? ParseNote(*note) : absl::StatusOr<Note>(note.status());
  absl::StatusOr<Checkpoint> checkpoint =
      parsed.ok() ? ParseCheckpoint(parsed->text)
                  : absl::StatusOr<Checkpoint>(parsed.status());
  if (!checkpoint.ok()) {
    return absl::DataLossError(absl::StrFormat(
        "%s is no checkpoint (%s): see that --from is the log's own prefix, and export "
        "the log again if it is damaged",
        name, std::string(checkpoint.status().message())));
  }
  StaticHead head{*std::move(note), *std::move(checkpoint)};
  MutexLock lock(mutex_);
  last_ = head;
  return head;
}

absl::StatusOr<StaticHead> StaticLog::LastHead(const Stopped& stopped) {
  {
    MutexLock lock(mutex_);
    if (last_) return *last_;
  }
  return ReadHead(stopped);
}

TilePath StaticTree::PathOf(TileId id, bool entries) const {
  return {.entries = entries, .tile = id, .width = TileWidth(id, size_)};
}

std::string StaticTree::BundleName(uint64_t number) const {
  return log_->files().NameOf(FormatTilePath(PathOf({0, number}, /*entries=*/true)));
}

std::string StaticTree::TileName(TileId id) const {
  return log_->files().NameOf(FormatTilePath(PathOf(id, /*entries=*/false)));
}

absl::StatusOr<std::string> StaticTree::ReadAlone(const TilePath& path,
                                                  size_t max_bytes) {
  absl::StatusOr<std::unique_ptr<FileFetcher>> fetcher =
      log_->files().NewFetcher(max_bytes);
  if (!fetcher.ok()) return fetcher.status();
  (*fetcher)->Want(FormatTilePath(path));
  return (*fetcher)->Next(stopped_);
}

absl::StatusOr<std::string> StaticTree::Take(FileFetcher& fetcher,
                                             const TilePath& path) {
  const size_t most = path.entries ? kMaxBundleBytes : kUsualBytes;
  absl::StatusOr<std::string> bytes = fetcher.Next(stopped_);
  if (absl::IsResourceExhausted(bytes.status()) && path.entries) {
    bytes = ReadAlone(path, most);
  }
  if (IsMissing(bytes.status()) && path.width < kTileWidth) {
    TilePath full = path;
    full.width = kTileWidth;
    const absl::StatusOr<std::string> later = ReadAlone(full, most);
    if (!IsMissing(later.status())) bytes = later;
  }
  if (bytes.ok() || absl::IsUnavailable(bytes.status()) ||
      absl::IsCancelled(bytes.status())) {
    return bytes;
  }
  return absl::DataLossError(absl::StrFormat(
      "%s: %s, although %s is of %d entries: ask another mirror or a server; who keeps "
      "the files removes `checkpoint` and exports the log again",
      log_->files().NameOf(FormatTilePath(path)), std::string(bytes.status().message()),
      log_->files().NameOf(kCheckpoint), size_));
}

absl::Status StaticTree::Prefetch(std::span<const NodeId> nodes) {
  // In the order of their levels and numbers, each once.
  std::map<StaticLog::TileKey, uint32_t> wanted;
  for (const NodeId& node : nodes) {
    const TilePosition at = TileForNode(node);
    uint32_t& width = wanted[{at.tile.level, at.tile.index}];
    width = std::max(width, (at.index + uint32_t{1}) << at.height);
  }
  std::vector<TileId> missing;
  for (const auto& [key, width] : wanted) {
    const TileId id{key.first, key.second};
    if (log_->FindTile(id, width) == nullptr) missing.push_back(id);
  }
  if (missing.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<FileFetcher>> fetcher = log_->TakeFetcher();
  if (!fetcher.ok()) return fetcher.status();
  size_t begun = 0;
  for (size_t i = 0; i < missing.size(); ++i) {
    for (; begun < missing.size() && begun < i + log_->files().ahead(); ++begun) {
      (*fetcher)->Want(FormatTilePath(PathOf(missing[begun], /*entries=*/false)));
    }
    const TilePath path = PathOf(missing[i], /*entries=*/false);
    const absl::StatusOr<std::string> bytes = Take(**fetcher, path);
    if (!bytes.ok()) return bytes.status();
    // A full one in the place of a partial one is as good.
    if (bytes->size() != path.width * Hash::kSize &&
        bytes->size() != kTileWidth * Hash::kSize) {
      return absl::DataLossError(absl::StrFormat(
          "%s has %d bytes, not %d: remove `checkpoint` and export the log again",
          log_->files().NameOf(FormatTilePath(path)), bytes->size(),
          path.width * Hash::kSize));
    }
    absl::StatusOr<DecodedTile> tile = DecodedTile::Parse(AsBytes(*bytes));
    if (!tile.ok()) return tile.status();
    log_->KeepTile(missing[i], std::make_shared<const DecodedTile>(*std::move(tile)));
  }
  log_->GiveFetcher(*std::move(fetcher));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Hash>> StaticTree::Nodes(std::span<const NodeId> nodes) {
  if (absl::Status s = Prefetch(nodes); !s.ok()) return s;
  std::vector<Hash> hashes;
  hashes.reserve(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    const TilePosition at = TileForNode(nodes[i]);
    const uint32_t width = (at.index + uint32_t{1}) << at.height;
    StaticLog::TilePtr tile = log_->FindTile(at.tile, width);
    if (tile == nullptr) {
      // Others needed the room meanwhile.
      if (absl::Status s = Prefetch(nodes.subspan(i, 1)); !s.ok()) return s;
      tile = log_->FindTile(at.tile, width);
      if (tile == nullptr) return absl::UnavailableError("too many tiles are in use");
    }
    const absl::StatusOr<Hash> hash = tile->NodeAt(at.height, at.index);
    if (!hash.ok()) return hash.status();
    hashes.push_back(*hash);
  }
  return hashes;
}

absl::StatusOr<std::vector<Hash>> StaticTree::Folded(const NodeList& plan) {
  const absl::StatusOr<std::vector<Hash>> hashes = Nodes(plan.ids);
  if (!hashes.ok()) return hashes.status();
  return Fold(plan, *hashes);
}

absl::StatusOr<Hash> StaticTree::RootAt(uint64_t size) {
  const absl::StatusOr<std::vector<Hash>> root = Folded(RootNodes(size));
  if (!root.ok()) return root.status();
  return root->front();
}

absl::StatusOr<Hash> StaticTree::LeafAt(uint64_t index) {
  const NodeId leaf{0, index};
  const absl::StatusOr<std::vector<Hash>> hashes = Nodes({&leaf, 1});
  if (!hashes.ok()) return hashes.status();
  return hashes->front();
}

absl::StatusOr<std::vector<Hash>> StaticTree::InclusionPath(uint64_t index,
                                                            uint64_t size) {
  const absl::StatusOr<NodeList> plan = InclusionNodes(index, size);
  if (!plan.ok()) return plan.status();
  return Folded(*plan);
}

absl::StatusOr<std::vector<Hash>> StaticTree::ConsistencyPath(uint64_t size1,
                                                              uint64_t size2) {
  const absl::StatusOr<NodeList> plan = ConsistencyNodes(size1, size2);
  if (!plan.ok()) return plan.status();
  return Folded(*plan);
}

namespace {
StaticTree::VisitBoth WithoutTile(const StaticTree::Visit& visit) {
  return [&visit](uint64_t number, std::span<const Bytes> entries, std::string& bytes,
                  const std::string&) { return visit(number, entries, bytes); };
}
}  // namespace

absl::Status StaticTree::Walk(uint64_t count,
                              const std::function<uint64_t(uint64_t)>& number,
                              bool tiles, const VisitBoth& visit) {
  absl::StatusOr<std::unique_ptr<FileFetcher>> fetcher = log_->TakeFetcher();
  if (!fetcher.ok()) return fetcher.status();
  // Most questions end soon.
  size_t ahead = 1;
  uint64_t begun = 0;
  for (uint64_t i = 0; i < count; ++i) {
    for (; begun < count && begun - i < ahead; ++begun) {
      (*fetcher)->Want(FormatTilePath(PathOf({0, number(begun)}, /*entries=*/true)));
      if (!tiles) continue;
      (*fetcher)->Want(FormatTilePath(PathOf({0, number(begun)}, /*entries=*/false)));
    }
    ahead = std::min(2 * ahead,
                     std::max(log_->files().ahead() / (tiles ? 2 : 1), size_t{1}));
    const TilePath path = PathOf({0, number(i)}, /*entries=*/true);
    absl::StatusOr<std::string> bytes = Take(**fetcher, path);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bytes));
    if (!entries.ok() ||
        (entries->size() != path.width && entries->size() != kTileWidth)) {
      return absl::DataLossError(
          absl::StrFormat("%s does not hold %d entries (%s): remove `checkpoint` and "
                          "export the log again",
                          log_->files().NameOf(FormatTilePath(path)), path.width,
                          entries.ok() ? absl::StrFormat("it has %d", entries->size())
                                       : std::string(entries.status().message())));
    }
    absl::StatusOr<std::string> tile = "";
    if (tiles) tile = Take(**fetcher, PathOf(path.tile, /*entries=*/false));
    if (!tile.ok()) return tile.status();
    const absl::StatusOr<bool> more =
        visit(path.tile.index, std::span(*entries).first(path.width), *bytes, *tile);
    if (!more.ok()) return more.status();
    if (!*more) {
      if (begun == i + 1) log_->GiveFetcher(*std::move(fetcher));
      return absl::OkStatus();
    }
  }
  log_->GiveFetcher(*std::move(fetcher));
  return absl::OkStatus();
}

absl::Status StaticTree::Bundles(uint64_t first, uint64_t end, const Visit& visit) {
  return Walk(
      end - first, [first](uint64_t i) { return first + i; }, /*tiles=*/false,
      WithoutTile(visit));
}

absl::Status StaticTree::BundlesAndTiles(uint64_t first, uint64_t end,
                                         const VisitBoth& visit) {
  return Walk(
      end - first, [first](uint64_t i) { return first + i; }, /*tiles=*/true, visit);
}

absl::Status StaticTree::BundlesBackwards(uint64_t first, uint64_t end,
                                          const Visit& visit) {
  return Walk(
      end - first, [end](uint64_t i) { return end - 1 - i; }, /*tiles=*/false,
      WithoutTile(visit));
}

absl::StatusOr<std::string> StaticTree::Entry(uint64_t position) {
  const uint64_t number = position / kTileWidth;
  std::string entry;
  const absl::Status read = Bundles(number, number + 1,
                                    [&](uint64_t, std::span<const Bytes> entries,
                                        std::string&) -> absl::StatusOr<bool> {
                                      entry = AsText(entries[position % kTileWidth]);
                                      return false;
                                    });
  if (!read.ok()) return read;
  return entry;
}

}  // namespace setlog
