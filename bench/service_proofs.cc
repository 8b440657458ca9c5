#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_format.h"
#include "call_rate.h"
#include "log/set_proof.h"
#include "need.h"
#include "proto/forms.h"
#include "service_rows.h"
#include "tools/bench_ingest.h"
#include "tools/bench_proofs.h"

namespace setlog {
namespace {

constexpr int kRounds = 5;
constexpr uint64_t kStep = 7919;  // through the records, in no order

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// A method of a server, asked again and again.
struct Side {
  const ServerProcess* server;
  std::string method;
  std::vector<grpc::ByteBuffer> requests;
};

struct Rates {
  double wall = 0;  // calls a second
  double cpu = 0;   // calls a second of the server's processor time
};
Rates OneRound(const Side& side, size_t calls) {
  const double before = side.server->CpuSeconds();
  const double wall =
      CallRate(side.server->address(), side.method, side.requests, calls).per_second;
  return {wall, calls / (side.server->CpuSeconds() - before)};
}

Rates MedianOf(std::vector<Rates> rounds) {
  const auto median = [&](double Rates::*which) {
    std::sort(rounds.begin(), rounds.end(),
              [&](const Rates& a, const Rates& b) { return a.*which < b.*which; });
    return rounds[rounds.size() / 2].*which;
  };
  return {median(&Rates::wall), median(&Rates::cpu)};
}

// The medians of rounds of both, in turn, because other programs' load comes and goes.
// It hardly touches processor time, which a busy machine is judged by.
std::pair<Rates, Rates> Compare(const Side& a, const Side& b, size_t calls) {
  OneRound(a, 2000);  // warm
  OneRound(b, 2000);
  std::vector<Rates> rates_a, rates_b;
  for (int round = 0; round < kRounds; ++round) {
    rates_a.push_back(OneRound(a, calls));
    rates_b.push_back(OneRound(b, calls));
  }
  return {MedianOf(std::move(rates_a)), MedianOf(std::move(rates_b))};
}

void AgainstEcho(const BenchOptions& options, const std::string& what, const Side& side,
                 Report& report) {
  const size_t bytes =
      CallRate(side.server->address(), side.method, side.requests, 2000).answer_bytes;
  const ServerProcess server({options.program, "--echo", std::to_string(bytes)});
  const Side echo{&server, kEchoMethod, side.requests};
  const auto [rate, ceiling] = Compare(side, echo, options.calls);
  const std::string name = absl::StrFormat("%s, %d B", what, bytes);
  report.Add(
      {name, rate.wall, "calls/s", "bare echo", ceiling.wall, RatioAtLeast(0.75)});
  report.Add({name + ", by the server's processor time", rate.cpu, "calls/CPU s",
              "bare echo", ceiling.cpu});
}

std::vector<grpc::ByteBuffer> Lookups(const BenchOptions& options, uint64_t m) {
  const BenchRecords records(kBenchSeed);
  std::vector<grpc::ByteBuffer> requests;
  for (uint64_t i = 0; i < 1000; ++i) {
    v1::LookupRequest request;
    request.set_origin(kBenchOrigin);
    request.set_record(std::string(AsText(records.At(i * kStep % options.records))));
    request.set_index_size(m);
    requests.push_back(Serialized(request));
  }
  return requests;
}

}  // namespace

ProofWork BenchWork(const BenchOptions& options, const Version& version) {
  const BenchRecords records(kBenchSeed);
  ProofWork work{.version = version};
  const uint64_t members = std::min<uint64_t>(options.records, 1 << 18);
  for (uint64_t i = 0; i < members; ++i) {
    work.members.push_back(records.At(i * kStep % options.records));
    work.strangers.push_back(records.At(BenchRecords::kAbsent + i));
  }
  return work;
}

void MeasureSingleProofs(const BenchOptions& options, Subject& subject,
                         Report& report) {
  AgainstEcho(options, "Lookup",
              {&subject.server(), "/setlog.v1.Reader/Lookup", Lookups(options, 0)},
              report);
  std::vector<grpc::ByteBuffer> inclusions;
  for (uint64_t i = 0; i < 1000; ++i) {
    v1::GetInclusionProofRequest request;
    request.set_origin(kBenchOrigin);
    request.set_index(i * kStep % options.records);
    inclusions.push_back(Serialized(request));
  }
  AgainstEcho(
      options, "GetInclusionProof",
      {&subject.server(), "/setlog.v1.Reader/GetInclusionProof", std::move(inclusions)},
      report);
}

void MeasureBatches(const BenchOptions& options, Subject& subject, Report& report) {
  const VerifiedHead head = Need(subject.log(kBenchOrigin).Head());
  const ProofWork work = BenchWork(options, head.version);
  const LoopOptions loop{.concurrency = 4,
                         .duration = std::chrono::seconds(options.seconds)};
  MeasureProofs(subject.connection(), ProofKind::kBatch, work,
                {.concurrency = 4, .calls = 8});  // warm
  const double before = subject.server().CpuSeconds();
  const ProofResult result =
      MeasureProofs(subject.connection(), ProofKind::kBatch, work, loop);
  const double cpu = subject.server().CpuSeconds() - before;
  Need(result.loop.first_failure);
  Need(result.first_refusal);
  const double target = options.records < 50'000'000 ? 150'000 : 120'000;
  report.Add({"BatchLookup of 4,096 keys, by the server's processor time",
              result.values / cpu, "keys/CPU s", "", 0, AtLeast(target)});
  report.Add(
      {"BatchLookup of 4,096 keys", result.values / result.loop.seconds, "keys/s"});
  report.Add({"BatchLookup, proof",
              result.answer_bytes / static_cast<double>(work.batch), "B/key"});
}

void MeasureVerifying(const BenchOptions& options, Subject& subject, Report& report) {
  const Version version = Need(subject.log(kBenchOrigin).Head()).version;
  const BenchRecords records(kBenchSeed);
  constexpr int kVerifyRounds = 20;
  for (const bool present : {true, false}) {
    std::vector<Hash> asked;
    std::vector<LookupProof> proofs;
    for (uint64_t i = 0; i < 1000; ++i) {
      asked.push_back(records.At(present ? i * kStep % options.records
                                         : BenchRecords::kAbsent + i));
      v1::LookupRequest request;
      request.set_origin(kBenchOrigin);
      request.set_record(std::string(AsText(asked.back())));
      request.set_index_size(version.index.m);
      proofs.push_back(Need(LookupFromProto(
          Need(subject.connection().Call(subject.connection().reader(),
                                         &v1::Reader::Stub::Lookup, request))
              .lookup())));
    }
    const double seconds = Seconds([&] {
      for (int round = 0; round < kVerifyRounds; ++round) {
        for (size_t i = 0; i < asked.size(); ++i) {
          Need(VerifyLookup(version.index.set_root, asked[i], proofs[i]));
        }
      }
    });
    report.Add({present ? "verifying a lookup proof, present"
                        : "verifying a lookup proof, absent",
                seconds * 1e6 / (kVerifyRounds * asked.size()), "us", "", 0,
                AtMost(3)});
  }
  const ProofWork work = BenchWork(options, version);
  const std::vector<Hash> keys(
      work.members.begin(),
      work.members.begin() + std::min<size_t>(4096, work.members.size()));
  v1::BatchLookupRequest request;
  request.set_origin(kBenchOrigin);
  request.set_records(ConcatHashes(keys));
  request.set_index_size(version.index.m);
  const v1::BatchLookupResponse batch = Need(subject.connection().Call(
      subject.connection().reader(), &v1::Reader::Stub::BatchLookup, request));
  const double seconds = Seconds([&] {
    for (int round = 0; round < kVerifyRounds; ++round) {
      Need(VerifyBatch(version.index.set_root, version.index.n, keys,
                       AsBytes(batch.proof())));
    }
  });
  report.Add({"verifying a batch proof of 4,096 keys",
              seconds * 1e6 / (kVerifyRounds * keys.size()), "us/key", "", 0,
              AtMost(3)});
}

void MeasureOldVersion(const BenchOptions& options, Subject& subject, Report& report) {
  LogClient& log = subject.log(kBenchOrigin);
  const uint64_t old_m = Need(log.TagSet("old")).version.index.m;
  const uint64_t more = std::max<uint64_t>(1000, options.records / 10);
  const IngestResult added = Need(
      Ingest(subject.connection(), BenchRecords(kBenchSeed),
             {.origins = {kBenchOrigin}, .first = options.records, .records = more}));
  Need(log.WaitIndexed(added.ends[0] - 1, [](uint64_t) {}));
  const std::string method = "/setlog.v1.Reader/Lookup";
  const auto [newest, old] =
      Compare({&subject.server(), method, Lookups(options, 0)},
              {&subject.server(), method, Lookups(options, old_m)}, options.calls / 2);
  report.Add({absl::StrFormat("Lookup against a tag %d records ago", more),
              1e6 / old.wall, "us/call", "the newest version", 1e6 / newest.wall,
              RatioAtMost(3)});
  report.Add({"the same, by the server's processor time", 1e6 / old.cpu, "CPU us/call",
              "the newest version", 1e6 / newest.cpu, RatioAtMost(3)});
}

}  // namespace setlog
