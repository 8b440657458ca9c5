#include "index/run_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr size_t kFenceBytes = 8;

}  // namespace

absl::StatusOr<std::unique_ptr<RunFile>> RunFile::Open(const std::string& path,
                                                       const IndexIdentity& identity,
                                                       unsigned partition) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path, MappedFile::Use::kRandom);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kRunFooterBytes) return DamagedFile(path, "it is too short");
  const Bytes footer = bytes.last(kRunFooterBytes);
  absl::Status ours = CheckFileTag(footer.first(kFileTagBytes), FileKind::kRun,
                                   identity, partition, path);
  if (!ours.ok()) return ours;
  if (ChecksumAt(0, footer.first(kRunFooterBytes - 8)) != ReadU64(footer.last(8))) {
    return DamagedFile(path, "its footer's checksum");
  }
  const uint64_t m = ReadU64(footer.subspan(kFileTagBytes));
  const uint64_t rows = ReadU64(footer.subspan(kFileTagBytes + 8));
  const uint64_t pages = ReadU64(footer.subspan(kFileTagBytes + 16));
  const uint64_t body = bytes.size() - kRunFooterBytes;
  if (body % (kRunPageBytes + kFenceBytes) != 0 ||
      body / (kRunPageBytes + kFenceBytes) != pages) {
    return DamagedFile(path, "its size");
  }
  if (m > kMaxPositions || rows > pages * kRunPageRows ||
      rows + kRunPageRows <= pages * kRunPageRows) {
    return DamagedFile(path, "what its footer says");
  }
  const Bytes fence_bytes = bytes.subspan(pages * kRunPageBytes, pages * kFenceBytes);
  if (ChecksumAt(0, fence_bytes) != ReadU64(footer.subspan(kFileTagBytes + 24))) {
    return DamagedFile(path, "the checksum of its fence");
  }
  std::vector<uint64_t> fence(pages);
  for (uint64_t i = 0; i < pages; ++i) {
    fence[i] = ReadU64(fence_bytes.subspan(i * kFenceBytes));
  }
  if (!std::is_sorted(fence.begin(), fence.end())) {
    return DamagedFile(path, "the order of its fence");
  }
  return std::unique_ptr<RunFile>(
      new RunFile(*std::move(file), identity, partition, m, rows, std::move(fence)));
}

RunFile::RunFile(MappedFile file, const IndexIdentity& identity, unsigned partition,
                 uint64_t m, uint64_t rows, std::vector<uint64_t> fence)
    : file_(std::move(file)),
      identity_(identity),
      partition_(partition),
      m_(m),
      rows_(rows),
      fence_(std::move(fence)),
      checked_((fence_.size() + 63) / 64) {
  if (!fence_.empty() && fence_.back() > fence_.front()) {
    pages_per_prefix_ = static_cast<double>(fence_.size() - 1) /
                        static_cast<double>(fence_.back() - fence_.front());
  }
}

