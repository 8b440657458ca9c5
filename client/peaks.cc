#include "client/peaks.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "log/tile.h"
#include "log/tree.h"

namespace setlog {

absl::StatusOr<Peaks> Peaks::Restore(uint64_t size, std::vector<Hash> hashes) {
  if (hashes.size() != static_cast<size_t>(std::popcount(size))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a tree of %d leaves has %d peaks, not %d", size,
                        std::popcount(size), hashes.size()));
  }
  Peaks peaks;
  peaks.size_ = size;
  peaks.hashes_ = std::move(hashes);
  return peaks;
}

void Peaks::Push(int level, Hash hash) {
  for (uint64_t subtrees = size_ >> level; subtrees & 1; subtrees >>= 1) {
    hash = NodeHash(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(hash);
  size_ += uint64_t{1} << level;
}

void Peaks::Append(std::span<const Hash> leaf_hashes) {
  const auto push_leaves = [&](size_t count) {
    for (const Hash& leaf : leaf_hashes.first(count)) Push(0, leaf);
    leaf_hashes = leaf_hashes.subspan(count);
  };
  const uint64_t to_boundary = (kTileWidth - size_ % kTileWidth) % kTileWidth;
  push_leaves(std::min<uint64_t>(to_boundary, leaf_hashes.size()));
  const size_t whole = leaf_hashes.size() / kTileWidth * kTileWidth;
  for (const Hash& tile : SubtreeRoots(leaf_hashes.first(whole), kTileHeight)) {
    Push(kTileHeight, tile);
  }
  leaf_hashes = leaf_hashes.subspan(whole);
  push_leaves(leaf_hashes.size());
}

Hash Peaks::Root() const {
  if (hashes_.empty()) return EmptyRoot();
  Hash root = hashes_.back();
  for (size_t i = hashes_.size() - 1; i-- > 0;) root = NodeHash(hashes_[i], root);
  return root;
}

}  // namespace setlog
