// tests/private_log.h -- what stands in a private log, by the definition.
#ifndef SETLOG_TESTS_PRIVATE_LOG_H_
#define SETLOG_TESTS_PRIVATE_LOG_H_

#include <set>
#include <vector>

#include "client/vrf_source.h"
#include "log/vrf_pad.h"
#include "vrf_keys.h"

namespace setlog {

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
