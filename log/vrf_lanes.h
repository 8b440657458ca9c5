// log/vrf_lanes.h -- labels of a VRF key (log/vrf.h), eight side by side.
//
//   LabelsOf<Lanes>(key, records, count, labels);
//
// A label is two hashes, a map to the group (two square roots), a multiplication by the
// secret and an encoding. The multiplication is by half the secret, and what is encoded
// is the double: so the encodings of kLabelsAtOnce labels share one inversion, where
// each by itself would be another square root.
#ifndef SETLOG_LOG_VRF_LANES_H_
#define SETLOG_LOG_VRF_LANES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "log/ristretto255_encode.h"
#include "log/ristretto255_map.h"
#include "log/ristretto255_multiply.h"
#include "log/vrf_hash_lanes.h"
#include "log/vrf_kernels.h"

namespace setlog::lanes {

// At most kSteps * kCount * 8 labels, kCount vectors at a time.
template <typename V, int kCount, int kSteps>
void LabelsOfTurn(const LabelKey& key, const uint8_t* records, size_t count,
                  uint8_t* labels) {
  constexpr int kStep = 8 * kCount;
  const int total = static_cast<int>(count);
  // Of a vector that begins with this record; lanes without one work on zeros.
  const auto lanes_from = [total](int first) {
    const int rest = first < total ? total - first : 0;
    return static_cast<size_t>(rest < 8 ? rest : 8);
  };
  DoubleEncoder<V, kCount, kSteps> encoder;
  Multiples<V, kCount> multiples;
  uint8_t bytes[8][32];
  V digest[8];
  int step = 0;
  for (; step * kStep < total; ++step) {
    V uniform[8 * kCount];
    for (int n = 0; n < kCount; ++n) {
      const int first = step * kStep + 8 * n;
      const size_t lanes = lanes_from(first);
      memset(bytes, 0, sizeof bytes);
      if (lanes > 0) memcpy(bytes, records + 32 * first, 32 * lanes);
      HashBlocks(digest, key.map_block, kMapInputAt, bytes);
      for (int i = 0; i < 8; ++i) uniform[8 * n + i] = V::SwapBytes(digest[i]);
    }
    HalfStep<V> halves[kCount];
    OneWayMap<V, kCount>(halves, uniform);
    FillMultiples(multiples, halves);
    MultiplyAll(halves, multiples, key.half);
    encoder.Add(step, halves);
  }
  encoder.Invert();
  while (--step >= 0) {
    V gammas[kCount][4];
    encoder.Take(gammas, step);
    for (int n = 0; n < kCount; ++n) {
      ToBytes(bytes, gammas[n]);
      HashBlocks(digest, key.output_block, kOutputAt, bytes);
      V label[4];
      for (int i = 0; i < 4; ++i) label[i] = V::SwapBytes(digest[i]);
      ToBytes(bytes, label);
      const int first = step * kStep + 8 * n;
      const size_t lanes = lanes_from(first);
      if (lanes > 0) memcpy(labels + 32 * first, bytes, 32 * lanes);
    }
  }
}

template <typename V>
void LabelsOf(const LabelKey& key, const uint8_t* records, size_t count,
              uint8_t* labels) {
  for (; count > 0;) {
    const size_t turn = count < kLabelsAtOnce ? count : kLabelsAtOnce;
    if (turn <= 8) {
      LabelsOfTurn<V, 1, 1>(key, records, turn, labels);
    } else {
      LabelsOfTurn<V, 2, kLabelsAtOnce / 16>(key, records, turn, labels);
    }
    records += 32 * turn;
    labels += 32 * turn;
    count -= turn;
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_LANES_H_
