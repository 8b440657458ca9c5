// The service, end to end over loopback, against ceilings taken in the same run:
// durable ingest until indexed, single proofs, restart. Prints one table.
//
//   service_bench [RECORDS] [DIR]     default 1000000, a new directory under /tmp
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <random>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/appender.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/state.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tile.h"
#include "log/tile_tree.h"
#include "log/tree.h"
#include "server/server.h"
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

// Answers every method with the same bytes.
class Echo final : public grpc::CallbackGenericService {
 public:
  explicit Echo(std::string answer) : answer_(std::move(answer)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext*) override {
    struct Reactor final : grpc::ServerGenericBidiReactor {
      explicit Reactor(const std::string& answer) {
        const grpc::Slice slice(answer);
        reply = grpc::ByteBuffer(&slice, 1);
        StartRead(&request);
      }
      void OnReadDone(bool) override {
        StartWriteAndFinish(&reply, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }
      grpc::ByteBuffer request, reply;
    };
    return new Reactor(answer_);
  }

 private:
  const std::string answer_;
};

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// Calls a second with 64 of them under way: the same client for every server.
double CallRate(const std::string& address, const std::string& method,
                const std::vector<grpc::ByteBuffer>& requests, size_t calls,
                size_t* answer_bytes) {
  grpc::GenericStub stub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  std::atomic<size_t> next = 0, failed = 0, bytes = 0;
  std::mutex mutex;
  std::condition_variable all;
  size_t finished = 0;
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    grpc::ByteBuffer reply;
  };
  std::vector<Call> slots(64);
  std::function<void(size_t)> start = [&](size_t slot) {
    const size_t i = next++;
    if (i >= calls) {
      std::lock_guard lock(mutex);
      ++finished;
      all.notify_one();
      return;
    }
    Call& call = slots[slot];
    call.context = std::make_unique<grpc::ClientContext>();
    call.reply.Clear();
    stub.UnaryCall(call.context.get(), method, grpc::StubOptions(),
                   &requests[i % requests.size()], &call.reply,
                   [&, slot](grpc::Status status) {
                     if (!status.ok()) ++failed;
                     bytes += slots[slot].reply.Length();
                     start(slot);
                   });
  };
  const double seconds = Seconds([&] {
    for (size_t slot = 0; slot < slots.size(); ++slot) start(slot);
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return finished == slots.size(); });
  });
  if (failed > 0) {
    std::cerr << "service_bench: " << failed << " calls of " << method << " failed\n";
    std::exit(1);
  }
  *answer_bytes = bytes / calls;
  return calls / seconds;
}

void CompareCalls(const std::string& what, const std::string& address,
                  const std::string& method,
                  const std::vector<grpc::ByteBuffer>& requests) {
  size_t answer_bytes = 0;
  CallRate(address, method, requests, 2000, &answer_bytes);  // warm
  const double rate = CallRate(address, method, requests, 40000, &answer_bytes);
  Echo echo(std::string(answer_bytes, 'e'));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const std::string echo_address = "127.0.0.1:" + std::to_string(port);
  CallRate(echo_address, "/echo/Echo", requests, 2000, &answer_bytes);
  const double ceiling =
      CallRate(echo_address, "/echo/Echo", requests, 40000, &answer_bytes);
  server->Shutdown();
  Row(what + ", " + std::to_string(answer_bytes) + " B", rate, "calls/s", "bare echo",
      ceiling);
}

uint64_t BytesUnder(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

int Run(size_t count, const std::string& dir) {
  const std::vector<Hash> records = RandomHashes(count);
  const std::string size = " of " + std::to_string(count) + " records";
  std::printf(
      "kernel: %s\n\n| figure | value | ceiling of this run | ratio |\n|---|---|"
      "---|---|\n",
      Sha256Kernels()[0].name);
  const double hashing = HashingCeiling(records);
  const double raw_store = StoreCeiling(dir, records);

  ServerOptions options;
  options.data_dir = dir + "/data";
  options.listen = options.http = "127.0.0.1:0";
  options.memory_bytes = uint64_t{2} << 30;
  std::unique_ptr<Server> server = Need(Server::Start(options));
  ConnectionOptions connect{.address = server->grpc_address(),
                            .token_file = options.data_dir + "/admin.token"};
  auto connection = std::make_unique<Connection>(Need(Connection::Open(connect)));
  const StateDirectory state = Need(StateDirectory::Open(dir + "/home"));
  Manifest manifest;
  manifest.origin = kOrigin;
  manifest.scheme = "bytes/1";
  LogClient log(connection.get(), &state,
                {.origin = kOrigin, .trust_on_first_use = true});
  Need(log.CreateLog(Need(FormatManifest(manifest))));

  AppendResult result;
  double indexed = 0;
  const double durable = Seconds([&] {
    Appender appender(connection.get(), {.origin = kOrigin, .session = NewSessionId()});
    Need(appender.Open());
    Need(appender.Write(records));
    result = Need(appender.Finish());
  });
  indexed = durable +
            Seconds([&] { Need(log.WaitIndexed(result.end - 1, [](uint64_t) {})); });
  Row("ingest, durable in a signed head" + size, count / durable, "records/s",
      "raw store", raw_store);
  Row("ingest, indexed too" + size, count / indexed, "records/s", "hashing, one core",
      hashing);
  Row("on disk", static_cast<double>(BytesUnder(options.data_dir)) / count, "B/record");

  std::vector<grpc::ByteBuffer> lookups, inclusions;
  for (size_t i = 0; i < 1000; ++i) {
    v1::LookupRequest lookup;
    lookup.set_origin(kOrigin);
    lookup.set_record(std::string(AsText(records[i * 7919 % count])));
    lookups.push_back(Serialized(lookup));
    v1::GetInclusionProofRequest inclusion;
    inclusion.set_origin(kOrigin);
    inclusion.set_index(i * 7919 % count);
    inclusions.push_back(Serialized(inclusion));
  }
  CompareCalls("Lookup", server->grpc_address(), "/setlog.v1.Reader/Lookup", lookups);
  CompareCalls("GetInclusionProof", server->grpc_address(),
               "/setlog.v1.Reader/GetInclusionProof", inclusions);

  connection.reset();
  Row("clean stop", Seconds([&] { server.reset(); }), "s");
  const Clock::time_point restart = Clock::now();
  const auto since = [&] {
    return std::chrono::duration<double>(Clock::now() - restart).count();
  };
  server = Need(Server::Start(options));
  connect.address = server->grpc_address();
  connection = std::make_unique<Connection>(Need(Connection::Open(connect)));
  LogClient again(connection.get(), &state,
                  {.origin = kOrigin, .trust_on_first_use = true});
  const VerifiedHead head = Need(again.Head());
  Row("restart until a verified head", since(), "s");
  const LookupResult found =
      Need(again.Lookup(head, records[count / 2], Positions::kNone));
  Row("restart until the first verified lookup", since(), "s");
  if (found.answer.verdict != SetVerdict::kPresent) return 1;
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  Row("peak resident, client and server", usage.ru_maxrss / 1024.0, "MiB");
  connection.reset();
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  size_t count = 1000000;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &count) || count < 1000)) {
    std::cerr << "usage: service_bench [RECORDS >= 1000] [DIR]\n";
    return 2;
  }
  char name[] = "/tmp/setlog-bench-XXXXXX";
  const bool temporary = argc <= 2;
  const std::string dir = temporary ? mkdtemp(name) : argv[2];
  const int result = setlog::Run(count, dir);
  if (temporary) std::filesystem::remove_all(dir);
  return result;
}
