// tests/private_log.h -- a VRF key and the private log of it, in memory.
#ifndef SETLOG_TESTS_PRIVATE_LOG_H_
#define SETLOG_TESTS_PRIVATE_LOG_H_

#include <set>
#include <string>
#include <vector>

#include "client/vrf_source.h"
#include "fake_log.h"
#include "log/vrf_pad.h"

namespace setlog {

// Another key for each seed.
inline VrfSecretKey VrfKeyOf(uint8_t seed) {
  Hash scalar{};
  scalar.bytes[0] = seed;
  scalar.bytes[20] = 1;
  return VrfSecretKey::FromBytes(scalar).value();
}

inline std::string PrivateManifest(const std::string& origin, const VrfSecretKey& key) {
  return FormatManifest(
             {.origin = origin,
              .scheme = "bytes/1",
              .labels = VrfLabels{std::string(kVrfSuite), key.PublicKey().bytes()}})
      .value();
}

// By the definition, one by one.
inline Hash PadLabel(const VrfSecretKey& key, uint64_t i) {
  return key.Label(PadInput(i));
}
inline std::vector<Hash> SlowBatch(const VrfSecretKey& key,
                                   const std::vector<Hash>& records, PadRange pads) {
  std::set<Hash> labels;
  for (const Hash& record : records) labels.insert(key.Label(record));
  for (uint64_t i = 0; i < pads.count; ++i) {
    labels.insert(PadLabel(key, pads.first + i));
  }
  return {labels.begin(), labels.end()};
}

}  // namespace setlog

#endif  // SETLOG_TESTS_PRIVATE_LOG_H_
