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

// At most kSteps * 8 labels. One vector at a time: two side by side have twice as much
// to keep in registers, and CPUs look far enough ahead to fill the time that a sum
// takes with what follows in the same vector.
template <typename V, int kSteps>
void LabelsOfTurn(const LabelKey& key, const uint8_t* records, size_t count,
                  uint8_t* labels) {
  // Of the vector of this step; lanes without a record work on zeros.
  const auto lanes_of = [count](int step) {
    const size_t rest = count - 8 * static_cast<size_t>(step);
    return rest < 8 ? rest : 8;
  };
  DoubleEncoder<V, 1, kSteps> encoder;
  Multiples<V, 1> multiples;
  uint8_t bytes[8][32];
  V digest[8];
  int step = 0;
  for (; 8 * static_cast<size_t>(step) < count; ++step) {
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, records + 256 * step, 32 * lanes_of(step));
    HashBlocks(digest, key.map_block, kMapInputAt, bytes);
    V uniform[8];
    for (int i = 0; i < 8; ++i) uniform[i] = V::SwapBytes(digest[i]);
    HalfStep<V> halves[1];
    OneWayMap<V, 1>(halves, uniform);
    FillMultiples(multiples, halves);
    MultiplyAll(halves, multiples, key.half);
    encoder.Add(step, halves);
  }
  encoder.Invert();
  while (--step >= 0) {
    V gammas[1][4], label[4];
    encoder.Take(gammas, step);
    ToBytes(bytes, gammas[0]);
    HashBlocks(digest, key.output_block, kOutputAt, bytes);
    for (int i = 0; i < 4; ++i) label[i] = V::SwapBytes(digest[i]);
    ToBytes(bytes, label);
    memcpy(labels + 256 * step, bytes, 32 * lanes_of(step));
  }
}

template <typename V>
void LabelsOf(const LabelKey& key, const uint8_t* records, size_t count,
              uint8_t* labels) {
  for (; count > 0;) {
    const size_t turn = count < kLabelsAtOnce ? count : kLabelsAtOnce;
    if (turn <= 8) {
      LabelsOfTurn<V, 1>(key, records, turn, labels);
    } else {
      LabelsOfTurn<V, kLabelsAtOnce / 8>(key, records, turn, labels);
    }
    records += 32 * turn;
    labels += 32 * turn;
    count -= turn;
  }
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_VRF_LANES_H_
