#include "server/server.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "absl/strings/str_format.h"
#include "daemon/event_log.h"
#include "http/http_server.h"
#include "log/sha256.h"
#include "server/access.h"
#include "server/admin_service.h"
#include "server/audit_log.h"
#include "server/budgets.h"
#include "server/build_info.h"
#include "server/checkpoint_door.h"
#include "server/free_space.h"
#include "server/gauges.h"
#include "server/grpc_port.h"
#include "server/head_feed.h"
#include "server/indexer.h"
#include "server/key_files.h"
#include "server/listen.h"
#include "server/log_directory.h"
#include "server/log_pages.h"
#include "server/metrics.h"
#include "server/prover_service.h"
#include "server/reader_service.h"
#include "server/sequencer.h"
#include "server/tokens.h"
#include "server/tree_reader.h"
#include "server/vrf_keys.h"
#include "server/witness_client.h"
#include "server/writer_service.h"
#include "storage/anchored_store.h"

namespace setlog {
namespace {

// A third of --memory may go to rows that are in no run yet, of some 80 bytes, and a
// third more where a batch is in the making: its nodes, those that it replaces, and
// those of the batch before, 250 bytes each time.
constexpr uint64_t kMemoryPerRow = 256;
constexpr uint64_t kMemoryPerBatchEntry = 4096;
constexpr uint64_t kMaxRecentRows = 20'000'000;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
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

// The path of a request without the record of a lookup: it may be the hash of one that
// a private log hides, sent by mistake.
std::string_view WithoutRecord(std::string_view path) {
  constexpr std::string_view kLookup = "/lookup/";
  const size_t at = path.find(kLookup);
  return at == path.npos ? path : path.substr(0, at + kLookup.size());
}

// What became of an HTTP request.
void Tell(const HttpRequest& request, const HttpReply& reply, double seconds,
          Metrics* metrics, EventLog* events) {
  metrics->HttpAnswered(reply.route, reply.status, seconds);
  const LogLevel level = reply.status >= 500 ? LogLevel::kWarn : LogLevel::kDebug;
  if (!events->Wants(level)) return;
  events->Write(
      level, "http",
      {{"path", WithoutRecord(request.path)},
       {"status", uint64_t{reply.status}},
       {"ms", seconds * 1000},
       {"message",
        reply.status < 400
            ? std::string_view()
            : std::string_view(reply.body).substr(0, reply.body.find('\n'))}});
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
  ListenAddress grpc_address;
  ListenAddress http_address;
  std::unique_ptr<FreeSpace> space;
  std::unique_ptr<EventLog> silent;  // if nobody wants to hear
  EventLog* events;
  Metrics metrics;
  const VrfKeys no_keys;
  std::unique_ptr<Store> store;
  std::unique_ptr<TreeReader> reader;
  std::unique_ptr<LogDirectory> logs;
  std::unique_ptr<Sequencer> sequencer;
  std::unique_ptr<Indexer> indexer;
  std::unique_ptr<HeadFeed> feed;
  std::unique_ptr<WitnessClient> witnesses;  // nullptr without a policy
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Access> access;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<Budgets> budgets;
  std::unique_ptr<Answers> answers;
  std::unique_ptr<ExtensionAnswers> extensions;
  std::unique_ptr<ReaderService> reader_service;
  std::unique_ptr<WriterService> writer_service;
  std::unique_ptr<ProverService> prover_service;
  std::unique_ptr<Gauges> gauges;
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<grpc::Server> grpc;
  std::unique_ptr<LogPages> pages;
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
  Limits limits = options.limits;
  // Each open stream has one message.
  limits.chunk_bytes =
      std::min(limits.chunk_bytes, options.memory_bytes / 16 / limits.entry_streams);
  auto parts = std::make_unique<Parts>();
  absl::StatusOr<ListenAddress> listen = ParseListenAddress("--listen", options.listen);
  if (!listen.ok()) return listen.status();
  absl::StatusOr<ListenAddress> http = ParseListenAddress("--http", options.http);
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
      ListenCredentials(options, *listen);
  if (!credentials.ok()) return credentials.status();
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
  absl::StatusOr<std::unique_ptr<Tokens>> tokens =
      Tokens::Open(options.data_dir, NowUs);
  if (!tokens.ok()) return tokens.status();
  parts->tokens = *std::move(tokens);
  parts->access = std::make_unique<Access>(*token, parts->tokens.get());
  absl::StatusOr<std::unique_ptr<AuditLog>> audit =
      AuditLog::Open(options.data_dir + "/audit.log", NowUs);
  if (!audit.ok()) return audit.status();
  parts->audit = *std::move(audit);
  absl::StatusOr<std::unique_ptr<Budgets>> budgets = Budgets::Open(
      options.data_dir, parts->tokens.get(), options.prove_budget, EvenClock());
  if (!budgets.ok()) return budgets.status();
  parts->budgets = *std::move(budgets);

  parts->reader =
      std::make_unique<TreeReader>(parts->store.get(), options.memory_bytes / 16);
  parts->logs = std::make_unique<LogDirectory>(
      options.data_dir, parts->store.get(), parts->reader.get(),
      std::min(options.memory_bytes / kMemoryPerRow, kMaxRecentRows));
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
          .max_queue_bytes = limits.queue_bytes,
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
      Indexer::Options{
          .max_batch = std::min(options.index_batch,
                                options.memory_bytes / kMemoryPerBatchEntry),
          .parallel = std::ref(parts->logs->index_threads()),
          .observe = [=](const LogState& log, std::string_view event) {
            metrics->IndexEvent(event);
            const bool usual = event == "loaded";
            events->Write(usual ? LogLevel::kDebug : LogLevel::kWarn, "index",
                          {{"origin", log.origin()}, {"what", event}});
          }});
  parts->logs->Start(parts->sequencer.get(), parts->indexer.get());
  parts->feed = std::make_unique<HeadFeed>();
  for (HostedLog* log : parts->logs->All()) parts->feed->Follow(&log->state);
  if (options.policy != nullptr) {
    absl::StatusOr<std::unique_ptr<WitnessClient>> witnesses = WitnessClient::Start(
        {.policy = *options.policy,
         .cosigning = {.recosign_us =
                           std::chrono::microseconds(options.recosign).count()},
         .transport = {.ca_file = options.witness_ca,
                       .connect_timeout = options.witness_timeout / 2,
                       .timeout = options.witness_timeout},
         .may_write = may_write},
        {parts->store.get(), parts->reader.get(), parts->logs.get(), events});
    if (!witnesses.ok()) {
      return absl::Status(witnesses.status().code(),
                          absl::StrFormat("--policy: %s", Text(witnesses.status())));
    }
    parts->witnesses = *std::move(witnesses);
  }
  parts->answers = std::make_unique<Answers>(parts->store.get(), parts->reader.get(),
                                             parts->logs.get(), limits);
  parts->extensions =
      std::make_unique<ExtensionAnswers>(parts->store.get(), parts->reader.get(),
                                         parts->logs.get(), limits.extension_values);
  parts->reader_service = std::make_unique<ReaderService>(
      parts->access.get(), parts->logs.get(), parts->answers.get(),
      parts->extensions.get(), parts->feed.get(), limits);
  parts->writer_service = std::make_unique<WriterService>(
      parts->access.get(), parts->audit.get(), parts->logs.get(), parts->answers.get(),
      parts->sequencer.get(), parts->feed.get(), parts->store.get(), limits);
  parts->prover_service = std::make_unique<ProverService>(
      parts->access.get(), parts->audit.get(), parts->budgets.get(), &metrics->prover(),
      KeysOfLogs(parts->logs.get(),
                 options.vrf_keys != nullptr ? options.vrf_keys : &parts->no_keys),
      limits);
  parts->admin_service = std::make_unique<AdminService>(
      parts->access.get(), parts->tokens.get(), parts->audit.get());

