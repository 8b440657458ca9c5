// server/log_directory.h -- the logs of one server, by origin.
//
// Opening reads one row a log and its tree's right edge; a log is never removed, so
// pointers to it stay valid as long as the directory. Thread-safe.
#ifndef SETLOG_SERVER_LOG_DIRECTORY_H_
#define SETLOG_SERVER_LOG_DIRECTORY_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "log/manifest.h"
#include "log/vrf.h"
#include "port/mutex.h"
#include "port/parallel.h"
#include "server/indexer.h"
#include "server/log_index.h"
#include "server/log_state.h"
#include "server/sequencer.h"
#include "server/tree_reader.h"
#include "storage/store.h"

namespace setlog {

// Whether the manifest says "reads": "private".
bool HasPrivateReads(const std::string& manifest);

// The key of the log's labels, if it has any that this version knows.
std::optional<VrfPublicKey> VrfKeyOf(const std::string& manifest);

// Where a log's index has its files.
std::string IndexPath(const std::string& data_dir, LogNumber log);

struct HostedLog {
  HostedLog(LogNumber number, std::string origin, SigningKey key, std::string manifest,
            Store* store, const TreeReader* reader, LogIndex::Options index_options)
      : state(number, std::move(origin), std::move(key), std::move(manifest)),
        index(store, reader, &state, std::move(index_options)),
        private_reads(HasPrivateReads(state.manifest())),
        vrf_key(VrfKeyOf(state.manifest())) {}

  LogState state;
  LogIndex index;
  const bool private_reads;  // who may then read: server/access.h
  // Of a private log: its entries are labels.
  const std::optional<VrfPublicKey> vrf_key;
};

class LogDirectory {
 public:
  // `max_recent_rows`: of each log's index (DiskIndex::Options).
  LogDirectory(std::string data_dir, Store* store, const TreeReader* reader,
               uint64_t max_recent_rows);

  // Takes in the logs of the store and signs their heads anew. DataLoss or
  // FailedPrecondition, naming the file, if a key is missing, foreign or readable by
  // others, or entries do not lead to the stored head.
  absl::Status Open();
  // From here on the logs are indexed and new ones can be made.
  void Start(Sequencer* sequencer, Indexer* indexer);

  // Never nullptr. NotFound for an unknown origin.
  absl::StatusOr<HostedLog*> Find(std::string_view origin) const;
  std::vector<HostedLog*> All() const;
  size_t count() const;
  // The threads that index; for the indexer alone.
  Parallel& index_threads() { return parallel_; }

  // Makes a log from its manifest (RFC 8785 form). `done` gets the log when it is in a
  // signed head. AlreadyExists, InvalidArgument, Unimplemented (a scheme or labels that
  // this server does not know), FailedPrecondition for the VRF key of another log.
  using Created = absl::AnyInvocable<void(absl::StatusOr<HostedLog*>)>;
  void Create(std::string manifest, Created done);

 private:
  LogIndex::Options IndexOptions(LogNumber log);
  absl::Status CheckManifest(const Manifest& manifest) const;
  // Keeps the origin and the VRF key for one creation; AlreadyExists,
  // FailedPrecondition.
  absl::Status Reserve(const Manifest& manifest, LogNumber* number);
  // Gives them back: nothing was written.
  void Release(const std::string& origin);
  // What follows the first commit, whose outcome is `sequenced`.
  absl::Status FinishCreation(HostedLog* log, absl::Status sequenced);

  const std::string data_dir_;
  Store* const store_;
  const TreeReader* const reader_;
  const uint64_t max_recent_rows_;
  // For the indexer.
  Parallel parallel_;
  RowRoom row_room_;
  Sequencer* sequencer_ = nullptr;
  Indexer* indexer_ = nullptr;

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<HostedLog>, std::less<>> logs_
      ABSL_GUARDED_BY(mutex_);
  // Logs whose key is being made (nullptr) or whose first commit is on its way; kept
  // here until it is known.
  std::map<std::string, std::unique_ptr<HostedLog>> creating_ ABSL_GUARDED_BY(mutex_);
  // The public keys of their labels, and whose each is.
  std::map<Hash, std::string> vrf_keys_ ABSL_GUARDED_BY(mutex_);
  LogNumber next_number_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_DIRECTORY_H_
