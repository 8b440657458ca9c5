#include "lane_ops_of.h"
#include "log/cpu_features.h"
#ifdef __AVX512IFMA__
#include "log/lanes_avx512ifma.h"
#endif

namespace setlog {

const LaneOps* Avx512IfmaLaneOps() {
#ifdef __AVX512IFMA__
  static constexpr LaneOps kOps = LaneOpsOf<lanes::Avx512Lanes>::kTable;
  if (DetectCpu().avx512ifma) return &kOps;
#endif
  return nullptr;
}

}  // namespace setlog
