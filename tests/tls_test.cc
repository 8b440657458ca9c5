// TLS and client certificates over real sockets, with certificates made by openssl.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "client/log_client.h"
#include "process.h"
#include "server/listen.h"
#include "server/server.h"
#include "temp_dir.h"
#include "testing.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

constexpr char kOpenssl[] = "/usr/bin/openssl";

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    Authority("ca");
    Authority("foreign-ca");
    Leaf("server", "ca", "subjectAltName=IP:127.0.0.1,DNS:log.example.org");
    options_ = {.data_dir = Path("data"),
                .listen = "127.0.0.1:0",
                .http = "127.0.0.1:0",
                .memory_bytes = kMinMemoryBytes,
                .tls_cert = Path("server.pem"),
                .tls_key = Path("server.key"),
                .tls_reload_seconds = 1};
  }
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  void Openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kOpenssl);
    const ProcessResult result = RunProcess(std::move(arguments));
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  // NAME.pem and NAME.key.
  void Authority(const std::string& name) {
    Openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-subj", "/CN=" + name, "-keyout",
             Path(name + ".key"), "-out", Path(name + ".pem")});
  }
  void Leaf(const std::string& name, const std::string& ca,
            const std::string& extension) {
    Openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=" + name, "-keyout", Path(name + ".key"), "-out",
             Path(name + ".csr")});
    std::ofstream(Path(name + ".ext")) << extension << "\n";
    Openssl({"x509", "-req", "-in", Path(name + ".csr"), "-CA", Path(ca + ".pem"),
             "-CAkey", Path(ca + ".key"), "-CAcreateserial", "-days", "1", "-extfile",
             Path(name + ".ext"), "-out", Path(name + ".pem")});
  }
  void Start() {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options_);
    ASSERT_OK(server);
    server_ = *std::move(server);
  }
  absl::Status Refused() {
    const absl::Status status = Server::Start(options_).status();
    EXPECT_FALSE(std::filesystem::exists(Path("data"))) << "nothing was touched";
    return status;
  }
  absl::Status Ask(ConnectionOptions options) {
    if (options.address.empty()) options.address = server_->grpc_address();
    options.retry_for = milliseconds(0);
    const absl::StatusOr<Connection> connection = Connection::Open(options);
    if (!connection.ok()) return connection.status();
    return ListLogs(*connection).status();
  }

  TempDir dir_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, OnlyTheRightAuthorityAndNameAreTrusted) {
  Start();
  EXPECT_OK(Ask({.address = "", .ca_file = Path("ca.pem")}));
  EXPECT_STATUS(Ask({.address = "", .ca_file = Path("foreign-ca.pem")}),
                StatusCode::kUnavailable, "");
  EXPECT_STATUS(Ask({.address = "", .tls = true}), StatusCode::kUnavailable, "");
  // The certificate is for 127.0.0.1.
  options_.listen = "127.0.0.2:0";
  options_.data_dir = Path("data2");
  Start();
  EXPECT_STATUS(Ask({.address = "", .ca_file = Path("ca.pem")}),
                StatusCode::kUnavailable, "");
}

TEST_F(TlsTest, PlaintextToATlsServerIsToldWhatIsMissing) {
  Start();
  const absl::Status status = Ask({.address = ""});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(WithRemedy(status, {.address = server_->grpc_address()}),
              testing::HasSubstr("If it speaks TLS: --ca FILE or --tls"));
  const absl::Status foreign = Ask({.address = "", .ca_file = Path("foreign-ca.pem")});
  EXPECT_THAT(WithRemedy(foreign, {.ca_file = "foreign-ca.pem"}),
              testing::HasSubstr("--ca must name the authority"));
}

