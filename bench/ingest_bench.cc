// The append path alone, over loopback: one client, several, many logs, and clients
// that append one record at a time, against ceilings of the same run. Prints one table.
// Server and client are processes of their own; the server indexes nothing unless it is
// told to, so that the figures are the log's.
//
//   ingest_bench [RECORDS] [DIR]     default 10000000, a new directory under /tmp
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <thread>
#include <vector>

#include "client/appender.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/state.h"
#include "log/manifest.h"
#include "log/sha256.h"
#include "random_hashes.h"
#include "server/server.h"
#include "server_process.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  size_t records = 10000000;
  std::string dir;
  std::string program;
  std::string memory = "2147483648";
  std::string tls_cert;  // PEM, self-signed for 127.0.0.1; with its key
  std::string tls_key;
  bool index = false;
  std::string only;
};

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "ingest_bench: " << value.status() << "\n";
  std::exit(1);
}
void Need(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "ingest_bench: " << status << "\n";
  std::exit(1);
}

double Seconds(const std::function<void()>& work) {
  const Clock::time_point start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t BytesUnder(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

void Row(const std::string& what, const std::string& figure) {
  std::printf("| %s | %s |\n", what.c_str(), figure.c_str());
  std::fflush(stdout);
}
std::string Text(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// A server with an empty store, and what is needed to write to it.
class Bed {
 public:
  Bed(const Options& options, const std::string& name, bool tls)
      : options_(options), dir_(options.dir + "/" + name) {
    std::filesystem::create_directory(dir_);
    std::vector<std::string> arguments = {options.program, "--serve", dir_ + "/data",
                                          "--memory", options.memory};
    if (options.index) arguments.push_back("--index");
    if (tls) {
      arguments.insert(arguments.end(),
                       {"--tls-cert", options.tls_cert, "--tls-key", options.tls_key});
    }
    server_ = std::make_unique<ServerProcess>(std::move(arguments));
    connect_ = {.address = server_->address(),
                .tls = tls,
                .token_file = dir_ + "/data/admin.token"};
    if (tls) connect_.ca_file = options.tls_cert;
    state_ =
        std::make_unique<StateDirectory>(Need(StateDirectory::Open(dir_ + "/home")));
  }

  std::unique_ptr<Connection> Connect() const {
    return std::make_unique<Connection>(Need(Connection::Open(connect_)));
  }
  // Creates log number `number`; its origin.
  std::string NewLog(size_t number) {
    Manifest manifest;
    manifest.origin = "bench.example.org/records-" + std::to_string(number);
    manifest.scheme = "bytes/1";
    const auto connection = Connect();
    LogClient log(connection.get(), state_.get(),
                  {.origin = manifest.origin, .trust_on_first_use = true});
    Need(log.CreateLog(Need(FormatManifest(manifest))));
    return manifest.origin;
  }
  ServerProcess& server() { return *server_; }
  std::string data() const { return dir_ + "/data"; }
  void Stop() {
    server_->Stop();
    std::filesystem::remove_all(dir_);
  }

 private:
  const Options& options_;
  const std::string dir_;
  std::unique_ptr<ServerProcess> server_;
  ConnectionOptions connect_;
  std::unique_ptr<StateDirectory> state_;
};

AppendResult Append(const Bed& bed, const std::string& origin,
                    std::span<const Hash> records) {
  const auto connection = bed.Connect();
  Appender appender(connection.get(), {.origin = origin, .session = NewSessionId()});
  Need(appender.Open());
  Need(appender.Write(records));
  return Need(appender.Finish());
}

// `clients` connections, each with its share, to as many logs or all to one.
void Bulk(const Options& options, const std::string& name, size_t clients, size_t logs,
          bool tls, const std::vector<Hash>& records) {
  if (!options.only.empty() && options.only != name) return;
  Bed bed(options, name, tls);
  std::vector<std::string> origins;
  for (size_t i = 0; i < logs; ++i) origins.push_back(bed.NewLog(i));
  const double server_before = bed.server().CpuSeconds();
  const uint64_t written_before = bed.server().WrittenBytes();
  const double own_before = OwnCpuSeconds();
  const size_t share = records.size() / clients;
  const double seconds = Seconds([&] {
    std::vector<std::thread> threads;
    for (size_t c = 0; c < clients; ++c) {
      threads.emplace_back([&, c] {
        const std::span<const Hash> mine(records.data() + c * share, share);
        // Many logs: every client writes to its own ones, in turn.
        const size_t own_logs = std::max<size_t>(1, logs / clients);
        const size_t part = share / own_logs;
        for (size_t l = 0; l < own_logs; ++l) {
          Append(bed, origins[(c * own_logs + l) % logs], mine.subspan(l * part, part));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const double count = static_cast<double>(records.size());
  const double server = bed.server().CpuSeconds() - server_before;
  const double own = OwnCpuSeconds() - own_before;
  Row(name, Text("%.3g M records/s", count / seconds / 1e6));
  Row(name + ": processor time, server", Text("%.0f ns/record", server * 1e9 / count));
  Row(name + ": processor time, client", Text("%.0f ns/record", own * 1e9 / count));
  Row(name + ": written",
      Text("%.1f B/record",
           static_cast<double>(bed.server().WrittenBytes() - written_before) / count));
  Row(name + ": on disk when all is acknowledged",
      Text("%.1f B/record", static_cast<double>(BytesUnder(bed.data())) / count));
  Row(name + ": server's peak resident memory",
      Text("%.0f MiB",
           static_cast<double>(bed.server().PeakResidentBytes()) / 1048576));
  bed.Stop();
}

// Appends and syncs of one block a second, as the write-ahead log makes them.
double SyncsPerSecond(const std::string& dir) {
  const std::string path = dir + "/sync";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const std::string block(4096, 'x');
  size_t syncs = 0;
  const double seconds = Seconds([&] {
    const Clock::time_point end = Clock::now() + std::chrono::seconds(1);
    for (; Clock::now() < end; ++syncs) {
      if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0) {
        Need(absl::UnavailableError("cannot sync " + path));
      }
    }
  });
  close(file);
  std::filesystem::remove(path);
  return static_cast<double>(syncs) / seconds;
}

// One client that appends a record, waits until it is durable in a signed head, and
// goes on with the next.
class Single : public grpc::ClientBidiReactor<v1::AppendRequest, v1::AppendResponse> {
 public:
  Single(const Connection& connection, const std::string& origin,
         const std::vector<Hash>* records, const std::atomic<bool>* stop)
      : records_(records), stop_(stop), context_(connection.NewContext({})) {
    connection.writer().async()->Append(context_.get(), this);
    request_.mutable_open()->set_origin(origin);
    request_.mutable_open()->set_session(NewSessionId());
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    acknowledged_ = response_.acknowledged();
    if (*stop_) {
      StartWritesDone();
    } else {
      request_.set_hashes(std::string(AsText((*records_)[next_++ % records_->size()])));
      StartWrite(&request_);
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) Need(absl::UnavailableError(status.error_message()));
    done_ = true;
    done_.notify_one();
  }
  uint64_t Wait() {
    done_.wait(false);
    return acknowledged_;
  }

 private:
  const std::vector<Hash>* records_;
  const std::atomic<bool>* stop_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::AppendRequest request_;
  v1::AppendResponse response_;
  size_t next_ = 0;
  uint64_t acknowledged_ = 0;
  std::atomic<bool> done_ = false;
};

void Unbatched(const Options& options, size_t clients,
               const std::vector<Hash>& records) {
  const std::string name = std::to_string(clients) + " clients, one record at a time";
  if (!options.only.empty() && options.only != name) return;
  Bed bed(options, "single", false);
  const std::string origin = bed.NewLog(0);
  const auto connection = bed.Connect();
  const double syncs = SyncsPerSecond(options.dir);
  const double server_before = bed.server().CpuSeconds();
  const double own_before = OwnCpuSeconds();
  std::atomic<bool> stop = false;
  uint64_t count = 0;
  const double seconds = Seconds([&] {
    std::vector<std::unique_ptr<Single>> all;
    for (size_t i = 0; i < clients; ++i) {
      all.push_back(std::make_unique<Single>(*connection, origin, &records, &stop));
    }
    std::this_thread::sleep_for(std::chrono::seconds(3));
    stop = true;
    for (const auto& one : all) count += one->Wait();
  });
  const double rate = static_cast<double>(count) / seconds;
  Row(name, Text("%.0f records/s", rate));
  const double server = bed.server().CpuSeconds() - server_before;
  const double own = OwnCpuSeconds() - own_before;
  Row(name + ": processor time, server",
      Text("%.1f us/record", server * 1e6 / static_cast<double>(count)));
  Row(name + ": processor time, client",
      Text("%.1f us/record", own * 1e6 / static_cast<double>(count)));
  Row(name + ": the disk", Text("%.0f syncs/s", syncs));
  Row(name + ": records per sync of the disk", Text("%.1f", rate / syncs));
  bed.Stop();
}

int Serve(const Options& options, const std::string& data) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  ServerOptions server{.data_dir = data,
                       .listen = "127.0.0.1:0",
                       .http = "127.0.0.1:0",
                       .memory_bytes = std::stoull(options.memory),
                       .tls_cert = options.tls_cert,
                       .tls_key = options.tls_key};
  if (!options.index) server.index_batch = 0;
  auto running = Need(Server::Start(server));
  std::cout << "ready grpc=" << running->grpc_address() << " \n" << std::flush;
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

int Run(Options options) {
  const std::vector<Hash> records = RandomHashes(options.records, 1);
  std::printf("kernel: %s\n\n| figure | value |\n|---|---|\n", Sha256Kernels()[0].name);
  Bulk(options, "one client", 1, 1, false, records);
  Bulk(options, "4 clients, one log", 4, 1, false, records);
  Bulk(options, "4 clients, 4 logs", 4, 4, false, records);
  Bulk(options, "4 clients, 256 logs", 4, 256, false, records);
  options.tls_cert = options.dir + "/tls.pem";
  options.tls_key = options.dir + "/tls.key";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
      "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout " +
      options.tls_key + " -out " + options.tls_cert + " 2>/dev/null";
  if (std::system(make.c_str()) == 0) {
    Bulk(options, "one client, TLS", 1, 1, true, records);
  }
  Unbatched(options, 64, records);
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::Options options;
  options.program = std::filesystem::read_symlink("/proc/self/exe");
  std::string serve;
  CLI::App app("The append path over loopback, server and client each a process.");
  app.add_option("records", options.records, "random hashes to append, at least 1000")
      ->check(CLI::Range(size_t{1000}, size_t{1} << 33))
      ->capture_default_str();
  app.add_option("dir", options.dir, "where to (default: a new one under /tmp)");
  app.add_option("--memory", options.memory, "the server's, in bytes")
      ->capture_default_str();
  app.add_option("--only", options.only, "only the row of this name");
  app.add_flag("--index", options.index, "the server indexes meanwhile");
  app.add_option("--serve", serve, "only serve from this directory");
  app.add_option("--tls-cert", options.tls_cert, "with --serve");
  app.add_option("--tls-key", options.tls_key, "with --serve");
  CLI11_PARSE(app, argc, argv);
  if (!serve.empty()) return setlog::Serve(options, serve);
  const bool temporary = options.dir.empty();
  char name[] = "/tmp/setlog-bench-XXXXXX";
  if (temporary) options.dir = mkdtemp(name);
  const int result = setlog::Run(options);
  if (temporary) std::filesystem::remove_all(options.dir);
  return result;
}