  const auto health = [parts = parts.get()] {
    absl::Status status = parts->sequencer->health();
    if (status.ok()) status = parts->indexer->health();
    return status.ok() ? parts->space->Check() : status;
  };
  parts->gauges = std::make_unique<Gauges>(
      Gauges::Sources{.logs = parts->logs.get(),
                      .sequencer = parts->sequencer.get(),
                      .events = events,
                      .witnesses = parts->witnesses.get(),
                      .data_dir = options.data_dir,
                      .health = health,
                      .reserve_bytes = parts->space->reserve_bytes()});

  parts->pages = std::make_unique<LogPages>(parts->access.get(), parts->logs.get(),
                                            parts->answers.get(), parts->reader.get());
  // Before gRPC serves: a failure from here on would leave calls under way.
  absl::StatusOr<std::unique_ptr<HttpServer>> http_server = HttpServer::Start(
      http->host, http->port,
      {.fixed = {{"/healthz", [health] { return HealthReply(health()); }},
                 {"/metrics",
                  [metrics, gauges = parts->gauges.get()] {
                    return HttpReply{.body = metrics->Text(gauges->Read()),
                                     .content_type = Metrics::kContentType,
                                     .compressible = true,
                                     .route = "metrics"};
                  }}},
       .pages = [pages = parts->pages.get()](
                    const HttpRequest& request) { return pages->Answer(request); },
       .answered =
           [=](const HttpRequest& request, const HttpReply& reply, double seconds) {
             Tell(request, reply, seconds, metrics, events);
           },
       .waiting = limits.waiting_old_lookups});
  if (!http_server.ok()) return http_server.status();
  parts->http = *std::move(http_server);
  parts->http_address.port = parts->http->port();

  absl::StatusOr<GrpcPort> port = OpenGrpcPort(
      {.address = *listen,
       .credentials = *std::move(credentials),
       .services = {parts->reader_service.get(), parts->writer_service.get(),
                    parts->prover_service.get(), parts->admin_service.get()},
       .memory_bytes = options.memory_bytes / 4,
       .metrics = &metrics->rpcs(),
       .events = events});
  if (!port.ok()) return port.status();
  parts->grpc = std::move(port->server);
  parts->grpc_address = port->address;

  absl::StatusOr<std::unique_ptr<CheckpointDoor>> door =
      CheckpointDoor::Open(options.data_dir, parts->store.get(), may_write);
  if (door.ok()) {
    parts->door = *std::move(door);
  } else {
    events->Write(LogLevel::kWarn, "no_backups", {{"message", Text(door.status())}});
  }
  const BuildInfo build = GetBuildInfo();
  events->Write(LogLevel::kInfo, "started",
                {{"version", build.version},
                 {"commit", build.commit},
                 {"hashing", Sha256Kernels()[0].name},
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
  parts_->witnesses.reset();
  parts_->indexer.reset();  // before the sequencer, which its last batch needs
  parts_->sequencer.reset();
  parts_->events->Write(LogLevel::kInfo, "stopped", {});
}

std::string Server::grpc_address() const { return parts_->grpc_address.Text(); }
std::string Server::http_address() const { return parts_->http_address.Text(); }

}  // namespace setlog
