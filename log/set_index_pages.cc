// SetIndex as stored: pages of rows, bucket hashes, history.
#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/bucket_hasher.h"
#include "log/set_index.h"
#include "log/sha256.h"

namespace setlog {

absl::StatusOr<SetIndex> SetIndex::Restore(uint64_t m, uint64_t n, uint64_t rows,
                                           const Hash& set_root,
                                           std::span<const Hash> bucket_hashes,
                                           Bytes history) {
  SetIndex index;
  SetTop& top = index.top_;
  top.m = m;
  top.n = n;
  while ((size_t{1} << top.depth) < bucket_hashes.size()) ++top.depth;
  if (size_t{1} << top.depth != bucket_hashes.size()) {
    return absl::DataLossError("index snapshot: not 2^k bucket hashes");
  }
  top.nodes.assign(2 * bucket_hashes.size(), SetTop::kNoKeys);
  std::copy(bucket_hashes.begin(), bucket_hashes.end(),
            top.nodes.begin() + bucket_hashes.size());
  HashUpperNodes(&top);
  if (top.root() != set_root) {
    return absl::DataLossError(
        "index snapshot: its hashes do not lead to its set root");
  }
  index.buckets_.resize(bucket_hashes.size());
  index.page_loaded_.assign(index.PageOf(bucket_hashes.size() - 1) + 1, false);
  index.row_count_ = rows;

  // key | u64 events | (u64 position << 1 | add) each
  while (!history.empty()) {
    constexpr size_t kHeadBytes = Hash::kSize + 8;
    if (history.size() < kHeadBytes) {
      return absl::DataLossError("index snapshot: history is cut short");
    }
    const Hash key = HashFromBytes(history);
    const uint64_t events = ReadU64(history.subspan(Hash::kSize));
    history = history.subspan(kHeadBytes);
    if (events > history.size() / 8) {
      return absl::DataLossError("index snapshot: history is cut short");
    }
    std::vector<SetEvent>& list = index.history_[key];
    for (uint64_t i = 0; i < events; ++i, history = history.subspan(8)) {
      const uint64_t word = ReadU64(history);
      list.push_back({word >> 1, (word & 1) != 0});
    }
  }
  return index;
}

std::string SetIndex::EncodeHistory() const {
  std::string bytes;
  for (const auto& [key, events] : history_) {
    bytes.append(AsText(key));
    AppendU64(&bytes, events.size());
    for (const SetEvent& event : events) {
      AppendU64(&bytes, event.position << 1 | (event.add ? 1 : 0));
    }
  }
  return bytes;
}

std::string SetIndex::EncodePage(size_t page) const {
  const size_t per_page = buckets_.size() / page_loaded_.size();
  std::string bytes;
  for (size_t b = page * per_page; b < (page + 1) * per_page; ++b) {
    for (const Row& row : buckets_[b]) {
      bytes.append(AsText(row.key));
      AppendU64(&bytes, row.word);
    }
  }
  // The bucket hashes do not cover positions and rows that left the set.
  bytes.append(AsText(Sha256(AsBytes(bytes))));
  return bytes;
}

absl::Status SetIndex::InstallPage(size_t page, Bytes bytes) {
  constexpr size_t kRowBytes = Hash::kSize + 8;
  if (page_loaded_[page]) return absl::OkStatus();
  const auto damaged = [page](const char* what) {
    return absl::DataLossError(absl::StrFormat("index page %d: %s", page, what));
  };
  if (bytes.size() < Hash::kSize) return damaged("cut short");
  const Hash digest = HashFromBytes(bytes.last(Hash::kSize));
  bytes = bytes.first(bytes.size() - Hash::kSize);
  if (Sha256(bytes) != digest) return damaged("its digest differs");
  if (bytes.size() % kRowBytes != 0) return damaged("not whole rows");
  const size_t per_page = buckets_.size() / page_loaded_.size();
  const size_t first = page * per_page;
  std::vector<Bucket> buckets(per_page);
  const Hash* previous = nullptr;
  for (size_t i = 0; i < bytes.size(); i += kRowBytes) {
    const Row row = {HashFromBytes(bytes.subspan(i)),
                     ReadU64(bytes.subspan(i + Hash::kSize))};
    const size_t bucket = BucketOf(row.key);
    if (bucket < first || bucket >= first + per_page) return damaged("a foreign key");
    if (previous != nullptr && !(*previous < row.key)) return damaged("keys unsorted");
    buckets[bucket - first].push_back(row);
    previous = &buckets[bucket - first].back().key;
  }
  absl::Status status = absl::OkStatus();
  BucketHasher hasher([&](size_t bucket, const Hash& hash) {
    if (hash != bucket_hashes()[bucket]) {
      status = damaged("its rows are not those that its hashes commit to");
    }
  });
  for (size_t i = 0; i < per_page; ++i) {
    for (const Row& row : buckets[i]) {
      if (LiveAt(row, std::numeric_limits<uint64_t>::max())) hasher.AddKey(row.key);
    }
    hasher.EndBucket(first + i);
  }
  hasher.Flush();
  if (!status.ok()) return status;
  for (size_t i = 0; i < per_page; ++i) {
    buckets[i].shrink_to_fit();
    buckets_[first + i] = std::move(buckets[i]);
  }
  page_loaded_[page] = true;
  return absl::OkStatus();
}

}  // namespace setlog
