// Labels with AVX-512 IFMA: eight products of 52 bits by 52 an instruction.
#include "log/lanes_avx512ifma.h"
#include "log/vrf_kernels.h"
#include "log/vrf_lanes.h"

namespace setlog::lanes {

void LabelsAvx512Ifma(const LabelKey& key, const uint8_t* records, size_t count,
                      uint8_t* labels) {
  LabelsOf<Avx512Lanes>(key, records, count, labels);
}

}  // namespace setlog::lanes
