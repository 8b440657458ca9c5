#include "server/sequencer.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/tile.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Sequencer::Sequencer(Store* store, const TreeReader* reader, Options options)
    : store_(store), reader_(reader), options_(options), thread_([this] { Run(); }) {}

Sequencer::~Sequencer() {
  Close();
  thread_.join();
}

void Sequencer::Close() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
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

void Sequencer::Run() {
  while (true) {
    std::vector<Request> group;
    {
      MutexLock lock(mutex_);
      lock.Wait(wake_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      });
      if (queue_.empty()) return;
      uint64_t bytes = 0;
      while (!queue_.empty() && bytes < options_.max_commit_bytes) {
        bytes += queue_.front().bytes;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      queued_bytes_ -= bytes;
    }
    CommitGroup(std::move(group));
  }
}

absl::StatusOr<LogEdge*> Sequencer::EdgeOf(LogState* log) {
  const auto found = edges_.find(log);
  if (found != edges_.end()) return &found->second;
  const PublishedHead head = log->head();
  LogEdge edge;
  edge.index = head.index;
  edge.changes_end = head.changes_end;
  absl::StatusOr<TileTree> tree = reader_->Restore(log->number(), head.head);
  if (!tree.ok()) return tree.status();
  edge.tree = *std::move(tree);
  if (const uint32_t width = head.head.size % kTileWidth; width > 0) {
    absl::StatusOr<std::string> bundle =
        reader_->Bundle(log->number(), head.head.size / kTileWidth, width);
    if (!bundle.ok()) return bundle.status();
    edge.bundle = *std::move(bundle);
  }
  return &edges_.emplace(log, std::move(edge)).first->second;
}

absl::Status Sequencer::Write(std::vector<LogBatch*> batches,
                              std::vector<PublishedHead>* heads, CommitReport* report) {
  const Clock::time_point start = Clock::now();
  GroupCommit commit;
  commit.number = store_->commit().number + 1;
  for (LogBatch* batch : batches) {
    absl::StatusOr<NewHead> head = batch->Finish(&commit.writes);
    if (!head.ok()) return head.status();
    commit.heads.push_back(*std::move(head));
  }
  report->prepare += Clock::now() - start;
  if (absl::Status s = store_->Commit(commit); !s.ok()) return s;
  const Clock::time_point stored = Clock::now();
  for (size_t i = 0; i < batches.size(); ++i) {
    const LogState& log = *batches[i]->log();
    const StoredHead& head = commit.heads[i].head;
    absl::StatusOr<std::string> note =
        SignCheckpoint({log.origin(), head.size, head.root, {}}, log.key());
    if (!note.ok()) return note.status();
    // A signature with a fault in it can give the key away.
    absl::StatusOr<Checkpoint> reread =
        OpenCheckpoint(*note, log.key().Verifier(SignatureType::kEd25519));
    if (!reread.ok()) return reread.status();
    heads->push_back({head, *std::move(note), batches[i]->edge().index,
                      batches[i]->edge().changes_end});
  }
  report->sign = Clock::now() - stored;
  return absl::OkStatus();
}

// Adds the entries of one request to the report.
void Sequencer::Count(const Request& request, const Sequenced& sequenced,
                      CommitReport* report) {
  const uint64_t entries = sequenced.end - sequenced.first;
  if (const auto* values = std::get_if<AppendValues>(&request.step)) {
    (values->type == EntryType::kAdd ? report->adds : report->removes) += entries;
  } else if (std::holds_alternative<AppendGenesis>(request.step)) {
    ++report->manifests;
    ++report->indexes;
    report->created.push_back(request.log->origin());
  } else if (std::holds_alternative<IndexEntry>(request.step)) {
    ++report->indexes;
  } else {
    ++report->tags;
  }
}

void Sequencer::CommitGroup(std::vector<Request> requests) {
  const Clock::time_point start = Clock::now();
  // What was queued when a write failed must not be written after it.
  absl::Status refused = health();
  if (refused.ok()) refused = options_.may_write();
  if (!refused.ok()) {
    for (Request& request : requests) request.done(refused);
    return;
  }
  std::map<LogState*, LogBatch> batches;
  std::vector<std::pair<Request*, Sequenced>> taken;
  for (Request& request : requests) {
    auto batch = batches.find(request.log);
    if (batch == batches.end()) {
      absl::StatusOr<LogEdge*> edge = EdgeOf(request.log);
      if (!edge.ok()) {
        request.done(edge.status());
        continue;
      }
      batch =
          batches.emplace(request.log, LogBatch(*store_, request.log, **edge)).first;
    }
    absl::StatusOr<Sequenced> sequenced = batch->second.Add(request.step);
    if (sequenced.ok()) {
      taken.push_back({&request, *sequenced});
    } else {
      request.done(sequenced.status());
    }
  }
  std::vector<LogBatch*> grown;
  for (auto& [log, batch] : batches) {
    if (batch.grown()) grown.push_back(&batch);
  }
  CommitReport report{.prepare = Clock::now() - start};
  std::vector<PublishedHead> heads;
  absl::Status written =
      grown.empty() ? absl::OkStatus() : Write(grown, &heads, &report);
  if (!written.ok()) {
    written = absl::UnavailableError(absl::StrFormat(
        "writes have stopped, restart the server to check what is durable: %s",
        written.message()));
    {
      MutexLock lock(mutex_);
      health_ = written;
    }
    if (options_.stopped) options_.stopped(written);
    for (auto& [request, sequenced] : taken) request->done(written);
    return;
  }
  const Clock::time_point signed_at = Clock::now();
  for (size_t i = 0; i < grown.size(); ++i) {
    edges_[grown[i]->log()] = std::move(grown[i]->edge());
    grown[i]->log()->PublishHead(std::move(heads[i]));
  }
  if (options_.committed && !grown.empty()) {
    report.publish = Clock::now() - signed_at;
    for (const auto& [request, sequenced] : taken) Count(*request, sequenced, &report);
    options_.committed(report);
  }
  for (auto& [request, sequenced] : taken) {
    sequenced.size = request->log->head().head.size;
    request->done(sequenced);
  }
}

}  // namespace setlog
