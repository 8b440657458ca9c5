#include "lane_ops.h"

#include "checked_lanes.h"
#include "lane_ops_of.h"

namespace setlog {

std::vector<const LaneOps*> AllLaneOps() {
  static constexpr LaneOps kPortable = LaneOpsOf<lanes::PortableLanes>::kTable;
  static constexpr LaneOps kChecked = LaneOpsOf<CheckedLanes>::kTable;
  std::vector<const LaneOps*> all = {&kPortable, &kChecked};
  if (Avx512IfmaLaneOps() != nullptr) all.push_back(Avx512IfmaLaneOps());
  return all;
}

}  // namespace setlog
