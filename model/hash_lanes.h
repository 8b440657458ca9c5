// model/hash_lanes.h -- one thread's part of hashing a model with SHA-256.
//
//   HashLanes(source, queue, {.kernel = kernel, .threads = 2});  // on each of two
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
  unsigned threads;  // how many do this
};

// Until the queue is empty.
void HashLanes(const ModelSource& source, PieceQueue& queue,
               const LanesOptions& options);

}  // namespace setlog

#endif  // SETLOG_MODEL_HASH_LANES_H_
