// What a log of one size costs, as one JSON object: bench/scale.sh runs it for each
// size.
//
//   scale_bench 1000000 --dir DIR [--memory 2GiB]
//
// From empty to so many random records, indexed; then proofs, small appends and a
// restart. Times of the server are processor time where the name says cpu.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "log/proof.h"
#include "log/sha256.h"
#include "need.h"
#include "proto/forms.h"
#include "service_rows.h"
#include "tools/bench_ingest.h"
#include "tools/percentiles.h"

namespace setlog {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kUncounted = 20;  // the server is cold
constexpr int kSmallAppends = 100;
constexpr uint64_t kSmallAppend = 1000;
constexpr double kMiB = 1 << 20;

// The most anonymous memory that a server ever has.
class MemoryWatch {
 public:
  explicit MemoryWatch(const ServerProcess& server)
      : thread_([this, &server] {
          while (!done_) {
            most_ = std::max<uint64_t>(most_, server.AnonymousBytes());
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}
  ~MemoryWatch() { Stop(); }
  uint64_t Stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return most_;
  }

 private:
  std::atomic<bool> done_ = false;
  std::atomic<uint64_t> most_ = 0;
  std::thread thread_;
};

// Microseconds a call (kBatch: a key), by the server's processor and by the wall for a
// lone caller, and the answer's size.
void MeasureProving(const BenchOptions& options, Subject& subject, ProofKind kind,
                    const ProofWork& work, Json& result) {
  const std::string name = NameOf(kind);
  const double per = kind == ProofKind::kBatch ? work.batch : 1;
  MeasureProofs(subject.connection(), kind, work, {.concurrency = 4, .calls = 16});
  const double before = subject.server().CpuSeconds();
  const ProofResult busy =
      MeasureProofs(subject.connection(), kind, work,
                    {.concurrency = kind == ProofKind::kBatch ? size_t{4} : size_t{64},
                     .duration = std::chrono::seconds(options.seconds)});
  const double cpu = subject.server().CpuSeconds() - before;
  Need(busy.loop.first_failure);
  Need(busy.first_refusal);
  const ProofResult lone =
      MeasureProofs(subject.connection(), kind, work,
                    {.concurrency = 1, .calls = kind == ProofKind::kBatch ? 20 : 1000});
  Need(lone.loop.first_failure);
  Need(lone.first_refusal);
  const Percentiles latency = PercentilesOf(lone.loop.latencies_us);
  result["prove_" + name + "_cpu_us"] = cpu * 1e6 / busy.values;
  result["prove_" + name + "_wall_p50_us"] = latency.p50 / per;
  result["prove_" + name + "_wall_p99_us"] = latency.p99 / per;
  result[name + "_bytes"] = busy.answer_bytes / per;
  result[name + "_verified"] = busy.verified + lone.verified;
}

template <typename Request, typename Response>
Response Ask(const Subject& subject,
             grpc::Status (v1::Reader::Stub::*method)(grpc::ClientContext*,
                                                      const Request&, Response*),
             Request request) {
  request.set_origin(kBenchOrigin);
  return Need(
      subject.connection().Call(subject.connection().reader(), method, request));
}

// Microseconds of this processor for a proof (batch: for a key).
void MeasureVerification(const Subject& subject, const ProofWork& work, Json& result) {
  constexpr int kProofs = 500;
  constexpr int kRounds = 20;
  const Version& version = work.version;
  std::vector<LookupProof> lookups;
  std::vector<v1::InclusionProof> inclusions;
  const auto place = [&](uint64_t i) { return i * 7919 % version.checkpoint.size; };
  for (uint64_t i = 0; i < kProofs; ++i) {
    v1::LookupRequest lookup;
    lookup.set_record(std::string(AsText(work.members[i])));
    lookup.set_index_size(version.index.m);
    lookups.push_back(Need(
        LookupFromProto(Ask(subject, &v1::Reader::Stub::Lookup, lookup).lookup())));
    v1::GetInclusionProofRequest inclusion;
    inclusion.set_index(place(i));
    inclusion.set_size(version.checkpoint.size);
    inclusions.push_back(Ask(subject, &v1::Reader::Stub::GetInclusionProof, inclusion));
  }
  const std::vector<Hash> keys(
      work.members.begin(),
      work.members.begin() + std::min<size_t>(4096, work.members.size()));
  v1::BatchLookupRequest request;
  request.set_records(ConcatHashes(keys));
  request.set_index_size(version.index.m);
  const v1::BatchLookupResponse batch =
      Ask(subject, &v1::Reader::Stub::BatchLookup, request);

  const auto each = [&](uint64_t count, const std::function<void(uint64_t)>& verify) {
    // The fastest round: what disturbs one has nothing to do with the proofs.
    double best = 0;
    for (int round = 0; round < kRounds; ++round) {
      const double seconds = Seconds([&] {
        for (uint64_t i = 0; i < count; ++i) verify(i);
      });
      if (round == 0 || seconds < best) best = seconds;
    }
    return best * 1e6 / static_cast<double>(count);
  };
  result["verify_lookup_us"] = each(kProofs, [&](uint64_t i) {
    Need(VerifyLookup(version.index.set_root, work.members[i], lookups[i]));
  });
  result["verify_inclusion_us"] = each(kProofs, [&](uint64_t i) {
    Need(VerifyInclusion(place(i), version.checkpoint.size,
                         Need(OneHash(inclusions[i].leaf_hash(), "leaf")),
                         Need(SplitHashes(inclusions[i].path(), "path")),
                         version.checkpoint.root));
  });
  result["verify_batch_us"] =
      each(1,
           [&](uint64_t) {
             Need(VerifyBatch(version.index.set_root, version.index.n, keys,
                              AsBytes(batch.proof())));
           }) /
      keys.size();
}

// 1,000 records into the log of that size, from sending them: until they are durable,
// until a watch shows a signed head with their index entry, and until the client has
// verified that head and remembered it, which takes syncs of its own.
void MeasureSmallAppends(const BenchOptions& options, Subject& subject, Json& result) {
  std::vector<float> durable, shown, indexed;
  for (int i = 0; i < kSmallAppends; ++i) {
    IngestResult done;
    double shown_ms = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto milliseconds = [start] {
      const auto passed = std::chrono::steady_clock::now() - start;
      return std::chrono::duration<double, std::milli>(passed).count();
    };
    done = Need(Ingest(subject.connection(), BenchRecords(kBenchSeed),
                       {.origins = {kBenchOrigin},
                        .first = options.records + i * kSmallAppend,
                        .records = kSmallAppend}));
    Need(subject.log(kBenchOrigin).WaitIndexed(done.ends[0] - 1, [&](uint64_t m) {
      if (m >= done.ends[0]) shown_ms = milliseconds();
    }));
    indexed.push_back(static_cast<float>(milliseconds()));
    shown.push_back(static_cast<float>(shown_ms));
    durable.push_back(static_cast<float>(done.seconds * 1e3));
  }
  const Percentiles d = PercentilesOf(std::move(durable));
  const Percentiles s = PercentilesOf(std::move(shown));
  const Percentiles x = PercentilesOf(std::move(indexed));
  result["append_1000_durable_p50_ms"] = d.p50;
  result["append_1000_shown_p50_ms"] = s.p50;
  result["append_1000_shown_p99_ms"] = s.p99;
  result["append_1000_indexed_p50_ms"] = x.p50;
  result["append_1000_indexed_p99_ms"] = x.p99;
}

Json Measure(const BenchOptions& options) {
  const double records = static_cast<double>(options.records);
  Json result = {{"records", options.records},
                 {"kernel", Sha256Kernels()[0].name},
                 {"memory_limit", options.memory}};
  Subject subject(options, std::to_string(options.records));
  MemoryWatch memory(subject.server());
  LogClient& log = subject.NewLog(kBenchOrigin);
  const uint64_t written = subject.server().WrittenBytes();
  const double cpu = subject.server().CpuSeconds();
  IngestResult done;
  const double indexed = Seconds([&] {
    done = Need(Ingest(subject.connection(), BenchRecords(kBenchSeed),
                       {.origins = {kBenchOrigin},
                        .records = options.records,
                        .progress = [&, next = std::chrono::steady_clock::now()](
                                        uint64_t count) mutable {
                          if (std::chrono::steady_clock::now() < next) return;
                          next += std::chrono::seconds(10);
                          std::fprintf(stderr, "  appended %.0f %%\n",
                                       100.0 * count / records);
                        }}));
    Need(log.WaitIndexed(done.ends[0] - 1, [](uint64_t) {}));
  });
  result["commit_durable_seconds"] = done.seconds;
  result["commit_indexed_seconds"] = indexed;
  result["commit_indexed_us"] = indexed * 1e6 / records;
  result["commit_cpu_us"] = (subject.server().CpuSeconds() - cpu) * 1e6 / records;
  result["written_bytes"] = subject.server().WrittenBytes() - written;
  result["disk_bytes_after_add"] = subject.DiskBytes();

  const ProofWork work = BenchWork(options, Need(log.Head()).version);
  for (const ProofKind kind :
       {ProofKind::kInclusion, ProofKind::kLookup, ProofKind::kBatch}) {
    MeasureProving(options, subject, kind, work, result);
  }
  MeasureVerification(subject, work, result);
  result["memory_anonymous_peak_mib"] = memory.Stop() / kMiB;
  result["memory_resident_peak_mib"] = subject.server().PeakResidentBytes() / kMiB;

  result["stop_seconds"] = Seconds([&] { subject.Stop(); });
  result["disk_bytes"] = subject.DiskBytes();
  subject.DropPageCache();
  result["restart_cold_seconds"] = Seconds([&] {
    subject.Start();
    LogClient& again = subject.log(kBenchOrigin);
    Need(again.Lookup(Need(again.Head()), work.members[0], Positions::kNone));
  });
  const ProofResult cold = MeasureProofs(subject.connection(), ProofKind::kLookup, work,
                                         {.concurrency = 1, .calls = 1000});
  Need(cold.loop.first_failure);
  const Percentiles latency = PercentilesOf(cold.loop.latencies_us);
  result["cold_lookup_p50_us"] = latency.p50;
  result["cold_lookup_p99_us"] = latency.p99;
  MeasureSmallAppends(options, subject, result);
  return result;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::BenchOptions options{.seconds = 2};
  options.setlogd =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("setlogd");
  CLI::App app("What a log of one size costs, as one JSON object.");
  app.add_option("records", options.records, "how many, at least 1000")
      ->check(CLI::Range(uint64_t{1000}, uint64_t{1} << 33))
      ->required();
  app.add_option("--dir", options.dir, "where to; what it makes there it removes")
      ->required();
  app.add_option("--setlogd", options.setlogd, "the server to measure")
      ->capture_default_str();
  app.add_option("--memory", options.memory, "its limit")->capture_default_str();
  app.add_option("--seconds", options.seconds, "of what is measured for a time")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::filesystem::create_directories(options.dir);
  std::printf("%s\n", setlog::Measure(options).dump().c_str());
  return 0;
}
