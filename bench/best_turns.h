// bench/best_turns.h -- a rate beside its ceiling and beside libsodium.
//
//   const BestTurns best(60, work, by_libsodium);
//   best.Report(state, count, kMultiplications);
#ifndef SETLOG_BENCH_BEST_TURNS_H_
#define SETLOG_BENCH_BEST_TURNS_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "field_rate.h"
#include "log/vrf_batch.h"

namespace setlog {

// What a rate is set beside: in the same turns, the best of them.
struct BestTurns {
  double work = 1e9, field = 1e9, libsodium = 1e9;  // seconds

  static constexpr uint64_t kFieldRounds = 50'000;

  static double Seconds(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
        .count();
  }
  BestTurns(int turns, const std::function<void()>& body,
            const std::function<void()>& by_libsodium) {
    for (int turn = 0; turn < turns; ++turn) {
      work = std::min(work, Seconds(body));
      field =
          std::min(field, Seconds([] {
                     benchmark::DoNotOptimize(MultiplyFieldsAvx512Ifma(kFieldRounds));
                   }));
      libsodium = std::min(libsodium, Seconds(by_libsodium));
    }
  }

  // `count` were done in a turn, of so many field multiplications each.
  void Report(benchmark::State& state, size_t count, uint64_t multiplications) const {
    const double multiplied = kFieldRounds * kFieldRound / field;
    const double rate = static_cast<double>(count) / work;
    state.counters["rate"] = rate;
    state.counters["ceiling"] = multiplied / multiplications;
    state.counters["ratio"] = rate * multiplications / multiplied;
    state.counters["field"] = multiplied;
    state.SetLabel(VrfKernels()[0].name);
  }
};

}  // namespace setlog

#endif  // SETLOG_BENCH_BEST_TURNS_H_
