#include "server/log_directory.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/manifest.h"
#include "log/origin.h"
#include "log/scheme.h"
#include "log/vkey.h"
#include "server/key_files.h"

namespace setlog {

LogDirectory::LogDirectory(std::string data_dir, Store* store, const TreeReader* reader)
    : data_dir_(std::move(data_dir)), store_(store), reader_(reader) {}

absl::Status LogDirectory::Open() {
  absl::StatusOr<std::vector<LogRecord>> records = store_->Logs();
  if (!records.ok()) return records.status();
  for (const LogRecord& record : *records) {
    absl::StatusOr<SigningKey> key = ReadSigningKey(data_dir_, record.origin);
    if (!key.ok()) {
      // Another key would sign another log: its readers would never follow.
      return absl::Status(key.status().code(),
                          absl::StrFormat("the signing key of %s: %s", record.origin,
                                          key.status().message()));
    }
    absl::StatusOr<std::string> vkey = store_->Read(record.log, Table::kKey, kVkeyRow);
    if (!vkey.ok()) return vkey.status();
    if (*vkey != FormatVkey(key->Verifier(SignatureType::kEd25519))) {
      return absl::DataLossError(absl::StrFormat(
          "%s holds another key than the one that signed %s so far, %s: put the right "
          "one back from a backup",
          SigningKeyPath(data_dir_, record.origin), record.origin, *vkey));
    }
    if (absl::StatusOr<TileTree> tree = reader_->Restore(record.log, record.head);
        !tree.ok()) {
      return tree.status();
    }
    absl::StatusOr<std::string> entry = reader_->Entry(record.log, 0);
    if (!entry.ok()) return entry.status();
    auto log = std::make_unique<HostedLog>(record.log, record.origin, *std::move(key),
                                           entry->substr(1), store_, reader_);
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

std::vector<HostedLog*> LogDirectory::All() const {
  std::vector<HostedLog*> all;
  MutexLock lock(mutex_);
  for (const auto& [origin, log] : logs_) all.push_back(log.get());
  std::sort(all.begin(), all.end(), [](const HostedLog* a, const HostedLog* b) {
    return a->state.number() < b->state.number();
  });
  return all;
}

absl::StatusOr<std::unique_ptr<HostedLog>> LogDirectory::MakeLog(
    const std::string& manifest) {
  absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
  if (!parsed.ok()) return parsed.status();
  const std::string& origin = parsed->origin;
  if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
  if (absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(*parsed);
      !scheme.ok()) {
    return scheme.status();
  }
  if (parsed->labels) {
    return absl::UnimplementedError("private logs (VRF labels) are not supported yet");
  }
  if (parsed->private_reads) {
    return absl::UnimplementedError(
        "reads: private is not supported yet: this server would answer anybody");
  }
  // A key without a log is of a creation that a crash cut short: it signed nothing that
  // anybody saw, and is used now.
  absl::StatusOr<SigningKey> key = ReadSigningKey(data_dir_, origin);
  if (absl::IsNotFound(key.status())) key = CreateSigningKey(data_dir_, origin);
  if (!key.ok()) return key.status();
  return std::make_unique<HostedLog>(next_number_, origin, *std::move(key), manifest,
                                     store_, reader_);
}

void LogDirectory::Create(std::string manifest, Created done) {
  HostedLog* log = nullptr;
  absl::Status refused;
  {
    // Also over the key file: two creations of one log must not make two keys.
    MutexLock lock(mutex_);
    if (absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
        parsed.ok() &&
        (logs_.contains(parsed->origin) || creating_.contains(parsed->origin))) {
      refused = absl::AlreadyExistsError(
          absl::StrFormat("the log %s exists already", parsed->origin));
    } else {
      absl::StatusOr<std::unique_ptr<HostedLog>> made = MakeLog(manifest);
      if (made.ok()) {
        log = made->get();
        creating_.emplace(log->state.origin(), *std::move(made));
        ++next_number_;
      } else {
        refused = made.status();
      }
    }
  }
  if (!refused.ok()) return done(refused);
  sequencer_->Append(
      &log->state, AppendGenesis{},
      [this, log, done = std::move(done)](absl::StatusOr<Sequenced> sequenced) mutable {
        // Before anybody can find it: the index is then set up for readers.
        if (sequenced.ok()) indexer_->Follow(&log->state, &log->index);
        {
          MutexLock lock(mutex_);
          const auto made = creating_.find(log->state.origin());
          if (sequenced.ok()) {
            logs_.emplace(log->state.origin(), std::move(made->second));
            creating_.erase(made);
          } else if (absl::IsResourceExhausted(sequenced.status())) {
            creating_.erase(made);  // it never left the queue
          }
          // Any other failed one stays: whether it is on the disk only a restart tells.
        }
        if (!sequenced.ok()) return done(sequenced.status());
        done(log);
      });
}

}  // namespace setlog
