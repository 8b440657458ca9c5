#include "witness/witness.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/state.h"
#include "daemon/listen_address.h"
#include "daemon/metric_families.h"
#include "daemon/process_stats.h"
#include "http/http_server.h"
#include "log/sha256.h"
#include "log/witness_judge.h"
#include "port/mutex.h"
#include "witness/cosigned_heads.h"

namespace setlog {
namespace {

// Sixty-three hashes of a proof and a note of many signatures, some of 3.3 kB.
constexpr size_t kMaxRequestBytes = size_t{256} << 10;
// Each may wait for a replay or a disk.
constexpr unsigned kThreads = 16;
constexpr uint64_t kWaiting = 64;
constexpr char kAddCheckpoint[] = "/add-checkpoint";
constexpr std::string_view kCheckpoint = "/checkpoint";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

double Number(uint64_t value) { return static_cast<double>(value); }

HttpReply ToHttp(WitnessReply reply) {
  return {.status = static_cast<unsigned>(reply.status),
          .body = std::move(reply.body),
          .content_type = std::string(reply.content_type),
          .route = "add-checkpoint",
          .retry_after_s = reply.retry_after_s};
}

}  // namespace

// In order of construction: each may use those above it.
struct Witness::Parts {
  Parts(WitnessOptions given, SigningKey signing_key, CosignedHeads cosigned,
        StateDirectory state_directory)
      : options(std::move(given)),
        key(std::move(signing_key)),
        vkey(FormatVkey(key.Verifier(SignatureType::kCosignature))),
        heads(std::move(cosigned)),
        state(std::move(state_directory)),
        logs({.directory = options.directory,
              .light = options.light,
              .source = options.source,
              .patience = options.patience,
              .poll = options.poll,
              .keep_every = options.keep_every,
              .key = &key,
              .heads = &heads,
              .state = &state,
              .events = options.events}) {}

  const WitnessOptions options;
  const SigningKey key;
  const std::string vkey;
  const CosignedHeads heads;
  const StateDirectory state;
  ListenAddress address;
  WitnessedLogs logs;
  Mutex mutex;
  std::map<unsigned, uint64_t> requests ABSL_GUARDED_BY(mutex);  // by status
  std::unique_ptr<HttpServer> http;

