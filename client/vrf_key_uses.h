// client/vrf_key_uses.h -- which log a VRF key is for, and how many of its pads are
// used, as far as this machine knows.
//
//   const VrfKeyUses uses(state.path());
//   absl::Status first = uses.Begin(public_key, origin, Sha256(manifest), again);
//   ...                                                  // the log is created
//   absl::Status kept = uses.Settle(public_key, log_key);
//   absl::StatusOr<PadRange> pads = uses.TakePads(public_key, seen, count);
//
//   SETLOG_HOME/vrf/<public key, hex>.json
//   SETLOG_HOME/vrf/<public key, hex>.lock
//
//   {"manifest":"<hex>","next_pad":"12","origin":"example.org/a","vkey":"..."}
//
// in RFC 8785 form and a line feed. One key makes the labels of one log: under the same
// key two logs would have the same label for the same record, and everybody could
// compare them. "manifest" is the SHA-256 of the manifest that `init` sent, if it was
// sent from here, "vkey" is there once the log is known to exist. Pads below "next_pad"
// may be in the log; it is written before one of them is sent. Nothing in it is secret
// (but how many pads there are), and none of it a key. Thread-safe, also between
// processes; a damaged file is refused (DataLoss), never taken for none.
#ifndef SETLOG_CLIENT_VRF_KEY_USES_H_
#define SETLOG_CLIENT_VRF_KEY_USES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/vrf_source.h"
#include "log/bytes.h"
#include "log/vkey.h"

namespace setlog {

struct VrfKeyUse {
  std::string origin;
  std::optional<Hash> manifest;
  std::optional<VerifierKey> log_key;  // once the log exists
  uint64_t next_pad = 0;
  friend bool operator==(const VrfKeyUse&, const VrfKeyUse&) = default;
};

class VrfKeyUses {
 public:
  explicit VrfKeyUses(const std::string& state_path)
      : directory_(state_path + "/vrf") {}

  // Nothing for a key that was never used from here.
  absl::StatusOr<std::optional<VrfKeyUse>> Load(const Hash& public_key) const;

  // Before a log of this origin and manifest is created: durable on OK. True if the key
  // was not used before. FailedPrecondition, naming the log, if it was; but the same
  // origin and manifest may go on, unless that log is known to exist already and this
  // is not the command that made it, run `again`.
  absl::StatusOr<bool> Begin(const Hash& public_key, const std::string& origin,
                             const Hash& manifest, bool again) const;
  // What Begin began made no log.
  absl::Status Withdraw(const Hash& public_key) const;
  // The log of this key exists. FailedPrecondition, naming it, if another one's does.
  absl::Status Settle(const Hash& public_key, const VerifierKey& log_key) const;

  // Numbers of pads that nobody else gets: `count` from `seen` on, or from higher up.
  // Durable on OK. FailedPrecondition before Begin or Settle.
  absl::StatusOr<PadRange> TakePads(const Hash& public_key, uint64_t seen,
                                    uint64_t count) const;
  // None of them was sent. Does nothing if others were taken since.
  absl::Status ReturnPads(const Hash& public_key, PadRange pads) const;

 private:
  std::string PathOf(const Hash& public_key) const;
  // Loads, lets `change` look at it and change it, and stores it; all under a lock.
  absl::Status Update(
      const Hash& public_key,
      const std::function<absl::Status(std::optional<VrfKeyUse>&)>& change) const;

  const std::string directory_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_VRF_KEY_USES_H_
