#include "server/indexer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/set_tree.h"
#include "log/tile.h"
#include "port/huge_pages.h"
#include "server/log_directory.h"

namespace setlog {
namespace {

// How soon after a merge the next one starts, while there is no batch.
constexpr std::chrono::milliseconds kTendEvery(20);
// Entries that a thread reads and hashes at a time.
constexpr uint64_t kTurnEntries = uint64_t{1} << 15;
// A batch of so many entries at the most is small: there may be one for each thread.
constexpr uint64_t kSmallBatch = uint64_t{1} << 17;

}  // namespace

Indexer::Indexer(Sequencer* sequencer, const TreeReader* reader, Options options)
    : sequencer_(sequencer),
      reader_(reader),
      options_(options),
      thread_([this] { Run(); }) {}

Indexer::~Indexer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  std::map<LogState*, Followed> followed;
  {
    MutexLock lock(mutex_);
    lock.Wait(wake_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::none_of(followed_.begin(), followed_.end(),
                          [](const auto& log) { return log.second.sequencing; });
    });
    followed = followed_;
  }
  for (auto& [log, f] : followed) {
    log->RemoveWatcher(f.watcher);
    f.index->WakeOnDamage([] {});
  }
}

void Indexer::Follow(LogState* log, LogIndex* index) {
  index->WakeOnDamage([this] { Wake(); });
  const uint64_t watcher = log->AddWatcher([this] { Wake(); });
  {
    MutexLock lock(mutex_);
    followed_[log] = {.index = index, .watcher = watcher};
  }
  Wake();
}

void Indexer::Wake() {
  {
    MutexLock lock(mutex_);
    dirty_ = true;
  }
  wake_.notify_one();
}

void Indexer::Run() {
  bool merging = false;
  while (true) {
    std::vector<FollowedLog> logs;
    {
      MutexLock lock(mutex_);
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return dirty_ || stopping_;
      };
      if (merging || full_) {
        lock.WaitFor(wake_, kTendEvery, due);
      } else if (failing_.empty()) {
        lock.Wait(wake_, due);
      } else {
        lock.WaitFor(wake_, std::chrono::seconds(1), due);  // and then tries again
      }
      if (stopping_) return;
      dirty_ = false;
      full_ = false;
      // Map nodes stay where they are.
      for (auto& [log, followed] : followed_) logs.push_back({log, &followed});
    }
    const bool more = StepAll(logs);
    if (stopping()) return;
    if (more) Wake();
    // Of one log at a time, for they share the disk.
    merging = !more && std::any_of(logs.begin(), logs.end(), [this](const auto& log) {
      return !IsSequencing(*log.second) && log.second->index->Tend();
    });
  }
}

bool Indexer::StepAll(std::span<const FollowedLog> logs) {
  std::atomic<bool> more = false;
  std::vector<FollowedLog> small;
  const uint64_t small_batch = std::min(kSmallBatch, options_.max_batch / 2);
  for (const auto& [log, followed] : logs) {
    const Range next = NextRange(log->head(), *followed);
    if (followed->loaded && next.limit - next.begin <= small_batch) {
      small.push_back({log, followed});
    } else if (!stopping()) {
      if (Step(log, followed, changes_)) more = true;
    }
  }
  options_.parallel(small.size(), [&](size_t i) {
    if (stopping()) return;
    std::vector<SetChange> own;
    std::vector<SetChange>& room = small.size() == 1 ? changes_ : own;
    if (Step(small[i].first, small[i].second, room)) more = true;
  });
  return more;
}

bool Indexer::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool Indexer::IsSequencing(const Followed& followed) const {
  MutexLock lock(mutex_);
  return followed.sequencing;
}

void Indexer::Observe(const LogState& log, std::string_view event) const {
  if (options_.observe) options_.observe(log, event);
}

