// daemon/process_stats.h -- this process as the kernel sees it (proc(5)).
#ifndef SETLOG_DAEMON_PROCESS_STATS_H_
#define SETLOG_DAEMON_PROCESS_STATS_H_

#include <cstdint>

namespace setlog {

struct ProcessStats {
  uint64_t resident_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
};

// What cannot be read stays 0. Costs a few system calls, and one a hundred descriptors.
ProcessStats ReadProcessStats();

}  // namespace setlog

#endif  // SETLOG_DAEMON_PROCESS_STATS_H_
