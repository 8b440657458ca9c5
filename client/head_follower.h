// client/head_follower.h -- follows one log's head: which key, which head, never back.
//
//   HeadFollower follower(&connection, &state, {.origin = origin, .key = key});
//   absl::StatusOr<VerifiedHead> head = follower.Follow({.tag = "v1"}, {});
//   if (!head.ok() && follower.contradiction()) ...   // both notes are saved
//
// A head is taken only if the key that signed it is the one this client knows, if it is
// consistent with the last head that this client took, and if the newest index entry is
// not older than one that was seen before. Only then is it remembered; another process
// that moved the state in between makes the question be asked again.
//
// Which key: the one given, else one that the policy names, else the known one, else
// (if allowed) the one that the server names, which is then known but not pinned. Of
// two different ones neither is used. Not thread-safe; the state may be shared.
#ifndef SETLOG_CLIENT_HEAD_FOLLOWER_H_
#define SETLOG_CLIENT_HEAD_FOLLOWER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/state.h"
#include "log/verify.h"

namespace setlog {

struct TrustOptions {
  std::string origin;
  std::optional<VerifierKey> key;  // pins
  std::optional<Policy> policy;    // pins, if it names a key of the log
  bool trust_on_first_use = false;
};

// Which version of the set; neither = the newest.
struct At {
  std::optional<std::string> tag;
  std::optional<uint64_t> size;  // the newest index entry that stands below it
};

// A version of the set under the newest head, verified, with what verified it.
struct VerifiedHead {
  VersionProof proof;
  Version version;
  bool pinned = false;
  // The key was taken from the server just now: show its fingerprint
  // (Fingerprint(version.log_key)).
  bool learnt = false;
};

// Two heads that one key signed and that cannot both be taken.
struct HeadContradiction {
  std::string known;  // notes
  std::string offered;
  std::string known_path;  // files
  std::string offered_path;
  // The consistency path that was offered, if the offered head is the larger.
  std::vector<Hash> consistency;
  // True: the log lied, and the notes (with the path) show it to anybody: two roots for
  // one size, or a path that leads to the larger head but not from the smaller. False:
  // it may be an old copy of the log, or a server that answers nonsense.
  bool proven = false;
};

class HeadFollower {
 public:
  // Both must outlive it.
  HeadFollower(const Connection* connection, const StateDirectory* state,
               TrustOptions options);

  const TrustOptions& options() const { return options_; }

  // Asks for the newest head with the version `at`, verifies, remembers. One call, and
  // two more in rare cases. DataLoss (UNVERIFIED) or Unimplemented (UNSUPPORTED) if it
  // does not verify; NotFound for an unknown tag or origin; OutOfRange if at.size is
  // beyond the head or before the first index entry.
  absl::StatusOr<VerifiedHead> Follow(const At& at, Demands demands);

  // Verifies and remembers a head that came in another way, for a log of which no head
  // is known yet (else FailedPrecondition).
  absl::StatusOr<VerifiedHead> Adopt(const v1::Head& head);

  // Of the last call, if it failed for that.
  const std::optional<HeadContradiction>& contradiction() const {
    return contradiction_;
  }

 private:
  struct KeyChoice {
    Trust trust;
    bool pinned = false;
    bool learnt = false;
  };

  absl::StatusOr<KeyChoice> ChooseKey(const std::optional<KnownLog>& known) const;
  absl::StatusOr<VerifierKey> KeyFromServer() const;
  absl::StatusOr<VerifiedHead> Accept(const v1::Head& head,
                                      const std::optional<KnownLog>& known,
                                      const KeyChoice& choice, const At& at,
                                      const Demands& demands);
  absl::Status CheckAgainstKnown(const KnownLog& known, const v1::Head& offered,
                                 const Version& version, const At& at);
  absl::Status Contradict(const KnownHead& known, const std::string& offered,
                          std::vector<Hash> consistency, bool proven,
                          const std::string& what);
  // Why a head does not verify; if another key signed it, both are named.
  absl::Status NotTrusted(const absl::Status& status, const std::string& note,
                          const KeyChoice& choice) const;
  absl::StatusOr<VerifiedHead> AfterOutOfRange(const absl::Status& status,
                                               const std::optional<KnownLog>& known,
                                               const KeyChoice& choice);
  // False if the state is not `known` any more.
  absl::StatusOr<bool> Remember(const std::optional<KnownLog>& known,
                                const VerifiedHead& head) const;

  const Connection* connection_;
  const StateDirectory* state_;
  const TrustOptions options_;
  std::optional<HeadContradiction> contradiction_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_HEAD_FOLLOWER_H_
