// tools/offline_trust.h -- whom `verify` believes when no server is asked.
//
//   absl::StatusOr<OfflineTrust> trust = FindTrust(named, note);
//   absl::StatusOr<TrustedHead> head = VerifyHead(note, trust->trust);
//   absl::Status kept = KeepKey(head->log_key, trust->pinned);
//   if (auto found = ConvictByMemory(note, nullptr)) ...  // the log lied: exit 4
//
// A key or policy that was named, else the key that is already known for the origin and
// the policy that is stored for it (client/state.h), else nobody: never the key that a
// file brings along, because then anybody could have made the file.
#ifndef SETLOG_TOOLS_OFFLINE_TRUST_H_
#define SETLOG_TOOLS_OFFLINE_TRUST_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/conviction.h"
#include "log/verify.h"
#include "tools/output.h"

namespace setlog {

struct OfflineTrust {
  Trust trust;
  bool pinned = false;  // a person named the key, now or before
};

// `note` is the signed head whose origin decides; it need not be authentic. NotFound if
// nobody is to be believed; DataLoss if a key was named and another one is known.
absl::StatusOr<OfflineTrust> FindTrust(const Trust& named, const std::string& note);

struct MemoryConviction {
  Conviction conviction;
  bool pinned = false;
};

// Whether a file contradicts what this machine took of the log before: its head `note`
// has the size of a known one and another root, or what `version` shows (null: nothing)
// stands otherwise in a version that was seen. Heads of other sizes are not compared:
// that takes a consistency proof, which only a server has. Nothing also if nothing is
// known. The evidence is kept as everywhere. A few small files, a signature check each.
std::optional<MemoryConviction> ConvictByMemory(const std::string& note,
                                                const VersionProof* version);

// Says so if the log was convicted before, as every command does: what an old file
// shows stays shown.
void WarnOfKnownConviction(const std::string& note, Output& out);

// Keeps what convicts a log whose key is to be believed, and that it does.
void KeepConviction(const Evidence& evidence, const VerifierKey& key);

// Makes the key known for its origin. DataLoss, naming both, if another one is.
absl::Status KeepKey(const VerifierKey& key, bool pinned);

}  // namespace setlog

#endif  // SETLOG_TOOLS_OFFLINE_TRUST_H_