TEST_F(TlsTest, TheClientsCertificateMustComeFromTheClientCa) {
  Leaf("client", "ca", "extendedKeyUsage=clientAuth");
  Leaf("foreign", "foreign-ca", "extendedKeyUsage=clientAuth");
  options_.client_ca = Path("ca.pem");
  Start();
  EXPECT_STATUS(Ask({.address = "", .ca_file = Path("ca.pem")}),
                StatusCode::kUnavailable, "");
  EXPECT_STATUS(Ask({.address = "",
                     .ca_file = Path("ca.pem"),
                     .client_cert_file = Path("foreign.pem"),
                     .client_key_file = Path("foreign.key")}),
                StatusCode::kUnavailable, "");
  EXPECT_OK(Ask({.address = "",
                 .ca_file = Path("ca.pem"),
                 .client_cert_file = Path("client.pem"),
                 .client_key_file = Path("client.key")}));
}

TEST_F(TlsTest, ARenewedCertificateIsTakenWithoutARestart) {
  Start();
  EXPECT_STATUS(Ask({.address = "", .ca_file = Path("foreign-ca.pem")}),
                StatusCode::kUnavailable, "");
  Leaf("renewed", "foreign-ca", "subjectAltName=IP:127.0.0.1");
  std::filesystem::rename(Path("renewed.key"), Path("server.key"));
  std::filesystem::rename(Path("renewed.pem"), Path("server.pem"));
  absl::Status taken;
  for (int i = 0; i < 100; ++i) {
    taken = Ask({.address = "", .ca_file = Path("foreign-ca.pem")});
    if (taken.ok()) break;
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_OK(taken);
}

TEST_F(TlsTest, OtherAddressesThanLoopbackWantTls) {
  options_.tls_cert = options_.tls_key = "";
  for (const char* address : {"0.0.0.0:0", "[::]:0", "127.example.org:0",
                              "127.0.0.1.example.org:0", "localhost.example.org:0"}) {
    options_.listen = address;
    EXPECT_STATUS(Refused(), StatusCode::kFailedPrecondition, "--tls-cert");
  }
  options_.listen = "127.0.0.1:0";
  options_.http = "0.0.0.0:0";
  EXPECT_STATUS(Refused(), StatusCode::kFailedPrecondition, "TLS proxy");
  options_.http = "127.0.0.1:0";
  options_.listen = "0.0.0.0:0";
  options_.insecure_plaintext = true;
  Start();
}

TEST_F(TlsTest, MistakesAreFoundAtTheStartAndNamed) {
  const auto refused = [this](const std::string& text) {
    EXPECT_STATUS(Refused(), StatusCode::kFailedPrecondition, text);
  };
  options_.tls_key = Path("ca.key");
  refused(Path("ca.key") + " is not the key of the certificate in " +
          Path("server.pem"));
  options_.tls_key = Path("none.key");
  refused("--tls-key: cannot read " + Path("none.key"));
  options_.tls_key = Path("server.pem");
  chmod(Path("server.pem").c_str(), 0600);
  refused(Path("server.pem") + " holds no private key");
  options_.tls_key = Path("server.key");
  chmod(Path("server.key").c_str(), 0644);
  refused("anybody on this machine can read " + Path("server.key"));
  chmod(Path("server.key").c_str(), 0640);
  options_.tls_cert = Path("server.key");
  refused(Path("server.key") + " holds no certificate");
  options_.tls_cert = Path("server.pem");
  options_.client_ca = Path("server.ext");
  refused("--client-ca: " + Path("server.ext"));
  Openssl({"x509", "-req", "-in", Path("server.csr"), "-CA", Path("ca.pem"), "-CAkey",
           Path("ca.key"), "-days", "-1", "-out", Path("expired.pem")});
  options_.client_ca = "";
  options_.tls_cert = Path("expired.pem");
  refused("the certificate in " + Path("expired.pem") + " has expired");
  options_.tls_cert = "";
  EXPECT_STATUS(Refused(), StatusCode::kInvalidArgument, "go together");
  options_.tls_key = "";
  options_.client_ca = Path("ca.pem");
  EXPECT_STATUS(Refused(), StatusCode::kInvalidArgument, "--client-ca needs");
}

}  // namespace
}  // namespace setlog
