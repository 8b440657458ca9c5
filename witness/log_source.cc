#include "witness/log_source.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/static_files.h"
#include "port/loopback.h"

namespace setlog {
namespace {

constexpr std::string_view kPlain = "grpc://";
constexpr std::string_view kTls = "grpcs://";
// So that a log which hangs cannot hold up a stop, nor a request its answer for long.
// Of a stream of entries each message may take as long. Files may be read in many
// pieces for one call.
constexpr std::chrono::milliseconds kLongestCall(4000);
constexpr std::chrono::milliseconds kLongestFileCall(6000);

absl::Status Invalid(const Policy::Log& log, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("--logs: %s: %s", log.key.name, why));
}

// The flags of a connection to `url`.
absl::StatusOr<ConnectionOptions> For(const Policy::Log& log,
                                      ConnectionOptions options) {
  const std::string& url = log.url;
  options.address = url;
  if (url.starts_with(kTls)) {
    options.address = url.substr(kTls.size());
    options.tls = true;
    options.insecure_plaintext = false;
    return options;
  }
  options.tls = false;
  options.ca_file.clear();
  if (url.starts_with("unix:")) return options;
  if (url.starts_with(kPlain)) {
    options.address = url.substr(kPlain.size());
    const std::string host = options.address.substr(0, options.address.rfind(':'));
    if (IsLoopback(host) || options.insecure_plaintext) return options;
    return Invalid(log, absl::StrFormat("%s is not loopback: write grpcs://, or give "
                                        "--insecure-plaintext",
                                        url));
  }
  if (url.empty()) {
    return Invalid(log,
                   "to be audited it needs an address behind its key, like "
                   "grpcs://HOST:PORT; a witness with --light needs none");
  }
  return Invalid(log, absl::StrFormat("%s is neither grpc://HOST:PORT nor "
                                      "grpcs://HOST:PORT, unix:PATH, https:// or "
                                      "http://",
                                      url));
}

}  // namespace

LogSource::LogSource(Connection connection)
    : server_(std::make_unique<Connection>(std::move(connection))) {
  server_->LimitCalls(kLongestCall);
}

absl::StatusOr<LogSource> LogSource::Open(const Policy::Log& log,
                                          ConnectionOptions options) {
  if (IsUrl(log.url)) {
    absl::StatusOr<StaticConnection> files = StaticConnection::Open(
        log.url, {.ca_file = options.ca_file, .retry_for = options.retry_for});
    if (!files.ok()) return Invalid(log, std::string(files.status().message()));
    LogSource source;
    source.files_ = std::make_unique<StaticConnection>(*std::move(files));
    source.files_->connection().LimitCalls(kLongestFileCall);
    return source;
  }
  absl::StatusOr<ConnectionOptions> where = For(log, std::move(options));
  if (!where.ok()) return where.status();
  absl::StatusOr<Connection> connection = Connection::Open(*where);
  if (!connection.ok()) {
    return Invalid(log, std::string(connection.status().message()));
  }
  return LogSource(*std::move(connection));
}

}  // namespace setlog
