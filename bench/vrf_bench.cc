// Labels and proofs of private logs, beside the operations of libsodium that they are
// made of. Part of core_bench; rates are per label or proof.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "best_turns.h"
#include "log/cpu_features.h"
#include "log/vrf_batch.h"
#include "port/parallel.h"
#include "random_hashes.h"

namespace setlog {
namespace {

const VrfSecretKey& BenchKey() {
  static const VrfSecretKey* const key =
      new VrfSecretKey(VrfSecretKey::Generate().value());
  return *key;
}

std::vector<VrfClaim> Claims(size_t count) {
  std::vector<VrfClaim> claims;
  for (const Hash& record : RandomHashes(count)) {
    claims.push_back({record, BenchKey().Prove(record).proof});
  }
  return claims;
}

// Calls of `body` a second, of the best of many turns, and of `raw`, which is all that
// libsodium has to do for one: in turns, for the machine's speed wanders by more than
// what is looked for.
void Compare(benchmark::State& state, const std::function<void()>& body,
             const std::function<void()>& raw) {
  constexpr int kCalls = 50;
  const auto seconds = [](const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
        .count();
  };
  for (auto _ : state) {
    double best = 1e9;
    double best_raw = 1e9;
    for (int turn = 0; turn < 100; ++turn) {
      best = std::min(best, seconds(body));
      best_raw = std::min(best_raw, seconds(raw));
    }
    state.counters["rate"] = kCalls / best;
    state.counters["ceiling"] = kCalls / best_raw;
    state.counters["ratio"] = best_raw / best;
  }
}

// The operations of libsodium, with elements that are any.
struct Raw {
  Hash secret = HashFromBytes(BenchKey().Scalar());
  std::array<uint8_t, 64> wide{};
  Hash h, y = BenchKey().PublicKey().bytes(), u, v;

