#include "client/static_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "log/proof.h"
#include "log/tree.h"
#include "proto/forms.h"

namespace setlog {
namespace {

grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContext* context) {
  if (status.ok()) return grpc::Status::OK;
  if (const auto pushback = PushbackOf(status)) {
    context->AddTrailingMetadata("grpc-retry-pushback-ms",
                                 std::to_string(pushback->count()));
  }
  // The codes are the same numbers.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

Stopped WhenLeft(grpc::ServerContext* context) {
  return [context] { return context->IsCancelled(); };
}

absl::Status BeyondHead(const char* what, uint64_t value, uint64_t size) {
  return absl::OutOfRangeError(
      absl::StrFormat("%s %d is beyond the head, whose size is %d", what, value, size));
}

bool HasType(Bytes entry, EntryType type) {
  return !entry.empty() && entry[0] == static_cast<uint8_t>(type);
}

// The form that `bytes` have, if they may stand at `position`.
template <typename Form>
std::optional<Form> EntryAs(Bytes bytes, uint64_t position) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  if (!entry.ok() || !CheckPosition(*entry, position).ok()) return std::nullopt;
  const Form* form = std::get_if<Form>(&*entry);
  return form == nullptr ? std::nullopt : std::optional<Form>(*form);
}

// Where a version of the set stands in the log.
struct FoundVersion {
  uint64_t index_position = 0;
  std::string index;
  uint64_t tag_position = 0;
  std::string tag;  // empty: not asked for
};

// The newest index entry in [lowest, below); with a name, the newest tag of that name
// and the index entry that it stands for.
absl::StatusOr<std::optional<FoundVersion>> FindVersion(
    StaticTree& tree, uint64_t lowest, uint64_t below,
    const std::optional<std::string>& name) {
  std::optional<FoundVersion> found;
  FoundVersion version;
  std::optional<uint64_t> m;  // of the tag
  const auto look_at = [&](uint64_t position, Bytes entry) {
    if (HasType(entry, EntryType::kTag) && name && !m) {
      const auto tag = EntryAs<TagEntry>(entry, position);
      if (!tag || tag->name != *name) return;
      m = tag->m;
      version.tag_position = position;
      version.tag = AsText(entry);
    } else if (HasType(entry, EntryType::kIndex) && (m || !name)) {
      const auto index = EntryAs<IndexEntry>(entry, position);
      if (!index || (m && index->m != *m)) return;
      version.index_position = position;
      version.index = AsText(entry);
      found = version;
    }
  };
  if (lowest >= below) return found;
  const absl::Status read = tree.BundlesBackwards(
      lowest / kTileWidth, (below - 1) / kTileWidth + 1,
      [&](uint64_t number, std::span<const Bytes> entries,
          std::string&) -> absl::StatusOr<bool> {
        const uint64_t first = number * kTileWidth;
        uint64_t end = std::min<uint64_t>(entries.size(), below - first);
        for (; end > 0 && !found; --end) look_at(first + end - 1, entries[end - 1]);
        return !found;
      });
  if (!read.ok()) return read;
  return found;
}

bool IsFullTile(const std::string& tile) {
  return tile.size() == kTileWidth * Hash::kSize;
}

// Proofs that lead to the root of the checkpoint, or an error that names the files.
class Prover {
 public:
  Prover(StaticLog* log, const StaticHead* head, const Stopped& stopped)
      : log_(log), head_(head), tree_(log, head->checkpoint.size, stopped) {}

  StaticTree& tree() { return tree_; }
  uint64_t size() const { return tree_.size(); }

  // All that an answer needs, at once.
  absl::Status Prefetch(std::span<const uint64_t> positions, uint64_t known_size) {
    std::vector<NodeId> nodes = RootNodes(size()).ids;
    const auto add = [&](const absl::StatusOr<NodeList>& plan) {
      if (plan.ok()) nodes.insert(nodes.end(), plan->ids.begin(), plan->ids.end());
    };
    for (const uint64_t position : positions) add(InclusionNodes(position, size()));
    if (known_size > 0) add(ConsistencyNodes(known_size, size()));
    return tree_.Prefetch(nodes);
  }

  // A leaf's hash and its path to `root`, which is RootAt(size).
  absl::Status CheckInclusion(uint64_t index, uint64_t size, const Hash& leaf,
                              std::span<const Hash> path, const Hash& root) {
    if (VerifyInclusion(index, size, leaf, path, root).ok()) return absl::OkStatus();
    const TileId tile{0, index / kTileWidth};
    return Misfit(tree_.TileName(tile) + " or a tile beside it or above");
  }

