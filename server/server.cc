#include "server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <mutex>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "server/access.h"
#include "server/build_info.h"
#include "server/checkpoint_door.h"
#include "server/event_log.h"
#include "server/free_space.h"
#include "server/gauges.h"
#include "server/head_feed.h"
#include "server/http.h"
#include "server/indexer.h"
#include "server/key_files.h"
#include "server/log_directory.h"
#include "server/metrics.h"
#include "server/reader_service.h"
#include "server/rpc_observer.h"
#include "server/sequencer.h"
#include "server/tree_reader.h"
#include "server/writer_service.h"
#include "storage/anchored_store.h"

namespace setlog {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
constexpr int kMaxStreamsPerConnection = 1000;
constexpr std::chrono::seconds kDrainTime(5);

struct Address {
  std::string host;  // empty for a unix socket
  uint16_t port = 0;
  std::string unix_path;
  bool local() const {
    return host.empty() || host == "localhost" || host == "::1" ||
           host.substr(0, 4) == "127.";
  }
  std::string Text() const {
    if (host.empty()) return "unix:" + unix_path;
    const bool v6 = host.find(':') != std::string::npos;
    return absl::StrFormat(v6 ? "[%s]:%d" : "%s:%d", host, port);
  }
};

absl::StatusOr<Address> ParseAddress(const char* flag, const std::string& text) {
  Address address;
  if (text.rfind("unix:", 0) == 0 && text.size() > 5) {
    address.unix_path = text.substr(5);
    return address;
  }
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s %s: expected HOST:PORT, as in 127.0.0.1:7070", flag, text));
  }
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  address.port = static_cast<uint16_t>(port);
  return address;
}

absl::StatusOr<std::string> ReadPem(const char* flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: cannot read %s", flag, path));
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(
    const ServerOptions& options, const Address& address) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together");
  }
  if (options.tls_cert.empty()) {
    if (!options.client_ca.empty()) {
      return absl::InvalidArgumentError("--client-ca needs --tls-cert and --tls-key");
    }
    if (!address.local() && !options.insecure_plaintext) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "--listen %s is not loopback: give --tls-cert and --tls-key, or "
          "--insecure-plaintext to send tokens and records in the clear",
          address.Text()));
    }
    return grpc::InsecureServerCredentials();
  }
  absl::StatusOr<std::string> cert = ReadPem("--tls-cert", options.tls_cert);
  if (!cert.ok()) return cert.status();
  absl::StatusOr<std::string> key = ReadPem("--tls-key", options.tls_key);
  if (!key.ok()) return key.status();
  grpc::SslServerCredentialsOptions tls(
      options.client_ca.empty()
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_key_cert_pairs.push_back({*key, *cert});
  if (!options.client_ca.empty()) {
    absl::StatusOr<std::string> ca = ReadPem("--client-ca", options.client_ca);
    if (!ca.ok()) return ca.status();
    tls.pem_root_certs = *ca;
  }
  return grpc::SslServerCredentials(tls);
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

StoreObserver Observe(Metrics* metrics, EventLog* events) {
  return {.committed = [=](auto write, auto anchor) { metrics->Stored(write, anchor); },
          .failed =
              [=](std::string_view operation, const absl::Status& status) {
                metrics->StoreFailed(operation);
                events->Write(LogLevel::kError, "store_error",
                              {{"operation", operation}, {"message", Text(status)}});
              }};
}

// Said once, and never below any level: what somebody decided to do without.
absl::Status TellRollback(const Store& store, const absl::StatusOr<Anchor>& before,
                          EventLog* events) {
  absl::StatusOr<std::vector<LogRecord>> logs = store.Logs();
  if (!logs.ok()) return logs.status();
  const uint64_t commit = store.commit().number;
  const std::string lost =
      before.ok()
          ? absl::StrFormat("commits %u to %u", commit + 1, before->point().number)
          : absl::StrFormat("commits from %u on, if there were any", commit + 1);
  for (const LogRecord& log : *logs) {
    events->Write(LogLevel::kError, "rolled_back",
                  {{"origin", log.origin},
                   {"size", log.head.size},
                   {"commit", commit},
                   {"message", absl::StrFormat(
                                   "entries [%u, ...) that were acknowledged in %s are "
                                   "lost; whoever saw them can prove it",
                                   log.head.size, lost)}});
  }
  return absl::OkStatus();
}

}  // namespace

uint64_t DefaultMemoryBytes() {
  const uint64_t ram = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                       static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::clamp<uint64_t>(ram / 4, kMinMemoryBytes, uint64_t{2} << 30);
}

