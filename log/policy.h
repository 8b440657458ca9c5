// log/policy.h -- whom a verifier trusts: logs, witnesses, and how many of them.
//
//   log example.com/log+a87f1415+AQOh...        [url]
//   witness w1 w1.example+00b85718+BMhT...      [url]
//   witness w2 w2.example+...
//   group replay any w1 w2                      # all | any | a number, then members
//   quorum replay                               # a witness, a group, or none; once
//
//   absl::StatusOr<Policy> policy = ParsePolicy(file);
//   absl::StatusOr<PolicyResult> result = EvaluatePolicy(*policy, note);
//   if (result->log_key && result->quorum_met) ...  // result->checkpoint can be
//   trusted
//
// A checkpoint counts if one of the logs signed it and the quorum's rule is met by
// cosignatures. Names refer only to lines above; a name is a member of at most one
// group; "none" is no name. Source: C2SP tlog-policy. The group called "replay" is
// setlog's own convention: witnesses that replay the log before they cosign.
// Thread-safe: pure functions.
#ifndef SETLOG_LOG_POLICY_H_
#define SETLOG_LOG_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/checkpoint.h"
#include "log/vkey.h"

namespace setlog {

inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
inline constexpr std::string_view kReplayGroup = "replay";
// How far the clocks of a witness and of whoever judges its cosignatures may differ.
inline constexpr uint64_t kMaxClockSkewSeconds = 600;

struct Policy {
  struct Log {
    VerifierKey key;  // type 0x01; its name is the log's origin
    std::string url;  // "" = not given
  };
  struct Witness {
    std::string name;  // within the policy; the key has its own
    VerifierKey key;   // type 0x04
    std::string url;   // "" = not given
  };
  // A witness or a group of this policy.
  struct Member {
    enum class Kind { kWitness, kGroup };
    Kind kind;
    size_t index;  // in `witnesses` or `groups`
  };
  struct Group {
    std::string name;
    size_t threshold;             // in [1, members.size()]
    std::vector<Member> members;  // groups among them come earlier in `groups`
  };

  std::vector<Log> logs;
  std::vector<Witness> witnesses;
  std::vector<Group> groups;
  std::optional<Member> quorum;  // nothing = "quorum none"
};

// InvalidArgument, naming the line, unless `text` is a policy of at most
// kMaxPolicyBytes. Any number of logs, witnesses and groups. O(size log size).
absl::StatusOr<Policy> ParsePolicy(std::string_view text);

// The `log` lines of such a file, for whoever asks for nothing but logs: what else
// there is must be well formed too, but the quorum line may be missing.
absl::StatusOr<std::vector<Policy::Log>> ParsePolicyLogs(std::string_view text);

struct PolicyResult {
  struct Cosigner {
    std::string name;  // of the witness, in the policy
    uint64_t time_s;   // when it says that it saw the checkpoint
  };
  struct Replay {
    uint64_t witnesses;                 // in the group, directly or in its groups
    std::vector<std::string> cosigned;  // which of them did, in the policy's order
    bool met;                           // the group's own rule
  };

  Checkpoint checkpoint;
  // The first key among the policy's logs that is named like the checkpoint's origin
  // and signed it. Nothing = do not trust the checkpoint, unless OpenCheckpoint accepts
  // it under a key that is known from elsewhere.
  std::optional<VerifierKey> log_key;
  bool quorum_met;  // true for "quorum none"
  // The oldest time in the best choice of cosignatures that meets the quorum: the
  // quorum is met by those no older than T if and only if T <= quorum_time_s. Nothing
  // if the quorum is not met, or is "none". May lie in the future: witnesses can err;
  // see QuorumTimeUpTo.
  std::optional<uint64_t> quorum_time_s;
  std::vector<Cosigner> cosigners;  // in the policy's order
  std::optional<Replay> replay;     // nothing if the policy has no such group
};

// InvalidArgument if `note` is no note of a checkpoint; DataLoss if a line of any key
// of the policy does not verify, or the tree is empty with another root than H("").
// That nobody known signed is no error here: see log_key and quorum_met.
absl::StatusOr<PolicyResult> EvaluatePolicy(const Policy& policy,
                                            std::string_view note);

// What quorum_time_s would be without the cosignatures of times after `latest_s`, for
// `policy` and what EvaluatePolicy said of a note under it.
std::optional<uint64_t> QuorumTimeUpTo(const Policy& policy, const PolicyResult& result,
                                       uint64_t latest_s);

// Who of the quorum's witnesses cosigned and who did not, for people: "cosigned by w1;
// not by w2, w3". At most ten names each.
std::string DescribeQuorum(const Policy& policy, const PolicyResult& result);

}  // namespace setlog

#endif  // SETLOG_LOG_POLICY_H_
