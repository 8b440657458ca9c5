// server/log_state.h -- one log as its readers see it.
//
// The sequencer publishes heads, the indexer publishes sets; readers take short locks
// and never wait for a commit or for an index batch to be computed. Thread-safe.
#ifndef SETLOG_SERVER_LOG_STATE_H_
#define SETLOG_SERVER_LOG_STATE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "log/bytes.h"
#include "log/entry.h"
#include "log/set_answer.h"
#include "log/skey.h"
#include "port/mutex.h"
#include "server/lru_cache.h"
#include "server/tree_reader.h"
#include "storage/store.h"

namespace setlog {

struct PublishedHead {
  StoredHead head;
  std::string note;   // signed checkpoint
  PlacedIndex index;  // the newest index entry under it
  // One past the last add or remove entry, or an m that covers it: the set is fully
  // indexed when index.entry.m >= changes_end.
  uint64_t changes_end = 0;
};

// A head and its note with what witnesses said of it.
struct CosignedHead {
  StoredHead head;
  std::string note;
};
// The newest one that met the quorum of the server's policy.
struct QuorumHead {
  CosignedHead cosigned;
  PlacedIndex index;  // the newest index entry under it
};

class LogState {
 public:
  LogState(LogNumber number, std::string origin, SigningKey key, std::string manifest)
      : number_(number),
        origin_(std::move(origin)),
        key_(std::move(key)),
        manifest_(std::move(manifest)) {}

  LogNumber number() const { return number_; }
  const std::string& origin() const { return origin_; }
  const SigningKey& key() const { return key_; }
  // Entry 0's body.
  const std::string& manifest() const { return manifest_; }

  // Its note has all the cosignatures so far.
  PublishedHead head() const;
  // Its note has the log's signature alone.
  PublishedHead signed_head() const;
  // Grows when what is said of the newest head may have changed (`cosigned`: of the one
  // that met the quorum): another head, or more cosignatures of it. Takes no lock.
  uint64_t changes(bool cosigned) const;
  // What everybody who takes whole notes is shown: the newest head that met the quorum,
  // with all its cosignatures so far; while none has, the newest head. Never goes back
  // to a smaller one, so between those two it may stand still for a moment.
  std::string shown_note() const;
  // What an answer under the newest head needs of it, without copying its note.
  struct Tip {
    StoredHead head;
    PlacedIndex index;
  };
  Tip tip() const;
  // What is counted of the head, without copying its note.
  struct Figures {
    uint64_t size = 0;
    uint64_t m = 0;
    uint64_t n = 0;
    uint64_t changes_end = 0;
    int64_t published_us = 0;
  };
  Figures figures() const;
  // By the sequencer only. Calls every watcher.
  void PublishHead(PublishedHead head);

  // By the witness client only. They call every watcher; the first only if it is of the
  // newest head.
  void PublishCosignatures(CosignedHead gathered);
  void PublishQuorum(QuorumHead quorum);
  // A head that had met the quorum before a restart; before anybody reads.
  void RestoreQuorum(QuorumHead quorum);
  // nullptr if no head has met a quorum, or none is wanted.
  std::shared_ptr<const QuorumHead> quorum() const;

  // `changed` is called after every new head, and new cosignatures, on the publishing
  // thread, until RemoveWatcher; it must not block.
  uint64_t AddWatcher(std::function<void()> changed);
  // After this returns the watcher is not running and will not run again.
  void RemoveWatcher(uint64_t id);

  // The index entry with exactly this m; FailedPrecondition if there is none, as a
  // client who asks for it is told. One store read, none for those asked for last.
  absl::StatusOr<PlacedIndex> IndexFor(const Store& store, uint64_t m) const;
  // The newest index entry whose position is below `size`. NotFound if none is.
  absl::StatusOr<PlacedIndex> IndexBefore(const Store& store, uint64_t size) const;

 private:
  static constexpr size_t kIndexes = 64;

  void CallWatchers();

  const LogNumber number_;
  const std::string origin_;
  const SigningKey key_;
  const std::string manifest_;

  mutable Mutex mutex_;
  PublishedHead head_ ABSL_GUARDED_BY(mutex_);
  int64_t published_us_ ABSL_GUARDED_BY(mutex_) = 0;
  CosignedHead gathered_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const QuorumHead> quorum_ ABSL_GUARDED_BY(mutex_);
  CosignedHead shown_ ABSL_GUARDED_BY(mutex_);

  std::atomic<uint64_t> head_changes_ = 0;
  std::atomic<uint64_t> gathered_changes_ = 0;
  std::atomic<uint64_t> quorum_changes_ = 0;

  mutable LruCache<uint64_t, PlacedIndex> indexes_{kIndexes};

  // Held while watchers run, so that RemoveWatcher can promise what it does.
  Mutex watchers_mutex_;
  uint64_t next_watcher_ ABSL_GUARDED_BY(watchers_mutex_) = 1;
  std::map<uint64_t, std::function<void()>> watchers_ ABSL_GUARDED_BY(watchers_mutex_);
};

// Rows of Table::kIndex and Table::kTag (docs/format.md).
std::string EncodeIndexRow(const PlacedIndex& index);
absl::StatusOr<PlacedIndex> DecodeIndexRow(std::string_view key,
                                           std::string_view value);

// The row of Table::kKey: the log's vkey.
inline constexpr char kVkeyRow[] = "vkey";

// Rows of Table::kWitness: the note of the newest head that met the quorum, and under
// the witness's vkey (which has a '+' in it) the size that it cosigned last, as 8
// bytes.
inline constexpr char kQuorumRow[] = "quorum";

std::string EncodeTagRow(const PlacedTag& tag);
absl::StatusOr<PlacedTag> DecodeTagRow(std::string_view value);

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_STATE_H_
