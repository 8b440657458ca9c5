#include "server/log_index.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "index/index_check.h"
#include "log/set_queries.h"

namespace setlog {
namespace {

// What a question fails with whose values could not be read. That the log holds others
// than the index has the keys of is the index's fault; all else is kept apart in
// `unread`.
absl::Status Unread(const absl::Status& status, absl::Status* unread) {
  if (absl::IsNotFound(status)) return absl::DataLossError(status.message());
  *unread = status;
  return absl::CancelledError();
}

// Versions kept besides the newest ones: 4 bytes a bucket each, on the disk.
constexpr size_t kOldTops = 16;

DiskIndex::Options EngineOptions(const Store* store, const LogState* log,
                                 const LogIndex::Options& options) {
  DiskIndex::Options engine;
  engine.directory = options.directory;
  engine.store = store->id();
  engine.log = log->number();
  engine.max_recent_rows = options.max_recent_rows;
  engine.parallel = options.parallel;
  engine.room = options.room;
  return engine;
}

}  // namespace

LogIndex::LogIndex(Store* store, const TreeReader* reader, const LogState* log,
                   Options options)
    : store_(store),
      reader_(reader),
      log_(log),
      directory_(options.directory),
      identity_({store->id(), log->number(), 0}),
      index_(EngineOptions(store, log, options)) {}

absl::Status LogIndex::Load() {
  absl::Status opened = index_.Open();
  if (opened.ok()) opened = AgreesWithLog();
  // Then the files may be good: there is no reason to make them anew.
  if (absl::IsUnavailable(opened) || absl::IsResourceExhausted(opened)) return opened;
  if (!opened.ok()) Reset();
  // Those beyond the newest few were left by earlier runs, each of which kept as many.
  if (const absl::StatusOr<IndexFiles> files = directory_.List(); files.ok()) {
    const std::vector<uint64_t>& tops = files->version_tops;
    for (size_t i = 0; i + kOldTops < tops.size(); ++i) {
      directory_.Remove(directory_.VersionTopPath(tops[i])).IgnoreError();
    }
  }
  return absl::OkStatus();
}

absl::Status LogIndex::AgreesWithLog() const {
  const IndexEntry current = index_.current();
  const PublishedHead head = log_->head();
  const auto other = [&] {
    return absl::DataLossError(absl::StrFormat(
        "the index holds a set at m = %d that the log does not", current.m));
  };
  if (current.m == 0) return absl::OkStatus();
  if (current.m > head.head.size) return other();
  const absl::StatusOr<PlacedIndex> placed = log_->IndexFor(*store_, current.m);
  if (placed.ok()) {
    return placed->entry == current && placed->position < head.head.size
               ? absl::OkStatus()
               : other();
  }
  if (!absl::IsFailedPrecondition(placed.status())) return placed.status();
  // A rebuild that was cut short: where it ends its set is compared.
  if (current.m < head.index.entry.m) return absl::OkStatus();
  // Published, but cut short before its entry was in the log: the set before must be
  // the log's.
  return index_.previous() == head.index.entry ? absl::OkStatus() : other();
}

absl::Status LogIndex::Check() const {
  const absl::StatusOr<IndexCheck> check =
      CheckIndexFiles(directory_, store_->id(), log_->number());
  if (!check.ok()) return check.status();
  std::vector<IndexEntry> sets = {check->entry};
  for (const VersionTopFrame& version : check->versions) {
    sets.push_back({version.m, version.n, version.root});
  }
  for (const IndexEntry& set : sets) {
    const absl::StatusOr<PlacedIndex> placed = log_->IndexFor(*store_, set.m);
    // A batch whose entry was not in the log yet when the server was killed.
    if (absl::IsFailedPrecondition(placed.status())) continue;
    if (!placed.ok()) return placed.status();
    if (placed->entry != set) {
      return absl::DataLossError(
          absl::StrFormat("its set at m = %d is not the one that the log has", set.m));
    }
  }
  return absl::OkStatus();
}

void LogIndex::Reset() {
  // Files that cannot be removed now are before the first batch is written.
  index_.Clear().IgnoreError();
  damaged_ = false;
  MutexLock lock(old_mutex_);
  old_tops_.clear();
}

absl::Status LogIndex::Damaged(absl::Status status) {
  if (!absl::IsDataLoss(status)) return status;
  // Derived data only: it is rebuilt from the log, and never answered from until then.
  damaged_ = true;
  wake_();
  return absl::UnavailableError(absl::StrFormat(
      "the index is being rebuilt from the log, try again: %s", status.message()));
}

absl::StatusOr<DiskIndex::Batch> LogIndex::Prepare(std::span<const SetChange> changes,
                                                   uint64_t m, uint64_t backlog) {
  absl::StatusOr<DiskIndex::Batch> batch = index_.Prepare(changes, m, backlog);
  if (!batch.ok()) return Damaged(batch.status());
  return batch;
}

absl::Status LogIndex::Publish(DiskIndex::Batch batch) {
  return Damaged(index_.Publish(std::move(batch)));
}

bool LogIndex::Tend() {
  const absl::StatusOr<bool> again = index_.Tend();
  if (!again.ok()) Damaged(again.status()).IgnoreError();
  return again.ok() && *again;
}

TopView LogIndex::OldTop::view(uint64_t m) const {
  if (memory) return TopView(m, n, memory->depth(), memory->nodes());
  return TopView(m, n, file->frame().depth, file->nodes().data());
}

bool LogIndex::Ready(uint64_t m) const {
  // One that is not reached yet is refused at once.
  if (m == 0 || index_.m() <= m || index_.IsRecent(m)) return true;
  const MutexLock lock(old_mutex_);
  return std::any_of(old_tops_.begin(), old_tops_.end(), [&](const auto& old) {
    return old.first == m && index_.IsDeepEnough(old.second->depth());
  });
}

absl::StatusOr<LogIndex::OldTopPtr> LogIndex::OldTopFor(const IndexEntry& at) {
  {
    MutexLock lock(old_mutex_);
    while (true) {
      for (auto old = old_tops_.begin(); old != old_tops_.end(); ++old) {
        if (old->first != at.m) continue;
        if (!index_.IsDeepEnough(old->second->depth())) {
          old_tops_.erase(old);
          break;
        }
        old_tops_.splice(old_tops_.begin(), old_tops_, old);
        return old_tops_.front().second;
      }
      if (old_making_.insert(at.m).second) break;
      lock.Wait(old_made_, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return !old_making_.contains(at.m);
      });
    }
  }
  absl::StatusOr<OldTopPtr> made = MakeOldTop(at);
  std::optional<uint64_t> dropped;
  {
    MutexLock lock(old_mutex_);
    old_making_.erase(at.m);
    old_made_.notify_all();
    if (!made.ok()) return made;
    old_tops_.emplace_front(at.m, *made);
    if (old_tops_.size() > kOldTops) {
      dropped = old_tops_.back().first;
      old_tops_.pop_back();
    }
  }
  if (dropped) directory_.Remove(directory_.VersionTopPath(*dropped)).IgnoreError();
  return made;
}