Indexer::Range Indexer::NextRange(const PublishedHead& head,
                                  const Followed& followed) const {
  const uint64_t m = followed.index->m();
  // A rebuild goes no further than what is committed already needs no new entry for.
  const bool catching_up = m < head.index.entry.m;
  const uint64_t limit = catching_up ? head.index.entry.m : head.head.size;
  const uint64_t begin = std::min(limit, std::max(followed.scanned, m));
  return {begin, std::min(limit, begin + options_.max_batch), limit, catching_up};
}

bool Indexer::Step(LogState* log, Followed* followed, std::vector<SetChange>& room) {
  if (!TakeSequenced(*log, followed)) return false;
  LogIndex& index = *followed->index;
  if (!followed->loaded) {
    const absl::Status loaded = index.Load();
    Report(*log, loaded);
    if (!loaded.ok()) return false;
    followed->loaded = true;
    const bool empty = index.m() == 0 && log->head().index.entry.m > 1;
    Observe(*log, empty ? "rebuild" : "loaded");
  }
  if (index.damaged()) {
    Observe(*log, "rebuild");
    index.Reset();
    followed->scanned = 0;
  }
  const PublishedHead head = log->head();
  if (index.m() > head.index.entry.m) {
    // The set was published, but its entry was refused: it is asked for again.
    Sequence(log, followed, index.Current());
    return false;
  }
  const auto [begin, end, limit, catching_up] = NextRange(head, *followed);
  if (begin >= end) return false;
  // What is committed next is for ever: it must continue what the log says already.
  if (!catching_up && index.Current() != head.index.entry) {
    if (followed->rebuilt_for_m == head.index.entry.m) {
      Report(*log, absl::DataLossError(absl::StrFormat(
                       "the index entry for m = %d is not the set of the entries "
                       "before it; run `setlogd fsck`",
                       head.index.entry.m)));
      return false;
    }
    followed->rebuilt_for_m = head.index.entry.m;
    Observe(*log, "rebuild");
    index.Reset();
    followed->scanned = 0;
    return true;
  }

  absl::StatusOr<std::span<const SetChange>> changes =
      ReadChanges(*log, begin, end, room);
  Report(*log, changes.status());
  if (!changes.ok()) return false;
  if (changes->empty() && !catching_up) {
    followed->scanned = end;
    return end < limit;
  }
  absl::StatusOr<DiskIndex::Batch> batch = index.Prepare(*changes, end, limit - end);
  Report(*log, batch.status());
  if (!batch.ok()) return index.damaged();
  const IndexEntry entry = batch->entry();
  // Before the log shows the entry, so that whoever sees it gets an answer under it.
  // The set before stays answerable, and is what the head names until the commit.
  const absl::Status published = index.Publish(*std::move(batch));
  Report(*log, published);
  if (!published.ok()) return index.damaged();
  followed->scanned = end;
  if (!catching_up) Sequence(log, followed, entry);
  return true;
}

absl::StatusOr<std::span<const SetChange>> Indexer::ReadChanges(
    const LogState& log, uint64_t begin, uint64_t end,
    std::vector<SetChange>& room) const {
  if (room.size() < end - begin) {
    room.clear();
    room.reserve(end - begin);
    PreferHugePages(room.data(), (end - begin) * sizeof(SetChange));
    room.resize(end - begin);
  }
  const std::span<SetChange> changes = std::span(room).first(end - begin);
  const uint64_t turns = (end - begin) / kTurnEntries + 1;
  // The first entry of a turn: of a bundle, but for that of the first turn.
  const auto first = [&](uint64_t turn) {
    const uint64_t place = begin + turn * kTurnEntries;
    return turn == 0 ? begin : std::min(end, place - place % kTileWidth);
  };
  std::vector<absl::StatusOr<size_t>> counts(turns, absl::UnknownError(""));
  options_.parallel(turns, [&](size_t turn) {
    const uint64_t from = first(turn);
    const uint64_t to = turn + 1 == turns ? end : first(turn + 1);
    counts[turn] =
        ReadSomeChanges(log, from, to, changes.subspan(from - begin, to - from));
  });
  // Entries that change nothing leave gaps.
  size_t size = 0;
  for (uint64_t turn = 0; turn < turns; ++turn) {
    if (!counts[turn].ok()) return counts[turn].status();
    const auto from = changes.begin() + static_cast<int64_t>(first(turn) - begin);
    const auto to = changes.begin() + static_cast<int64_t>(size);
    if (from != to) std::copy_n(from, *counts[turn], to);
    size += *counts[turn];
  }
  return changes.first(size);
}

