// The service, end to end over loopback, against ceilings taken in the same run:
// durable ingest until indexed, memory, single proofs, restart. Prints one table.
// Client, server and bare echo are processes of their own.
//
//   service_bench [RECORDS] [DIR]     default 1000000, a new directory under /tmp
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <vector>

#include "call_rate.h"
#include "client/appender.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/state.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/set_proof.h"
#include "log/sha256.h"
#include "proto/forms.h"
#include "server_process.h"
#include "storage/anchored_store.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;
constexpr char kOrigin[] = "bench.example.org/records";

double Seconds(const std::function<void()>& work) {
  const Clock::time_point start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "service_bench: " << value.status() << "\n";
  std::exit(1);
}
void Need(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "service_bench: " << status << "\n";
  std::exit(1);
}

// The figure and its ceiling are rates; without a ceiling the figure stands alone.
void Row(const std::string& what, double figure, const std::string& unit,
         const std::string& ceiling_name = "", double ceiling = 0) {
  if (ceiling > 0) {
    std::printf("| %s | %.4g %s | %s %.4g %s | %.2f |\n", what.c_str(), figure,
                unit.c_str(), ceiling_name.c_str(), ceiling, unit.c_str(),
                figure / ceiling);
  } else {
    std::printf("| %s | %.4g %s | | |\n", what.c_str(), figure, unit.c_str());
  }
  std::fflush(stdout);
}

std::vector<Hash> RandomHashes(size_t count) {
  std::mt19937_64 random(1);
  std::vector<Hash> hashes(count);
  for (Hash& hash : hashes) {
    for (size_t i = 0; i < Hash::kSize; i += 8) {
      const uint64_t word = random();
      std::memcpy(hash.data() + i, &word, 8);
    }
  }
  return hashes;
}

// Records a second through leaf, node, key and set node hashing, one after the other.
double HashingCeiling(const std::vector<Hash>& records) {
  const size_t count = std::min<size_t>(records.size(), 1 << 18);
  std::vector<uint8_t> bodies(count * 65, 3);
  std::vector<Hash> out(count);
  const auto run = [&](std::initializer_list<uint8_t> prefix, size_t body) {
    HashMany(std::vector<uint8_t>(prefix), bodies.data(), body, count, out.data());
  };
  const double seconds = Seconds([&] {
    run({0, 1}, 32);
    run({1}, 64);
    run({0x10}, 32);
    run({0x11}, 65);
  });
  return count / seconds;
}

// Records a second of bundles committed to an empty store, with nothing else to do.
double StoreCeiling(const std::string& dir, const std::vector<Hash>& records) {
  auto store = Need(OpenAnchoredStore(
      {.path = dir + "/raw", .memory_bytes = 64 << 20, .create_if_missing = true},
      dir + "/raw-anchor"));
  const size_t per_commit = 1 << 16;
  const double seconds = Seconds([&] {
    for (size_t i = 0; i < records.size(); i += per_commit) {
      GroupCommit commit{.number = store->commit().number + 1};
      const size_t end = std::min(records.size(), i + per_commit);
      for (size_t b = i; b < end; b += 256) {
        std::string bundle;
        for (size_t r = b; r < std::min(end, b + 256); ++r) {
          bundle.append("\0\x21\x01", 3);
          bundle.append(AsText(records[r]));
        }
        commit.writes.push_back(
            {1, Table::kBundle, U64Key(b / 256), std::move(bundle)});
      }
      commit.heads.push_back({1, "raw", {end, records[end - 1]}});
      Need(store->Commit(commit));
    }
  });
  return records.size() / seconds;
}

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

struct Options {
  size_t records = 1000000;
  std::string dir;
  std::string program;  // this one, for the echo
  std::string setlogd;
  size_t calls = 20000;
};

struct Rates {
  double wall = 0;  // calls a second
  double cpu = 0;   // calls a second of the server's processor time
};
Rates OneRound(const ServerProcess& server, const std::string& method,
               const std::vector<grpc::ByteBuffer>& requests, size_t calls) {
  const double before = server.CpuSeconds();
  const double wall = CallRate(server.address(), method, requests, calls).per_second;
  return {wall, calls / (server.CpuSeconds() - before)};
}

