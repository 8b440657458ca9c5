// bench/need.h -- a benchmark goes on only if everything works.
//
//   const VerifiedHead head = Need(log.Head());   // or the program ends with the
//   status const double seconds = Seconds([&] { Work(); });
#ifndef SETLOG_BENCH_NEED_H_
#define SETLOG_BENCH_NEED_H_

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

inline void Need(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "bench: " << status << "\n";
  std::exit(1);
}
template <typename T>
T Need(absl::StatusOr<T> value) {
  Need(value.status());
  return *std::move(value);
}

// How long the work took, by the wall.
inline double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace setlog

#endif  // SETLOG_BENCH_NEED_H_
