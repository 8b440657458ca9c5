// Proofs with AVX-512 IFMA, as log/vrf_avx512ifma.cc makes labels.
#include "log/lanes_avx512ifma.h"
#include "log/vrf_kernels.h"
#include "log/vrf_verify_lanes.h"

namespace setlog::lanes {
namespace {

struct BaseComb {
  BaseComb() { FillBaseComb(comb); }
  Comb<Avx512Lanes, 8> comb;
};

}  // namespace

void VerifyAvx512Ifma(const VerifyKey& key, const Claim* claims, size_t count,
                      Shown* shown) {
  static const BaseComb base;
  VerifyOf(base.comb, key, claims, count, shown);
}

}  // namespace setlog::lanes
