// Proving with AVX-512 IFMA, as log/vrf_verify_avx512ifma.cc verifies.
#include "log/lanes_avx512ifma.h"
#include "log/vrf_kernels.h"
#include "log/vrf_prove_lanes.h"

namespace setlog::lanes {
namespace {

struct BaseComb {
  BaseComb() { FillBaseComb(comb); }
  Comb<Avx512Lanes, 8> comb;
};

}  // namespace

void MapAvx512Ifma(const ProveKey& key, const uint8_t* records, size_t count,
                   uint8_t* h) {
  MapOf<Avx512Lanes>(key, records, count, h);
}

void ProveAvx512Ifma(const ProveKey& key, const uint8_t* h, const uint8_t* nonces,
                     size_t count, Proven* proven) {
  static const BaseComb base;
  ProveOf(base.comb, key, h, nonces, count, proven);
}

}  // namespace setlog::lanes
