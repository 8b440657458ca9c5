#include "client/connection.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/decimal.h"
#include "log/show_bytes.h"
#include "port/loopback.h"

namespace setlog {
namespace {

// The server's limit on a message is 4 MiB; the rest is slack for a newer server.
constexpr int kMaxMessageBytes = 8 << 20;
constexpr size_t kMaxPemBytes = size_t{4} << 20;
constexpr const char* kSystemRoots = "/etc/ssl/certs/ca-certificates.crt";

struct Address {
  std::string target;  // as gRPC names it
  bool local = false;
};

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  const std::string_view address = text;
  if (address.starts_with("unix:") && address.size() > 5) return Address{text, true};
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  std::optional<uint64_t> port;
  if (colon != address.npos) port = ParseDecimal(address.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535 || host.empty() ||
      host.find_first_of("/ ") != host.npos ||
      (!bracketed && host.find_first_of(":[]") != host.npos)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "server address %s is neither HOST:PORT nor unix:PATH", address));
  }
  return Address{absl::StrFormat("dns:///%s", address), IsLoopback(host)};
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const ConnectionOptions& options, bool local) {
  if (options.client_cert_file.empty() != options.client_key_file.empty()) {
    return absl::InvalidArgumentError(
        "a client certificate and its key are given together or not at all");
  }
  const bool tls_wanted =
      options.tls || !options.ca_file.empty() || !options.client_cert_file.empty();
  if (options.insecure_plaintext && tls_wanted) {
    return absl::InvalidArgumentError("plaintext and TLS are both asked for");
  }
  if (options.insecure_plaintext || (local && !tls_wanted)) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  const auto read = [](const std::string& path, std::string* pem) {
    absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxPemBytes);
    if (bytes.ok()) *pem = *std::move(bytes);
    return bytes.status();
  };
  if (!options.ca_file.empty()) {
    if (absl::Status s = read(options.ca_file, &ssl.pem_root_certs); !s.ok()) return s;
  } else {
    // Without this file gRPC falls back on roots of its own.
    (void)read(kSystemRoots, &ssl.pem_root_certs);
  }
  if (!options.client_cert_file.empty()) {
    absl::Status s = read(options.client_cert_file, &ssl.pem_cert_chain);
    if (s.ok()) s = read(options.client_key_file, &ssl.pem_private_key);
    if (!s.ok()) return s;
  }
  return grpc::SslCredentials(ssl);
}

grpc::ChannelArguments Arguments(bool local) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // gRPC's own pauses between connection attempts, up to two minutes, would outlast a
  // restart of the server; Retry decides how often it is asked.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A connection that died without a word is noticed, also in calls that may be long.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30 * 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 15 * 1000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  if (local) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

// It is printed on somebody's terminal.
bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

// Whoever gives back gRPC's last reference joins its threads, one of which may sleep in
// a poll of ten seconds (gRPC 1.51, the backup poller of its sockets). One reference is
// therefore kept until the process ends, so that a command ends when it is done.
void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  (void)kept;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  std::string message = ShowForeign(status.error_message());
  const auto& trailing = context.GetServerTrailingMetadata();
  if (const auto id = trailing.find("x-request-id"); id != trailing.end()) {
    const std::string_view text(id->second.data(), id->second.size());
    if (IsRequestId(text)) absl::StrAppendFormat(&message, " (request %s)", text);
  }
  // The codes are the same numbers.
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  const auto pushback = trailing.find("grpc-retry-pushback-ms");
  if (pushback == trailing.end()) return result;
  // Anything but a number of milliseconds: never again, says the proposal.
  const std::string text(pushback->second.data(), pushback->second.size());
  const std::optional<uint64_t> wait = ParseDecimal(text);
  constexpr uint64_t kDay = 24 * 3600 * 1000;
  SetPushback(result, std::chrono::milliseconds(
                          wait ? static_cast<int64_t>(std::min(*wait, kDay)) : -1));
  return result;
}

absl::StatusOr<Connection> Connection::Open(const ConnectionOptions& options) {
  absl::StatusOr<Address> address = ParseAddress(options.address);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      Credentials(options, address->local);
  if (!credentials.ok()) return credentials.status();
  std::string token;
  if (!options.token_file.empty()) {
    absl::StatusOr<std::string> bytes = ReadSmallFile(options.token_file, 4096);
    if (!bytes.ok()) return bytes.status();
    token = bytes->substr(0, bytes->find_first_of("\r\n"));
    if (token.empty() || token.find_first_of(" \t") != token.npos) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s does not hold a token in its first line", options.token_file));
    }
  }
  return Connection(grpc::CreateCustomChannel(address->target, *credentials,
                                              Arguments(address->local)),
                    std::move(token), options.retry_for);
}

Connection::Connection(std::shared_ptr<grpc::Channel> channel, std::string token,
                       std::chrono::milliseconds retry_for)
    : reader_(v1::Reader::NewStub(channel)),
      writer_(v1::Writer::NewStub(channel)),
      admin_(v1::Admin::NewStub(channel)),
      prover_(v1::Prover::NewStub(channel)),
      token_(std::move(token)),
      retry_for_(retry_for) {
  KeepGrpc();
}

std::unique_ptr<grpc::ClientContext> Connection::NewContext(
    std::chrono::milliseconds deadline) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!token_.empty()) {
    context->AddMetadata("authorization", absl::StrFormat("Bearer %s", token_));
  }
  if (deadline.count() > 0) {
    context->set_deadline(std::chrono::system_clock::now() +
                          std::min(deadline, longest_call_));
  }
  return context;
}

}  // namespace setlog