  absl::StatusOr<v1::EntryProof> Prove(uint64_t position, std::string entry) {
    absl::StatusOr<std::vector<Hash>> path = tree_.InclusionPath(position, size());
    if (!path.ok()) return path.status();
    const Hash leaf = LeafHash(AsBytes(entry));
    const absl::Status included =
        VerifyInclusion(position, size(), leaf, *path, head_->checkpoint.root);
    if (!included.ok()) {
      return Misfit(tree_.BundleName(position / kTileWidth) + " or a tile");
    }
    return EntryToProto({position, std::move(entry), *std::move(path)});
  }

  // The root at a size that the checkpoint continues.
  absl::StatusOr<Hash> RootAt(uint64_t size) {
    absl::StatusOr<Hash> root = tree_.RootAt(size);
    if (!root.ok()) return root;
    const absl::StatusOr<std::vector<Hash>> path =
        tree_.ConsistencyPath(size, tree_.size());
    if (!path.ok()) return path.status();
    const Hash& head_root = head_->checkpoint.root;
    if (VerifyConsistency(size, tree_.size(), *root, head_root, *path).ok()) {
      return root;
    }
    return Misfit("a tile");
  }

  // A path from RootAt(size1) to RootAt(size2).
  absl::Status CheckConsistency(uint64_t size1, uint64_t size2, const Hash& root1,
                                const Hash& root2, std::span<const Hash> path) {
    if (VerifyConsistency(size1, size2, root1, root2, path).ok()) {
      return absl::OkStatus();
    }
    const TileId tile{0, (size1 - 1) / kTileWidth};
    return Misfit(tree_.TileName(tile) + " or a tile beside it or above");
  }

  // Whether the entries of bundle `number` are those of its tile: else the reader would
  // find out later, and not know of which file. `tile` is the file of their hashes, if
  // it was read.
  absl::Status CheckBundle(uint64_t number, std::span<const Bytes> entries,
                           const std::string* tile) {
    const uint64_t first = number * kTileWidth;
    const bool full = entries.size() == kTileWidth;
    std::vector<Hash> hashes = LeafHashes(entries);
    // It may be the full one, in place of a partial one that has gone.
    const bool fits =
        tile != nullptr && tile->starts_with(ConcatHashes(hashes)) &&
        (tile->size() == entries.size() * Hash::kSize || IsFullTile(*tile));
    std::vector<NodeId> nodes;
    if (full) {
      hashes = SubtreeRoots(hashes, kTileHeight);
      nodes.push_back({kTileHeight, number});
    } else {
      for (size_t i = 0; i < entries.size(); ++i) nodes.push_back({0, first + i});
    }
    const absl::StatusOr<std::vector<Hash>> expected = tree_.Nodes(nodes);
    if (!expected.ok()) return expected.status();
    if (hashes != *expected) {
      return Misfit(fits && full
                        ? tree_.TileName({1, number / kTileWidth})
                        : tree_.BundleName(number) + " or the tile of its hashes");
    }
    if (tile != nullptr && !fits) return Misfit(tree_.TileName({0, number}));
    return CheckTilesUpTo(number);
  }

