#include "tools/log_session.h"

#include <chrono>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "log/successor.h"
#include "tools/known_conviction.h"
#include "tools/print_conviction.h"
#include "tools/units.h"

namespace setlog {

absl::StatusOr<Connection> Connect(const ServerFlags& flags) {
  const std::chrono::microseconds retry_for(flags.retry_for_us);
  return Connection::Open(
      {.address = flags.address,
       .tls = flags.tls,
       .insecure_plaintext = flags.insecure_plaintext,
       .ca_file = flags.ca_file,
       .client_cert_file = flags.client_cert_file,
       .client_key_file = flags.client_key_file,
       .token_file = flags.token_file,
       .retry_for = std::chrono::duration_cast<std::chrono::milliseconds>(retry_for)});
}

namespace {

// gRPC does not say that the other side spoke TLS, or why a handshake failed.
std::string_view TlsHint(const std::string& message, const ServerFlags& flags) {
  const bool tls =
      flags.tls || !flags.ca_file.empty() || !flags.client_cert_file.empty();
  if (!tls && message.find("onnection refused") == message.npos) {
    return ". If it speaks TLS: --ca FILE or --tls";
  }
  if (tls && (message.find("andshake") != message.npos ||
              message.find("ocket closed") != message.npos)) {
    return ". If it does run: --ca must name the authority of its certificate, the "
           "certificate must be for the host in --server, and a server with "
           "--client-ca wants --client-cert and --client-key";
  }
  return "";
}

constexpr const char* kExplained = "setlog-explained";

bool IsExplained(const absl::Status& status) {
  return status.GetPayload(kExplained).has_value();
}

}  // namespace

absl::Status Explained(absl::StatusCode code, std::string words) {
  absl::Status status(code, words);
  status.SetPayload(kExplained, absl::Cord());
  return status;
}

std::string WithRemedy(const absl::Status& status, const ServerFlags& flags) {
  const std::string message(status.message());
  if (IsExplained(status)) return message;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return absl::StrFormat(
          "no answer from %s for %s: is setlogd running there? --server or "
          "SETLOG_SERVER names another one%s (%s)",
          flags.address, FormatDuration(flags.retry_for_us), TlsHint(message, flags),
          message);
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrFormat("%s did not answer in time: try again (%s)", flags.address,
                             message);
    case absl::StatusCode::kResourceExhausted:
      // Nothing that passes while one waits: a budget that is spent.
      if (!MayPass(status)) return absl::StrFormat("%s: %s", flags.address, message);
      return absl::StrFormat("%s is too busy: try again (%s)", flags.address, message);
    case absl::StatusCode::kUnauthenticated:
      return absl::StrFormat(
          "%s: %s%s", flags.address, message,
          flags.token_file.empty() ? " (or name it in SETLOG_TOKEN_FILE)" : "");
    case absl::StatusCode::kPermissionDenied:
      return absl::StrFormat("%s refuses: %s", flags.address, message);
    default:
      return message.empty() ? status.ToString() : message;
  }
}

absl::StatusOr<StaticConnection> ConnectToFiles(const std::string& from,
                                                const ServerFlags& flags) {
  if (flags.named) {
    return absl::InvalidArgumentError(
        "--from and --server are both given: ask the files or the server");
  }
  const std::chrono::microseconds retry_for(flags.retry_for_us);
  return StaticConnection::Open(
      from,
      {.ca_file = flags.ca_file,
       .retry_for = std::chrono::duration_cast<std::chrono::milliseconds>(retry_for)});
}

std::string WithFilesRemedy(const absl::Status& status, const std::string& from,
                            const ServerFlags& flags) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return absl::StrFormat("no answer for %s: try again, or another mirror (%s)",
                             FormatDuration(flags.retry_for_us), message);
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrFormat("%s did not answer in time: try again (%s)", from,
                             message);
    default:
      return message.empty() ? status.ToString() : message;
  }
}

