// SHA-256 of long messages with SHA-NI and the 16 registers of SSE.
#include "log/sha256_kernels.h"
#include "log/sha256_sha_ni_lanes.h"

namespace setlog::sha256 {

void CompressLanesShaNi(Lane* lanes, size_t count, size_t blocks) {
  CompressLanes(lanes, count, blocks);
}

}  // namespace setlog::sha256
