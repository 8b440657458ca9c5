#include "log/batch_proof.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "log/set_proof.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

absl::Status Invalid(const char* what) {
  return absl::DataLossError(std::string("batch proof: ") + what);
}

// Items of a proof, one after the other. Branch bits that increase bound every
// recursion to 257 levels.
class Items {
 public:
  explicit Items(Bytes rest) : rest_(rest) {}

  bool empty() const { return rest_.empty(); }
  // The kind of the next item; nothing is taken. 0xff at the end, or for none.
  uint8_t Kind() const {
    if (rest_.empty() || rest_[0] > kLeafItem || rest_.size() < Length()) return 0xff;
    return rest_[0];
  }
  Bytes Take() {
    const Bytes item = rest_.first(Length());
    rest_ = rest_.subspan(item.size());
    return item;
  }
  // A whole subtree, as it is; empty if it is cut short. O(its items).
  Bytes TakeSubtree() {
    const Bytes begin = rest_;
    for (uint64_t open = 1; open > 0; --open) {
      const uint8_t kind = Kind();
      if (kind == 0xff) return {};
      if (kind == kBranchItem) open += 2;
      Take();
    }
    return begin.first(begin.size() - rest_.size());
  }

 private:
  size_t Length() const { return rest_[0] == kBranchItem ? 2 : 1 + Hash::kSize; }

  Bytes rest_;
};

class Merger {
 public:
  Merger(Bytes a, Bytes b) : a_(a), b_(b) {
    out_.reserve(std::max(a.size(), b.size()));
  }

  // The error, or nullptr.
  const char* Next(int parent_bit) {
    const uint8_t kind_a = a_.Kind();
    const uint8_t kind_b = b_.Kind();
    if (kind_a == 0xff || kind_b == 0xff) return "an item is cut short or unknown";
    if (kind_a == kSiblingItem || kind_b == kSiblingItem) {
      Items& closed = kind_a == kSiblingItem ? a_ : b_;
      closed.Take();
      const Bytes open = (&closed == &a_ ? b_ : a_).TakeSubtree();
      if (open.empty()) return "an item is cut short or unknown";
      out_ += AsText(open);
      return nullptr;
    }
    const Bytes item_a = a_.Take();
    const Bytes item_b = b_.Take();
    if (!std::ranges::equal(item_a, item_b)) return "they are not of one tree";
    out_ += AsText(item_a);
    if (kind_a == kLeafItem) return nullptr;
    const int bit = item_a[1];
    if (bit <= parent_bit) return "branch bits do not increase";
    const char* error = Next(bit);
    return error != nullptr ? error : Next(bit);
  }
  bool done() const { return a_.empty() && b_.empty(); }
  std::string Take() { return std::move(out_); }

 private:
  Items a_;
  Items b_;
  std::string out_;
};

class Narrower {
 public:
  Narrower(Bytes proof, std::span<const Hash> keys) : items_(proof), keys_(keys) {}

  const char* Next(std::span<uint32_t> queries, int parent_bit) {
    if (queries.empty()) {
      Hash hash;
      if (const char* error = Close(parent_bit, &hash)) return error;
      out_.push_back(static_cast<char>(kSiblingItem));
      out_ += AsText(hash);
      return nullptr;
    }
    const uint8_t kind = items_.Kind();
    if (kind == 0xff) return "an item is cut short or unknown";
    if (kind == kSiblingItem) return "closed where a query goes";
    const Bytes item = items_.Take();
    out_ += AsText(item);
    if (kind == kLeafItem) return nullptr;
    const int bit = item[1];
    if (bit <= parent_bit) return "branch bits do not increase";
    // Every key is tested: by one bit of theirs even sorted keys are not contiguous.
    const auto one =
        std::partition(queries.begin(), queries.end(), [&](uint32_t query) {
          return !KeyBit(keys_[query], static_cast<uint8_t>(bit));
        });
    const size_t zeros = static_cast<size_t>(one - queries.begin());
    const char* error = Next(queries.first(zeros), bit);
    return error != nullptr ? error : Next(queries.subspan(zeros), bit);
  }
  bool done() const { return items_.empty(); }
  std::string Take() { return std::move(out_); }

 private:
  // The hash of the next subtree.
  const char* Close(int parent_bit, Hash* hash) {
    const uint8_t kind = items_.Kind();
    if (kind == 0xff) return "an item is cut short or unknown";
    const Bytes item = items_.Take();
    if (kind != kBranchItem) {
      *hash = HashFromBytes(item.subspan(1));
      if (kind == kLeafItem) *hash = SetKey(*hash);
      return nullptr;
    }
    const int bit = item[1];
    if (bit <= parent_bit) return "branch bits do not increase";
    Hash sides[2];
    for (Hash& side : sides) {
      if (const char* error = Close(bit, &side)) return error;
    }
    *hash = SetNode(static_cast<uint8_t>(bit), sides[0], sides[1]);
    return nullptr;
  }

  Items items_;
  const std::span<const Hash> keys_;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> MergeBatchProofs(Bytes a, Bytes b) {
  if (a.empty() && b.empty()) return std::string();
  Merger merger(a, b);
  if (const char* error = merger.Next(-1)) return Invalid(error);
  if (!merger.done()) return Invalid("bytes after the last item");
  return merger.Take();
}

absl::StatusOr<std::string> NarrowBatchProof(Bytes proof, std::span<const Hash> keys) {
  if (proof.empty()) return std::string();
  std::vector<uint32_t> all(keys.size());
  std::iota(all.begin(), all.end(), 0);
  Narrower narrower(proof, keys);
  if (const char* error = narrower.Next(all, -1)) return Invalid(error);
  if (!narrower.done()) return Invalid("bytes after the last item");
  return narrower.Take();
}

}  // namespace setlog
