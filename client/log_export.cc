#include "client/log_export.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/decimal.h"
#include "log/note.h"
#include "log/tile.h"
#include "log/tile_tree.h"
#include "log/tree.h"

namespace setlog {
namespace {

constexpr char kCheckpoint[] = "checkpoint";
constexpr size_t kMaxMemoryBytes = 64;
constexpr size_t kMaxTileBytes = kTileWidth * Hash::kSize;
constexpr size_t kMaxBundleBytes = kTileWidth * (2 + kMaxEntryBytes);

std::string_view HashBytes(std::span<const Hash> hashes) {
  return {reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()};
}

// The number of the last, partial tile of a level.
uint64_t LastTile(int level, uint64_t size) {
  const int bits = kTileHeight * (level + 1);
  return bits < 64 ? size >> bits : 0;
}

TilePath PartialTile(int level, uint64_t size) {
  return {.tile = {static_cast<uint8_t>(level), LastTile(level, size)},
          .width = PartialWidth(level, size)};
}

TilePath PartialBundle(uint64_t size) {
  TilePath path = PartialTile(0, size);
  path.entries = true;
  return path;
}

// The files of a growing log: what is full is put at once, what is not at the end.
class TileFiles {
 public:
  explicit TileFiles(ExportDirectory* out) : out_(*out) {}

  // Goes on from the files of the size that `head` is for.
  absl::Status Resume(const Checkpoint& head) {
    std::vector<std::vector<Hash>> tails;
    for (int level = 0; level < TileLevels(head.size); ++level) {
      absl::StatusOr<std::vector<Hash>> tail = ReadTail(level, head.size);
      if (!tail.ok()) return tail.status();
      tails.push_back(*std::move(tail));
    }
    absl::StatusOr<TileTree> tree = TileTree::Restore(head.size, std::move(tails));
    if (!tree.ok() || tree->Root() != head.root) {
      return Damaged("its partial tiles do not lead to the root of its checkpoint");
    }
    tree_ = *std::move(tree);
    if (head.size == 0) return absl::OkStatus();
    leaves_ = tree_.tails()[0];
    if (leaves_.empty()) return absl::OkStatus();
    const std::string name = FormatTilePath(PartialBundle(head.size));
    absl::StatusOr<std::string> bundle = out_.Read(name, kMaxBundleBytes);
    if (!bundle.ok()) return Damaged(std::string(bundle.status().message()));
    const absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bundle));
    if (!entries.ok() || LeafHashes(*entries) != leaves_) {
      return Damaged(name + " does not hold the entries of its tile");
    }
    bundle_ = *std::move(bundle);
    return absl::OkStatus();
  }

