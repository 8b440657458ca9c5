#include "server/sequencer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/successor.h"
#include "log/tile.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// Whether the log was handed over before this process began.
absl::Status FindSuccessor(const Store& store, LogNumber log, LogEdge* edge) {
  std::string end(kSuccessorPrefix);
  ++end.back();
  return store.Scan(log, Table::kTag, kSuccessorPrefix, end,
                    [edge](std::string_view name, std::string_view) {
                      if (!SuccessorNamed(name)) return true;
                      edge->successor = name;
                      return false;
                    });
}

}  // namespace

Sequencer::Sequencer(Store* store, const TreeReader* reader, Options options)
    : store_(store), reader_(reader), options_(std::move(options)) {
  for (std::thread& thread : threads_) thread = std::thread([this] { Run(); });
}

Sequencer::~Sequencer() {
  Close();
  for (std::thread& thread : threads_) thread.join();
}

void Sequencer::Close() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void Sequencer::Append(LogState* log, Step step, Done done) {
  const absl::Status refused = TryAppend(log, std::move(step), done);
  if (!refused.ok()) done(refused);
}

absl::Status Sequencer::TryAppend(LogState* log, Step step, Done& done) {
  uint64_t bytes = 256;
  if (const auto* values = std::get_if<AppendValues>(&step)) {
    bytes += values->hashes.size();
  }
  {
    MutexLock lock(mutex_);
    if (stopping_) return absl::UnavailableError("the server is stopping");
    if (!health_.ok()) return health_;
    if (queued_bytes_ + bytes > options_.max_queue_bytes && !queue_.empty()) {
      return absl::ResourceExhaustedError(
          "the queue of writes is full: try again in a second");
    }
    queue_.push_back({log, std::move(step), std::move(done), bytes});
    queued_bytes_ += bytes;
    if (IsCaller(queue_.back())) {
      ++callers_;
      gather_until_ = std::min(Clock::now() + pause_, gather_end_);
    }
    // The first one sets somebody waiting for the others.
    if (queue_.size() > 1 && !MayTake()) return absl::OkStatus();
  }
  wake_.notify_one();
  return absl::OkStatus();
}

absl::Status Sequencer::health() const {
  MutexLock lock(mutex_);
  return health_;
}

uint64_t Sequencer::queued_bytes() const {
  MutexLock lock(mutex_);
  return queued_bytes_;
}

bool Sequencer::MayTake() const {
  if (preparing_ || queue_.empty()) return false;
  if (queued_bytes_ >= options_.ahead_bytes) return true;
  if (ended_ != taken_) return false;
  // What is no caller's, as an index entry, goes along: on its own it would make those
  // who are about to come wait for a whole commit.
  return stopping_ || callers_ >= expected_ || Clock::now() >= gather_until_;
}

bool Sequencer::WaitForWork(MutexLock& lock) {
  while (!MayTake()) {
    if (queue_.empty() && stopping_) return false;
    bool looked = false;  // once is enough: what may be done is asked above
    const auto woken = [&looked] { return std::exchange(looked, true); };
    const bool gathering = !queue_.empty() && !preparing_ && ended_ == taken_;
    if (gathering) {
      lock.WaitFor(wake_, gather_until_ - Clock::now(), woken);
    } else {
      lock.Wait(wake_, woken);
    }
  }
  return true;
}

Sequencer::Group Sequencer::Take() {
  Group group;
  group.turn = taken_++;
  preparing_ = true;
  uint64_t bytes = 0;
  while (!queue_.empty() && bytes < options_.max_commit_bytes) {
    bytes += queue_.front().bytes;
    callers_ -= IsCaller(queue_.front());
    group.requests.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return group;
}

void Sequencer::Run() {
  while (true) {
    Group group;
    {
      MutexLock lock(mutex_);
      if (!WaitForWork(lock)) return;
      group = Take();
    }
    Prepare(group);
    {
      MutexLock lock(mutex_);
      preparing_ = false;
      if (MayTake()) wake_.notify_one();  // the other thread
      lock.Wait(turn_, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return ended_ == group.turn;
      });
    }
    const Clock::time_point start = Clock::now();
    Commit(group);
    {
      MutexLock lock(mutex_);
      ++ended_;
      const Clock::time_point now = Clock::now();
      pause_ = std::min<Clock::duration>((now - start) / 2, options_.max_pause);
      gather_until_ = now + pause_;
      gather_end_ = now + options_.max_gathering;
    }
    turn_.notify_one();
    // This thread looks for itself; the other one may have to end.
    wake_.notify_one();
  }
}

absl::StatusOr<LogEdge*> Sequencer::EdgeOf(LogState* log) {
  const auto found = edges_.find(log);
  if (found != edges_.end()) return &found->second;
  const PublishedHead head = log->head();
  LogEdge edge;
  edge.index = head.index;
  edge.changes_end = head.changes_end;
  edge.root = head.head.root;
  absl::StatusOr<TileTree> tree = reader_->Restore(log->number(), head.head);
  if (!tree.ok()) return tree.status();
  edge.tree = *std::move(tree);
  if (const uint32_t width = head.head.size % kTileWidth; width > 0) {
    absl::StatusOr<std::string> bundle =
        reader_->Bundle(log->number(), head.head.size / kTileWidth, width);
    if (!bundle.ok()) return bundle.status();
    edge.bundle = *std::move(bundle);
  }
  if (absl::Status s = FindSuccessor(*store_, log->number(), &edge); !s.ok()) return s;
  return &edges_.emplace(log, std::move(edge)).first->second;
}