  // Whether each tile whose last leaf is in bundle `number` has its hash in the tile
  // above it. No proof may need that one, so nobody else would see that it is wrong.
  absl::Status CheckTilesUpTo(uint64_t number) {
    uint64_t count = number + 1;  // of the hashes of the level
    for (uint8_t level = 1; count % kTileWidth == 0; ++level) {
      const TileId id{level, count / kTileWidth - 1};
      std::vector<NodeId> nodes;
      const auto height = static_cast<uint8_t>(level * kTileHeight);
      for (uint64_t i = count - kTileWidth; i < count; ++i)
        nodes.push_back({height, i});
      nodes.push_back({static_cast<uint8_t>(height + kTileHeight), id.index});
      absl::StatusOr<std::vector<Hash>> hashes = tree_.Nodes(nodes);
      if (!hashes.ok()) return hashes.status();
      const Hash above = hashes->back();
      hashes->pop_back();
      if (SubtreeRoots(*hashes, kTileHeight).front() != above) {
        return Misfit(tree_.TileName(id) + " or the tile above it");
      }
      count /= kTileWidth;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Misfit(const std::string& what) {
    log_->ForgetTiles();
    return absl::DataLossError(absl::StrFormat(
        "%s does not lead to the root in %s: the files are damaged or not of one log; "
        "export it again, or ask another mirror or a server",
        what, log_->files().NameOf("checkpoint")));
  }

  StaticLog* const log_;
  const StaticHead* const head_;
  StaticTree tree_;
};

std::string BytesOf(const Hash& hash) { return std::string(AsText(hash)); }

}  // namespace

absl::StatusOr<StaticHead> StaticReader::HeadOf(const std::string& origin,
                                                Checkpoint which,
                                                const Stopped& stopped) {
  absl::StatusOr<StaticHead> head =
      which == Checkpoint::kNow ? log_.ReadHead(stopped) : log_.LastHead(stopped);
  if (!head.ok() || head->checkpoint.origin == origin) return head;
  const std::string what = absl::StrFormat(
      "%s is of %s, not of %s: name that log, or another place",
      log_.files().NameOf("checkpoint"), head->checkpoint.origin, origin);
  // A directory was chosen here; what a mirror shows is its own doing.
  if (IsUrl(log_.files().place())) return absl::DataLossError(what);
  return absl::InvalidArgumentError(what);
}

absl::Status StaticReader::NoSet(const char* what) const {
  return absl::UnimplementedError(
      absl::StrFormat("%s: static files hold the log and no set, so they do not %s: "
                      "ask a server (--server)",
                      log_.files().place(), what));
}

absl::Status StaticReader::FillHead(const v1::GetHeadRequest& request,
                                    const Stopped& stopped, v1::Head* response) {
  const absl::StatusOr<StaticHead> head =
      HeadOf(request.origin(), Checkpoint::kNow, stopped);
  if (!head.ok()) return head.status();
  const uint64_t size = head->checkpoint.size;
  if (request.known_size() > size) {
    // That it went back shows the signed head alone, whatever the other files are.
    response->set_checkpoint(head->note);
    return absl::OkStatus();
  }
  if (request.has_size() && request.size() > size) {
    return BeyondHead("size", request.size(), size);
  }
  Prover prover(&log_, &*head, stopped);
  std::optional<std::string> name;
  uint64_t lowest = 0;
  if (request.has_tag()) {
    // Also because the name comes back in the message.
    if (absl::Status s = CheckTagName(request.tag()); !s.ok()) return s;
    name = request.tag();
    lowest = size > kTagEntries ? size - kTagEntries : 0;
  }
  const uint64_t below = request.has_size() ? request.size() : size;
  const absl::StatusOr<std::optional<FoundVersion>> version =
      FindVersion(prover.tree(), lowest, below, name);
  if (!version.ok()) return version.status();
  if (!*version && lowest > 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the last %d entries of %s have no version %s, and static files hold no list "
        "of versions: ask a server (--server)",
        kTagEntries, log_.files().place(), *name));
  }
  if (!*version && !name && !request.has_size()) {
    return absl::DataLossError(absl::StrFormat(
        "%s has no index entry below size %d, as every log has: export it again, or "
        "ask another mirror or a server",
        log_.files().place(), size));
  }
  if (!*version) {
    return absl::NotFoundError(
        name ? absl::StrFormat("%s has no version %s", request.origin(), *name)
             : absl::StrFormat("%s has no index entry below size %d", request.origin(),
                               below));
  }
  const FoundVersion& found = **version;
  const std::array<uint64_t, 3> positions = {
      0, found.index_position, name ? found.tag_position : found.index_position};
  absl::Status fetched = prover.Prefetch(positions, request.known_size());
  if (!fetched.ok()) return fetched;
  absl::StatusOr<std::string> manifest = prover.tree().Entry(0);
  if (!manifest.ok()) return manifest.status();
  absl::StatusOr<v1::EntryProof> proven = prover.Prove(0, *std::move(manifest));
  if (!proven.ok()) return proven.status();
  *response->mutable_manifest() = *std::move(proven);
  proven = prover.Prove(found.index_position, found.index);
  if (!proven.ok()) return proven.status();
  *response->mutable_index() = *std::move(proven);
  if (name) {
    proven = prover.Prove(found.tag_position, found.tag);
    if (!proven.ok()) return proven.status();
    *response->mutable_tag() = *std::move(proven);
  }
  if (const uint64_t known = request.known_size(); known > 0) {
    if (const auto root = prover.RootAt(known); !root.ok()) return root.status();
    absl::StatusOr<std::vector<Hash>> path = prover.tree().ConsistencyPath(known, size);
    if (!path.ok()) return path.status();
    response->set_consistency(ConcatHashes(*path));
  }
  response->set_checkpoint(head->note);
  return absl::OkStatus();
}