absl::StatusOr<LogIndex::OldTopPtr> LogIndex::MakeOldTop(const IndexEntry& at) {
  const std::string path = directory_.VersionTopPath(at.m);
  const auto open = [&]() -> OldTopPtr {
    absl::StatusOr<std::unique_ptr<VersionTopFile>> file =
        VersionTopFile::Open(path, identity_, at.m);
    if (!file.ok() || (*file)->frame().root != at.set_root ||
        (*file)->frame().depth > DenseTop::kMaxDepth ||
        !index_.IsDeepEnough((*file)->frame().depth)) {
      return nullptr;
    }
    auto top = std::make_shared<OldTop>();
    top->n = at.n;
    top->file = *std::move(file);
    return top;
  };
  if (OldTopPtr found = open()) return found;
  absl::StatusOr<DenseTop> made = index_.TopAt(at);
  if (!made.ok()) return made.status();
  const absl::Status written =
      WriteVersionTop(path, identity_, {at.m, at.n, made->depth(), at.set_root},
                      std::span(made->nodes(), made->size()));
  if (written.ok()) {
    if (OldTopPtr found = open()) return found;
  }
  auto top = std::make_shared<OldTop>();
  top->n = at.n;
  top->memory.emplace(*std::move(made));
  return OldTopPtr(std::move(top));
}

void LogIndex::ForgetOldTop(uint64_t m) {
  {
    MutexLock lock(old_mutex_);
    old_tops_.remove_if([m](const auto& old) { return old.first == m; });
  }
  directory_.Remove(directory_.VersionTopPath(m)).IgnoreError();
}

