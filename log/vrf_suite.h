// log/vrf_suite.h -- the hashes of ECVRF-RISTRETTO255-SHA512, which vrf.cc shares with
// the kernels of vrf_batch.cc.
//
//   vrf::Wide wide = vrf::MapInput(key.PublicKey().bytes(), alpha);
//   H = one_way_map(wide);  Gamma = x H;                  // RFC 9496 section 4.3.4
//   VrfOutput beta = vrf::OutputOf(Gamma);
//
// Each is SHA-512 of the suite string (FF | "c2sp.org/vrf-r255"), a byte that says
// which one it is, and what follows (RFC 9381 sections 5.2, 5.4.1, 5.4.2.2 and 5.4.3):
//
//   82 | PK | alpha                          to the group
//   81 | SK | H                              nonce, before it is taken modulo q
//   02 | PK | H | Gamma | U | V | 00         challenge: the first 16 bytes
//   03 | Gamma | 00                          beta
//
// Points are 32-byte encodings. Under 1 us each. Pure; thread-safe.
#ifndef SETLOG_LOG_VRF_SUITE_H_
#define SETLOG_LOG_VRF_SUITE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "log/bytes.h"

namespace setlog::vrf {

inline constexpr std::string_view kSuite =
    "\xFF"
    "c2sp.org/vrf-r255";
inline constexpr uint8_t kMapInput = 0x82;
inline constexpr uint8_t kChallenge = 0x02;
inline constexpr uint8_t kOutput = 0x03;

using Wide = std::array<uint8_t, 64>;
using Challenge = std::array<uint8_t, 16>;

// What the one-way map of RFC 9496 section 4.3.4 takes.
Wide MapInput(Bytes public_key, Bytes alpha);

// As secret as `secret_key`: wipe it.
Wide NonceInput(Bytes secret_key, Bytes h);

Challenge ChallengeOf(Bytes public_key, Bytes h, Bytes gamma, Bytes u, Bytes v);

// Beta.
Wide OutputOf(Bytes gamma);

}  // namespace setlog::vrf

#endif  // SETLOG_LOG_VRF_SUITE_H_
