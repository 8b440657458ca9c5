#include "server/log_state.h"

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace setlog {

PublishedHead LogState::signed_head() const {
  MutexLock lock(mutex_);
  return head_;
}

PublishedHead LogState::head() const {
  MutexLock lock(mutex_);
  PublishedHead head = head_;
  if (gathered_.head == head.head && !gathered_.note.empty())
    head.note = gathered_.note;
  return head;
}

uint64_t LogState::changes(bool cosigned) const {
  constexpr uint64_t kOfQuorum = uint64_t{1} << 63;
  const uint64_t quorums = quorum_changes_;
  // Until a head has met the quorum the newest stands in for it.
  if (cosigned && quorums > 0) return kOfQuorum | (head_changes_ + quorums);
  return head_changes_ + gathered_changes_;
}

std::string LogState::shown_note() const {
  MutexLock lock(mutex_);
  return shown_.note;
}

void LogState::PublishCosignatures(CosignedHead gathered) {
  {
    MutexLock lock(mutex_);
    if (gathered.head == shown_.head) shown_.note = gathered.note;
    gathered_ = std::move(gathered);
    if (gathered_.head != head_.head) return;
    ++gathered_changes_;
  }
  CallWatchers();
}

void LogState::PublishQuorum(QuorumHead quorum) {
  auto shared = std::make_shared<const QuorumHead>(std::move(quorum));
  {
    MutexLock lock(mutex_);
    quorum_ = std::move(shared);
    ++quorum_changes_;
    const CosignedHead& cosigned = quorum_->cosigned;
    if (cosigned.head.size >= shown_.head.size) shown_ = cosigned;
  }
  CallWatchers();
}

void LogState::RestoreQuorum(QuorumHead quorum) {
  {
    MutexLock lock(mutex_);
    shown_ = {};
  }
  PublishQuorum(std::move(quorum));
}

void LogState::CallWatchers() {
  MutexLock lock(watchers_mutex_);
  for (const auto& [id, changed] : watchers_) changed();
}

std::shared_ptr<const QuorumHead> LogState::quorum() const {
  MutexLock lock(mutex_);
  return quorum_;
}

LogState::Tip LogState::tip() const {
  MutexLock lock(mutex_);
  return {head_.head, head_.index};
}

LogState::Figures LogState::figures() const {
  MutexLock lock(mutex_);
  return {head_.head.size, head_.index.entry.m, head_.index.entry.n, head_.changes_end,
          published_us_};
}

void LogState::PublishHead(PublishedHead head) {
  const int64_t now_us = absl::ToUnixMicros(absl::Now());
  {
    MutexLock lock(mutex_);
    head_ = std::move(head);
    published_us_ = now_us;
    if (!quorum_) shown_ = {head_.head, head_.note};
    ++head_changes_;
  }
  CallWatchers();
}

uint64_t LogState::AddWatcher(std::function<void()> changed) {
  MutexLock lock(watchers_mutex_);
  watchers_.emplace(next_watcher_, std::move(changed));
  return next_watcher_++;
}

void LogState::RemoveWatcher(uint64_t id) {
  MutexLock lock(watchers_mutex_);
  watchers_.erase(id);
}

absl::StatusOr<PlacedIndex> LogState::IndexFor(const Store& store, uint64_t m) const {
  if (const auto found = indexes_.Find(m)) return *found;
  absl::StatusOr<std::string> row = store.Read(number_, Table::kIndex, U64Key(m));
  if (absl::IsNotFound(row.status())) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s has no index entry for m = %d", origin_, m));
  }
  if (!row.ok()) return row.status();
  const absl::StatusOr<PlacedIndex> index = DecodeIndexRow(U64Key(m), *row);
  if (index.ok()) indexes_.Insert(m, std::make_shared<const PlacedIndex>(*index));
  return index;
}

absl::StatusOr<PlacedIndex> LogState::IndexBefore(const Store& store,
                                                  uint64_t size) const {
  // Rows are keyed by m, and m <= position < size; the few with m < size <= position
  // are stepped over.
  uint64_t m = size;
  while (m > 0) {
    auto row = store.ReadLast(number_, Table::kIndex, U64Key(m - 1));
    if (absl::IsNotFound(row.status())) break;
    if (!row.ok()) return row.status();
    absl::StatusOr<PlacedIndex> index = DecodeIndexRow(row->first, row->second);
    if (!index.ok() || index->position < size) return index;
    m = index->entry.m;
  }
  return absl::NotFoundError(
      absl::StrFormat("%s has no index entry below size %d", origin_, size));
}

std::string EncodeIndexRow(const PlacedIndex& index) {
  std::string row;
  AppendU64(&row, index.position);
  AppendU64(&row, index.entry.n);
  row.append(AsText(index.entry.set_root));
  return row;
}

absl::StatusOr<PlacedIndex> DecodeIndexRow(std::string_view key,
                                           std::string_view value) {
  if (key.size() != 8 || value.size() != 48) {
    return absl::DataLossError("a row of the index table has a wrong length");
  }
  const Bytes bytes = AsBytes(value);
  return PlacedIndex{{ReadU64(AsBytes(key)), ReadU64(bytes.subspan(8)),
                      HashFromBytes(bytes.subspan(16))},
                     ReadU64(bytes)};
}

std::string EncodeTagRow(const PlacedTag& tag) {
  std::string row;
  AppendU64(&row, tag.m);
  AppendU64(&row, tag.position);
  return row;
}

absl::StatusOr<PlacedTag> DecodeTagRow(std::string_view value) {
  if (value.size() != 16) {
    return absl::DataLossError("a row of the tag table has a wrong length");
  }
  return PlacedTag{ReadU64(AsBytes(value)), ReadU64(AsBytes(value).subspan(8))};
}

}  // namespace setlog
