// SetIndex: reading it, and its rows as stored.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "log/set_index.h"

namespace setlog {

LiveBucket SetIndex::BucketRows(uint64_t bucket) const {
  const Page& page = pages_[bucket >> (depth_ - page_level())];
  LiveBucket rows;
  for (const Row& row : page) {
    if (BucketOf(row.key) == bucket) rows.push_back(row);
  }
  return rows;
}

absl::StatusOr<SetAnswer> SetIndex::Lookup(const Hash& key) const {
  return LookupUnder(View(), key,
                     [this](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
                       return BucketRows(bucket);
                     });
}

absl::StatusOr<SetBatchAnswer> SetIndex::BatchLookup(std::span<const Hash> keys) const {
  return BatchLookupUnder(View(), keys,
                          [this](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
                            return BucketRows(bucket);
                          });
}

std::string SetIndex::EncodeRows(size_t begin_page, size_t end_page) const {
  size_t rows = 0;
  for (size_t page = begin_page; page < end_page; ++page) rows += pages_[page].size();
  std::string bytes;
  bytes.reserve(rows * kRowBytes);
  for (size_t page = begin_page; page < end_page; ++page) {
    for (const Row& row : pages_[page]) {
      std::array<char, kRowBytes> stored;
      std::memcpy(stored.data(), row.key.data(), Hash::kSize);
      for (int i = 0; i < 8; ++i) {
        stored[Hash::kSize + i] = static_cast<char>(row.position >> 8 * (7 - i));
      }
      bytes.append(stored.data(), stored.size());
    }
  }
  return bytes;
}

SetIndex::Loader::Loader(uint64_t rows) : announced_(rows) {
  set_.Deepen(DepthFor(rows), InOrder);
}

absl::Status SetIndex::Loader::Add(Bytes rows) {
  for (; rows.size() >= kRowBytes; rows = rows.subspan(kRowBytes)) {
    const Row row = {HashFromBytes(rows), ReadU64(rows.subspan(Hash::kSize))};
    if (set_.n_ > 0 && row.key <= last_) {
      return absl::DataLossError("the rows of its set are out of order");
    }
    if (row.position == std::numeric_limits<uint64_t>::max()) {
      return absl::DataLossError("the rows of its set have impossible positions");
    }
    const auto page = [this](const Hash& key) {
      return KeyPrefix(key, set_.page_level());
    };
    if (set_.n_ > 0 && page(row.key) != page(last_)) EndPage();
    rows_.push_back(row);
    last_ = row.key;
    end_ = std::max(end_, row.position + 1);
    ++set_.n_;
  }
  if (!rows.empty()) return absl::DataLossError("the rows of its set are cut short");
  return absl::OkStatus();
}

void SetIndex::Loader::EndPage() {
  if (rows_.empty()) return;
  set_.pages_[KeyPrefix(last_, set_.page_level())].assign(rows_.begin(), rows_.end());
  rows_.clear();
}

absl::StatusOr<SetIndex> SetIndex::Loader::Finish(uint64_t m, const Hash& root,
                                                  const ParallelFor& parallel) && {
  EndPage();
  if (set_.n_ != announced_ || end_ > m) {
    return absl::DataLossError("its set has other rows than announced");
  }
  set_.Update({}, m, true, parallel);
  if (set_.root() != root) {
    return absl::DataLossError("its rows do not lead to its set root");
  }
  return std::move(set_);
}

}  // namespace setlog
