#include "server/sequencer.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/set_tree.h"
#include "log/tile.h"
#include "log/tree.h"
#include "log/vkey.h"

namespace setlog {

std::string EncodeSessionRow(const SessionRow& row) {
  std::string value;
  AppendU64(&value, row.count);
  AppendU64(&value, row.first);
  AppendU64(&value, row.end);
  return value;
}

absl::StatusOr<SessionRow> DecodeSessionRow(std::string_view value) {
  if (value.size() != 24) {
    return absl::DataLossError("a row of the session table has a wrong length");
  }
  const Bytes bytes = AsBytes(value);
  return SessionRow{ReadU64(bytes), ReadU64(bytes.subspan(8)),
                    ReadU64(bytes.subspan(16))};
}

// The rows of one group commit as they are gathered, log by log.
class Sequencer::Group {
 public:
  Group(const Store& store, LogState* log, const Edge& edge)
      : store_(store), log_(log), edge_(edge) {}

  // Assigns positions to the request's entries. On an error nothing has changed.
  absl::StatusOr<Sequenced> Add(const Step& step) {
    const uint64_t first = size();
    absl::Status status =
        std::visit([this](const auto& s) { return AddStep(s); }, step);
    if (!status.ok()) return status;
    return Sequenced{first, size(), 0};
  }

  // All rows, and the head they lead to.
  NewHead Finish(std::vector<Write>* writes) {
    for (const ChangedTile& tile : edge_.tree.Append(leaves_)) {
      std::string hashes;
      hashes.reserve(tile.hashes.size() * Hash::kSize);
      for (const Hash& hash : tile.hashes) hashes.append(AsText(hash));
      writes_.push_back(
          {log_->number(), Table::kTile, TileRowKey(tile.tile), std::move(hashes)});
    }
    if (!edge_.bundle.empty()) {
      writes_.push_back({log_->number(), Table::kBundle,
                         U64Key(edge_.tree.size() / kTileWidth), edge_.bundle});
    }
    for (auto& [key, row] : sessions_) {
      writes_.push_back({log_->number(), Table::kSession, key, EncodeSessionRow(row)});
    }
    std::move(writes_.begin(), writes_.end(), std::back_inserter(*writes));
    return {log_->number(), log_->origin(), {edge_.tree.size(), edge_.tree.Root()}};
  }

  Edge& edge() { return edge_; }

 private:
  uint64_t size() const { return edge_.tree.size() + leaves_.size(); }

  void AddEntryBytes(Bytes entry) {
    // Entries are at most 32 KiB and a byte: they fit.
    AppendToBundle(entry, &edge_.bundle).IgnoreError();
    if ((size() + 1) % kTileWidth == 0) {
      writes_.push_back({log_->number(), Table::kBundle, U64Key(size() / kTileWidth),
                         std::move(edge_.bundle)});
      edge_.bundle.clear();
    }
  }

  void AddEntry(const Entry& entry) {
    const std::string bytes = Encode(entry);
    AddEntryBytes(AsBytes(bytes));
    leaves_.push_back(LeafHash(AsBytes(bytes)));
  }

  absl::Status AddStep(const AppendValues& values) {
    if (!values.session_key.empty()) {
      absl::StatusOr<SessionRow*> session = Session(values.session_key);
      if (!session.ok()) return session.status();
      SessionRow& row = **session;
      if (row.count != values.session_count) {
        return absl::AbortedError(absl::StrFormat(
            "the session has %d durable records, not %d: open it again to go on",
            row.count, values.session_count));
      }
      const uint64_t added = values.hashes.size() / Hash::kSize;
      if (row.count == 0) row.first = size();
      row.count += added;
      row.end = size() + added;
    }
    std::vector<Hash> hashes(values.hashes.size() / Hash::kSize);
    std::memcpy(static_cast<void*>(hashes.data()), values.hashes.data(),
                hashes.size() * Hash::kSize);
    const std::vector<Hash> leaves =
        LeafHashes(static_cast<uint8_t>(values.type), hashes);
    std::array<uint8_t, kValueEntryBytes> entry;
    entry[0] = static_cast<uint8_t>(values.type);
    for (size_t i = 0; i < hashes.size(); ++i) {
      std::memcpy(&entry[1], hashes[i].data(), Hash::kSize);
      AddEntryBytes(entry);
      leaves_.push_back(leaves[i]);
    }
    edge_.changes_end = size();
    return absl::OkStatus();
  }

  absl::Status AddStep(const AppendGenesis&) {
    if (size() != 0) return absl::AlreadyExistsError("the log exists already");
    AddEntry(ManifestEntry{log_->manifest()});
    writes_.push_back({log_->number(), Table::kKey, kVkeyRow,
                       FormatVkey(log_->key().Verifier(SignatureType::kEd25519))});
    // Every lookup has a root to be answered under, from the first moment on.
    return AddStep(IndexEntry{1, 0, EmptySetRoot()});
  }

  absl::Status AddStep(const IndexEntry& index) {
    const PlacedIndex placed{index, size()};
    writes_.push_back(
        {log_->number(), Table::kIndex, U64Key(index.m), EncodeIndexRow(placed)});
    AddEntry(index);
    edge_.index = placed;
    return absl::OkStatus();
  }

