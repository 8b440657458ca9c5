// log/ristretto255_base.h -- the base of RFC 9496, and other points of all lanes.
//
//   Comb<Lanes, 8> base;
//   FillBaseComb(base);  // once in a program
//
#ifndef SETLOG_LOG_RISTRETTO255_BASE_H_
#define SETLOG_LOG_RISTRETTO255_BASE_H_

#include <stdint.h>
#include <string.h>

#include "log/ristretto255_bytes.h"
#include "log/ristretto255_comb.h"

namespace setlog::lanes {

// B, RFC 9496 section 4.
inline constexpr uint8_t kBase[32] = {0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71,
                                      0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f,
                                      0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d,
                                      0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76};

// One point in all lanes, and where it is none.
template <typename V>
[[gnu::noinline]] void DecodeShared(HalfStep<V>& point, V& valid,
                                    const uint8_t (&bytes)[32]) {
  V words[1][4], ok[1];
  for (int i = 0; i < 4; ++i) {
    uint64_t word;
    memcpy(&word, bytes + 8 * i, 8);
    words[0][i] = V::All(word);
  }
  HalfStep<V> points[1];
  Decode(points, ok, words);
  point = points[0];
  valid = ok[0];
}

template <typename V>
void FillBaseComb(Comb<V, 8>& base) {
  HalfStep<V> point;
  V valid;  // it is
  DecodeShared(point, valid, kBase);
  FillComb(base, point);
}

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_RISTRETTO255_BASE_H_