  void Map() { crypto_core_ristretto255_from_hash(h.data(), wide.data()); }
  void MultiplyBase() {
    (void)!crypto_scalarmult_ristretto255_base(u.data(), secret.data());
  }
  void Multiply() {
    (void)!crypto_scalarmult_ristretto255(v.data(), secret.data(), y.data());
  }
  void Subtract() { crypto_core_ristretto255_sub(u.data(), u.data(), v.data()); }
};

// Beside one multiplication, which is what there is to it in other groups.
void BM_VrfLabelPerMultiply(benchmark::State& state) {
  const Hash record = RandomHashes(1)[0];
  Raw raw;
  Compare(
      state, [&] { benchmark::DoNotOptimize(BenchKey().Label(record)); },
      [&] { raw.Multiply(); });
}
BENCHMARK(BM_VrfLabelPerMultiply)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_VrfLabel(benchmark::State& state) {
  const Hash record = RandomHashes(1)[0];
  Raw raw;
  Compare(
      state, [&] { benchmark::DoNotOptimize(BenchKey().Label(record)); },
      [&] {
        raw.Map();
        raw.Multiply();
      });
}
BENCHMARK(BM_VrfLabel)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_VrfProve(benchmark::State& state) {
  const Hash record = RandomHashes(1)[0];
  Raw raw;
  Compare(
      state, [&] { benchmark::DoNotOptimize(BenchKey().Prove(record)); },
      [&] {
        raw.Map();
        raw.Multiply();
        raw.Multiply();
        raw.MultiplyBase();
      });
}
BENCHMARK(BM_VrfProve)->Iterations(1)->Unit(benchmark::kMillisecond);

// From the 80 bytes, as they come in an answer.
void BM_VrfVerify(benchmark::State& state) {
  const VrfClaim claim = Claims(1)[0];
  Raw raw;
  Compare(
      state,
      [&] {
        const auto proof = VrfProof::Parse(claim.proof.bytes());
        if (!BenchKey().PublicKey().Verify(claim.record, *proof).ok()) {
          state.SkipWithError("a proof did not verify");
        }
      },
      [&] {
        raw.Map();
        raw.MultiplyBase();
        for (int i = 0; i < 3; ++i) raw.Multiply();
        for (int i = 0; i < 2; ++i) raw.Subtract();
      });
}
BENCHMARK(BM_VrfVerify)->Iterations(1)->Unit(benchmark::kMillisecond);

// Many at a time on one core, beside what its field multiplications alone would take,
// and (`multiply`) beside libsodium's multiplications of elements a second.
void BM_VrfLabelBatch(benchmark::State& state) {
  if (!DetectCpu().avx512ifma) return state.SkipWithError("no AVX-512 IFMA");
  // Multiplications and squarings a label: 2,270 to multiply by the secret, 590 to map,
  // the rest for tables and encoding.
  constexpr uint64_t kMultiplications = 3022;
  const std::vector<Hash> records = RandomHashes(1024);
  std::vector<Hash> labels(records.size());
  Raw raw;
  for (auto _ : state) {
    const BestTurns best(
        100, [&] { VrfKernels()[0].labels(BenchKey(), records, labels.data()); },
        [&] {
          for (int i = 0; i < 50; ++i) raw.Multiply();
        });
    best.Report(state, records.size(), kMultiplications);
    state.counters["multiply"] = 50 / best.libsodium;
  }
}
BENCHMARK(BM_VrfLabelBatch)->Iterations(1)->Unit(benchmark::kMillisecond);

// A batch of range(0) on one core, beside the same, and (`single`) beside proofs that
// libsodium verifies one by one.
void BM_VrfVerifyBatch(benchmark::State& state) {
  if (!DetectCpu().avx512ifma) return state.SkipWithError("no AVX-512 IFMA");
  // 2,540 for s H - c Gamma, 964 for s B - c PK, 590 to map, 284 to decode Gamma, 870
  // to encode three points, 192 for tables of H and Gamma. The key's own 1,140 in lanes
  // that are all the same come once a turn, and are part of no proof's.
  constexpr uint64_t kMultiplications = 5440;
  const std::vector<VrfClaim> claims = Claims(state.range(0));
  std::vector<std::optional<Hash>> shown(8);
  for (auto _ : state) {
    // Turns of about the same time for every size of a batch.
    const size_t repeat = std::max<size_t>(1, 512 / claims.size());
    const BestTurns best(
        60,
        [&] {
          for (size_t i = 0; i < repeat; ++i) {
            benchmark::DoNotOptimize(VerifyLabels(BenchKey().PublicKey(), claims));
          }
        },
        [&] {
          VrfKernels().back().verify(BenchKey().PublicKey(),
                                     std::span(claims).first(shown.size()),
                                     shown.data());
        });
    best.Report(state, repeat * claims.size(), kMultiplications);
    const double single = static_cast<double>(shown.size()) / best.libsodium;
    state.counters["single"] = single;
    state.counters["times"] = state.counters["rate"] / single;
  }
}
BENCHMARK(BM_VrfVerifyBatch)
    ->Arg(8)
    ->Arg(4096)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Many at a time on one core, and (`single`) by libsodium one by one. Two fifths of it
// is the verification of what was made.
void BM_VrfProveBatch(benchmark::State& state) {
  const std::vector<Hash> records = RandomHashes(state.range(0));
  std::vector<std::optional<VrfSecretKey::Answer>> made(8);
  for (auto _ : state) {
    const size_t repeat = std::max<size_t>(1, 512 / records.size());
    const BestTurns best(
        60,
        [&] {
          for (size_t i = 0; i < repeat; ++i) {
            benchmark::DoNotOptimize(Proofs(BenchKey(), records));
          }
        },
        [&] {
          VrfKernels().back().prove(BenchKey(), std::span(records).first(made.size()),
                                    made.data());
        });
    const double rate = static_cast<double>(repeat * records.size()) / best.work;
    const double single = static_cast<double>(made.size()) / best.libsodium;
    state.counters["rate"] = rate;
    state.counters["single"] = single;
    state.counters["times"] = rate / single;
  }
  state.SetLabel(VrfKernels()[0].name);
}
BENCHMARK(BM_VrfProveBatch)
    ->Arg(8)
    ->Arg(1024)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// By the kernel range(0), in one call.
void BM_VrfKernelLabels(benchmark::State& state) {
  if (static_cast<size_t>(state.range(0)) >= VrfKernels().size()) {
    return state.SkipWithError("no such kernel on this CPU");
  }
  const VrfKernel& kernel = VrfKernels()[state.range(0)];
  const std::vector<Hash> records = RandomHashes(state.range(1));
  std::vector<Hash> labels(records.size());
  for (auto _ : state) {
    kernel.labels(BenchKey(), records, labels.data());
    benchmark::DoNotOptimize(labels.data());
  }
  state.SetItemsProcessed(state.iterations() * labels.size());
  state.SetLabel(kernel.name);
}
BENCHMARK(BM_VrfKernelLabels)->ArgsProduct({{0, 1}, {2, 8, 16, 128, 1024}});

void BM_VrfKernelVerify(benchmark::State& state) {
  if (static_cast<size_t>(state.range(0)) >= VrfKernels().size()) {
    return state.SkipWithError("no such kernel on this CPU");
  }
  const VrfKernel& kernel = VrfKernels()[state.range(0)];
  const std::vector<VrfClaim> claims = Claims(state.range(1));
  std::vector<std::optional<Hash>> shown(claims.size());
  for (auto _ : state) {
    kernel.verify(BenchKey().PublicKey(), claims, shown.data());
    benchmark::DoNotOptimize(shown.data());
  }
  state.SetItemsProcessed(state.iterations() * shown.size());
  state.SetLabel(kernel.name);
}
BENCHMARK(BM_VrfKernelVerify)->ArgsProduct({{0, 1}, {1, 2, 8, 256}});

// Batches on range(0) threads.
void BM_VrfLabels(benchmark::State& state) {
  Parallel parallel(state.range(0));
  const std::vector<Hash> records = RandomHashes(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Labels(BenchKey(), records, std::ref(parallel)));
  }
  state.SetItemsProcessed(state.iterations() * records.size());
}
BENCHMARK(BM_VrfLabels)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_VrfProofs(benchmark::State& state) {
  Parallel parallel(state.range(0));
  const std::vector<Hash> records = RandomHashes(1024);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Proofs(BenchKey(), records, std::ref(parallel)));
  }
  state.SetItemsProcessed(state.iterations() * records.size());
}
BENCHMARK(BM_VrfProofs)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_VrfVerifyLabels(benchmark::State& state) {
  Parallel parallel(state.range(0));
  const std::vector<VrfClaim> claims = Claims(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        VerifyLabels(BenchKey().PublicKey(), claims, std::ref(parallel)));
  }
  state.SetItemsProcessed(state.iterations() * claims.size());
}
BENCHMARK(BM_VrfVerifyLabels)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace setlog
