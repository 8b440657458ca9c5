// log/parallel_for.h -- how a caller lends its threads to code that has none.
//
//   SubtreeRoots(leaves, 8, InOrder);             // on the calling thread
//   Parallel parallel(2);                         // port/parallel.h
//   SubtreeRoots(leaves, 8, std::ref(parallel));  // on two
//
// The core starts no threads and takes no locks; what can be divided takes one of
// these.
#ifndef SETLOG_LOG_PARALLEL_FOR_H_
#define SETLOG_LOG_PARALLEL_FOR_H_

#include <cstddef>
#include <functional>

namespace setlog {

// Calls body(i) for all i < count, some of them at the same time, and returns when all
// are done. The bodies given to it write to different memory for different i.
using ParallelFor =
    std::function<void(size_t count, const std::function<void(size_t)>& body)>;

// All turns on the calling thread.
inline void InOrder(size_t count, const std::function<void(size_t)>& body) {
  for (size_t i = 0; i < count; ++i) body(i);
}

}  // namespace setlog

#endif  // SETLOG_LOG_PARALLEL_FOR_H_