// The medians of five rounds for each of the two, in turn, because other programs' load
// comes and goes. It hardly touches processor time, which a busy machine is judged by.
void CompareCalls(const Options& options, const std::string& what,
                  const ServerProcess& server, const std::string& method,
                  const std::vector<grpc::ByteBuffer>& requests) {
  const size_t bytes =
      CallRate(server.address(), method, requests, 2000).answer_bytes;  // warms it
  const ServerProcess echo({options.program, "--echo", std::to_string(bytes)});
  CallRate(echo.address(), "/echo/Echo", requests, 2000);
  std::vector<Rates> rates, ceilings;
  for (int round = 0; round < 5; ++round) {
    rates.push_back(OneRound(server, method, requests, options.calls));
    ceilings.push_back(OneRound(echo, "/echo/Echo", requests, options.calls));
  }
  const auto median = [](std::vector<Rates> rounds, double Rates::*which) {
    std::sort(rounds.begin(), rounds.end(),
              [&](const Rates& a, const Rates& b) { return a.*which < b.*which; });
    return rounds[rounds.size() / 2].*which;
  };
  const std::string name = what + ", " + std::to_string(bytes) + " B";
  Row(name, median(rates, &Rates::wall), "calls/s", "bare echo",
      median(ceilings, &Rates::wall));
  Row(name + ", by the server's processor time", median(rates, &Rates::cpu),
      "calls/CPU s", "bare echo", median(ceilings, &Rates::cpu));
}

// Microseconds to verify one lookup proof, of present records or absent ones.
double VerifyMicroseconds(const Connection& connection, const Version& version,
                          const std::vector<Hash>& records) {
  std::vector<LookupProof> proofs;
  for (const Hash& record : records) {
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(AsText(record)));
    request.set_index_size(version.index.m);
    const v1::LookupResponse response =
        Need(connection.Call(connection.reader(), &v1::Reader::Stub::Lookup, request));
    proofs.push_back(Need(LookupFromProto(response.lookup())));
  }
  constexpr int kRounds = 20;
  const double seconds = Seconds([&] {
    for (int round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < records.size(); ++i) {
        Need(VerifyLookup(version.index.set_root, records[i], proofs[i]));
      }
    }
  });
  return seconds * 1e6 / (kRounds * records.size());
}

