// client/head_follower.h -- follows one log's head: which key, which head, never back.
//
//   HeadFollower follower(&connection, &state, {.origin = origin, .key = key});
//   absl::StatusOr<VerifiedHead> head = follower.Follow({.tag = "v1"}, {});
//   if (!head.ok() && follower.contradiction()) ...   // both notes are saved
//   if (!head.ok() && follower.conviction()) ...      // it lied, and there is evidence
//
// A head is taken only if the key that signed it is the one this client knows, if it is
// consistent with the last head that this client took, and if the newest index entry is
// not older than one that was seen before; and if no entry that it shows contradicts
// one that was seen (client/seen_versions.h). Only then is it remembered; another
// process that moved the state in between makes the question be asked again.
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
#include "client/conviction.h"
#include "client/seen_versions.h"
#include "client/state.h"
#include "log/verify.h"

namespace setlog {

struct TrustOptions {
  std::string origin;
  std::optional<VerifierKey> key;  // pins
  std::optional<Policy> policy;    // pins, if it names a key of the log
  bool trust_on_first_use = false;
  // Without `policy`: the one that is stored for the log (KnownLog::policy).
  bool use_stored_policy = true;
};

// Which version of the set; neither = the newest.
struct At {
  std::optional<std::string> tag;
  std::optional<uint64_t> size;  // the newest index entry that stands below it
};

// kCosigned: under the newest checkpoint that met the server's witness policy, if it
// has one that holds the version; it may be older than the newest head, and than the
// last one that was taken: then it is verified that this one continues it, and nothing
// goes back. A policy with a quorum always asks so, for it would refuse most newest
// heads; behind the last one that met it, it does not go either.
enum class Under { kNewest, kCosigned };

// A version of the set under the newest head, verified, with what verified it.
struct VerifiedHead {
  VersionProof proof;
  Version version;
  bool pinned = false;
  // The key was taken from the server just now: show its fingerprint
  // (Fingerprint(version.log_key)).
  bool learnt = false;
  // Of the largest head that was ever verified here: larger than this one's if that is
  // the newest that met a quorum, and a newer one was seen that did not.
  uint64_t seen_size = 0;
};

// Two heads that one key signed and that cannot both be taken. That alone may be an old
// copy of the log, or a server that answers nonsense: whether the log lied is what
// HeadFollower::conviction says.
struct HeadContradiction {
  std::string known;  // notes, without the lines of strangers
  std::string offered;
  std::string known_path;  // files
  std::string offered_path;
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
  absl::StatusOr<VerifiedHead> Follow(const At& at, Demands demands,
                                      Under under = Under::kNewest);

  // Verifies and remembers a head that came in another way, for a log of which no head
  // is known yet (else FailedPrecondition).
  absl::StatusOr<VerifiedHead> Adopt(const v1::Head& head);

  // Whether `note`, of the known log, meets a quorum that Follow asks for.
  absl::StatusOr<bool> MeetsQuorum(const std::string& note) const;

  // Of the last call, if it failed for that.
  const std::optional<HeadContradiction>& contradiction() const {
    return contradiction_;
  }
  // Of the last call, if it failed and the log's own signatures show that it lied.
  const std::optional<Conviction>& conviction() const { return conviction_; }

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
                                      const Demands& demands, Under under);
  // Of an answer that shows no version: its checkpoint alone may go back, or have
  // another root; `status` if not.
  absl::Status CheckCheckpoint(const v1::Head& offered,
                               const std::optional<KnownLog>& known,
                               const KeyChoice& choice, Under under,
                               const absl::Status& status);
  absl::Status CheckAgainstKnown(const KnownLog& known, const v1::Head& offered,
                                 const Version& version, const KeyChoice& choice,
                                 const At& at, Under under);
  // Whether what the answer shows contradicts what was seen before; `status` if not.
  absl::Status CheckAgainstSeen(const VersionProof& offered, const KeyChoice& choice,
                                std::vector<Evidence> candidates,
                                const absl::Status& status);
  // Saves both notes, and evidence if it can be made.
  absl::Status Contradict(const KnownHead& known, const KnownHead& offered,
                          const KeyChoice& choice, const std::string& what);
  // What the contradiction may be proven by. May ask the server for proofs.
  std::vector<Evidence> EvidenceOf(const KnownHead& known,
                                   const KnownHead& offered) const;
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
  SeenVersions seen_;
  std::optional<VersionProof> offered_;  // that is being judged
  std::optional<HeadContradiction> contradiction_;
  std::optional<Conviction> conviction_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_HEAD_FOLLOWER_H_
