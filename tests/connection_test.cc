#include "client/connection.h"

#include <grpcpp/grpcpp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>

#include "absl/strings/str_format.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

// A key and a certificate for localhost that it signs itself.
struct Identity {
  std::string key_pem;
  std::string cert_pem;
};

std::string Drain(BIO* bio) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

Identity MakeIdentity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1,
                             -1, 0);
  X509_set_issuer_name(cert, name);
  for (const auto& [nid, value] :
       {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
        std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(cert, key, EVP_sha256());
  BIO* key_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  BIO* cert_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(cert_bio, cert);
  X509_free(cert);
  EVP_PKEY_free(key);
  return {Drain(key_bio), Drain(cert_bio)};
}

// Answers only those who bring its token.
class TokenReader final : public v1::Reader::Service {
 public:
  grpc::Status ListLogs(grpc::ServerContext* context, const v1::ListLogsRequest*,
                        v1::ListLogsResponse*) override {
    const auto found = context->client_metadata().find("authorization");
    if (found == context->client_metadata().end()) {
      return {grpc::StatusCode::UNAUTHENTICATED, "no token"};
    }
    const std::string token(found->second.data(), found->second.size());
    if (token != "Bearer secret") return {grpc::StatusCode::PERMISSION_DENIED, token};
    return grpc::Status::OK;
  }
};

class ConnectionTest : public testing::Test {
 protected:
  // The TCP address that it listens at, if it does.
  std::string Serve(const std::string& address,
                    const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, credentials, &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    // Not localhost: looking that up leaks ten bytes in Debian's c-ares.
    return absl::StrFormat("127.0.0.1:%d", port_);
  }
  static absl::Status Ask(const ConnectionOptions& options) {
    const absl::StatusOr<Connection> connection = Connection::Open(options);
    if (!connection.ok()) return connection.status();
    return connection
        ->Call(connection->reader(), &v1::Reader::Stub::ListLogs, v1::ListLogsRequest())
        .status();
  }
  std::string File(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  TempDir dir_;
  TokenReader service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(ConnectionTest, AddressesAreCheckedBeforeTheyAreUsed) {
  for (const char* good :
       {"localhost:1", "127.0.0.1:65535", "[::1]:7070", "unix:/tmp/socket",
        "unix:relative", "data.example.org:443"}) {
    EXPECT_OK(Connection::Open({.address = good})) << good;
  }
  for (const char* bad :
       {"", ":", "localhost", "localhost:", "localhost:0", "localhost:65536",
        "localhost:07070", ":7070", "::1:7070", "[::1:7070", "http://localhost:7070",
        "xds:///a:1", "unix:", "a b:1", "localhost:+1"}) {
    EXPECT_EQ(Connection::Open({.address = bad}).status().code(),
              StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST_F(ConnectionTest, TheTokenIsTheFirstLineOfItsFile) {
  const std::string address = Serve("127.0.0.1:0", grpc::InsecureServerCredentials());
  EXPECT_STATUS(Ask({.address = address}), StatusCode::kUnauthenticated, "no token");
  EXPECT_OK(Ask({.address = address, .token_file = File("token", "secret\n")}));
  EXPECT_OK(Ask({.address = address, .token_file = File("token", "secret\r\nx")}));
  EXPECT_STATUS(Ask({.address = address, .token_file = File("token", "Secret")}),
                StatusCode::kPermissionDenied, "Bearer Secret");
  for (const char* bad : {"", "\nsecret", "a secret"}) {
    EXPECT_STATUS(Ask({.address = address, .token_file = File("token", bad)}),
                  StatusCode::kInvalidArgument, "does not hold a token");
  }
  EXPECT_EQ(Ask({.address = address, .token_file = dir_.path() + "/none"}).code(),
            StatusCode::kNotFound);
}

TEST_F(ConnectionTest, UnixSocketsArePlaintext) {
  const std::string address = "unix:" + dir_.path() + "/socket";
  Serve(address, grpc::InsecureServerCredentials());
  EXPECT_OK(Ask({.address = address, .token_file = File("token", "secret\n")}));
}

TEST_F(ConnectionTest, TlsIsToWhoeverTheAuthorityCertified) {
  const Identity identity = MakeIdentity();
  const Identity stranger = MakeIdentity();
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs = {{identity.key_pem, identity.cert_pem}};
  const std::string address = Serve("127.0.0.1:0", grpc::SslServerCredentials(ssl));
  const std::string token = File("token", "secret\n");
  const milliseconds once{0};
  EXPECT_OK(Ask({.address = address,
                 .ca_file = File("ca", identity.cert_pem),
                 .token_file = token,
                 .retry_for = once}));
  EXPECT_STATUS(Ask({.address = address,
                     .ca_file = File("other", stranger.cert_pem),
                     .token_file = token,
                     .retry_for = once}),
                StatusCode::kUnavailable, "");
  EXPECT_STATUS(Ask({.address = address, .tls = true, .retry_for = once}),
                StatusCode::kUnavailable, "");
  // Loopback is plaintext unless TLS is asked for.
  EXPECT_STATUS(Ask({.address = address, .retry_for = once}), StatusCode::kUnavailable,
                "");
}

TEST_F(ConnectionTest, ServersThatAskForACertificateGetIt) {
  const Identity identity = MakeIdentity();
  const Identity client = MakeIdentity();
  grpc::SslServerCredentialsOptions ssl(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = client.cert_pem;
  ssl.pem_key_cert_pairs = {{identity.key_pem, identity.cert_pem}};
  ConnectionOptions options{
      .address = Serve("127.0.0.1:0", grpc::SslServerCredentials(ssl)),
      .ca_file = File("ca", identity.cert_pem),
      .token_file = File("token", "secret\n"),
      .retry_for = milliseconds(0)};
  EXPECT_STATUS(Ask(options), StatusCode::kUnavailable, "");
  options.client_cert_file = File("cert", client.cert_pem);
  EXPECT_STATUS(Ask(options), StatusCode::kInvalidArgument, "together or not at all");
  options.client_key_file = File("key", client.key_pem);
  EXPECT_OK(Ask(options));
}

TEST_F(ConnectionTest, PlaintextToOtherHostsNeedsItsFlag) {
  Serve("127.0.0.1:0", grpc::InsecureServerCredentials());
  // No loopback address by its name, although it leads to this machine.
  ConnectionOptions options{.address = absl::StrFormat("0.0.0.0:%d", port_),
                            .token_file = File("token", "secret\n"),
                            .retry_for = milliseconds(0)};
  EXPECT_EQ(Ask(options).code(), StatusCode::kUnavailable);
  options.insecure_plaintext = true;
  EXPECT_OK(Ask(options));
  options.tls = true;
  EXPECT_STATUS(Ask(options), StatusCode::kInvalidArgument, "both asked for");
}

TEST_F(ConnectionTest, AServerThatIsNotThereIsUnavailable) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(Ask({.address = "unix:" + dir_.path() + "/nobody",
                 .retry_for = milliseconds(300)})
                .code(),
            StatusCode::kUnavailable);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, milliseconds(300));
  EXPECT_LT(took, milliseconds(3000));
}

}  // namespace
}  // namespace setlog