template <typename Read>
auto LogIndex::ReadAt(const IndexEntry& at, Read read) -> decltype(read(nullptr)) {
  auto found = read(nullptr);
  if (!absl::IsNotFound(found.status())) return found;
  if (const uint64_t reached = index_.m(); reached < at.m) {
    return absl::UnavailableError(absl::StrFormat(
        "the index has reached m = %d of %d: try again", reached, at.m));
  }
  const absl::StatusOr<OldTopPtr> old = OldTopFor(at);
  if (absl::IsAborted(old.status()))
    return absl::UnavailableError(old.status().message());
  if (!old.ok()) return old.status();
  const TopView view = (*old)->view(at.m);
  found = read(&view);
  // Not of its rows but of its file: then it is made anew.
  if (absl::IsDataLoss(found.status()) && (*old)->file &&
      !(*old)->file->CheckAll().ok()) {
    ForgetOldTop(at.m);
    return absl::UnavailableError("the version's top is made anew, try again");
  }
  return found;
}

absl::StatusOr<IndexAnswer> LogIndex::Lookup(const Hash& record,
                                             const PlacedIndex& index) {
  const Hash key = SetKey(record);
  absl::Status unread;  // of the log: no fault of the index
  const auto read = [&](const TopView* version) -> absl::StatusOr<IndexAnswer> {
    absl::StatusOr<DiskIndex::Found> found = index_.Lookup(index.entry, key, version);
    if (!found.ok()) return found.status();
    IndexAnswer answer;
    answer.present = found->answer.present;
    answer.proof = std::move(found->answer.proof);
    answer.events = std::move(found->events);
    if (answer.proof.count > 0) {
      answer.proof.terminal = record;
      if (!answer.present) {
        const TreeReader::ValuePlace place = {found->answer.terminal_position,
                                              found->answer.terminal_key};
        const absl::StatusOr<std::vector<Hash>> values =
            reader_->Values(log_->number(), {&place, 1});
        if (!values.ok()) return Unread(values.status(), &unread);
        answer.proof.terminal = values->front();
      }
    }
    // A mapped top's nodes were never looked at before.
    if (version != nullptr) {
      const absl::StatusOr<bool> proven =
          VerifyLookup(index.entry.set_root, record, answer.proof);
      if (!proven.ok() || *proven != answer.present) {
        return absl::DataLossError("an old version's top");
      }
    }
    return answer;
  };
  absl::StatusOr<IndexAnswer> answer = ReadAt(index.entry, read);
  if (!unread.ok()) return unread;
  if (!answer.ok()) return Damaged(answer.status());
  return answer;
}

absl::StatusOr<IndexBatchAnswer> LogIndex::BatchLookup(const std::vector<Hash>& records,
                                                       const PlacedIndex& index) {
  const SetQueries queries(records);
  absl::Status unread;
  const auto read = [&](const TopView* version) -> absl::StatusOr<IndexBatchAnswer> {
    absl::StatusOr<DiskIndex::FoundMany> found =
        index_.BatchLookup(index.entry, queries.keys(), version);
    if (!found.ok()) return found.status();
    IndexBatchAnswer answer;
    for (size_t i = 0; i < records.size() && !found->removed.empty(); ++i) {
      if (std::binary_search(found->removed.begin(), found->removed.end(),
                             queries.keys()[queries.place(i)])) {
        answer.removed.push_back(static_cast<uint32_t>(i));
      }
    }
    answer.proof = std::move(found->answer.proof);
    // The value of a member that was asked for is at hand; the others stand in the log.
    std::vector<size_t> offsets;
    std::vector<TreeReader::ValuePlace> places;
    for (const SetBatchAnswer::Leaf& leaf : found->answer.leaves) {
      if (const std::optional<size_t> asked = queries.Find(leaf.key)) {
        answer.proof.replace(leaf.offset, Hash::kSize, AsText(records[*asked]));
      } else {
        offsets.push_back(leaf.offset);
        places.push_back({leaf.position, leaf.key});
      }
    }
    const absl::StatusOr<std::vector<Hash>> values =
        reader_->Values(log_->number(), places);
    if (!values.ok()) return Unread(values.status(), &unread);
    for (size_t i = 0; i < offsets.size(); ++i) {
      answer.proof.replace(offsets[i], Hash::kSize, AsText((*values)[i]));
    }
    if (version != nullptr && !VerifyBatch(index.entry.set_root, index.entry.n, records,
                                           AsBytes(answer.proof))
                                   .ok()) {
      return absl::DataLossError("an old version's top");
    }
    return answer;
  };
  absl::StatusOr<IndexBatchAnswer> answer = ReadAt(index.entry, read);
  if (!unread.ok()) return unread;
  if (!answer.ok()) return Damaged(answer.status());
  return answer;
}

}  // namespace setlog
