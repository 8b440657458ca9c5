#include "server/prover.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daemon/event_log.h"
#include "http/http_server.h"
#include "log/origin.h"
#include "server/access.h"
#include "server/admin_service.h"
#include "server/audit_log.h"
#include "server/budgets.h"
#include "server/build_info.h"
#include "server/grpc_port.h"
#include "server/key_files.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/prover_service.h"
#include "server/tokens.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr uint64_t kMessageMemory = uint64_t{64} << 20;

// A file that one process has locked, for as long as it lives.
class FileLock {
 public:
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return FileError(errno, "open", path);
    auto lock = std::unique_ptr<FileLock>(new FileLock(file));
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
    return absl::FailedPreconditionError(absl::StrFormat(
        "another prover has %s: stop it, or name another --data", path));
  }
  ~FileLock() { close(file_); }

 private:
  explicit FileLock(int file) : file_(file) {}
  const int file_;
};

ProverService::FindKey KeysOf(const std::map<std::string, VrfSecretKey>* keys) {
  return [keys](const std::string& origin) -> absl::StatusOr<const VrfSecretKey*> {
    const auto found = keys->find(origin);
    if (found != keys->end()) return &found->second;
    if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
    return absl::NotFoundError(absl::StrFormat(
        "this prover does not answer for %s: the log's owner knows which one does",
        origin));
  };
}

}  // namespace

// In order of construction: each may use those above it.
struct Prover::Parts {
  ProverOptions options;
  ListenAddress grpc_address;
  ListenAddress http_address;
  std::unique_ptr<FileLock> lock;
  Metrics metrics;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Access> access;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<Budgets> budgets;
  std::unique_ptr<ProverService> prover_service;
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<grpc::Server> grpc;
};

Prover::Prover(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Prover>> Prover::Start(ProverOptions given) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(given);
  const ProverOptions& options = parts->options;
  if (options.keys.empty()) {
    return absl::InvalidArgumentError("no log to answer for: --log and --vrf-key");
  }
  for (const auto& [origin, key] : options.keys) {
    if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
  }
  absl::StatusOr<ListenAddress> listen = ParseListenAddress("--listen", options.listen);
  if (!listen.ok()) return listen.status();
  if (!options.http.empty()) {
    absl::StatusOr<ListenAddress> http = ParseListenAddress("--http", options.http);
    if (!http.ok()) return http.status();
    if (!http->local() || http->host.empty()) {
      return absl::FailedPreconditionError(
          "--http: health and figures are for this machine alone: name a loopback "
          "HOST:PORT");
    }
    parts->http_address = *http;
  }
  ServerOptions tls;
  tls.tls_cert = options.tls_cert;
  tls.tls_key = options.tls_key;
  tls.client_ca = options.client_ca;
  tls.insecure_plaintext = options.insecure_plaintext;
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      ListenCredentials(tls, *listen);
  if (!credentials.ok()) return credentials.status();

  const std::string& dir = options.data_dir;
  if (absl::Status s = EnsureDirectory(dir); !s.ok()) return s;
  if (access((dir + "/store").c_str(), F_OK) == 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "--data %s is a setlogd's: tokens for the one are not for the other. Name "
        "another directory, or give setlogd --vrf-key FILE",
        dir));
  }
  absl::StatusOr<std::unique_ptr<FileLock>> lock = FileLock::Take(dir + "/lock");
  if (!lock.ok()) return lock.status();
  parts->lock = *std::move(lock);
  const auto clock = [] { return absl::ToUnixMicros(absl::Now()); };
  absl::StatusOr<std::string> token = AdminToken(dir);
  if (!token.ok()) return token.status();
  absl::StatusOr<std::unique_ptr<Tokens>> tokens = Tokens::Open(dir, clock);
  if (!tokens.ok()) return tokens.status();
  parts->tokens = *std::move(tokens);
  parts->access = std::make_unique<Access>(*token, parts->tokens.get());
  absl::StatusOr<std::unique_ptr<AuditLog>> audit =
      AuditLog::Open(dir + "/audit.log", clock);
  if (!audit.ok()) return audit.status();
  parts->audit = *std::move(audit);
  absl::StatusOr<std::unique_ptr<Budgets>> budgets =
      Budgets::Open(dir, parts->tokens.get(), options.prove_budget, EvenClock());
  if (!budgets.ok()) return budgets.status();
  parts->budgets = *std::move(budgets);
  Metrics* const metrics = &parts->metrics;
  parts->prover_service = std::make_unique<ProverService>(
      parts->access.get(), parts->audit.get(), parts->budgets.get(), &metrics->prover(),
      KeysOf(&options.keys), options.limits);
  parts->admin_service = std::make_unique<AdminService>(
      parts->access.get(), parts->tokens.get(), parts->audit.get());

  if (!options.http.empty()) {
    absl::StatusOr<std::unique_ptr<HttpServer>> http = HttpServer::Start(
        parts->http_address.host, parts->http_address.port,
        {.fixed = {{"/healthz", [] { return HealthReply(absl::OkStatus()); }},
                   {"/metrics",
                    [metrics] {
                      return HttpReply{.body = metrics->Text({}),
                                       .content_type = Metrics::kContentType,
                                       .compressible = true,
                                       .route = "metrics"};
                    }}},
         .pages = [](const HttpRequest&) -> HttpAnswer {
           return HttpReply{.status = 404, .body = "there is no such page\n"};
         }});
    if (!http.ok()) return http.status();
    parts->http = *std::move(http);
    parts->http_address.port = parts->http->port();
  }
  absl::StatusOr<GrpcPort> port = OpenGrpcPort(
      {.address = *listen,
       .credentials = *std::move(credentials),
       .services = {parts->prover_service.get(), parts->admin_service.get()},
       .memory_bytes = kMessageMemory,
       .metrics = &metrics->rpcs(),
       .events = options.events});
  if (!port.ok()) return port.status();
  parts->grpc = std::move(port->server);
  parts->grpc_address = port->address;
  const BuildInfo build = GetBuildInfo();
  options.events->Write(LogLevel::kInfo, "started",
                        {{"version", build.version},
                         {"commit", build.commit},
                         {"grpc", parts->grpc_address.Text()},
                         {"data", dir},
                         {"logs", uint64_t{options.keys.size()}}});
  return std::unique_ptr<Prover>(new Prover(std::move(parts)));
}

Prover::~Prover() {
  EventLog* const events = parts_->options.events;
  events->Write(LogLevel::kInfo, "stopping", {});
  parts_->grpc->Shutdown(std::chrono::system_clock::now() + kDrainTime);
  parts_->grpc->Wait();
  events->Write(LogLevel::kInfo, "stopped", {});
}

std::string Prover::grpc_address() const { return parts_->grpc_address.Text(); }
std::string Prover::http_address() const {
  return parts_->http == nullptr ? "" : parts_->http_address.Text();
}

}  // namespace setlog
