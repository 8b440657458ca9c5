// server/vrf_keys.h -- the secret keys that one server answers for private logs with.
//
//   absl::StatusOr<VrfKeys> keys = VrfKeys::Of(std::move(secret_keys));
//   const VrfSecretKey* key = keys->Find(*log->vrf_key);   // nullptr: not held here
//
// A log has the key whose public half stands in its manifest, so nothing says which key
// is whose: a log may be made long after the server was started with its key.
// Thread-safe: constant once made.
#ifndef SETLOG_SERVER_VRF_KEYS_H_
#define SETLOG_SERVER_VRF_KEYS_H_

#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/vrf.h"

namespace setlog {

class VrfKeys {
 public:
  VrfKeys() = default;

  // InvalidArgument if one is there twice: somebody meant another.
  static absl::StatusOr<VrfKeys> Of(std::vector<VrfSecretKey> keys) {
    VrfKeys held;
    for (VrfSecretKey& key : keys) {
      const Hash public_key = key.PublicKey().bytes();
      if (!held.keys_.emplace(public_key, std::move(key)).second) {
        return absl::InvalidArgumentError("the same VRF key was given twice");
      }
    }
    return held;
  }

  // O(log keys).
  const VrfSecretKey* Find(const VrfPublicKey& public_key) const {
    const auto found = keys_.find(public_key.bytes());
    return found == keys_.end() ? nullptr : &found->second;
  }
  size_t size() const { return keys_.size(); }

 private:
  std::map<Hash, VrfSecretKey> keys_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_VRF_KEYS_H_