absl::StatusOr<LogSession> LogSession::Open(Session& session, const TrustFlags& trust,
                                            std::string origin,
                                            LogSessionOptions options) {
  absl::StatusOr<Trust> named = NamedTrust(trust);
  if (!named.ok()) return named.status();
  absl::StatusOr<std::string> path =
      options.home.empty() ? StateDirectory::DefaultPath() : std::move(options.home);
  if (!path.ok()) return path.status();
  absl::StatusOr<StateDirectory> state = StateDirectory::Open(*std::move(path));
  if (!state.ok()) return state.status();

  if (options.without_quorum && named->policy) named->policy->quorum.reset();
  LogSession log(&session, trust);
  log.state_ = std::make_unique<StateDirectory>(*std::move(state));
  log.server_ = options.server.value_or(session.server);
  log.from_ = options.from;
  if (options.from.empty()) {
    absl::StatusOr<Connection> connection = Connect(log.server_);
    if (!connection.ok()) return connection.status();
    log.connection_ = std::make_unique<Connection>(*std::move(connection));
  } else {
    absl::StatusOr<StaticConnection> files = ConnectToFiles(options.from, log.server_);
    if (!files.ok()) return files.status();
    log.files_ = std::make_unique<StaticConnection>(*std::move(files));
  }
  log.client_ = std::make_unique<LogClient>(
      &log.connection(), log.state_.get(),
      TrustOptions{
          .origin = std::move(origin),
          .key = std::move(named->log_key),
          .policy = std::move(named->policy),
          .trust_on_first_use = options.trust_on_first_use && options.from.empty(),
          .use_stored_policy = trust.verdict});
  // Who writes is warned; a verdict is no longer one.
  const bool convicted =
      WarnIfConvicted(*log.state_, log.client_->origin(), session.out);
  session.convicted |= convicted && trust.verdict;
  return log;
}

absl::StatusOr<VerifiedHead> LogSession::Head(const At& at, const Demands& demands) {
  absl::StatusOr<VerifiedHead> head = client_->Head(at, WithFreshness(demands, trust_));
  if (head.ok()) NoteFirstUse(*head);
  return head;
}

void LogSession::NoteFirstUse(const VerifiedHead& head) {
  if (!head.learnt) return;
  session_->out.Note(absl::StrFormat(
      "first use of %s: its key was taken from %s and is not pinned.\n"
      "  fingerprint %s\n"
      "  Compare it with the owner's; to pin it: setlog trust add %s --key %s",
      origin(), server_.address, Fingerprint(head.version.log_key), origin(),
      FormatVkey(head.version.log_key)));
}

void LogSession::NoteSuccessor(std::string_view tag) {
  const std::optional<VerifierKey> key = SuccessorNamed(tag);
  if (!key || successor_noted_) return;
  successor_noted_ = true;
  session_->out.Note(absl::StrFormat(
      "note: this log goes on as %s (setlog trust follow %s)", key->name, origin()));
}

std::string LogSession::Explain(const absl::Status& status) {
  if (IsExplained(status)) return std::string(status.message());
  if (files_) return WithFilesRemedy(status, from_, server_);
  if (!absl::IsNotFound(status)) return WithRemedy(status, server_);
  // The log itself, or something of it?
  v1::GetLogRequest request;
  request.set_origin(origin());
  const absl::StatusOr<v1::GetLogResponse> log =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::GetLog, request);
  if (absl::IsNotFound(log.status())) {
    return absl::StrFormat(
        "log %s does not exist on %s, or is private and wants --token-file FILE: "
        "create "
        "it with `setlog init %s --scheme ...`, or see `setlog logs`",
        origin(), server_.address, origin());
  }
  return std::string(status.message());
}

ExitCode LogSession::CodeOf(const absl::Status& status) const {
  return client_->conviction() ? ExitCode::kMisbehaviour : ForStatus(status);
}

ExitCode LogSession::Fail(const absl::Status& status) {
  Output& out = session_->out;
  const std::optional<Conviction>& found = client_->conviction();
  if (found) {
    const auto known = state_->Load(found->misbehaviour.origin);
    const bool pinned = known.ok() && *known && (*known)->pinned;
    return PrintConviction(*found, pinned, status, Json::object(), out);
  }
  out.Error(Explain(status));
  return ForStatus(status);
}

}  // namespace setlog