  absl::Status Append(std::span<const Bytes> entries) {
    const std::vector<Hash> leaves = LeafHashes(entries);
    uint64_t position = tree_.size();
    for (size_t i = 0; i < entries.size(); ++i, ++position) {
      leaves_.push_back(leaves[i]);
      if (absl::Status s = AppendToBundle(entries[i], &bundle_); !s.ok()) return s;
      if (leaves_.size() < kTileWidth) continue;
      TilePath path{.tile = {0, position / kTileWidth}};
      if (absl::Status s = Put(path, HashBytes(leaves_)); !s.ok()) return s;
      path.entries = true;
      if (absl::Status s = Put(path, bundle_); !s.ok()) return s;
      leaves_.clear();
      bundle_.clear();
    }
    for (const ChangedTile& changed : tree_.Append(leaves)) {
      if (changed.hashes.size() < kTileWidth) continue;
      absl::Status s = Put({.tile = changed.tile}, HashBytes(changed.hashes));
      if (!s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // The partial tiles and the partial bundle of the size that was reached.
  absl::Status PutPartial() {
    for (int level = 0; level < TileLevels(size()); ++level) {
      const std::vector<Hash>& tail = tree_.tails()[static_cast<size_t>(level)];
      if (tail.empty()) continue;
      absl::Status s = Put(PartialTile(level, size()), HashBytes(tail));
      if (!s.ok()) return s;
    }
    if (bundle_.empty()) return absl::OkStatus();
    return Put(PartialBundle(size()), bundle_);
  }

  uint64_t size() const { return tree_.size(); }
  Hash Root() const { return tree_.Root(); }

 private:
  absl::Status Put(const TilePath& path, std::string_view bytes) {
    return out_.Put(FormatTilePath(path), bytes);
  }
  absl::StatusOr<std::vector<Hash>> ReadTail(int level, uint64_t size) const {
    const TilePath path = PartialTile(level, size);
    std::vector<Hash> tail(path.width);
    if (tail.empty()) return tail;
    const std::string name = FormatTilePath(path);
    const absl::StatusOr<std::string> bytes = out_.Read(name, kMaxTileBytes);
    if (!bytes.ok()) return Damaged(std::string(bytes.status().message()));
    if (bytes->size() != path.width * Hash::kSize) {
      return Damaged(absl::StrFormat("%s has %d bytes", name, bytes->size()));
    }
    for (size_t i = 0; i < tail.size(); ++i) {
      tail[i] = HashFromBytes(
          AsBytes(std::string_view(*bytes).substr(i * Hash::kSize, Hash::kSize)));
    }
    return tail;
  }
  absl::Status Damaged(const std::string& why) const {
    return absl::DataLossError(absl::StrFormat(
        "%s is damaged (%s): remove it and export again, or into another directory",
        out_.path(), why));
  }

  ExportDirectory& out_;
  TileTree tree_;
  std::vector<Hash> leaves_;  // of the last bundle, while it is not full
  std::string bundle_;
};

// Takes away the partial files of tiles that are full by now, but for those of the
// export before, whose readers may still be on their way. Those of earlier ones are in
// tiles from the one on that was partial in the export before that.
absl::Status PrunePartials(uint64_t before, uint64_t size, ExportDirectory& out) {
  const absl::StatusOr<std::string> memory =
      out.Read(ExportDirectory::kMemory, kMaxMemoryBytes);
  // Without it, or with a damaged one, all tiles are looked after once.
  uint64_t from = memory.ok() ? ParseDecimal(*memory).value_or(0) : 0;
  from = std::min(from, before);
  for (int level = 0; level < TileLevels(size); ++level) {
    const uint64_t last = LastTile(level, before);
    for (uint64_t n = LastTile(level, from); n <= last && n < LastTile(level, size);
         ++n) {
      const uint32_t kept = n == last ? PartialWidth(level, before) : 0;
      for (const bool entries : {false, true}) {
        if (entries && level > 0) continue;
        TilePath path{.tile = {static_cast<uint8_t>(level), n}};
        path.entries = entries;
        absl::Status s = out.Prune(FormatTilePath(path) + ".p",
                                   kept == 0 ? "" : std::to_string(kept));
        if (!s.ok()) return s;
      }
    }
  }
  absl::Status s = out.Put(ExportDirectory::kMemory, std::to_string(before));
  return s.ok() ? out.Flush() : s;
}

// What the directory holds; of size 0 if it holds nothing yet.
absl::StatusOr<Checkpoint> HeldBy(const ExportDirectory& out, const Checkpoint& head,
                                  const VerifierKey& key) {
  const absl::StatusOr<std::string> note = out.Read(kCheckpoint, kMaxNoteBytes);
  if (absl::IsNotFound(note.status())) return Checkpoint{head.origin, 0, EmptyRoot()};
  if (!note.ok()) return note.status();
  const absl::StatusOr<Note> parsed = ParseNote(*note);
  absl::StatusOr<Checkpoint> held = parsed.ok()
                                        ? ParseCheckpoint(parsed->text)
                                        : absl::StatusOr<Checkpoint>(parsed.status());
  if (!held.ok() || held->origin != head.origin) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s/%s is of %s, not of %s: name another directory", out.path(), kCheckpoint,
        held.ok() ? held->origin : "something else", head.origin));
  }
  held = OpenCheckpoint(*note, key);
  if (!held.ok()) {
    return absl::DataLossError(absl::StrFormat("%s/%s: %s", out.path(), kCheckpoint,
                                               std::string(held.status().message())));
  }
  return held;
}

// That what is there is where the head comes from.
absl::Status CheckHistory(const TreeClient& tree, const Checkpoint& held,
                          const std::string& path) {
  const Checkpoint& head = tree.head();
  if (held.size == 0) return absl::OkStatus();
  if (held.size > head.size) {
    return absl::DataLossError(absl::StrFormat(
        "%s holds %d entries of %s under a signed head, and the server shows %d: it "
        "went back, or its witnesses have not come that far yet",
        path, held.size, head.origin, head.size));
  }
  const absl::StatusOr<ConsistencyResult> shown =
      tree.Consistency(held.size, head.size);
  if (!shown.ok()) return shown.status();
  if (shown->root1 == held.root) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s holds %d entries of %s under a signed head from which the server's head did "
      "not grow: keep both notes",
      path, held.size, head.origin));
}

}  // namespace

absl::StatusOr<Exported> ExportLog(
    const TreeClient& tree, const std::string& note, const VerifierKey& key,
    ExportDirectory& out, const std::function<void(uint64_t entries)>& progress) {
  const Checkpoint& head = tree.head();
  const absl::StatusOr<Checkpoint> held = HeldBy(out, head, key);
  if (!held.ok()) return held.status();
  if (absl::Status s = CheckHistory(tree, *held, out.path()); !s.ok()) return s;
  TileFiles files(&out);
  if (absl::Status s = files.Resume(*held); !s.ok()) return s;

  const absl::Status appended = tree.Entries(
      held->size, head.size, [&](uint64_t, std::span<const Bytes> entries) {
        const absl::Status status = files.Append(entries);
        if (status.ok()) progress(files.size());
        return status;
      });
  if (!appended.ok()) return appended;
  if (files.Root() != head.root) {
    return absl::DataLossError(absl::StrFormat(
        "the files in %s do not lead to the head of %s", out.path(), head.origin));
  }
  const Exported done{.from = held->size, .size = head.size};
  if (held->size < head.size) {
    if (absl::Status s = files.PutPartial(); !s.ok()) return s;
  } else if (out.Read(kCheckpoint, kMaxNoteBytes).value_or("") == note) {
    return done;
  }
  if (absl::Status s = out.Flush(); !s.ok()) return s;
  if (absl::Status s = out.Put(kCheckpoint, note); !s.ok()) return s;
  if (absl::Status s = out.Flush(); !s.ok()) return s;
  if (held->size < head.size) {
    if (absl::Status s = PrunePartials(held->size, head.size, out); !s.ok()) return s;
  }
  return done;
}

}  // namespace setlog
