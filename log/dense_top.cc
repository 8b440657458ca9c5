#include "log/dense_top.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

namespace setlog {
namespace {

// Siblings side by side in one cache line.
constexpr size_t kAlignment = 64;
// Parents hashed together: full kernel batches, in memory that stays in the cache.
constexpr size_t kChunk = 1024;
// Nodes that are fetched while others are joined.
constexpr size_t kAhead = 16;

}  // namespace

DenseTop::DenseTop(unsigned depth) : depth_(depth) {
  // Zeros, which the kernel gives for nothing; aligned_alloc would have to be told.
  size_t bytes = size() * Hash::kSize + kAlignment;
  memory_.reset(std::calloc(1, bytes));
  if (!memory_) throw std::bad_alloc();
  void* start = memory_.get();
  nodes_ =
      static_cast<Hash*>(std::align(kAlignment, size() * Hash::kSize, start, bytes));
}

std::span<Hash> DenseTop::BucketsBelow(size_t root) {
  const unsigned below = depth_ + 1 - std::bit_width(root);
  return {nodes_ + (root << below), size_t{1} << below};
}

void DenseTop::HashBelow(size_t root) {
  const unsigned root_level = std::bit_width(root) - 1;
  for (unsigned level = depth_; level-- > root_level;) {
    const size_t first = root << (level - root_level);
    const size_t end = (root + 1) << (level - root_level);
    for (size_t i = first; i < end; i += kChunk) {
      const size_t count = std::min(kChunk, end - i);
      const std::vector<Hash> parents =
          HashParents(level, std::span(nodes_ + 2 * i, 2 * count));
      std::copy(parents.begin(), parents.end(), nodes_ + i);
    }
  }
}

void DenseTop::HashAbove(unsigned level) {
  while (level-- > 0) {
    const size_t first = size_t{1} << level;
    const std::vector<Hash> parents =
        HashParents(level, std::span(nodes_ + 2 * first, 2 * first));
    std::copy(parents.begin(), parents.end(), nodes_ + first);
  }
}

std::vector<std::vector<TopNode>> RaiseChanges(const DenseTop& top,
                                               std::vector<TopNode> changes,
                                               unsigned to_level) {
  std::vector<std::vector<TopNode>> levels;
  if (changes.empty()) return levels;
  levels.push_back(std::move(changes));
  // One for all levels: a small batch has few changes in each, and many levels.
  std::vector<Hash> children;
  children.reserve(2 * std::min<size_t>(kChunk, levels[0].size()));
  for (unsigned level = std::bit_width(levels[0][0].index) - 1; level > to_level;
       --level) {
    const std::vector<TopNode>& below = levels.back();
    std::vector<TopNode> parents;
    parents.reserve(below.size());
    size_t hashed = 0;
    const auto hash = [&] {
      const std::vector<Hash> hashes = HashParents(level - 1, children);
      for (const Hash& h : hashes) parents[hashed++].hash = h;
      children.clear();
    };
    for (size_t i = 0; i < below.size(); ++i) {
      const auto& [index, changed] = below[i];
      if (i + kAhead < below.size()) {
        __builtin_prefetch(&top.node(below[i + kAhead].index));
      }
      if (parents.empty() || parents.back().index != index / 2) {
        if (children.size() == 2 * kChunk) hash();
        parents.push_back({index / 2, Hash()});
        children.push_back(top.node(index & ~uint32_t{1}));
        children.push_back(top.node(index | 1));
      }
      children[children.size() - 2 + (index & 1)] = changed;
    }
    hash();
    levels.push_back(std::move(parents));
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

NodeTable::NodeTable(std::vector<TopNode> nodes) : nodes_(std::move(nodes)) {
  constexpr size_t kFew = 16;
  if (nodes_.size() <= kFew) return;
  const uint32_t range = nodes_.back().index - nodes_[0].index;
  // About two nodes a slot if they are spread evenly.
  while ((range >> shift_) > nodes_.size() / 2) ++shift_;
  starts_.assign((range >> shift_) + 2, 0);
  for (const TopNode& node : nodes_) {
    ++starts_[((node.index - nodes_[0].index) >> shift_) + 1];
  }
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
}

const Hash* NodeTable::Find(uint32_t index) const {
  if (nodes_.empty() || index < nodes_[0].index || index > nodes_.back().index) {
    return nullptr;
  }
  auto begin = nodes_.begin();
  auto end = nodes_.end();
  if (!starts_.empty()) {
    const uint32_t slot = (index - nodes_[0].index) >> shift_;
    begin = nodes_.begin() + starts_[slot];
    end = nodes_.begin() + starts_[slot + 1];
  }
  const auto found = std::lower_bound(
      begin, end, index,
      [](const TopNode& node, uint32_t wanted) { return node.index < wanted; });
  return found != end && found->index == index ? &found->hash : nullptr;
}

const Hash* TopUndo::Find(uint32_t index) const {
  const unsigned level = std::bit_width(index) - 1;
  const std::vector<NodeTable>* levels = &upper_;
  unsigned row = level;
  if (level >= part_bits_) {
    levels =
        &parts_[(index >> (level - part_bits_)) & ((uint32_t{1} << part_bits_) - 1)];
    row = level - part_bits_;
  }
  return row < levels->size() ? (*levels)[row].Find(index) : nullptr;
}

size_t TopUndo::memory_bytes() const {
  constexpr size_t kBytesEach = sizeof(TopNode) + sizeof(uint32_t) / 2;
  size_t nodes = 0;
  for (const NodeTable& table : upper_) nodes += table.size();
  for (const auto& part : parts_) {
    for (const NodeTable& table : part) nodes += table.size();
  }
  return nodes * kBytesEach;
}

}  // namespace setlog
