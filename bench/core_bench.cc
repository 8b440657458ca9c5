// The pure core: kernels, the log's tree, the sorted tree, verification. Rates are per
// item; the trees' rates are to be read against the kernels' of the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "log/entry.h"
#include "log/manifest.h"
#include "log/replay.h"
#include "log/set_index.h"
#include "log/set_proof.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tile.h"
#include "log/tile_tree.h"
#include "log/tree.h"
#include "port/parallel.h"
#include "random_hashes.h"

namespace setlog {
namespace {

constexpr size_t kTreeKeys = 10'000'000;
constexpr size_t kTreePiece = 1 << 15;

// The kernel range(0); prefix_bytes + body_bytes: 2 + 32 a leaf, 1 + 64 a node, 1 + 32
// a key, 1 + 65 a set node; messages in a call.
void BM_Kernel(benchmark::State& state) {
  if (static_cast<size_t>(state.range(0)) >= Sha256Kernels().size()) {
    return state.SkipWithError("no such kernel on this CPU");
  }
  const Sha256Kernel& kernel = Sha256Kernels()[state.range(0)];
  const std::vector<uint8_t> prefix(state.range(1), 1);
  const size_t count = state.range(3);
  const std::vector<uint8_t> bodies(state.range(2) * count, 7);
  std::vector<Hash> out(count);
  for (auto _ : state) {
    kernel.hash_many(prefix, bodies.data(), state.range(2), count, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * count);
  state.SetLabel(kernel.name);
}
void KernelArguments(benchmark::internal::Benchmark* bench) {
  for (int kernel = 0; kernel < 4; ++kernel) {
    for (int count : {1, 3, 8, 16, 4096}) {
      bench->Args({kernel, 1, 32, count})->Args({kernel, 1, 64, count});
    }
    bench->Args({kernel, 2, 32, 4096})->Args({kernel, 1, 65, 4096});
  }
}
BENCHMARK(BM_Kernel)->Apply(KernelArguments);

void BM_KernelPairs(benchmark::State& state) {
  const std::vector<Hash> nodes = RandomHashes(8192);
  std::vector<HashPair> pairs;
  for (size_t i = 0; i < nodes.size(); i += 2) {
    pairs.push_back({nodes[i].data(), nodes[i + 1].data(), 3});
  }
  std::vector<Hash> out(pairs.size());
  for (auto _ : state) {
    HashPairs(0x11, pairs, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * out.size());
}
BENCHMARK(BM_KernelPairs);

// Nodes on range(0) threads that share nothing: what a second core is worth to a tree.
void BM_KernelThreads(benchmark::State& state) {
  constexpr size_t kNodes = 1024;
  const size_t threads = state.range(0);
  Parallel parallel(threads);
  const std::vector<Hash> nodes = RandomHashes(2 * kNodes * threads);
  std::vector<Hash> parents(kNodes * threads);
  for (auto _ : state) {
    parallel(threads, [&](size_t i) {
      for (int round = 0; round < 1000; ++round) {
        NodeHashes(&nodes[2 * kNodes * i], kNodes, &parents[kNodes * i]);
      }
    });
  }
  state.SetItemsProcessed(state.iterations() * 1000 * parents.size());
}
BENCHMARK(BM_KernelThreads)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// What the chosen kernel does with messages of prefix_bytes + body_bytes, a second.
double KernelRate(size_t prefix_bytes, size_t body_bytes) {
  const std::vector<uint8_t> prefix(prefix_bytes, 1);
  const std::vector<uint8_t> bodies(body_bytes * 4096, 7);
  std::vector<Hash> out(4096);
  double best = 0;
  for (int round = 0; round < 40; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    HashMany(prefix, bodies.data(), body_bytes, out.size(), out.data());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(out.size()) / took.count());
  }
  return best;
}

// Figure, ceiling and their ratio; `ceiling` is what one core's kernels could do.
void SetRatio(benchmark::State& state, double items, double ceiling) {
  using benchmark::Counter;
  state.counters["rate"] = Counter(items, Counter::kIsIterationInvariantRate);
  state.counters["ceiling"] = ceiling;
  state.counters["ratio"] =
      Counter(items / ceiling, Counter::kIsIterationInvariantRate);
}

// Leaf hashes and all nodes above them: one leaf and one node hash a value. On range(0)
// threads.
void BM_LogTree(benchmark::State& state) {
  Parallel parallel(state.range(0));
  const std::vector<Hash> values = RandomHashes(kTreeKeys);
  const double ceiling = 1 / (1 / KernelRate(2, 32) + 1 / KernelRate(1, 64));
  for (auto _ : state) {
    TileTree tree;
    std::vector<Hash> leaves(kTreePiece);
    for (size_t i = 0; i < values.size(); i += kTreePiece) {
      const size_t count = std::min(kTreePiece, values.size() - i);
      const auto piece = std::span(values).subspan(i, count);
      parallel((count + 4095) / 4096, [&](size_t block) {
        const size_t begin = 4096 * block;
        const size_t width = std::min<size_t>(4096, count - begin);
        LeafHashes(1, piece.subspan(begin, width), &leaves[begin]);
      });
      tree.Append(std::span(leaves).first(count), std::ref(parallel));
    }
    benchmark::DoNotOptimize(tree.Root());
  }
  SetRatio(state, values.size(), ceiling);
}
BENCHMARK(BM_LogTree)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

// From sorted keys: one node hash a key. On range(0) threads.
void BM_SetTreeFromSortedKeys(benchmark::State& state) {
  Parallel parallel(state.range(0));
  std::vector<Hash> keys = RandomHashes(kTreeKeys);
  std::sort(keys.begin(), keys.end());
  const double ceiling = KernelRate(1, 65);
  for (auto _ : state) {
    benchmark::DoNotOptimize(SortedTop(keys, std::ref(parallel)));
  }
  SetRatio(state, keys.size(), ceiling);
}
BENCHMARK(BM_SetTreeFromSortedKeys)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

SetIndex IndexOf(const std::vector<Hash>& values) {
  SetIndex index;
  std::vector<SetChange> changes;
  const std::vector<Hash> keys = SetKeys(values);
  for (size_t i = 0; i < keys.size(); ++i) changes.push_back({keys[i], i, true});
  index.Apply(changes, keys.size());
  return index;
}

// A batch of range(1) keys into a set of range(0).
void BM_SetIndexUpdate(benchmark::State& state) {
  const std::vector<Hash> values = RandomHashes(state.range(0) + state.range(1));
  SetIndex index = IndexOf({values.begin(), values.begin() + state.range(0)});
  std::vector<SetChange> changes;
  for (int64_t i = 0; i < state.range(1); ++i) {
    const uint64_t position = state.range(0) + i;
    changes.push_back({SetKey(values[position]), position, true});
  }
  for (auto _ : state) {
    const SetIndex::Undo undo = index.Apply(changes, values.size());
    benchmark::DoNotOptimize(index.root());
    state.PauseTiming();
    index.Revert(undo);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(BM_SetIndexUpdate)
    ->Args({1 << 20, 1000})
    ->Args({1 << 20, 1 << 16})
    ->Args({1 << 20, 1 << 20})
    ->Unit(benchmark::kMillisecond);

// The audit's work without its transport: range(0) entries, with an index entry after
// every range(1) of them, on range(2) threads. Bundles of 256 entries, fed as the
// client feeds them.
void BM_Replay(benchmark::State& state) {
  Parallel parallel(state.range(2));
  const std::vector<Hash> values = RandomHashes(state.range(0));
  const Manifest manifest{.origin = "example.org/bench", .scheme = "bytes/1"};
  uint64_t count = 0;
  std::vector<std::string> bundles;
  const auto append = [&](const Entry& entry) {
    if (count++ % kTileWidth == 0) bundles.emplace_back();
    if (!AppendToBundle(AsBytes(Encode(entry)), &bundles.back()).ok()) std::abort();
  };
  append(ManifestEntry{*FormatManifest(manifest)});
  {
    SetIndex set;
    std::vector<SetChange> changes;
    for (const Hash& value : values) {
      changes.push_back({SetKey(value), count, true});
      append(AddEntry{value});
      if (changes.size() < static_cast<size_t>(state.range(1))) continue;
      set.Apply(changes, count, std::ref(parallel));
      append(IndexEntry{set.m(), set.n(), set.root()});
      changes.clear();
    }
  }
  for (auto _ : state) {
    Replay replay(manifest.origin);
    replay.Use(std::ref(parallel));
    for (size_t i = 0; i < bundles.size(); i += 256) {
      std::vector<Bytes> piece;
      for (size_t j = i; j < std::min(bundles.size(), i + 256); ++j) {
        const std::vector<Bytes> parsed = *ParseBundle(AsBytes(bundles[j]));
        piece.insert(piece.end(), parsed.begin(), parsed.end());
      }
      const auto fault = replay.Feed(piece);
      if (fault) state.SkipWithError(fault->reason.c_str());
    }
    benchmark::DoNotOptimize(replay.Root());
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(BM_Replay)
    ->Args({1'000'000, 200'000, 2})
    ->Args({10'000'000, 200'000, 1})
    ->Args({10'000'000, 200'000, 2})
    ->Args({10'000'000, 10'000, 2})
    ->Args({10'000'000, 1'000'000, 2})
    ->Args({20'000'000, 1'000'000, 2})
    ->Args({20'000'000, 10'000, 2})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

void BM_LookupProve(benchmark::State& state) {
  const std::vector<Hash> values = RandomHashes(1 << 20);
  const SetIndex index = IndexOf(values);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % values.size();
    benchmark::DoNotOptimize(index.Lookup(SetKey(values[i])));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_LookupProve);

void BM_LookupVerify(benchmark::State& state) {
  const std::vector<Hash> values = RandomHashes(1 << 20);
  const SetIndex index = IndexOf(values);
  const Hash root = index.root();
  std::vector<LookupProof> proofs;
  for (size_t i = 0; i < 1000; ++i) {
    absl::StatusOr<SetAnswer> answer = index.Lookup(SetKey(values[i]));
    answer->proof.terminal = values[i];
    proofs.push_back(answer->proof);
  }
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 1) % proofs.size();
    const absl::StatusOr<bool> present = VerifyLookup(root, values[i], proofs[i]);
    if (!present.ok() || !*present) state.SkipWithError("a proof did not verify");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_LookupVerify);

}  // namespace
}  // namespace setlog