uint64_t BytesUnder(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

std::unique_ptr<ServerProcess> StartServer(const Options& options) {
  return std::make_unique<ServerProcess>(std::vector<std::string>{
      options.setlogd, "--data", options.dir + "/data", "--listen", "127.0.0.1:0",
      "--http", "127.0.0.1:0", "--memory", "2GiB"});
}

int Run(const Options& options) {
  const size_t count = options.records;
  const std::vector<Hash> records = RandomHashes(count);
  const std::string size = " of " + std::to_string(count) + " records";
  std::printf(
      "kernel: %s\n\n| figure | value | ceiling of this run | ratio |\n|---|---|"
      "---|---|\n",
      Sha256Kernels()[0].name);
  const double hashing = HashingCeiling(records);
  const double raw_store = StoreCeiling(options.dir, records);

  std::unique_ptr<ServerProcess> server = StartServer(options);
  ConnectionOptions connect{.address = server->address(),
                            .token_file = options.dir + "/data/admin.token"};
  auto connection = std::make_unique<Connection>(Need(Connection::Open(connect)));
  const StateDirectory state = Need(StateDirectory::Open(options.dir + "/home"));
  Manifest manifest;
  manifest.origin = kOrigin;
  manifest.scheme = "bytes/1";
  LogClient log(connection.get(), &state,
                {.origin = kOrigin, .trust_on_first_use = true});
  Need(log.CreateLog(Need(FormatManifest(manifest))));

  AppendResult result;
  const double durable = Seconds([&] {
    Appender appender(connection.get(), {.origin = kOrigin, .session = NewSessionId()});
    Need(appender.Open());
    Need(appender.Write(records));
    result = Need(appender.Finish());
  });
  const double indexed = durable + Seconds([&] {
                           Need(log.WaitIndexed(result.end - 1, [](uint64_t) {}));
                         });
  Row("ingest, log alone: durable in a signed head" + size, count / durable,
      "records/s", "raw store", raw_store);
  Row("ingest, indexed too" + size, count / indexed, "records/s", "hashing, one core",
      hashing);
  Row("on disk", static_cast<double>(BytesUnder(options.dir + "/data")) / count,
      "B/record");
  Row("server's peak resident memory", server->PeakResidentBytes() / 1048576.0, "MiB");
  Row("server's anonymous memory after it", server->AnonymousBytes() / 1048576.0,
      "MiB");

  std::vector<grpc::ByteBuffer> lookups, inclusions;
  std::vector<Hash> present, absent;
  for (size_t i = 0; i < 1000; ++i) {
    present.push_back(records[i * 7919 % count]);
    absent.push_back(Sha256(AsBytes("absent-" + std::to_string(i))));
    v1::LookupRequest lookup;
    lookup.set_origin(kOrigin);
    lookup.set_record(std::string(AsText(present.back())));
    lookups.push_back(Serialized(lookup));
    v1::GetInclusionProofRequest inclusion;
    inclusion.set_origin(kOrigin);
    inclusion.set_index(i * 7919 % count);
    inclusions.push_back(Serialized(inclusion));
  }
  CompareCalls(options, "Lookup", *server, "/setlog.v1.Reader/Lookup", lookups);
  CompareCalls(options, "GetInclusionProof", *server,
               "/setlog.v1.Reader/GetInclusionProof", inclusions);
  const Version version = Need(log.Head()).version;
  Row("verifying a lookup proof, present",
      VerifyMicroseconds(*connection, version, present), "us");
  Row("verifying a lookup proof, absent",
      VerifyMicroseconds(*connection, version, absent), "us");
  Row("server's peak resident memory, all of the above",
      server->PeakResidentBytes() / 1048576.0, "MiB");

  connection.reset();
  Row("clean stop", Seconds([&] { server->Stop(); }), "s");
  const Clock::time_point restart = Clock::now();
  const auto since = [&] {
    return std::chrono::duration<double>(Clock::now() - restart).count();
  };
  server = StartServer(options);
  connect.address = server->address();
  connection = std::make_unique<Connection>(Need(Connection::Open(connect)));
  LogClient again(connection.get(), &state,
                  {.origin = kOrigin, .trust_on_first_use = true});
  const VerifiedHead head = Need(again.Head());
  Row("restart until a verified head", since(), "s");
  const LookupResult found =
      Need(again.Lookup(head, records[count / 2], Positions::kNone));
  Row("restart until the first verified lookup", since(), "s");
  return found.answer.verdict == SetVerdict::kPresent ? 0 : 1;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::Options options;
  options.program = std::filesystem::read_symlink("/proc/self/exe");
  options.setlogd = std::filesystem::path(options.program).replace_filename("setlogd");
  size_t echo = 0;
  CLI::App app("Client and server over loopback, each a process, as one table.");
  app.add_option("records", options.records, "random hashes to append, at least 1000")
      ->check(CLI::Range(size_t{1000}, size_t{1} << 33))
      ->capture_default_str();
  app.add_option("dir", options.dir, "where to (default: a new one under /tmp)");
  app.add_option("--setlogd", options.setlogd, "the server to measure")
      ->capture_default_str();
  app.add_option("--calls", options.calls, "in each round of single proofs")
      ->capture_default_str();
  app.add_option("--echo", echo, "only serve this many bytes for any call");
  CLI11_PARSE(app, argc, argv);
  if (app.count("--echo") > 0) {
    setlog::RunEcho(echo);
    return 0;
  }
  const bool temporary = options.dir.empty();
  char name[] = "/tmp/setlog-bench-XXXXXX";
  if (temporary) options.dir = mkdtemp(name);
  const int result = setlog::Run(options);
  if (temporary) std::filesystem::remove_all(options.dir);
  return result;
}
