// tools/progress.h -- one line on a terminal that says how far a command is.
//
//   Progress progress("adding", total, out.quiet());
//   progress.Update(done);  // draws at most ten times a second
//   // the destructor wipes the line
//   Progress reading("verifying", bytes, out.quiet(), Progress::Unit::kBytes);
//   // verifying [####    ] 1.02 of 4.29 GB, 2.90 GB a second
//
// Drawn on standard error, and only if that is a terminal. Not thread-safe.
#ifndef SETLOG_TOOLS_PROGRESS_H_
#define SETLOG_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace setlog {

class Progress {
 public:
  enum class Unit { kThings, kBytes };

  // `total` 0: not known, only the count is shown.
  Progress(std::string what, uint64_t total, bool quiet, Unit unit = Unit::kThings);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(uint64_t done);

 private:
  const std::string what_;
  const uint64_t total_;
  const bool drawing_;
  const Unit unit_;
  bool drawn_ = false;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_PROGRESS_H_
