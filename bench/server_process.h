// bench/server_process.h -- a server as a process of its own, so that its memory is its
// own.
//
//   ServerProcess server({"build/release/bin/setlogd", "--data", dir, ...});
//   Connect(server.address());           // from its line `ready grpc=ADDRESS ...`
//   server.PeakResidentBytes();
//   server.Stop();                       // SIGTERM, and waits
//
// Anything that goes wrong ends the program with a message.
#ifndef SETLOG_BENCH_SERVER_PROCESS_H_
#define SETLOG_BENCH_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace setlog {

class ServerProcess {
 public:
  // Returns when the ready line is there.
  explicit ServerProcess(std::vector<std::string> arguments);
  ServerProcess(const ServerProcess&) = delete;
  ~ServerProcess() { Stop(); }

  const std::string& address() const { return address_; }
  // So far; the kernel's VmHWM, which includes mapped files.
  uint64_t PeakResidentBytes() const { return StatusBytes("VmHWM:"); }
  // Now; what --memory is about.
  uint64_t AnonymousBytes() const { return StatusBytes("RssAnon:"); }
  // User and system time so far.
  double CpuSeconds() const;
  // That this process caused to be written to the disk so far: /proc/PID/io.
  uint64_t WrittenBytes() const;
  // SIGTERM, and waits.
  void Stop();
  // SIGKILL, and waits.
  void Kill();

 private:
  uint64_t StatusBytes(const char* field) const;

  pid_t pid_ = 0;
  int out_ = -1;
  std::string address_;
};

}  // namespace setlog

#endif  // SETLOG_BENCH_SERVER_PROCESS_H_
