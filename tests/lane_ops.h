// tests/lane_ops.h -- the arithmetic on lanes as plain functions, for tests.
//
//   for (const LaneOps* ops : AllLaneOps()) ops->mul(out, a, b);
//
// One table for each kind of lanes, so that the same test runs on all of them. Each is
// made in a file of its own (tests/lane_ops_of.h), where compilers take their time.
#ifndef SETLOG_TESTS_LANE_OPS_H_
#define SETLOG_TESTS_LANE_OPS_H_

#include <stdint.h>

#include <vector>

#include "log/vrf_kernels.h"

namespace setlog {

struct Limbs {
  uint64_t limb[5][8];
};
struct LaneMask {
  uint64_t lane[8];
};
inline constexpr int kGammas = 32;  // two steps of two vectors
using LaneBytes = uint8_t[8][32];

struct LaneOps {
  const char* name;
  void (*mul)(Limbs& out, const Limbs& a, const Limbs& b);
  void (*square)(Limbs& out, const Limbs& a);
  void (*add)(Limbs& out, const Limbs& a, const Limbs& b);
  void (*subtract)(Limbs& out, const Limbs& a, const Limbs& b);
  void (*opposite)(Limbs& out, const Limbs& a);
  // 2 a^2 + b^2 - a b: the largest sum of products there is.
  void (*sum)(Limbs& out, const Limbs& a, const Limbs& b);
  void (*carry)(Limbs& out, const Limbs& a);
  void (*canonical)(Limbs& out, const Limbs& a);
  void (*abs)(Limbs& out, const Limbs& a);
  void (*invert)(Limbs& out, const Limbs& a);
  void (*sqrt_ratio)(Limbs& root, LaneMask& was_square, const Limbs& u, const Limbs& v);
  void (*is_zero)(LaneMask& out, const Limbs& a);
  void (*is_negative)(LaneMask& out, const Limbs& a);
  // Encodings of twice the number times the images of the one-way map.
  void (*gammas)(uint8_t (&out)[kGammas][32], const uint8_t (&uniform)[kGammas][64],
                 const lanes::SignedDigits& number);
  // Where `in` are encodings; and what the points encode to again.
  void (*recode)(LaneBytes& out, LaneMask& valid, const LaneBytes& in);
  // H, U and V of eight proofs, and whether their Gammas are encodings.
  void (*proof_points)(LaneBytes (&huv)[3], LaneMask& valid, const uint8_t (&key)[32],
                       const uint8_t (&uniform)[8][64], const LaneBytes& gamma,
                       const LaneBytes& s, const LaneBytes& c);
  // x h, k B and k h, for one x and a k and an h of each lane's own.
  void (*products)(LaneBytes (&out)[3], const LaneBytes& h, const LaneBytes& x,
                   const LaneBytes& k);
  // Null for lanes that know no hashing.
  lanes::ProofSteps steps;
};

// Null if this CPU, or the compiler's kind of CPU, has no such instructions.
const LaneOps* Avx512IfmaLaneOps();

// In plain C++, checked for its bounds (tests/checked_lanes.h), and the one above.
std::vector<const LaneOps*> AllLaneOps();

}  // namespace setlog

#endif  // SETLOG_TESTS_LANE_OPS_H_
