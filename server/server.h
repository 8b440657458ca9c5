// server/server.h -- the whole service in one object, for setlogd and for tests.
//
//   absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
//   (*server)->grpc_address();       // "127.0.0.1:41234" or "unix:PATH"
//   server->reset();                 // drains, then stops
#ifndef SETLOG_SERVER_SERVER_H_
#define SETLOG_SERVER_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/budget.h"
#include "server/limits.h"

namespace setlog {

class EventLog;
class VrfKeys;
struct Policy;

constexpr uint64_t kDefaultMinFreeBytes = uint64_t{256} << 20;

struct ServerOptions {
  std::string data_dir;
  std::string listen = "127.0.0.1:7070";  // HOST:PORT (port 0 = any) or unix:PATH
  std::string http = "127.0.0.1:7071";
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string anchor_path;  // empty: DIR/anchor
  // The commit to go on from although the anchor is ahead of it, missing or unreadable
  // (storage/anchored_store.h). What is lost is said as events.
  std::optional<uint64_t> accept_rollback;
  // Writes are refused while a disk has less room than this.
  uint64_t min_free_bytes = kDefaultMinFreeBytes;
  // PEM files. Without them only loopback and unix sockets may be listened on, unless
  // insecure_plaintext says that somebody decided otherwise.
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  bool insecure_plaintext = false;
  // Where the server says what happens; must outlive it. nullptr: nowhere.
  EventLog* events = nullptr;
  // Witnesses that are asked to cosign every head, and their quorum; must outlive
  // Start. nullptr: nobody is asked.
  const Policy* policy = nullptr;
  // Of the private logs whose queries are answered here; must outlive the server.
  // nullptr: of none.
  const VrfKeys* vrf_keys = nullptr;
  Budget prove_budget = kDefaultBudget;  // of tokens that have none of their own
  std::string witness_ca;                // PEM; empty: the system's authorities
  std::chrono::milliseconds recosign = std::chrono::hours(1);
  std::chrono::milliseconds witness_timeout{10000};  // of one request
  unsigned tls_reload_seconds = 60;  // how often the PEM files are looked at
  Limits limits;
  // Entries that are indexed at a time; 0: none ever, to measure the log alone.
  uint64_t index_batch = uint64_t{1} << 20;
};

// The smallest and the default budget for anonymous memory.
constexpr uint64_t kMinMemoryBytes = uint64_t{256} << 20;
// A quarter of this machine's memory, at most 2 GiB.
uint64_t DefaultMemoryBytes();

class Server {
 public:
  // Returns when both ports answer and admin.token exists. Errors name the file or flag
  // and what helps.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  // Lets calls under way end for a few seconds, commits what is queued, writes index
  // snapshots and closes the store.
  ~Server();

  std::string grpc_address() const;
  std::string http_address() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_SERVER_H_