absl::Status StaticReader::FillInclusion(const v1::GetInclusionProofRequest& request,
                                         const Stopped& stopped,
                                         v1::InclusionProof* response) {
  const absl::StatusOr<StaticHead> head =
      HeadOf(request.origin(), Checkpoint::kLast, stopped);
  if (!head.ok()) return head.status();
  const uint64_t head_size = head->checkpoint.size;
  const uint64_t size = request.size() == 0 ? head_size : request.size();
  if (size > head_size) return BeyondHead("size", size, head_size);
  if (request.index() >= size) {
    return absl::OutOfRangeError(
        absl::StrFormat("index %d is not in the tree of size "
                        "%d",
                        request.index(), size));
  }
  Prover prover(&log_, &*head, stopped);
  if (absl::Status s = prover.Prefetch({}, size); !s.ok()) return s;
  const absl::StatusOr<std::vector<Hash>> path =
      prover.tree().InclusionPath(request.index(), size);
  if (!path.ok()) return path.status();
  const absl::StatusOr<Hash> leaf = prover.tree().LeafAt(request.index());
  if (!leaf.ok()) return leaf.status();
  const absl::StatusOr<Hash> root = prover.RootAt(size);
  if (!root.ok()) return root.status();
  const absl::Status included =
      prover.CheckInclusion(request.index(), size, *leaf, *path, *root);
  if (!included.ok()) return included;
  response->set_size(size);
  response->set_leaf_hash(BytesOf(*leaf));
  response->set_root(BytesOf(*root));
  response->set_path(ConcatHashes(*path));
  return absl::OkStatus();
}

absl::Status StaticReader::FillConsistency(
    const v1::GetConsistencyProofRequest& request, const Stopped& stopped,
    v1::ConsistencyProof* response) {
  const absl::StatusOr<StaticHead> head =
      HeadOf(request.origin(), Checkpoint::kLast, stopped);
  if (!head.ok()) return head.status();
  const uint64_t head_size = head->checkpoint.size;
  const uint64_t size1 = request.size1();
  const uint64_t size2 = request.size2() == 0 ? head_size : request.size2();
  if (size2 > head_size) return BeyondHead("size", size2, head_size);
  if (size1 == 0 || size1 > size2) {
    return absl::OutOfRangeError(absl::StrFormat(
        "a consistency proof needs 1 <= size1 <= size2, not %d and %d", size1, size2));
  }
  Prover prover(&log_, &*head, stopped);
  const absl::StatusOr<std::vector<Hash>> path =
      prover.tree().ConsistencyPath(size1, size2);
  if (!path.ok()) return path.status();
  const absl::StatusOr<Hash> root1 = prover.RootAt(size1);
  if (!root1.ok()) return root1.status();
  const absl::StatusOr<Hash> root2 = prover.RootAt(size2);
  if (!root2.ok()) return root2.status();
  const absl::Status grown =
      prover.CheckConsistency(size1, size2, *root1, *root2, *path);
  if (!grown.ok()) return grown;
  response->set_size2(size2);
  response->set_root1(BytesOf(*root1));
  response->set_root2(BytesOf(*root2));
  response->set_path(ConcatHashes(*path));
  return absl::OkStatus();
}

