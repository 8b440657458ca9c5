// bench/index_bench.cc -- what the files of the index cost.
//
//   index_bench --benchmark_filter=Run
//
// Rows of one partition of six bits: 1.5 million, as 10^8 members give. Files are made
// in $TMPDIR and are in memory when they are read.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "index/run_file.h"
#include "index/run_writer.h"

namespace setlog {
namespace {

constexpr uint64_t kRows = 1'500'000;
constexpr uint64_t kM = 200'000'000;
constexpr IndexIdentity kIdentity = {.log = 1, .partition_bits = 6};

std::vector<EventRow> MakeRows(uint64_t count) {
  std::mt19937_64 random(1);
  std::vector<EventRow> rows(count);
  for (EventRow& row : rows) {
    for (uint8_t& byte : row.key.bytes) byte = static_cast<uint8_t>(random());
    row.key.bytes[0] >>= 6;
    row.word = EventWord(random() % kM, true);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

const std::vector<EventRow>& Rows() {
  static const std::vector<EventRow> rows = MakeRows(kRows);
  return rows;
}

std::string PathOf(std::string_view name) {
  const std::string path = std::filesystem::temp_directory_path() /
                           ("setlog-index-bench-" + std::string(name));
  std::filesystem::remove(path);
  return path;
}

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

std::unique_ptr<RunFile> MakeRun() {
  const std::string path = PathOf("read");
  auto writer = RunWriter::Create(path, kIdentity, 0, kM);
  Check(writer.status());
  for (const EventRow& row : Rows()) Check(writer->Add(row.key, row.word));
  Check(writer->Finish());
  auto run = RunFile::Open(path, kIdentity, 0);
  Check(run.status());
  std::filesystem::remove(path);
  return *std::move(run);
}

void RunWrite(benchmark::State& state) {
  const std::vector<EventRow>& rows = Rows();
  for (auto _ : state) {
    const std::string path = PathOf("write");
    auto writer = RunWriter::Create(path, kIdentity, 0, kM);
    Check(writer.status());
    for (const EventRow& row : rows) Check(writer->Add(row.key, row.word));
    if (state.range(0)) Check(writer->Finish());
    std::filesystem::remove(path);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rows.size()));
}
BENCHMARK(RunWrite)->ArgName("sync")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// The first walk over a file that is in memory checks its pages; others do not.
void RunWalk(benchmark::State& state) {
  const auto run = MakeRun();
  uint64_t sum = 0;
  for (auto _ : state) {
    RunCursor cursor(*run);
    for (cursor.SeekToFirst(); cursor.valid(); cursor.Next()) {
      sum += cursor.prefix() ^ cursor.word();
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
}
BENCHMARK(RunWalk)->Unit(benchmark::kMillisecond);

void RunCheckAll(benchmark::State& state) {
  const auto run = MakeRun();
  for (auto _ : state) Check(run->CheckAll());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
}
BENCHMARK(RunCheckAll)->Unit(benchmark::kMillisecond);

// A bucket of about 6 rows somewhere, and a read of its rows. range: of how many rows
// of the file (few: all in the CPU's caches), sorted or not.
void RunSeek(benchmark::State& state) {
  const auto run = MakeRun();
  Check(run->CheckAll());
  std::mt19937_64 random(2);
  std::vector<uint64_t> prefixes(100'000);
  const uint64_t reach =
      (uint64_t{1} << 58) / kRows * static_cast<uint64_t>(state.range(0));
  for (uint64_t& prefix : prefixes) prefix = random() % reach;
  if (state.range(1)) std::sort(prefixes.begin(), prefixes.end());
  const uint64_t width = (uint64_t{1} << 58) / kRows * 6;
  uint64_t sum = 0;
  size_t next = 0;
  RunCursor cursor(*run);
  for (auto _ : state) {
    const uint64_t prefix = prefixes[next++ % prefixes.size()];
    for (cursor.SeekPrefix(prefix); cursor.valid() && cursor.prefix() < prefix + width;
         cursor.Next()) {
      sum += cursor.word();
    }
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(RunSeek)->ArgNames({"rows", "sorted"})->ArgsProduct({{2'000, kRows}, {0, 1}});

}  // namespace
}  // namespace setlog
