// model/rekor.h -- is what a bundle says of a transparency log (Rekor) so?
//
//   SignedEnvelope envelope{bundle.payload, bundle.signature, certificate};
//   absl::StatusOr<RekorEntry> entry =
//       VerifyRekorEntry(bundle.tlog_entries[0], root.tlogs, envelope);
//   entry->promised_us;  // Rekor v1: when the log took it in
//
//   body         says that this key signed this payload   (model/rekor_body.h)
//   path         leads from the body to the root of a tree (RFC 6962)
//   checkpoint   of that tree, a note that the log signed
//   promise      of v1: the log's signature of body, time, ID and index
//
// A log with an ECDSA key is Rekor v1: its checkpoint's key ID is the beginning of the
// log's ID, the SHA-256 of its key. One with an Ed25519 key is Rekor v2: its checkpoint
// is as in log/checkpoint.h, under the name of its host. It tells no time.
//
// Source: Rekor v1 and v2, C2SP tlog-checkpoint. Pure functions.
#ifndef SETLOG_MODEL_REKOR_H_
#define SETLOG_MODEL_REKOR_H_

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/bundle.h"
#include "model/rekor_body.h"
#include "model/trusted_root.h"

namespace setlog {

struct RekorEntry {
  const TrustedLog* log;               // points into `logs`
  std::optional<int64_t> promised_us;  // a promised time; in the log's validity
};

// NotFound if the log is none of `logs`; InvalidArgument for malformed or missing
// parts; Unimplemented for kinds of entries or keys not known here; DataLoss for what
// does not hold. The time of an entry without promise is not looked at: nobody signed
// it.
absl::StatusOr<RekorEntry> VerifyRekorEntry(const TlogEntry& entry,
                                            std::span<const TrustedLog> logs,
                                            const SignedEnvelope& envelope);

// The parts of it, for a log that is known.
absl::Status VerifyInclusionInLog(const TlogEntry& entry, const TrustedLog& log);
absl::Status VerifyEntryPromise(const TlogEntry& entry, const TrustedLog& log);

}  // namespace setlog

#endif  // SETLOG_MODEL_REKOR_H_