void Sequencer::Prepare(Group& group) {
  const Clock::time_point start = Clock::now();
  // What was queued when a write failed must not be written after it.
  absl::Status refused = health();
  if (refused.ok()) refused = options_.may_write();
  if (!refused.ok()) {
    group.results.assign(group.requests.size(), refused);
    return;
  }
  std::map<LogState*, LogBatch> batches;
  group.results.reserve(group.requests.size());
  for (Request& request : group.requests) {
    auto batch = batches.find(request.log);
    if (batch == batches.end()) {
      absl::StatusOr<LogEdge*> edge = EdgeOf(request.log);
      if (!edge.ok()) {
        group.results.push_back(edge.status());
        continue;
      }
      batch =
          batches.emplace(request.log, LogBatch(*store_, request.log, **edge)).first;
    }
    group.results.push_back(batch->second.Add(request.step));
  }
  for (auto& [log, batch] : batches) {
    if (!batch.grown()) continue;
    absl::StatusOr<NewHead> head = batch.Finish(&group.commit.writes);
    if (!head.ok()) {
      group.prepared = head.status();
      return;
    }
    LogEdge& edge = batch.edge();
    group.logs.push_back(log);
    group.heads.push_back({head->head, "", edge.index, edge.changes_end});
    group.commit.heads.push_back(*std::move(head));
    edges_[log] = std::move(edge);
  }
  group.report.prepare = Clock::now() - start;
}

absl::Status Sequencer::WriteAndSign(Group& group) {
  if (!group.prepared.ok()) return group.prepared;
  group.commit.number = store_->commit().number + 1;
  if (absl::Status s = store_->Commit(group.commit); !s.ok()) return s;
  const Clock::time_point stored = Clock::now();
  for (size_t i = 0; i < group.logs.size(); ++i) {
    const LogState& log = *group.logs[i];
    PublishedHead& head = group.heads[i];
    absl::StatusOr<std::string> note =
        SignCheckpoint({log.origin(), head.head.size, head.head.root, {}}, log.key());
    if (!note.ok()) return note.status();
    // A signature with a fault in it can give the key away.
    absl::StatusOr<Checkpoint> reread =
        OpenCheckpoint(*note, log.key().Verifier(SignatureType::kEd25519));
    if (!reread.ok()) return reread.status();
    head.note = *std::move(note);
  }
  group.report.sign = Clock::now() - stored;
  return absl::OkStatus();
}

bool Sequencer::IsCaller(const Request& request) {
  return std::holds_alternative<AppendValues>(request.step);
}

// Those who wait, and those who are answered now and usually ask again at once. Before
// they are answered, or who is quick would be counted twice.
void Sequencer::ExpectCallers(const Group& group) {
  size_t answered = 0;
  for (size_t i = 0; i < group.requests.size(); ++i) {
    answered += group.results[i].ok() && IsCaller(group.requests[i]);
  }
  MutexLock lock(mutex_);
  expected_ = callers_ + answered;
}

// Fills in the report what the requests that succeeded have added.
void Sequencer::Count(Group& group) {
  CommitReport& report = group.report;
  for (size_t i = 0; i < group.requests.size(); ++i) {
    if (!group.results[i].ok()) continue;
    const Request& request = group.requests[i];
    const uint64_t entries = group.results[i]->end - group.results[i]->first;
    if (const auto* values = std::get_if<AppendValues>(&request.step)) {
      (values->type == EntryType::kAdd ? report.adds : report.removes) += entries;
    } else if (std::holds_alternative<AppendGenesis>(request.step)) {
      ++report.manifests;
      ++report.indexes;
      report.created.push_back(request.log->origin());
    } else if (std::holds_alternative<IndexEntry>(request.step)) {
      ++report.indexes;
    } else {
      ++report.tags;
    }
  }
}

void Sequencer::Commit(Group& group) {
  absl::Status written = health();  // of the groups before, which this one builds on
  const bool grown = !group.logs.empty() || !group.prepared.ok();
  if (written.ok() && grown) {
    written = WriteAndSign(group);
    if (!written.ok()) {
      written = absl::UnavailableError(absl::StrFormat(
          "writes have stopped, restart the server to check what is durable: %s",
          written.message()));
      {
        MutexLock lock(mutex_);
        health_ = written;
      }
      if (options_.stopped) options_.stopped(written);
    }
  }
  if (!written.ok()) {
    for (size_t i = 0; i < group.requests.size(); ++i) {
      const absl::StatusOr<Sequenced>& result = group.results[i];
      group.requests[i].done(result.ok() ? written : result.status());
    }
    return;
  }
  const Clock::time_point signed_at = Clock::now();
  for (size_t i = 0; i < group.logs.size(); ++i) {
    group.logs[i]->PublishHead(std::move(group.heads[i]));
  }
  if (options_.committed && grown) {
    group.report.publish = Clock::now() - signed_at;
    Count(group);
    options_.committed(group.report);
  }
  ExpectCallers(group);
  for (size_t i = 0; i < group.requests.size(); ++i) {
    if (group.results[i].ok()) {
      group.results[i]->size = group.requests[i].log->figures().size;
    }
    group.requests[i].done(std::move(group.results[i]));
  }
}

}  // namespace setlog
