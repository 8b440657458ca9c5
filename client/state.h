// client/state.h -- what a client remembers: which key a log has, and how far it came.
//
//   absl::StatusOr<StateDirectory> state = StateDirectory::Open(path);
//   absl::StatusOr<std::optional<KnownLog>> log = state->Load("data.example.org/a");
//   absl::Status saved = state->Update(origin, [&](std::optional<KnownLog>& log) {
//     log->pinned = true;
//     return absl::OkStatus();
//   });
//
//   SETLOG_HOME/                     0700, as everything below it
//     logs/<hex>.json                one log; hex = SHA-256 of its origin
//     logs/<hex>.lock                held during Update
//     seen/<hex>-<hex>.json          versions of the set: client/seen_versions.h
//     evidence/<origin>-<hex>.note   notes that cannot both be taken
//     evidence/<origin>-<hex>.evidence   what convicts a log: client/evidence_file.h
//
//   {"convicted":"<file>","cosigned":"<note>","cosigned_m":"5","head":"<note>","highest_m":"7",
//    "origin":"...","pinned":true,"policy":"<text>","vkey":"..."}
//
// in RFC 8785 form and a line feed (one line); no "head" before the first one was
// verified, no "cosigned" and "cosigned_m" before one met a policy's quorum, no
// "policy" unless a person named one for the log (`setlog trust add`), no "convicted"
// unless evidence convicts it. A
// file that is damaged is refused (DataLoss), never taken for an unknown log:
// forgetting a head would let a server go back behind it. No secret is ever stored
// here. Thread-safe, also between processes.
#ifndef SETLOG_CLIENT_STATE_H_
#define SETLOG_CLIENT_STATE_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/checkpoint.h"
#include "log/vkey.h"

namespace setlog {

struct KnownHead {
  std::string note;  // whole, with all its signatures
  Checkpoint checkpoint;
  friend bool operator==(const KnownHead&, const KnownHead&) = default;
};

struct KnownLog {
  VerifierKey key;                // its name is the origin
  bool pinned = false;            // a person named the key; else it came from a server
  std::optional<KnownHead> head;  // the last that was verified
  uint64_t highest_m = 0;         // of the index entries that were verified
  // The same of those under a policy with a quorum, which may lag behind.
  std::optional<KnownHead> cosigned;
  uint64_t cosigned_m = 0;
  // The text of a policy that names `key` as a log's; "" = none. Verdicts ask for it
  // where no other is named.
  std::string policy;
  // The log was convicted: the evidence file's name (in evidence/), or "" if it could
  // not be saved. Stays until the log is forgotten, or its key is another one.
  std::optional<std::string> convicted;
  friend bool operator==(const KnownLog&, const KnownLog&) = default;
};

// InvalidArgument unless `text` is a policy that names `key` as a log's: no other could
// ever be met.
absl::Status CheckPolicyFor(const VerifierKey& key, std::string_view text);

inline constexpr std::string_view kRollbackNote = ".rollback.note";

class StateDirectory {
 public:
  // SETLOG_HOME, else ~/.config/setlog. FailedPrecondition if HOME is not set either.
  static absl::StatusOr<std::string> DefaultPath();
  // Creates what is missing.
  static absl::StatusOr<StateDirectory> Open(std::string path);

  const std::string& path() const { return path_; }

  // Nothing for a log that was never seen. InvalidArgument for a malformed origin,
  // DataLoss for a damaged file. One file read, one signature check.
  absl::StatusOr<std::optional<KnownLog>> Load(std::string_view origin) const;
  // Every known log, by file name. DataLoss if one is damaged.
  absl::StatusOr<std::vector<KnownLog>> List() const;

  // Loads the log, lets `change` look at it and change it, and stores it (or forgets
  // it, if it leaves nothing): all under a lock, so no other Update comes between.
  // Stores nothing if `change` fails; its error is returned.
  absl::Status Update(
      std::string_view origin,
      const std::function<absl::Status(std::optional<KnownLog>&)>& change) const;

  // Forgets the log: its key, its policy, its head and the versions of its set that
  // were seen. Evidence and audits stay. OK if nothing was known.
  absl::Status Forget(std::string_view origin) const;
  // The key of a log is another one from now on, as a person says: what was seen under
  // the one before (head, versions) would contradict it, and is forgotten.
  absl::Status ReplaceKey(const VerifierKey& key, std::string_view policy) const;

  // Stores a note, or evidence, for people and for `setlog verify` to look at; returns
  // its path. The same bytes get the same name again. A server can show new ones for
  // ever: ResourceExhausted if there are 64 of this extension and origin. Of
  // kRollbackNote, which a server has many of without the log's key, the newest 8 stay.
  absl::StatusOr<std::string> SaveEvidence(std::string_view origin,
                                           std::string_view bytes,
                                           std::string_view extension = ".note") const;

  // Marks a known log under this key as convicted; `evidence` is what SaveEvidence
  // returned, or "". What convicted it first stays, if it could be saved.
  absl::Status MarkConvicted(const VerifierKey& key, std::string_view evidence) const;
  // Where the evidence is that convicted the log; "" if it could not be saved.
  std::string EvidenceOf(const KnownLog& log) const;

  // Where a version of the set is remembered; `name` is "" for the newest, or a tag.
  std::string SeenFile(std::string_view origin, std::string_view name) const;

 private:
  explicit StateDirectory(std::string path) : path_(std::move(path)) {}
  absl::Status ForgetSeen(std::string_view origin) const;
  // Without the extension.
  std::string FileOf(std::string_view origin) const;

  std::string path_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATE_H_
