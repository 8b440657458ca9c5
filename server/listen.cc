#include "server/listen.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

absl::StatusOr<std::unique_ptr<BIO, Free>> ReadPem(const char* flag,
                                                   const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: cannot read %s", flag, path));
  }
  const std::string pem = text.str();
  std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  BIO_write(bio.get(), pem.data(), static_cast<int>(pem.size()));
  return bio;
}

absl::StatusOr<std::unique_ptr<X509, Free>> ReadCertificate(const char* flag,
                                                            const std::string& path) {
  auto bio = ReadPem(flag, path);
  if (!bio.ok()) return bio.status();
  std::unique_ptr<X509, Free> cert(
      PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr));
  if (cert == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: %s holds no certificate in PEM form", flag, path));
  }
  return cert;
}

// gRPC would start with any of these mistakes, and refuse every caller.
absl::Status CheckCertificate(const ServerOptions& options) {
  auto cert = ReadCertificate("--tls-cert", options.tls_cert);
  if (!cert.ok()) return cert.status();
  struct stat info;
  if (stat(options.tls_key.c_str(), &info) == 0 && (info.st_mode & 07) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "--tls-key: anybody on this machine can read %s: if it still is a secret, run "
        "chmod o= on it",
        options.tls_key));
  }
  auto bio = ReadPem("--tls-key", options.tls_key);
  if (!bio.ok()) return bio.status();
  // An encrypted key has no passphrase here, and the callback must not ask for one.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--tls-key: %s holds no private key in PEM form without a "
                        "passphrase",
                        options.tls_key));
  }
  if (X509_check_private_key(cert->get(), key.get()) != 1) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--tls-key: %s is not the key of the certificate in %s",
                        options.tls_key, options.tls_cert));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(cert->get())) < 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--tls-cert: the certificate in %s has expired: clients would "
                        "refuse it",
                        options.tls_cert));
  }
  if (options.client_ca.empty()) return absl::OkStatus();
  return ReadCertificate("--client-ca", options.client_ca).status();
}

}  // namespace

absl::Status CheckUnixSocketFree(const ListenAddress& address) {
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string& path = address.unix_path;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) return absl::OkStatus();
  std::memcpy(name.sun_path, path.data(), path.size());
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return absl::OkStatus();
  const bool answered =
      connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  close(probe);
  if (!answered) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "cannot listen on %s: another server answers there", address.Text()));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ListenCredentials(
    const ServerOptions& options, const ListenAddress& address) {
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
  if (absl::Status s = CheckCertificate(options); !s.ok()) return s;
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.tls_key, options.tls_cert, options.client_ca,
          options.tls_reload_seconds));
  tls.watch_identity_key_cert_pairs();
  if (!options.client_ca.empty()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace setlog
