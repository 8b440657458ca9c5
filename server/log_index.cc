#include "server/log_index.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/str_format.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// Derived rows (docs/format.md).
constexpr char kHeaderKey[] = "h";
constexpr size_t kHashesPerRow = 4096;
constexpr size_t kHistoryBytesPerRow = size_t{1} << 20;
constexpr uint64_t kSnapshotVersion = 2;
constexpr size_t kHeaderBytes = 72;
// Versions kept besides the newest ones: 64 bytes a bucket each, about 2 bytes a
// member.
constexpr size_t kOldTops = 8;

std::string PageKey(uint64_t page) { return "p" + U64Key(page); }
std::string HashesKey(uint64_t chunk) { return "b" + U64Key(chunk); }
std::string HistoryKey(uint64_t chunk) { return "e" + U64Key(chunk); }

}  // namespace

LogIndex::LogIndex(Store* store, const TreeReader* reader, const LogState* log)
    : store_(store), reader_(reader), log_(log) {}

std::shared_lock<std::shared_mutex> LogIndex::LockShared() const {
  { const std::lock_guard behind_writers(turnstile_); }
  return std::shared_lock(mutex_);
}

std::unique_lock<std::shared_mutex> LogIndex::LockUnique() {
  const std::lock_guard holds_new_readers_back(turnstile_);
  return std::unique_lock(mutex_);
}

uint64_t LogIndex::m() const {
  const auto lock = LockShared();
  return index_.top().m;
}

IndexEntry LogIndex::Current() const {
  const auto lock = LockShared();
  return {index_.top().m, index_.top().n, index_.top().root()};
}

uint64_t LogIndex::buckets_written() const {
  const auto lock = LockShared();
  return index_.buckets_written();
}

uint64_t LogIndex::memory_bytes() const {
  // Rows of 40 bytes in vectors that have grown to a third more; nodes of 32 bytes.
  constexpr uint64_t kRowBytes = 53;
  const auto lock = LockShared();
  const uint64_t pages = index_.page_count();
  uint64_t loaded = 0;
  for (size_t page = 0; page < pages; ++page) loaded += index_.page_loaded(page);
  return index_.top().nodes.size() * Hash::kSize +
         (pages == 0 ? 0 : index_.rows() * loaded / pages * kRowBytes);
}

uint64_t LogIndex::unsaved() const { return m() - saved_m_; }

void LogIndex::Load() {
  if (!LoadSnapshot().ok()) Reset();
}

absl::Status LogIndex::LoadWhole() {
  absl::StatusOr<std::string> header =
      store_->Read(log_->number(), Table::kDerived, kHeaderKey);
  if (!header.ok()) return header.status();
  absl::Status loaded = LoadSnapshot();
  if (loaded.ok()) loaded = LoadAllPages();
  if (!absl::IsNotFound(loaded)) return loaded;
  return absl::DataLossError("index snapshot: " + std::string(loaded.message()));
}

void LogIndex::Reset() {
  const auto lock = LockUnique();
  index_ = SetIndex();
  ++generation_;
  dirty_pages_.assign(index_.page_count(), true);
  saved_m_ = 0;
  damaged_ = false;
  MutexLock old_lock(old_mutex_);
  old_tops_.clear();
}

