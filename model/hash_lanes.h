// model/hash_lanes.h -- one thread's part of hashing a model with SHA-256.
//
//   HashLanes(source, queue, 2);   // on each of two threads
//
// Several pieces are in flight (log/sha256_streams.h), each with a buffer that its
// bytes are read into; all buffers together fit into a core's cache.
#ifndef SETLOG_MODEL_HASH_LANES_H_
#define SETLOG_MODEL_HASH_LANES_H_

#include "model/piece_queue.h"
#include "model/piece_reader.h"

namespace setlog {

// Until the queue is empty. `threads` is how many do this.
void HashLanes(const ModelSource& source, PieceQueue& queue, unsigned threads);

}  // namespace setlog

#endif  // SETLOG_MODEL_HASH_LANES_H_
