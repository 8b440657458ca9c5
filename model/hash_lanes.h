// model/hash_lanes.h -- one thread's part of hashing a model with SHA-256.
//
//   // On each of two:
//   HashLanes(source, queue, {.kernel = kernel, .threads = 2, .max_lanes = 16});
//
// Several pieces are in flight (log/sha256_streams.h), each with a buffer that its
// bytes are read into; all buffers together fit into a core's cache.
#ifndef SETLOG_MODEL_HASH_LANES_H_
#define SETLOG_MODEL_HASH_LANES_H_

#include "log/sha256_streams.h"
#include "model/piece_queue.h"
#include "model/piece_reader.h"

namespace setlog {

struct LanesOptions {
  const Sha256LanesKernel& kernel;
  unsigned threads;          // how many do this
  size_t max_lanes;          // each is an open file
  bool may_postpone = true;  // a piece that no descriptor is left for
};

// Until the queue is empty, or no descriptor is left for any lane.
void HashLanes(const ModelSource& source, PieceQueue& queue,
               const LanesOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_HASH_LANES_H_