absl::Status LogIndex::LoadSnapshot() {
  const LogNumber log = log_->number();
  absl::StatusOr<std::string> header = store_->Read(log, Table::kDerived, kHeaderKey);
  if (!header.ok()) return header.status();
  if (header->size() != kHeaderBytes)
    return absl::DataLossError("index snapshot: header");
  const Bytes bytes = AsBytes(*header);
  const uint64_t version = ReadU64(bytes);
  const uint64_t m = ReadU64(bytes.subspan(8));
  const uint64_t rows = ReadU64(bytes.subspan(16));
  const uint64_t hash_count = ReadU64(bytes.subspan(24));
  const uint64_t history_bytes = ReadU64(bytes.subspan(32));
  const uint64_t history_chunks =
      (history_bytes + kHistoryBytesPerRow - 1) / kHistoryBytesPerRow;
  if (version != kSnapshotVersion)
    return absl::DataLossError("index snapshot: version");
  // The snapshot is believed only if it leads to a set root that stands in the log.
  absl::StatusOr<PlacedIndex> index = log_->IndexFor(*store_, m);
  if (!index.ok()) return index.status();
  if (index->position >= log_->head().head.size) {
    return absl::DataLossError("index snapshot: beyond the head");
  }
  std::vector<Hash> hashes;
  for (uint64_t chunk = 0; hashes.size() < hash_count; ++chunk) {
    absl::StatusOr<std::string> row =
        store_->Read(log, Table::kDerived, HashesKey(chunk));
    if (!row.ok()) return row.status();
    if (row->empty() || row->size() % Hash::kSize != 0) {
      return absl::DataLossError("index snapshot: bucket hashes");
    }
    const size_t count = row->size() / Hash::kSize;
    hashes.resize(hashes.size() + count);
    std::memcpy(static_cast<void*>(&hashes[hashes.size() - count]), row->data(),
                row->size());
  }
  std::string history;
  for (uint64_t chunk = 0; chunk < history_chunks; ++chunk) {
    absl::StatusOr<std::string> row =
        store_->Read(log, Table::kDerived, HistoryKey(chunk));
    if (!row.ok()) return row.status();
    history.append(*row);
  }
  // Pages are checked against their bucket's hash; nothing else vouches for these rows.
  if (history.size() != history_bytes ||
      Sha256(AsBytes(history)) != HashFromBytes(bytes.subspan(40))) {
    return absl::DataLossError("index snapshot: history");
  }
  absl::StatusOr<SetIndex> restored = SetIndex::Restore(
      m, index->entry.n, rows, index->entry.set_root, hashes, AsBytes(history));
  if (!restored.ok()) return restored.status();
  const auto lock = LockUnique();
  index_ = *std::move(restored);
  ++generation_;
  dirty_pages_.assign(index_.page_count(), false);
  saved_m_ = m;
  return absl::OkStatus();
}

absl::Status LogIndex::SaveSnapshot() {
  // The header goes first and comes back last: derived rows become durable in order,
  // so a crash in between leaves no header, and the index is rebuilt.
  const LogNumber log = log_->number();
  const auto write = [&](std::string key, std::string value) {
    return store_->WriteDerived(
        log, {{log, Table::kDerived, std::move(key), std::move(value)}});
  };
  if (saved_m_ == m() && saved_m_ != 0) return absl::OkStatus();
  // The indexer is the only writer, so the index can be read without the lock.
  absl::Status status = write(kHeaderKey, "");
  const size_t pages = index_.page_count();
  for (size_t page = 0; page < pages && status.ok(); ++page) {
    if (!dirty_pages_[page]) continue;
    status = write(PageKey(page), index_.EncodePage(page));
    dirty_pages_[page] = false;
  }
  const std::span<const Hash> hashes = index_.bucket_hashes();
  for (size_t i = 0; i < hashes.size() && status.ok(); i += kHashesPerRow) {
    const auto chunk = hashes.subspan(i, std::min(kHashesPerRow, hashes.size() - i));
    status = write(
        HashesKey(i / kHashesPerRow),
        std::string(reinterpret_cast<const char*>(chunk.data()), chunk.size_bytes()));
  }
  const std::string history = index_.EncodeHistory();
  for (size_t i = 0; i < history.size() && status.ok(); i += kHistoryBytesPerRow) {
    status = write(HistoryKey(i / kHistoryBytesPerRow),
                   history.substr(i, kHistoryBytesPerRow));
  }
  if (!status.ok()) return status;
  std::string header;
  AppendU64(&header, kSnapshotVersion);
  AppendU64(&header, index_.top().m);
  AppendU64(&header, index_.rows());
  AppendU64(&header, hashes.size());
  AppendU64(&header, history.size());
  header.append(AsText(Sha256(AsBytes(history))));
  saved_m_ = index_.top().m;
  return write(kHeaderKey, header);
}

