// bench/subject.h -- a setlogd of our own, with a fresh data directory and a client.
//
//   Subject subject(options, "plain");
//   LogClient& log = subject.NewLog("bench.example.org/records");
//   Ingest(subject.connection(), records, {...});
//   subject.Stop(); subject.DropPageCache(); subject.Start();    // cold
//
// Anything that goes wrong ends the program. Not thread-safe.
#ifndef SETLOG_BENCH_SUBJECT_H_
#define SETLOG_BENCH_SUBJECT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "client/connection.h"
#include "client/log_client.h"
#include "client/state.h"
#include "log/manifest.h"
#include "server_process.h"

namespace setlog {

struct BenchOptions {
  uint64_t records = 1'000'000;
  std::string dir;
  std::string program;  // this one, for the echo
  std::string setlogd;
  std::string memory = "2GiB";
  size_t calls = 20000;  // in a round of single proofs
  int64_t seconds = 4;   // of what is measured for a time
};

class Subject {
 public:
  // Below options.dir/name. With TLS the certificate is made by the openssl program.
  Subject(const BenchOptions& options, const std::string& name, bool tls = false);
  // Stops it and removes the directory.
  ~Subject();

  void Start();
  void Stop();  // SIGTERM
  void Kill();  // SIGKILL
  // The kernel forgets what it has of the data directory's files. While stopped.
  void DropPageCache() const;

  ServerProcess& server() { return *server_; }
  const Connection& connection() const { return *connection_; }
  // Of files, as the file system counts their blocks.
  uint64_t DiskBytes() const;
  const std::string& home() const { return home_; }

  // Of bytes/1.
  LogClient& NewLog(const std::string& origin);
  LogClient& NewLog(const Manifest& manifest);
  // The same log, after a restart too.
  LogClient& log(const std::string& origin) { return *logs_.at(origin); }

 private:
  const BenchOptions& options_;
  const std::string dir_;
  const std::string home_;
  const bool tls_;
  std::unique_ptr<StateDirectory> state_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Connection> connection_;
  std::map<std::string, std::unique_ptr<LogClient>> logs_;
};

}  // namespace setlog

#endif  // SETLOG_BENCH_SUBJECT_H_