absl::Status StaticReader::SendEntries(const v1::GetEntriesRequest& request,
                                       const Stopped& stopped,
                                       grpc::ServerWriter<v1::EntriesChunk>* writer) {
  const absl::StatusOr<StaticHead> head =
      HeadOf(request.origin(), Checkpoint::kLast, stopped);
  if (!head.ok()) return head.status();
  const uint64_t size = head->checkpoint.size;
  const uint64_t begin = request.begin();
  const uint64_t end = request.end() == 0 ? size : request.end();
  if (end > size) return BeyondHead("end", end, size);
  if (begin > end) {
    return absl::OutOfRangeError(
        absl::StrFormat("entries from %d to %d: begin is after end", begin, end));
  }
  if (begin == end) return absl::OkStatus();
  Prover prover(&log_, &*head, stopped);
  v1::EntriesChunk chunk;
  const auto visit = [&](uint64_t number, std::span<const Bytes> entries,
                         std::string& bytes,
                         const std::string* tile) -> absl::StatusOr<bool> {
    if (absl::Status s = prover.CheckBundle(number, entries, tile); !s.ok()) return s;
    const uint64_t first = number * kTileWidth;
    const uint64_t from = std::max(first, begin);
    const uint64_t to = std::min(first + entries.size(), end);
    const Bytes last = entries.back();
    const bool whole =
        from == first && to == first + entries.size() && bytes.size() <= kChunkBytes &&
        last.data() + last.size() == AsBytes(bytes).data() + bytes.size();
    if (whole) {
      chunk.set_begin(from);
      chunk.set_bundle(std::move(bytes));
      if (!writer->Write(chunk)) return absl::CancelledError("the caller has left");
      return true;
    }
    for (uint64_t position = from; position < to;) {
      chunk.set_begin(position);
      chunk.clear_bundle();
      do {
        absl::Status s =
            AppendToBundle(entries[position - first], chunk.mutable_bundle());
        if (!s.ok()) return s;
      } while (++position < to && chunk.bundle().size() < kChunkBytes);
      if (!writer->Write(chunk)) return absl::CancelledError("the caller has left");
    }
    return true;
  };
  const uint64_t last_bundle = (end - 1) / kTileWidth;
  // Nobody who reads entries needs the tiles of their hashes, but who has them here
  // wants to know of a damaged one.
  if (log_.files().local()) {
    return prover.tree().BundlesAndTiles(
        begin / kTileWidth, last_bundle + 1,
        [&](uint64_t number, std::span<const Bytes> entries, std::string& bytes,
            const std::string& tile) { return visit(number, entries, bytes, &tile); });
  }
  return prover.tree().Bundles(
      begin / kTileWidth, last_bundle + 1,
      [&](uint64_t number, std::span<const Bytes> entries, std::string& bytes) {
        return visit(number, entries, bytes, nullptr);
      });
}

grpc::Status StaticReader::GetHead(grpc::ServerContext* context,
                                   const v1::GetHeadRequest* request,
                                   v1::Head* response) {
  return ToGrpc(FillHead(*request, WhenLeft(context), response), context);
}
grpc::Status StaticReader::GetEntries(grpc::ServerContext* context,
                                      const v1::GetEntriesRequest* request,
                                      grpc::ServerWriter<v1::EntriesChunk>* writer) {
  return ToGrpc(SendEntries(*request, WhenLeft(context), writer), context);
}
grpc::Status StaticReader::GetInclusionProof(
    grpc::ServerContext* context, const v1::GetInclusionProofRequest* request,
    v1::InclusionProof* response) {
  return ToGrpc(FillInclusion(*request, WhenLeft(context), response), context);
}
grpc::Status StaticReader::GetConsistencyProof(
    grpc::ServerContext* context, const v1::GetConsistencyProofRequest* request,
    v1::ConsistencyProof* response) {
  return ToGrpc(FillConsistency(*request, WhenLeft(context), response), context);
}

grpc::Status StaticReader::GetLog(grpc::ServerContext* context,
                                  const v1::GetLogRequest*, v1::GetLogResponse*) {
  return ToGrpc(absl::FailedPreconditionError(absl::StrFormat(
                    "%s: static files do not name the log's key: give --key VKEY or "
                    "--policy FILE, or let `setlog trust add` know it",
                    log_.files().place())),
                context);
}
grpc::Status StaticReader::ListLogs(grpc::ServerContext* context,
                                    const v1::ListLogsRequest*, v1::ListLogsResponse*) {
  return ToGrpc(NoSet("list logs"), context);
}
grpc::Status StaticReader::ListTags(grpc::ServerContext* context,
                                    const v1::ListTagsRequest*, v1::ListTagsResponse*) {
  return ToGrpc(NoSet("list versions"), context);
}
grpc::Status StaticReader::Lookup(grpc::ServerContext* context,
                                  const v1::LookupRequest*, v1::LookupResponse*) {
  return ToGrpc(NoSet("answer lookups"), context);
}
grpc::Status StaticReader::BatchLookup(grpc::ServerContext* context,
                                       const v1::BatchLookupRequest*,
                                       v1::BatchLookupResponse*) {
  return ToGrpc(NoSet("answer lookups"), context);
}
grpc::Status StaticReader::WatchHeads(grpc::ServerContext* context,
                                      const v1::GetHeadRequest*,
                                      grpc::ServerWriter<v1::Head>*) {
  return ToGrpc(NoSet("tell of new heads"), context);
}
grpc::Status StaticReader::GetExtensionProof(
    grpc::ServerContext* context, const v1::GetExtensionProofRequest*,
    grpc::ServerWriter<v1::ExtensionProofChunk>*) {
  return ToGrpc(NoSet("prove how it changed"), context);
}

}  // namespace setlog