absl::Status RunFile::Check(uint64_t index) const {
  const uint8_t* bytes = page(index);
  const auto bad = [&](std::string_view what) {
    return DamagedFile(path(), absl::StrFormat("%s of page %d", what, index));
  };
  if (ChecksumAt(index, Bytes(bytes, kRunPageChecksum)) !=
      ReadU64(Bytes(bytes + kRunPageChecksum, 8))) {
    return bad("the checksum");
  }
  const unsigned count = RowsIn(index);
  if (bytes[kRunPageCount] != 0 || bytes[kRunPageCount + 1] != count) {
    return bad("the number of rows");
  }
  const auto zeros = [&](size_t begin, size_t end) {
    return std::all_of(bytes + begin, bytes + end, [](uint8_t b) { return b == 0; });
  };
  if (!zeros(count * Hash::kSize, kRunPageWords) ||
      !zeros(kRunPageWords + count * sizeof(PackedWord), kRunPageCount) ||
      !zeros(kRunPageCount + 2, kRunPageChecksum)) {
    return bad("what is beyond the rows");
  }
  for (unsigned slot = 0; slot < count; ++slot) {
    const Hash& key = RunPageKey(bytes, slot);
    const uint64_t position = RunPageWord(bytes, slot) >> 1;
    if (PartitionOf(key, identity_.partition_bits) != partition_ || position >= m_) {
      return bad("a row");
    }
    if (slot == 0) continue;
    const int order = std::memcmp(RunPageKey(bytes, slot - 1).data(), key.data(), 32);
    if (order > 0 || (order == 0 && RunPageWord(bytes, slot - 1) >> 1 >= position)) {
      return bad("the order");
    }
  }
  if (RunPagePrefix(bytes, 0) != fence_[index] ||
      (index + 1 < pages() && RunPagePrefix(bytes, count - 1) > fence_[index + 1])) {
    return bad("the place");
  }
  checked_[index / 64].fetch_or(uint64_t{1} << (index % 64), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status RunFile::CheckAll() const {
  constexpr uint64_t kWindow = 512;
  for (uint64_t index = 0; index < pages(); ++index) {
    if (index % kWindow == 0) {
      file_.WillNeed(index * kRunPageBytes, (index + 2 * kWindow) * kRunPageBytes);
    }
    if (absl::Status good = Check(index); !good.ok()) return good;
    if (index == 0) continue;
    const uint8_t* before = page(index - 1);
    const EventRow last = {RunPageKey(before, kRunPageRows - 1),
                           RunPageWord(before, kRunPageRows - 1)};
    const EventRow first = {RunPageKey(page(index), 0), RunPageWord(page(index), 0)};
    if (last.key > first.key ||
        (last.key == first.key && last.position() >= first.position())) {
      return DamagedFile(path(), absl::StrFormat("the order before page %d", index));
    }
  }
  return absl::OkStatus();
}

uint64_t RunFile::FirstPageFrom(uint64_t prefix) const {
  const uint64_t end = fence_.size();
  if (end == 0 || prefix <= fence_.front()) return 0;
  if (prefix > fence_.back()) return end;
  // fence_[low] < prefix <= fence_[high] from here on.
  uint64_t low = 0;
  uint64_t high = end - 1;
  const uint64_t guess = std::min(
      high, static_cast<uint64_t>(static_cast<double>(prefix - fence_.front()) *
                                  pages_per_prefix_));
  uint64_t step = 2;
  if (fence_[guess] < prefix) {
    low = guess;
    for (; step < high - low && fence_[low + step] < prefix; step *= 2) low += step;
    high = std::min(high, low + step);
  } else {
    high = guess;
    for (; step < high - low && fence_[high - step] >= prefix; step *= 2) high -= step;
    low = step < high - low ? high - step : low;
  }
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (fence_[middle] < prefix ? low : high) = middle;
  }
  return high;
}

void RunFile::WillNeed(std::span<const uint64_t> prefixes) const {
  // Rows of a prefix begin in the page before the first one that begins with it.
  uint64_t begin = 0;
  uint64_t end = 0;
  for (uint64_t prefix : prefixes) {
    const uint64_t next = FirstPageFrom(prefix);
    const uint64_t first = next == 0 ? 0 : next - 1;
    if (first > end) {
      file_.WillNeed(begin * kRunPageBytes, end * kRunPageBytes);
      begin = first;
    }
    end = first + 1;
  }
  file_.WillNeed(begin * kRunPageBytes, std::min(end, pages()) * kRunPageBytes);
}

void RunFile::WillNeed(uint64_t first, uint64_t last) const {
  const uint64_t begin = FirstPageFrom(first);
  uint64_t end = FirstPageFrom(last);
  while (end < pages() && fence_[end] == last) ++end;
  file_.WillNeed((begin == 0 ? 0 : begin - 1) * kRunPageBytes, end * kRunPageBytes);
}

bool RunCursor::Enter(uint64_t page, unsigned slot) {
  count_ = 0;
  slot_ = 0;
  page_index_ = page;
  if (page >= run_->pages()) return false;
  if (ahead_ == ReadAhead::kSequential && page >= asked_) {
    constexpr uint64_t kWindow = 512;
    run_->file_.WillNeed(page * kRunPageBytes, (page + 2 * kWindow) * kRunPageBytes);
    asked_ = page + kWindow;
  }
  // Whoever walks over all rows writes them anew, under a new checksum: what this page
  // was when it was looked at last is not enough.
  status_ = ahead_ == ReadAhead::kSequential ? run_->Check(page) : run_->Require(page);
  if (!status_.ok()) return false;
  page_ = run_->page(page);
  count_ = run_->RowsIn(page);
  slot_ = slot;
  return true;
}

void RunCursor::NextPage() { Enter(page_index_ + 1, 0); }

void RunCursor::SeekToFirst() {
  status_ = absl::OkStatus();
  Enter(0, 0);
}

template <typename Before>
void RunCursor::SearchPage(uint64_t page, uint64_t prefix, Before before) {
  if (!Enter(page, 0)) return;
  const uint64_t first = run_->fence_[page];
  const uint64_t next = page + 1 < run_->pages() ? run_->fence_[page + 1]
                                                 : RunPagePrefix(page_, count_ - 1);
  const double share = ShareOfPage(prefix, first, next);
  slot_ = std::min(count_ - 1, static_cast<unsigned>(share * count_));
  while (slot_ > 0 && !before(slot_ - 1)) --slot_;
  while (slot_ < count_ && before(slot_)) ++slot_;
  if (slot_ == count_) NextPage();
}

double RunCursor::ShareOfPage(uint64_t prefix, uint64_t first, uint64_t next) {
  if (prefix <= first || next <= first) return 0;
  return std::min(
      1.0, static_cast<double>(prefix - first) / static_cast<double>(next - first));
}

uint64_t RunCursor::FirstPageFrom(uint64_t prefix, uint64_t page) const {
  const std::vector<uint64_t>& fence = run_->fence_;
  const uint64_t next = page + 1;
  const bool here = page < fence.size() && fence[page] < prefix &&
                    (next == fence.size() || prefix <= fence[next]);
  return here ? next : run_->FirstPageFrom(prefix);
}

void RunCursor::Prefetch(uint64_t prefix) {
  const std::vector<uint64_t>& fence = run_->fence_;
  if (fence.empty()) return;
  const uint64_t from = FirstPageFrom(prefix, fetched_);
  fetched_ = from == 0 ? 0 : from - 1;
  // The last page may hold fewer rows, at any place: its guess is as good as none.
  if (fetched_ + 1 == fence.size()) return;
  const double share = ShareOfPage(prefix, fence[fetched_], fence[fetched_ + 1]);
  const auto slot = static_cast<unsigned>(share * kRunPageRows);
  const uint8_t* page = run_->page(fetched_);
  const uint8_t* key = page + (slot - (slot > 0)) * Hash::kSize;
  for (int i = 0; i < 4; ++i) __builtin_prefetch(key + 64 * i);
  __builtin_prefetch(page + kRunPageWords + slot * sizeof(PackedWord));
}

void RunCursor::SeekPrefix(uint64_t prefix) {
  status_ = absl::OkStatus();
  const uint64_t next = FirstPageFrom(prefix, page_index_);
  SearchPage(next == 0 ? 0 : next - 1, prefix,
             [&](unsigned slot) { return RunPagePrefix(page_, slot) < prefix; });
}

void RunCursor::Seek(const Hash& key) {
  status_ = absl::OkStatus();
  const uint64_t prefix = ReadU64(key);
  const std::vector<uint64_t>& fence = run_->fence_;
  // Pages [low, high) begin with keys of this prefix: the first of them that does not
  // begin before `key` is found by reading their first keys.
  uint64_t low = FirstPageFrom(prefix, page_index_);
  uint64_t high = low;
  if (low < fence.size() && fence[low] == prefix) {
    high = static_cast<uint64_t>(
        std::upper_bound(fence.begin() + static_cast<int64_t>(low), fence.end(),
                         prefix) -
        fence.begin());
  }
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (!Enter(middle, 0)) return;
    if (this->key() < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  SearchPage(low == 0 ? 0 : low - 1, prefix,
             [&](unsigned slot) { return RunPageKey(page_, slot) < key; });
}

}  // namespace setlog