  absl::Status Listen();
  HttpAnswer AddCheckpoint(const HttpRequest& request);
  HttpAnswer Page(const HttpRequest& request);
  HttpReply Health();
  HttpReply Root();
  HttpReply Figures();
  void Answered(const HttpRequest& request, const HttpReply& reply, double seconds);
};

absl::Status Witness::Parts::Listen() {
  HttpServer::Options server;
  server.fixed = {{"/", [this] { return Root(); }},
                  {"/healthz", [this] { return Health(); }},
                  {"/metrics", [this] { return Figures(); }}};
  server.posts[kAddCheckpoint] = {
      .max_body_bytes = kMaxRequestBytes,
      .answer = [this](const HttpRequest& request) { return AddCheckpoint(request); }};
  server.pages = [this](const HttpRequest& request) { return Page(request); };
  server.answered = [this](const HttpRequest& request, const HttpReply& reply,
                           double seconds) { Answered(request, reply, seconds); };
  server.late_threads = kThreads;
  server.waiting = kWaiting;
  absl::StatusOr<std::unique_ptr<HttpServer>> started =
      HttpServer::Start(address.host, address.port, std::move(server));
  if (!started.ok()) return started.status();
  http = *std::move(started);
  address.port = http->port();
  return absl::OkStatus();
}

HttpAnswer Witness::Parts::AddCheckpoint(const HttpRequest& request) {
  std::optional<WitnessedLogs::Held> log;
  auto read = ReadSubmission(request.body, [&](std::string_view origin) {
    const std::optional<WitnessedLogs::Held> found = logs.Find(origin);
    if (!found) return std::span<const VerifierKey>();
    log.emplace(*found);
    return log->log().keys();
  });
  if (const auto* refusal = std::get_if<WitnessRefusal>(&read)) {
    return ToHttp({.status = refusal->status, .body = refusal->why + "\n"});
  }
  SubmittedHead submitted = std::get<SubmittedHead>(std::move(read));
  return LateReply([log = *log, submitted = std::move(submitted)] {
    return ToHttp(log.log().Add(submitted));
  });
}

HttpAnswer Witness::Parts::Page(const HttpRequest& request) {
  const HttpReply missing{.status = 404, .body = "there is no such page\n"};
  std::string_view path = request.path;
  if (!path.starts_with('/') || !path.ends_with(kCheckpoint)) return missing;
  path.remove_prefix(1);
  path.remove_suffix(std::min(path.size(), kCheckpoint.size()));
  const std::optional<WitnessedLogs::Held> log = logs.FindByHash(path);
  if (!log) return missing;
  std::optional<CosignedHead> last = log->log().last();
  if (!last) return HttpReply{.status = 404, .body = "nothing was cosigned yet\n"};
  return HttpReply{
      .body = std::move(last->note), .shared = true, .route = "checkpoint"};
}

HttpReply Witness::Parts::Health() {
  for (const WitnessedLogs::Held& held : logs.All()) {
    const absl::Status health = held.log().figures().health;
    if (!health.ok()) return HealthReply(health);
  }
  return HealthReply(absl::OkStatus());
}

HttpReply Witness::Parts::Root() {
  const std::vector<WitnessedLogs::Held> all = logs.All();
  std::string text =
      absl::StrFormat("A C2SP witness of %d logs%s.\n\n%s\n\n", all.size(),
                      options.light ? ", by their heads alone"
                                    : ": it replays every entry before it cosigns",
                      vkey);
  for (const WitnessedLogs::Held& held : all) {
    const std::string& origin = held.log().origin();
    const WitnessedLog::Figures figures = held.log().figures();
    absl::StrAppendFormat(&text, "%s  ", origin);
    if (figures.refusal) {
      absl::StrAppendFormat(&text, "never again: %s\n", figures.refusal->what);
    } else if (figures.cosigned_size) {
      absl::StrAppendFormat(&text, "size %d  /%s%s\n", *figures.cosigned_size,
                            ToHex(Sha256(AsBytes(origin))), kCheckpoint);
    } else {
      text += "not yet\n";
    }
  }
  return {.body = text};
}

HttpReply Witness::Parts::Figures() {
  MetricFamilies out;
  for (const WitnessedLogs::Held& held : logs.All()) {
    const MetricFamilies::Labels labels = {{"origin", held.log().origin()}};
    const WitnessedLog::Figures figures = held.log().figures();
    const uint64_t cosigned = figures.cosigned_size.value_or(0);
    out.Gauge("setlog_cosigner_cosigned_size", "Size of the head cosigned last",
              Number(cosigned), labels);
    out.Gauge("setlog_cosigner_cosigned_timestamp_seconds", "When that was; 0 = never",
              Number(figures.cosigned_at_s), labels);
    out.Gauge("setlog_cosigner_convicted",
              "1 if the log is never cosigned again, for what it signed",
              figures.refusal ? 1 : 0, labels);
    uint64_t newest = figures.offered_size;
    if (held.follower() != nullptr) {
      const LogFollower::Figures replay = held.follower()->figures();
      newest = std::max(newest, replay.head_size);
      out.Gauge("setlog_cosigner_replayed_size", "Entries replayed",
                Number(replay.replayed_size), labels);
      out.Gauge("setlog_cosigner_replay_kept_size",
                "Entries that a restart need not replay again",
                Number(replay.kept_size), labels);
      out.Gauge("setlog_cosigner_replay_lag_entries",
                "Entries of the largest head known that are not replayed",
                Number(newest - std::min(newest, replay.replayed_size)), labels);
      out.Counter("setlog_cosigner_follow_failures_total",
                  "Looks at the log that did not come to its head",
                  Number(replay.failures), labels);
    }
    out.Gauge("setlog_cosigner_lag_entries",
              "Entries of the largest head known that are not cosigned",
              Number(newest - std::min(newest, cosigned)), labels);
  }
  {
    MutexLock lock(mutex);
    for (const auto& [status, count] : requests) {
      out.Counter("setlog_cosigner_requests_total",
                  "Requests to cosign, by the status of the answer", Number(count),
                  {{"status", std::to_string(status)}});
    }
  }
  out.Counter("setlog_log_lines_dropped_total",
              "Lines of the log that were not written",
              Number(options.events->dropped()));
  const ProcessStats process = ReadProcessStats();
  out.Gauge("process_resident_memory_bytes", "Resident memory",
            Number(process.resident_bytes));
  out.Gauge("process_open_fds", "Open file descriptors", Number(process.open_fds));
  out.Counter("process_cpu_seconds_total", "User and system time", process.cpu_seconds);
  out.Gauge("process_start_time_seconds", "Start of the process, since 1970",
            process.start_time_seconds);
  return {.body = prometheus::TextSerializer().Serialize(out.Take()),
          .content_type = kMetricsType};
}

void Witness::Parts::Answered(const HttpRequest& request, const HttpReply& reply,
                              double seconds) {
  if (request.path != kAddCheckpoint) return;
  {
    MutexLock lock(mutex);
    ++requests[reply.status];
  }
  const LogLevel level =
      reply.status == 200 || reply.status == 409 ? LogLevel::kDebug : LogLevel::kInfo;
  options.events->Write(
      level, "add_checkpoint",
      {{"status", uint64_t{reply.status}},
       {"ms", seconds * 1000},
       {"message",
        reply.status == 200
            ? std::string_view()
            : std::string_view(reply.body).substr(0, reply.body.find('\n'))}});
}

Witness::Witness(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Witness::~Witness() {
  // Nobody is kept waiting for a replay; then requests go before whom they ask.
  parts_->logs.Stop();
  parts_->http.reset();
  parts_->options.events->Write(LogLevel::kInfo, "stopped", {});
}

absl::StatusOr<WitnessedLogs::Changes> Witness::ChangeLogs(
    const std::vector<Policy::Log>& logs) {
  return parts_->logs.Change(logs);
}

std::string Witness::http_address() const { return parts_->address.Text(); }

absl::StatusOr<std::unique_ptr<Witness>> Witness::Start(WitnessOptions options,
                                                        SigningKey key) {
  absl::StatusOr<ListenAddress> address =
      ParseListenAddress("--listen", options.listen);
  if (!address.ok()) return address.status();
  if (address->host.empty()) {
    return absl::InvalidArgumentError("--listen takes HOST:PORT, not a unix socket");
  }
  if (!address->local() && !options.insecure_plaintext) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--listen %s is not loopback: put a TLS proxy before it, or "
                        "give --insecure-plaintext",
                        address->Text()));
  }
  absl::StatusOr<CosignedHeads> heads = CosignedHeads::Open(options.directory);
  if (!heads.ok()) return heads.status();
  absl::StatusOr<StateDirectory> state = StateDirectory::Open(options.directory);
  if (!state.ok()) return state.status();
  auto parts = std::make_unique<Parts>(std::move(options), std::move(key),
                                       *std::move(heads), *std::move(state));
  parts->address = *std::move(address);
  const auto opened = parts->logs.Change(parts->options.logs);
  if (!opened.ok()) return opened.status();
  if (absl::Status s = parts->Listen(); !s.ok()) return s;
  parts->options.events->Write(LogLevel::kInfo, "started",
                               {{"http", parts->address.Text()},
                                {"vkey", parts->vkey},
                                {"logs", uint64_t{parts->logs.size()}},
                                {"mode", parts->options.light ? "light" : "replay"}});
  return std::unique_ptr<Witness>(new Witness(std::move(parts)));
}

}  // namespace setlog
