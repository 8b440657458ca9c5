#include "witness/log_source.h"

#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "port/loopback.h"

namespace setlog {
namespace {

constexpr std::string_view kPlain = "grpc://";
constexpr std::string_view kTls = "grpcs://";

absl::Status Invalid(const Policy::Log& log, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("--logs: %s: %s", log.key.name, why));
}

}  // namespace

absl::StatusOr<Connection> OpenLogSource(const Policy::Log& log,
                                         ConnectionOptions options) {
  const std::string& url = log.url;
  options.address = url;
  if (url.starts_with(kTls)) {
    options.address = url.substr(kTls.size());
    options.tls = true;
    options.insecure_plaintext = false;
  } else if (url.starts_with(kPlain)) {
    options.address = url.substr(kPlain.size());
    const std::string host = options.address.substr(0, options.address.rfind(':'));
    if (!IsLoopback(host) && !options.insecure_plaintext) {
      return Invalid(log, absl::StrFormat("%s is not loopback: write grpcs://, or give "
                                          "--insecure-plaintext",
                                          url));
    }
    options.tls = false;
    options.ca_file.clear();
  } else if (url.starts_with("unix:")) {
    options.tls = false;
    options.ca_file.clear();
  } else {
    return Invalid(log, url.empty()
                            ? "to be audited it needs an address behind its key, like "
                              "grpcs://HOST:PORT; a witness with --light needs none"
                            : absl::StrFormat("%s is neither grpc://HOST:PORT nor "
                                              "grpcs://HOST:PORT nor unix:PATH",
                                              url));
  }
  absl::StatusOr<Connection> connection = Connection::Open(options);
  if (connection.ok()) return connection;
  return Invalid(log, std::string(connection.status().message()));
}

}  // namespace setlog