absl::Status LogIndex::LoadPages(const std::vector<size_t>& pages,
                                 uint64_t generation) {
  for (size_t page : pages) {
    absl::StatusOr<std::string> row =
        store_->Read(log_->number(), Table::kDerived, PageKey(page));
    const auto lock = LockUnique();
    if (generation_ != generation) return absl::OkStatus();
    if (!row.ok()) {
      return absl::DataLossError(absl::StrFormat("index page %d is missing: %s", page,
                                                 row.status().message()));
    }
    if (absl::Status s = index_.InstallPage(page, AsBytes(*row)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status LogIndex::LoadAllPages() {
  std::vector<size_t> missing;
  uint64_t generation;
  {
    const auto lock = LockShared();
    generation = generation_;
    for (size_t page = 0; page < index_.page_count(); ++page) {
      if (!index_.page_loaded(page)) missing.push_back(page);
    }
  }
  return LoadPages(missing, generation);
}

absl::Status LogIndex::Damaged(absl::Status status) {
  if (!absl::IsDataLoss(status)) return status;
  // Derived data only: it is rebuilt from the log, and never answered from until then.
  damaged_ = true;
  wake_();
  return absl::UnavailableError(absl::StrFormat(
      "the index is being rebuilt from the log, try again: %s", status.message()));
}

absl::StatusOr<SetIndex::Batch> LogIndex::Prepare(std::vector<SetChange> changes,
                                                  uint64_t m) {
  const unsigned depth = index_.WantedDepth(changes.size());
  if (depth > index_.top().depth) {
    if (absl::Status s = LoadAllPages(); !s.ok()) return Damaged(s);
    SetIndex::Split split = index_.PrepareDeeper(depth);
    const auto lock = LockUnique();
    index_.Publish(std::move(split));
    ++generation_;
    dirty_pages_.assign(index_.page_count(), true);
  }
  std::vector<Hash> keys;
  keys.reserve(changes.size());
  for (const SetChange& change : changes) keys.push_back(change.key);
  std::vector<size_t> missing;
  uint64_t generation;
  {
    // Readers may be installing pages.
    const auto lock = LockShared();
    generation = generation_;
    for (size_t page : index_.PagesOfKeys(keys)) {
      dirty_pages_[page] = true;
      if (!index_.page_loaded(page)) missing.push_back(page);
    }
  }
  if (absl::Status s = LoadPages(missing, generation); !s.ok()) return Damaged(s);
  return index_.Prepare(changes, m);
}

void LogIndex::Publish(SetIndex::Batch batch) {
  const auto lock = LockUnique();
  index_.Publish(std::move(batch));
}

bool LogIndex::Ready(uint64_t m) const {
  {
    const auto lock = LockShared();
    // One that is not reached yet is refused at once.
    if (m == 0 || index_.top().m <= m || index_.RecentView(m)) return true;
  }
  const MutexLock lock(old_mutex_);
  return std::any_of(old_tops_.begin(), old_tops_.end(),
                     [m](const auto& old) { return old.first == m; });
}

absl::StatusOr<LogIndex::OldTop> LogIndex::OldTopFor(const PlacedIndex& index,
                                                     unsigned max_depth) {
  const uint64_t m = index.entry.m;
  {
    MutexLock lock(old_mutex_);
    while (true) {
      for (auto old = old_tops_.begin(); old != old_tops_.end(); ++old) {
        // Deeper than an index that was rebuilt since: of no use any more.
        if (old->first != m || old->second->depth > max_depth) continue;
        old_tops_.splice(old_tops_.begin(), old_tops_, old);
        return old_tops_.front().second;
      }
      if (old_making_.insert(m).second) break;
      lock.Wait(old_made_, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return !old_making_.contains(m);
      });
    }
  }
  absl::StatusOr<OldTop> made = MakeOldTop(index);
  MutexLock lock(old_mutex_);
  old_making_.erase(m);
  old_made_.notify_all();
  if (!made.ok()) return made;
  old_tops_.emplace_front(m, *made);
  if (old_tops_.size() > kOldTops) old_tops_.pop_back();
  return made;
}

absl::StatusOr<LogIndex::OldTop> LogIndex::MakeOldTop(const PlacedIndex& index) {
  const uint64_t m = index.entry.m;
  if (absl::Status s = LoadAllPages(); !s.ok()) return s;
  OldTop made;
  {
    const auto lock = LockShared();
    absl::StatusOr<SetTop> top = index_.TopAt(m);
    if (!top.ok()) return top.status();
    made = std::make_shared<const SetTop>(*std::move(top));
  }
  if (made->root() != index.entry.set_root || made->n != index.entry.n) {
    return absl::DataLossError(
        absl::StrFormat("the rows at m = %d do not lead to its set root", m));
  }
  return made;
}

template <typename Read>
auto LogIndex::ReadAt(const std::vector<Hash>& keys, const PlacedIndex& index,
                      Read read) -> decltype(read(std::declval<const SetView&>())) {
  const uint64_t m = index.entry.m;
  OldTop old;
  // A batch may be published between two turns; each turn makes progress.
  while (true) {
    std::vector<size_t> missing;
    uint64_t generation;
    unsigned depth;
    {
      const auto lock = LockShared();
      generation = generation_;
      depth = index_.top().depth;
      if (index_.top().m < m) {
        return absl::UnavailableError(absl::StrFormat(
            "the index has reached m = %d of %d: try again", index_.top().m, m));
      }
      std::optional<SetView> view = index_.RecentView(m);
      if (!view && old && old->depth <= index_.top().depth) view.emplace(*old);
      if (view) {
        if (view->root() != index.entry.set_root) {
          return Damaged(absl::DataLossError("the index leads to another set root"));
        }
        for (size_t page : index_.PagesFor(*view, keys)) {
          if (!index_.page_loaded(page)) missing.push_back(page);
        }
        if (missing.empty()) return read(*view);
      }
    }
    if (!missing.empty()) {
      if (absl::Status s = LoadPages(missing, generation); !s.ok()) return Damaged(s);
      continue;
    }
    absl::StatusOr<OldTop> top = OldTopFor(index, depth);
    if (!top.ok()) return Damaged(top.status());
    old = *std::move(top);
  }
}

absl::StatusOr<IndexAnswer> LogIndex::Lookup(const Hash& record,
                                             const PlacedIndex& index) {
  const Hash key = SetKey(record);
  IndexAnswer answer;
  absl::StatusOr<SetAnswer> found =
      ReadAt({key}, index, [&](const SetView& view) -> absl::StatusOr<SetAnswer> {
        answer.events = index_.Events(key, view.m());
        return index_.Lookup(view, key);
      });
  if (!found.ok()) return Damaged(found.status());
  answer.present = found->present;
  answer.proof = std::move(found->proof);
  if (answer.proof.count > 0) {
    absl::StatusOr<Hash> terminal =
        found->present ? record
                       : reader_->Value(log_->number(), found->terminal_position);
    if (!terminal.ok()) return terminal.status();
    answer.proof.terminal = *terminal;
  }
  return answer;
}

absl::StatusOr<IndexBatchAnswer> LogIndex::BatchLookup(const std::vector<Hash>& records,
                                                       const PlacedIndex& index) {
  const std::vector<Hash> query_keys = SetKeys(records);
  std::vector<Hash> keys = query_keys;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  IndexBatchAnswer answer;
  absl::StatusOr<SetBatchAnswer> found =
      ReadAt(keys, index, [&](const SetView& view) -> absl::StatusOr<SetBatchAnswer> {
        for (size_t i = 0; i < query_keys.size(); ++i) {
          const std::vector<SetEvent> events = index_.Events(query_keys[i], view.m());
          if (!events.empty() && !events.back().add) {
            answer.removed.push_back(static_cast<uint32_t>(i));
          }
        }
        return index_.BatchLookup(view, keys);
      });
  if (!found.ok()) return Damaged(found.status());
  answer.proof = std::move(found->proof);
  for (const SetBatchAnswer::Leaf& leaf : found->leaves) {
    absl::StatusOr<Hash> value = reader_->Value(log_->number(), leaf.position);
    if (!value.ok()) return value.status();
    answer.proof.replace(leaf.offset, Hash::kSize, AsText(*value));
  }
  return answer;
}

}  // namespace setlog