  absl::Status AddStep(const TagEntry& tag) {
    absl::StatusOr<std::string> used =
        store_.Read(log_->number(), Table::kTag, tag.name);
    const bool in_group =
        std::find(tag_names_.begin(), tag_names_.end(), tag.name) != tag_names_.end();
    if (used.ok() || in_group) {
      return absl::AlreadyExistsError(
          absl::StrFormat("%s has a version %s already: choose another name",
                          log_->origin(), tag.name));
    }
    if (!absl::IsNotFound(used.status())) return used.status();
    if (absl::StatusOr<PlacedIndex> index = log_->IndexFor(store_, tag.m);
        !index.ok()) {
      return index.status();
    }
    writes_.push_back(
        {log_->number(), Table::kTag, tag.name, EncodeTagRow({tag.m, size()})});
    tag_names_.push_back(tag.name);
    AddEntry(tag);
    return absl::OkStatus();
  }

  absl::StatusOr<SessionRow*> Session(const std::string& key) {
    if (const auto found = sessions_.find(key); found != sessions_.end()) {
      return &found->second;
    }
    SessionRow row;
    absl::StatusOr<std::string> stored =
        store_.Read(log_->number(), Table::kSession, key);
    if (stored.ok()) {
      absl::StatusOr<SessionRow> decoded = DecodeSessionRow(*stored);
      if (!decoded.ok()) return decoded.status();
      row = *decoded;
    } else if (!absl::IsNotFound(stored.status())) {
      return stored.status();
    }
    return &sessions_.emplace(key, row).first->second;
  }

  const Store& store_;
  LogState* const log_;
  Edge edge_;  // its tree grows in Finish
  std::vector<Hash> leaves_;
  std::vector<Write> writes_;
  std::map<std::string, SessionRow> sessions_;
  std::vector<std::string> tag_names_;
};

Sequencer::Sequencer(Store* store, const TreeReader* reader, Options options)
    : store_(store), reader_(reader), options_(options), thread_([this] { Run(); }) {}

Sequencer::~Sequencer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
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

absl::StatusOr<Sequencer::Edge*> Sequencer::EdgeOf(LogState* log) {
  const auto found = edges_.find(log);
  if (found != edges_.end()) return &found->second;
  const PublishedHead head = log->head();
  Edge edge;
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

void Sequencer::CommitGroup(std::vector<Request> requests) {
  // What was queued when a write failed must not be written after it.
  if (const absl::Status failed = health(); !failed.ok()) {
    for (Request& request : requests) request.done(failed);
    return;
  }
  std::map<LogState*, Group> groups;
  std::vector<std::pair<Request*, Sequenced>> taken;
  for (Request& request : requests) {
    auto group = groups.find(request.log);
    if (group == groups.end()) {
      absl::StatusOr<Edge*> edge = EdgeOf(request.log);
      if (!edge.ok()) {
        request.done(edge.status());
        continue;
      }
      group = groups.emplace(request.log, Group(*store_, request.log, **edge)).first;
    }
    absl::StatusOr<Sequenced> sequenced = group->second.Add(request.step);
    if (sequenced.ok()) {
      taken.push_back({&request, *sequenced});
    } else {
      request.done(sequenced.status());
    }
  }
  if (taken.empty()) return;

  GroupCommit commit;
  commit.number = store_->commit().number + 1;
  for (auto& [log, group] : groups) {
    NewHead head = group.Finish(&commit.writes);
    if (head.head.size > log->head().head.size) commit.heads.push_back(std::move(head));
  }
  absl::Status status = store_->Commit(commit);
  std::vector<std::string> notes;
  for (const NewHead& head : commit.heads) {
    if (!status.ok()) break;
    for (auto& [log, group] : groups) {
      if (log->number() != head.log) continue;
      absl::StatusOr<std::string> note = SignCheckpoint(
          {log->origin(), head.head.size, head.head.root, {}}, log->key());
      status = note.status();
      if (status.ok()) notes.push_back(*std::move(note));
    }
  }
  if (!status.ok()) {
    status = absl::UnavailableError(absl::StrFormat(
        "writes have stopped, restart the server to check what is durable: %s",
        status.message()));
    {
      MutexLock lock(mutex_);
      health_ = status;
    }
    for (auto& [request, sequenced] : taken) request->done(status);
    return;
  }
  std::map<LogState*, uint64_t> sizes;
  for (size_t i = 0; i < commit.heads.size(); ++i) {
    for (auto& [log, group] : groups) {
      if (log->number() != commit.heads[i].log) continue;
      edges_[log] = std::move(group.edge());
      log->PublishHead({commit.heads[i].head, std::move(notes[i]), edges_[log].index,
                        edges_[log].changes_end});
      sizes[log] = commit.heads[i].head.size;
    }
  }
  for (auto& [request, sequenced] : taken) {
    sequenced.size = sizes[request->log];
    request->done(sequenced);
  }
}

}  // namespace setlog
