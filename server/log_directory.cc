#include "server/log_directory.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/manifest.h"
#include "log/origin.h"
#include "log/scheme.h"
#include "log/vkey.h"
#include "server/key_files.h"

namespace setlog {
namespace {

// More than these would have little to do: memory is what they wait for.
constexpr unsigned kIndexThreads = 2;

}  // namespace

bool HasPrivateReads(const std::string& manifest) {
  const absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
  // What this version cannot read, it does not show to everybody.
  return !parsed.ok() || parsed->private_reads;
}

std::optional<VrfPublicKey> VrfKeyOf(const std::string& manifest) {
  const absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
  if (!parsed.ok() || !parsed->labels) return std::nullopt;
  const absl::StatusOr<VrfPublicKey> key =
      VrfPublicKey::Parse(parsed->labels->public_key);
  if (!key.ok()) return std::nullopt;
  return *key;
}

std::string IndexPath(const std::string& data_dir, LogNumber log) {
  return absl::StrFormat("%s/index/%d", data_dir, log);
}

LogDirectory::LogDirectory(std::string data_dir, Store* store, const TreeReader* reader,
                           uint64_t max_recent_rows)
    : data_dir_(std::move(data_dir)),
      store_(store),
      reader_(reader),
      max_recent_rows_(max_recent_rows),
      parallel_(std::clamp(std::thread::hardware_concurrency(), 1u, kIndexThreads)) {}

LogIndex::Options LogDirectory::IndexOptions(LogNumber log) {
  return {.directory = IndexPath(data_dir_, log),
          .max_recent_rows = max_recent_rows_,
          .parallel = std::ref(parallel_),
          .room = &row_room_};
}

absl::Status LogDirectory::Open() {
  absl::StatusOr<std::vector<LogRecord>> records = store_->Logs();
  if (!records.ok()) return records.status();
  for (const LogRecord& record : *records) {
    absl::StatusOr<SigningKey> key = ReadSigningKey(data_dir_, record.origin);
    if (absl::IsNotFound(key.status())) {
      // Of a creation that a crash cut short after its commit.
      if (auto fresh = ReadNewSigningKey(data_dir_, record.origin); fresh.ok()) {
        key = std::move(fresh);
      }
    }
    if (!key.ok()) {
      // Another key would sign another log: its readers would never follow.
      return absl::Status(key.status().code(),
                          absl::StrFormat("the signing key of %s: %s; put the file "
                                          "back from a backup of DIR/keys",
                                          record.origin, key.status().message()));
    }
    absl::StatusOr<std::string> vkey = store_->Read(record.log, Table::kKey, kVkeyRow);
    if (!vkey.ok()) return vkey.status();
    if (*vkey != FormatVkey(key->Verifier(SignatureType::kEd25519))) {
      return absl::DataLossError(absl::StrFormat(
          "%s holds another key than the one that signed %s so far, %s: put the right "
          "one back from a backup",
          SigningKeyPath(data_dir_, record.origin), record.origin, *vkey));
    }
    if (absl::Status s = KeepSigningKey(data_dir_, record.origin); !s.ok()) return s;
    if (absl::StatusOr<TileTree> tree = reader_->Restore(record.log, record.head);
        !tree.ok()) {
      return tree.status();
    }
    absl::StatusOr<std::string> entry = reader_->Entry(record.log, 0);
    if (!entry.ok()) return entry.status();
    auto log = std::make_unique<HostedLog>(record.log, record.origin, *std::move(key),
                                           entry->substr(1), store_, reader_,
                                           IndexOptions(record.log));
    absl::StatusOr<PlacedIndex> index =
        log->state.IndexBefore(*store_, record.head.size);
    if (!index.ok()) return index.status();
    absl::StatusOr<std::string> note = SignCheckpoint(
        {record.origin, record.head.size, record.head.root, {}}, log->state.key());
    if (!note.ok()) return note.status();
    absl::StatusOr<uint64_t> changes_end =
        reader_->ChangesEnd(record.log, index->entry.m, record.head.size);
    if (!changes_end.ok()) return changes_end.status();
    log->state.PublishHead({record.head, *std::move(note), *index, *changes_end});
    MutexLock lock(mutex_);
    next_number_ = std::max(next_number_, record.log + 1);
    if (log->vrf_key) vrf_keys_.emplace(log->vrf_key->bytes(), record.origin);
    logs_.emplace(record.origin, std::move(log));
  }
  return absl::OkStatus();
}

void LogDirectory::Start(Sequencer* sequencer, Indexer* indexer) {
  sequencer_ = sequencer;
  indexer_ = indexer;
  for (HostedLog* log : All()) indexer_->Follow(&log->state, &log->index);
}

absl::StatusOr<HostedLog*> LogDirectory::Find(std::string_view origin) const {
  {
    MutexLock lock(mutex_);
    const auto found = logs_.find(origin);
    if (found != logs_.end()) return found->second.get();
  }
  if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
  return absl::NotFoundError(absl::StrFormat(
      "there is no log %s here: `setlog logs` lists those that are", origin));
}

size_t LogDirectory::count() const {
  MutexLock lock(mutex_);
  return logs_.size();
}

std::vector<HostedLog*> LogDirectory::All() const {
  std::vector<HostedLog*> all;
  MutexLock lock(mutex_);
  for (const auto& [origin, log] : logs_) all.push_back(log.get());
  std::sort(all.begin(), all.end(), [](const HostedLog* a, const HostedLog* b) {
    return a->state.number() < b->state.number();
  });
  return all;
}

absl::Status LogDirectory::CheckManifest(const Manifest& manifest) const {
  if (absl::Status s = CheckOrigin(manifest.origin); !s.ok()) return s;
  if (absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
      !scheme.ok()) {
    return scheme.status();
  }
  // Of what suite it is, ParseManifest has seen.
  if (!manifest.labels) return absl::OkStatus();
  const absl::StatusOr<VrfPublicKey> key =
      VrfPublicKey::Parse(manifest.labels->public_key);
  if (key.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("manifest: labels: public_key: %s", key.status().message()));
}

absl::Status LogDirectory::Reserve(const Manifest& manifest, LogNumber* number) {
  const std::string& origin = manifest.origin;
  MutexLock lock(mutex_);
  if (logs_.contains(origin) || creating_.contains(origin)) {
    return absl::AlreadyExistsError(
        absl::StrFormat("the log %s exists already", origin));
  }
  if (manifest.labels &&
      !vrf_keys_.emplace(manifest.labels->public_key, origin).second) {
    // Which log it is may be nothing that this caller may know.
    return absl::FailedPreconditionError(
        "another log of this server has this VRF key: the same record would have the "
        "same label in both, so anybody could compare them; make a key for this log "
        "alone: `setlog key vrf --out FILE`");
  }
  creating_.emplace(origin, nullptr);
  *number = next_number_++;
  return absl::OkStatus();
}

void LogDirectory::Release(const std::string& origin) {
  MutexLock lock(mutex_);
  creating_.erase(origin);
  std::erase_if(vrf_keys_, [&](const auto& key) { return key.second == origin; });
}

void LogDirectory::Create(std::string manifest, Created done) {
  absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
  absl::Status refused = parsed.ok() ? CheckManifest(*parsed) : parsed.status();
  LogNumber number = 0;
  // Also over the key file: two creations of one log must not make two keys.
  if (refused.ok()) refused = Reserve(*parsed, &number);
  if (!refused.ok()) return done(refused);
  const std::string& origin = parsed->origin;
  absl::StatusOr<SigningKey> key = NewSigningKey(data_dir_, origin);
  if (!key.ok()) {
    Release(origin);
    return done(key.status());
  }
  HostedLog* log;
  {
    MutexLock lock(mutex_);
    std::unique_ptr<HostedLog>& made = creating_[origin];
    made = std::make_unique<HostedLog>(number, origin, *std::move(key),
                                       std::move(manifest), store_, reader_,
                                       IndexOptions(number));
    log = made.get();
  }
  sequencer_->Append(
      &log->state, AppendGenesis{},
      [this, log, done = std::move(done)](absl::StatusOr<Sequenced> sequenced) mutable {
        const absl::Status created = FinishCreation(log, sequenced.status());
        if (created.ok()) {
          done(log);
        } else {
          done(created);
        }
      });
}

absl::Status LogDirectory::FinishCreation(HostedLog* log, absl::Status sequenced) {
  const std::string origin = log->state.origin();
  if (absl::IsResourceExhausted(sequenced)) {
    Release(origin);  // it was not written
    return sequenced;
  }
  // Any other failed one stays: whether it is on the disk only a restart tells.
  if (!sequenced.ok()) return sequenced;
  if (absl::Status s = KeepSigningKey(data_dir_, origin); !s.ok()) {
    return absl::UnavailableError(absl::StrFormat(
        "the log %s is durable, but not its key's name; restart the server: %s", origin,
        s.message()));
  }
  // Before anybody can find it: the index is then set up for readers.
  indexer_->Follow(&log->state, &log->index);
  MutexLock lock(mutex_);
  const auto made = creating_.find(origin);
  logs_.emplace(origin, std::move(made->second));
  creating_.erase(made);
  return absl::OkStatus();
}

}  // namespace setlog
