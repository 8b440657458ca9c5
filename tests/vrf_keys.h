// tests/vrf_keys.h -- VRF keys that are the same in each run, and manifests that name
// them.
#ifndef SETLOG_TESTS_VRF_KEYS_H_
#define SETLOG_TESTS_VRF_KEYS_H_

#include <string>
#include <string_view>

#include "log/manifest.h"
#include "log/sha256.h"
#include "log/vrf.h"

namespace setlog {

inline VrfSecretKey VrfKeyOf(std::string_view seed) {
  Hash scalar = Sha256(AsBytes(seed));
  scalar.bytes[31] &= 0x0F;  // below q
  return VrfSecretKey::FromBytes(scalar).value();
}

inline std::string PrivateManifest(const std::string& origin, const VrfSecretKey& key) {
  const VrfLabels labels{std::string(kVrfSuite), key.PublicKey().bytes()};
  return FormatManifest({.origin = origin, .scheme = "bytes/1", .labels = labels})
      .value();
}

}  // namespace setlog

#endif  // SETLOG_TESTS_VRF_KEYS_H_