absl::StatusOr<size_t> Indexer::ReadSomeChanges(const LogState& log, uint64_t begin,
                                                uint64_t end,
                                                std::span<SetChange> changes) const {
  size_t size = 0;
  // A bundle at a time, so that values and keys stay in the cache.
  std::vector<Hash> values;
  absl::Status read = reader_->Bundles(
      log.number(), begin, end, [&](uint64_t number, Bytes bundle) -> absl::Status {
        const uint64_t first = number * kTileWidth;
        const uint64_t width = std::min<uint64_t>(end - first, kTileWidth);
        const std::span<SetChange> found = changes.subspan(size);
        values.clear();
        for (uint64_t position = first; position < first + width; ++position) {
          const size_t length =
              bundle.size() < 2 ? 0 : size_t{bundle[0]} << 8 | bundle[1];
          if (length == 0 || bundle.size() - 2 < length) {
            return absl::DataLossError(absl::StrFormat(
                "log number %d: the bundle of entry %d is damaged or cut short",
                log.number(), position));
          }
          const Bytes entry = bundle.subspan(2, length);
          bundle = bundle.subspan(2 + length);
          const bool add = entry[0] == static_cast<uint8_t>(EntryType::kAdd);
          const bool remove = entry[0] == static_cast<uint8_t>(EntryType::kRemove);
          if ((!add && !remove) || length != kValueEntryBytes || position < begin) {
            continue;
          }
          found[values.size()] = {Hash(), position, add};
          values.push_back(HashFromBytes(entry.subspan(1)));
        }
        const std::vector<Hash> keys = SetKeys(values);
        for (size_t i = 0; i < keys.size(); ++i) found[i].key = keys[i];
        size += keys.size();
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return size;
}

void Indexer::Sequence(LogState* log, Followed* followed, const IndexEntry& entry) {
  {
    MutexLock lock(mutex_);
    followed->sequencing = true;
  }
  sequencer_->Append(log, entry, [this, followed](absl::StatusOr<Sequenced> sequenced) {
    // All of it under the lock: without, the indexer may be gone before the last line.
    MutexLock lock(mutex_);
    followed->sequencing = false;
    followed->sequenced = sequenced.status();
    dirty_ = true;
    wake_.notify_one();
  });
}

bool Indexer::TakeSequenced(const LogState& log, Followed* followed) {
  std::optional<absl::Status> sequenced;
  {
    MutexLock lock(mutex_);
    if (followed->sequencing) return false;
    sequenced = std::exchange(followed->sequenced, std::nullopt);
    if (!sequenced) return true;
    // A full queue of other people's writes is no fault of the log's.
    if (absl::IsResourceExhausted(*sequenced)) {
      full_ = true;
      return false;
    }
  }
  Report(log, *sequenced);
  return sequenced->ok();
}

absl::Status Indexer::health() const {
  MutexLock lock(mutex_);
  return failing_.empty() ? absl::OkStatus() : failing_.begin()->second;
}

void Indexer::Report(const LogState& log, const absl::Status& status) {
  MutexLock lock(mutex_);
  if (status.ok()) {
    failing_.erase(log.origin());
  } else {
    failing_[log.origin()] = absl::UnavailableError(absl::StrFormat(
        "%s is not indexed any further: %s",
        HasPrivateReads(log.manifest()) ? "a private log" : log.origin(),
        std::string(status.message())));
  }
}

}  // namespace setlog
