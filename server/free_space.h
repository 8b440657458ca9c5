// server/free_space.h -- stops writes while there is still room to stop cleanly.
//
//   FreeSpace space({data_dir, anchor_dir}, uint64_t{256} << 20);
//   absl::Status may_write = space.Check();
//
// A database whose disk runs full in the midst of a write needs a restart, and may need
// room to recover in. Below the reserve writes are refused instead, reads go on, and
// writes go on by themselves when there is room again. Thread-safe.
#ifndef SETLOG_SERVER_FREE_SPACE_H_
#define SETLOG_SERVER_FREE_SPACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace setlog {

class FreeSpace {
 public:
  FreeSpace(std::vector<std::string> directories, uint64_t reserve_bytes)
      : directories_(std::move(directories)), reserve_bytes_(reserve_bytes) {}

  // ResourceExhausted, naming the directory, if one of the file systems has fewer bytes
  // free than the reserve. One statvfs each.
  absl::Status Check() const;
  uint64_t reserve_bytes() const { return reserve_bytes_; }

 private:
  const std::vector<std::string> directories_;
  const uint64_t reserve_bytes_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_FREE_SPACE_H_