// In order of construction: each may use those above it.
struct Server::Parts {
  Address grpc_address;
  Address http_address;
  std::unique_ptr<FreeSpace> space;
  std::unique_ptr<EventLog> silent;  // if nobody wants to hear
  EventLog* events;
  Metrics metrics;
  std::unique_ptr<Store> store;
  std::unique_ptr<TreeReader> reader;
  std::unique_ptr<LogDirectory> logs;
  std::unique_ptr<Sequencer> sequencer;
  std::unique_ptr<Indexer> indexer;
  std::unique_ptr<HeadFeed> feed;
  std::unique_ptr<Access> access;
  std::unique_ptr<Answers> answers;
  std::unique_ptr<ReaderService> reader_service;
  std::unique_ptr<WriterService> writer_service;
  std::unique_ptr<Gauges> gauges;
  std::unique_ptr<grpc::Server> grpc;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<CheckpointDoor> door;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  if (options.data_dir.empty())
    return absl::InvalidArgumentError("--data DIR is missing");
  if (options.memory_bytes < kMinMemoryBytes) {
    return absl::InvalidArgumentError("--memory: at least 256MiB are needed");
  }
  auto parts = std::make_unique<Parts>();
  absl::StatusOr<Address> listen = ParseAddress("--listen", options.listen);
  if (!listen.ok()) return listen.status();
  absl::StatusOr<Address> http = ParseAddress("--http", options.http);
  if (!http.ok()) return http.status();
  if (http->host.empty()) {
    return absl::InvalidArgumentError("--http takes HOST:PORT, not a unix socket");
  }
  if (!http->local() && !options.insecure_plaintext) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--http %s is not loopback: put a TLS proxy before it, or give "
                        "--insecure-plaintext",
                        http->Text()));
  }
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      Credentials(options, *listen);
  if (!credentials.ok()) return credentials.status();
  parts->grpc_address = *listen;
  parts->http_address = *http;
  parts->silent = std::make_unique<EventLog>(LogLevel::kError, LogFormat::kKeyValue,
                                             [](const std::string&) { return true; });
  parts->events = options.events != nullptr ? options.events : parts->silent.get();
  EventLog* const events = parts->events;
  Metrics* const metrics = &parts->metrics;

  if (absl::Status s = EnsureDirectory(options.data_dir); !s.ok()) return s;
  const std::string anchor =
      options.anchor_path.empty() ? options.data_dir + "/anchor" : options.anchor_path;
  const absl::StatusOr<Anchor> before = Anchor::Open(anchor);
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenAnchoredStore({.path = options.data_dir + "/store",
                         .memory_bytes = options.memory_bytes / 4,
                         .create_if_missing = true},
                        anchor, options.accept_rollback, Observe(metrics, events));
  if (!store.ok()) return store.status();
  parts->store = *std::move(store);
  if (options.accept_rollback) {
    if (absl::Status s = TellRollback(*parts->store, before, events); !s.ok()) return s;
  }
  const std::string token_path = options.data_dir + "/admin.token";
  const bool had_token = access(token_path.c_str(), F_OK) == 0;
  absl::StatusOr<std::string> token = AdminToken(options.data_dir);
  if (!token.ok()) return token.status();
  if (!had_token && parts->store->commit().number != 0) {
    events->Write(LogLevel::kError, "token_made",
                  {{"file", token_path},
                   {"message",
                    "the admin token was missing, so a new one was made: give it to "
                    "the clients that write"}});
  }
  parts->access = std::make_unique<Access>(*token);

  parts->reader =
      std::make_unique<TreeReader>(parts->store.get(), options.memory_bytes / 16);
  parts->logs = std::make_unique<LogDirectory>(options.data_dir, parts->store.get(),
                                               parts->reader.get());
  if (absl::Status s = parts->logs->Open(); !s.ok()) return s;
  const size_t slash = anchor.find_last_of('/');
  parts->space = std::make_unique<FreeSpace>(
      std::vector<std::string>{options.data_dir, slash == std::string::npos
                                                     ? "."
                                                     : anchor.substr(0, slash + 1)},
      options.min_free_bytes);
  const auto may_write = [space = parts->space.get()] { return space->Check(); };
  parts->sequencer = std::make_unique<Sequencer>(
      parts->store.get(), parts->reader.get(),
      Sequencer::Options{
          .may_write = may_write,
          .committed =
              [=](const CommitReport& report) {
                metrics->Committed(report);
                for (const std::string& origin : report.created) {
                  events->Write(LogLevel::kInfo, "log_created", {{"origin", origin}});
                }
              },
          .stopped =
              [=](const absl::Status& status) {
                events->Write(LogLevel::kError, "writes_stopped",
                              {{"message", Text(status)}});
              }});
  parts->indexer = std::make_unique<Indexer>(
      parts->sequencer.get(), parts->reader.get(),
      Indexer::Options{.may_write = may_write,
                       .observe = [=](const LogState& log, std::string_view event) {
                         metrics->IndexEvent(event);
                         const bool usual = event == "loaded" || event == "snapshot";
                         events->Write(usual ? LogLevel::kDebug : LogLevel::kWarn,
                                       "index",
                                       {{"origin", log.origin()}, {"what", event}});
                       }});
  parts->logs->Start(parts->sequencer.get(), parts->indexer.get());
  parts->feed = std::make_unique<HeadFeed>();
  for (HostedLog* log : parts->logs->All()) parts->feed->Follow(&log->state);
  parts->answers = std::make_unique<Answers>(parts->store.get(), parts->reader.get(),
                                             parts->logs.get());
  parts->reader_service =
      std::make_unique<ReaderService>(parts->answers.get(), parts->feed.get());
  parts->writer_service = std::make_unique<WriterService>(
      parts->access.get(), parts->logs.get(), parts->answers.get(),
      parts->sequencer.get(), parts->feed.get(), parts->store.get());

  parts->gauges =
      std::make_unique<Gauges>(Gauges::Sources{.logs = parts->logs.get(),
                                               .sequencer = parts->sequencer.get(),
                                               .events = events,
                                               .data_dir = options.data_dir});

  static std::once_flag plugins;
  std::call_once(plugins, [] {
    // Kept for ever: giving gRPC's last reference back joins a thread that may sleep
    // for ten seconds, and SIGTERM is to be done by then.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(parts->grpc_address.Text(), *credentials, &port);
  builder.RegisterService(parts->reader_service.get());
  builder.RegisterService(parts->writer_service.get());
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             10 * 1000);
  // Two servers on one port would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("setlogd");
  quota.Resize(options.memory_bytes / 4);
  builder.SetResourceQuota(quota);
  builder.experimental().SetInterceptorCreators(
      NewRpcObserver(&metrics->rpcs(), events));
  parts->grpc = builder.BuildAndStart();
  if (parts->grpc == nullptr || (!listen->host.empty() && port == 0)) {
    return absl::UnavailableError(absl::StrFormat(
        "cannot listen on %s: is the address in use?", parts->grpc_address.Text()));
  }
  parts->grpc_address.port = static_cast<uint16_t>(port);

  absl::StatusOr<std::unique_ptr<HttpServer>> http_server = HttpServer::Start(
      http->host, http->port,
      {{"/healthz",
        [parts = parts.get()] {
          absl::Status health = parts->sequencer->health();
          if (health.ok()) health = parts->indexer->health();
          return HealthReply(health.ok() ? parts->space->Check() : health);
        }},
       {"/metrics", [metrics, gauges = parts->gauges.get()] {
          return HttpReply{200, metrics->Text(gauges->Read()), Metrics::kContentType};
        }}});
  if (!http_server.ok()) return http_server.status();
  parts->http = *std::move(http_server);
  parts->http_address.port = parts->http->port();
  absl::StatusOr<std::unique_ptr<CheckpointDoor>> door =
      CheckpointDoor::Open(options.data_dir, parts->store.get());
  if (door.ok()) {
    parts->door = *std::move(door);
  } else {
    events->Write(LogLevel::kWarn, "no_backups", {{"message", Text(door.status())}});
  }
  const BuildInfo build = GetBuildInfo();
  events->Write(LogLevel::kInfo, "started",
                {{"version", build.version},
                 {"commit", build.commit},
                 {"grpc", parts->grpc_address.Text()},
                 {"http", parts->http_address.Text()},
                 {"data", options.data_dir},
                 {"logs", uint64_t{parts->logs->All().size()}},
                 {"memory_bytes", options.memory_bytes}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  parts_->events->Write(LogLevel::kInfo, "stopping", {});
  if (parts_->grpc != nullptr) {
    // What would go on for ever ends first, or every stop would take the whole drain.
    parts_->feed->Close();
    parts_->sequencer->Close();
    parts_->grpc->Shutdown(std::chrono::system_clock::now() + kDrainTime);
    parts_->grpc->Wait();
  }
  parts_->door.reset();
  parts_->http.reset();
  parts_->feed.reset();
  parts_->indexer.reset();  // before the sequencer, which its last batch needs
  parts_->sequencer.reset();
  parts_->events->Write(LogLevel::kInfo, "stopped", {});
}

std::string Server::grpc_address() const { return parts_->grpc_address.Text(); }
std::string Server::http_address() const { return parts_->http_address.Text(); }

}  // namespace setlog
