// Hashing models, beside what the kernels do with bytes that are in the cache.
//
//   model_bench [DIR]     4 files of 1 GiB and 10,000 of 4 KiB in a new directory below
//                         DIR (/tmp), all of them in the system's cache
#include <sys/resource.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/sha256_streams.h"
#include "model/hash_model.h"
#include "need.h"
#include "port/parallel.h"
#include "report.h"

namespace setlog {
namespace {

constexpr size_t kMib = size_t{1} << 20;

struct ModelBenchOptions {
  std::string dir = "/tmp";
  std::string json;
  unsigned threads = 2;
  unsigned turns = 7;
  size_t big_mib = 1024;
  bool cpu = false;
};

// How long the work took: by the wall, or by the processors, as if they did nothing
// else and the threads ended at the same time.
double Elapsed(const ModelBenchOptions& options, const std::function<void()>& work) {
  if (!options.cpu) return Seconds(work);
  const auto now = [] {
    timespec time = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  work();
  return (now() - begin) / options.threads;
}

// What writes a model: pieces of a MiB, as a download does.
void WriteFile(const std::string& path, size_t bytes, uint64_t seed) {
  std::vector<uint64_t> piece(std::min(bytes, kMib) / sizeof(uint64_t));
  std::mt19937_64 random(seed);
  for (uint64_t& word : piece) word = random();
  std::ofstream file(path, std::ios::binary);
  for (size_t done = 0; done < bytes; done += piece.size() * sizeof(uint64_t)) {
    piece[0] = done;
    file.write(reinterpret_cast<const char*>(piece.data()),
               static_cast<std::streamsize>(piece.size() * sizeof(uint64_t)));
  }
  if (!file.flush()) Need(absl::UnavailableError("cannot write " + path));
}

// Bytes a second of the kernel, with so many messages in flight on each thread, whose
// bytes are in the cache.
double KernelRate(const ModelBenchOptions& options, size_t lanes) {
  const unsigned threads = options.threads;
  constexpr size_t kBuffersBytes = size_t{128} << 10;
  constexpr size_t kBytes = size_t{768} << 20;  // each thread
  const size_t blocks = kBuffersBytes / lanes / kSha256BlockBytes;
  const std::vector<std::vector<uint8_t>> buffers(
      threads, std::vector<uint8_t>(kBuffersBytes, 7));
  Parallel parallel(threads);
  const double seconds = Elapsed(options, [&] {
    parallel(threads, [&](size_t t) {
      std::vector<Sha256Lane> states;
      for (size_t i = 0; i < lanes; ++i) states.push_back(StartSha256(nullptr));
      for (size_t done = 0; done < kBytes; done += kBuffersBytes) {
        for (size_t i = 0; i < lanes; ++i) {
          states[i].data = &buffers[t][i * blocks * kSha256BlockBytes];
        }
        CompressLanes(states, blocks);
      }
    });
  });
  return static_cast<double>(threads * (kBytes / kBuffersBytes) * lanes * blocks *
                             kSha256BlockBytes) /
         seconds;
}

// The best of some turns of the work and of what it is set beside, one after the other,
// for the machine's speed wanders.
struct Best {
  double rate = 0;
  double ceiling = 0;

  Best(unsigned turns, const std::function<double()>& work,
       const std::function<double()>& beside) {
    for (unsigned i = 0; i < turns; ++i) {
      ceiling = std::max(ceiling, beside());
      rate = std::max(rate, work());
    }
  }
};

HashedModel Hash(const std::string& dir, const HashModelOptions& options) {
  const ModelTree tree = Need(ListModel(dir, {}));
  HashedModel hashed = Need(HashModel(tree, options));
  if (!tree.odd.empty() || !hashed.odd.empty()) {
    Need(absl::DataLossError("a file of the benchmark is odd"));
  }
  return hashed;
}

void MeasureBig(const ModelBenchOptions& options, const std::string& dir,
                Report& report) {
  constexpr size_t kFiles = 4;
  for (size_t i = 0; i < kFiles; ++i) {
    WriteFile(absl::StrFormat("%s/%d", dir, i), options.big_mib * kMib, i);
  }
  const auto measure = [&](const char* name, size_t lanes, HashModelOptions hashing,
                           std::optional<Target> target) {
    hashing.threads = options.threads;
    const Best best(
        options.turns,
        [&] {
          uint64_t bytes = 0;
          const double seconds =
              Elapsed(options, [&] { bytes = Hash(dir, hashing).bytes; });
          return static_cast<double>(bytes) / seconds;
        },
        [&] { return KernelRate(options, lanes); });
    report.Add({.name = absl::StrFormat("%d files of %d MiB, %s", kFiles,
                                        options.big_mib, name),
                .value = best.rate / 1e9,
                .unit = "GB/s",
                .ceiling_name = absl::StrFormat(
                    "kernel, %d streams on each of %d cores", lanes, options.threads),
                .ceiling = best.ceiling / 1e9,
                .target = target});
  };
  measure("whole", kFiles / options.threads, {}, RatioAtLeast(0.9));
  const size_t many = Sha256LanesKernels()[0].best_lanes;
  measure("in shards", many,
          {.method = ModelMethod::kShards,
           .shard_bytes = options.big_mib * kMib * kFiles / options.threads / many},
          std::nullopt);
  report.Add({.name = "memory",
              .value =
                  [] {
                    rusage usage = {};
                    getrusage(RUSAGE_SELF, &usage);
                    return static_cast<double>(usage.ru_maxrss) / 1024;
                  }(),
              .unit = "MiB",
              .target = AtMost(100e6 / kMib)});
}

void MeasureSmall(const ModelBenchOptions& options, const std::string& dir,
                  Report& report) {
  constexpr size_t kFiles = 10000;
  for (size_t i = 0; i < kFiles; ++i) {
    const std::string sub = absl::StrFormat("%s/%d", dir, i % 100);
    std::filesystem::create_directory(sub);
    WriteFile(absl::StrFormat("%s/%d", sub, i), 4096, i);
  }
  double listed = 1e9, hashed = 1e9;
  for (unsigned turn = 0; turn < 3 * options.turns; ++turn) {
    listed = std::min(listed, Elapsed(options, [&] { Need(ListModel(dir, {})); }));
    hashed = std::min(
        hashed, Elapsed(options, [&] { Hash(dir, {.threads = options.threads}); }));
  }
  report.Add(
      {.name = "10,000 files of 4 KiB, listed", .value = 1000 * listed, .unit = "ms"});
  report.Add({.name = "10,000 files of 4 KiB, listed and hashed",
              .value = 1000 * hashed,
              .unit = "ms",
              .target = AtMost(80)});
}

void Run(const ModelBenchOptions& options) {
  std::printf("kernel: %s, %u threads\n\n", Sha256LanesKernels()[0].name,
              options.threads);
  std::string dir = options.dir + "/setlog-bench-XXXXXX";
  if (mkdtemp(dir.data()) == nullptr) {
    Need(absl::UnavailableError("cannot write below " + options.dir));
  }
  std::filesystem::create_directory(dir + "/big");
  std::filesystem::create_directory(dir + "/small");
  Report report;
  MeasureBig(options, dir + "/big", report);
  MeasureSmall(options, dir + "/small", report);
  std::filesystem::remove_all(dir);
  if (!options.json.empty()) report.WriteJson(options.json);
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::ModelBenchOptions options;
  CLI::App app("How fast models are listed and hashed, as one table.");
  app.add_option("dir", options.dir, "where to write them")->capture_default_str();
  app.add_option("--threads", options.threads)->capture_default_str();
  app.add_option("--turns", options.turns, "the best of which counts")
      ->capture_default_str();
  app.add_option("--mib", options.big_mib, "of each of the four long files")
      ->capture_default_str();
  app.add_flag("--cpu", options.cpu,
               "by the time of the processors, for machines that do other work, too");
  app.add_option("--json", options.json, "write the table there as JSON, too");
  CLI11_PARSE(app, argc, argv);
  setlog::Run(options);
  return 0;
}
