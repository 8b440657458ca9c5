#include "subject.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "log/manifest.h"
#include "need.h"

namespace setlog {
namespace {

void MakeCertificate(const std::string& dir) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
      " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout '" +
      dir + "/key.pem' -out '" + dir + "/cert.pem' 2>/dev/null";
  if (std::system(command.c_str()) != 0) {
    Need(absl::UnavailableError("openssl made no certificate"));
  }
}

template <typename Visit>
void EachFile(const std::string& dir, Visit visit) {
  std::error_code error;
  for (auto file = std::filesystem::recursive_directory_iterator(dir, error);
       file != std::filesystem::recursive_directory_iterator(); file.increment(error)) {
    if (file->is_regular_file(error)) visit(file->path());
  }
}

}  // namespace

Subject::Subject(const BenchOptions& options, const std::string& name, bool tls)
    : options_(options),
      dir_(options.dir + "/" + name),
      home_(dir_ + "/home"),
      tls_(tls) {
  std::filesystem::create_directories(dir_);
  if (tls) MakeCertificate(dir_);
  state_ = std::make_unique<StateDirectory>(Need(StateDirectory::Open(home_)));
  Start();
}

Subject::~Subject() {
  connection_.reset();
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void Subject::Start() {
  std::vector<std::string> arguments = {
      options_.setlogd, "--data",      dir_ + "/data", "--listen",     "127.0.0.1:0",
      "--http",         "127.0.0.1:0", "--memory",     options_.memory};
  // A merge may keep a large log from answering for a while: that is to be measured.
  ConnectionOptions connect{.token_file = dir_ + "/data/admin.token",
                            .retry_for = std::chrono::minutes(2)};
  if (tls_) {
    arguments.insert(arguments.end(), {"--tls-cert", dir_ + "/cert.pem", "--tls-key",
                                       dir_ + "/key.pem"});
    connect.ca_file = dir_ + "/cert.pem";
  }
  server_ = std::make_unique<ServerProcess>(std::move(arguments));
  connect.address = server_->address();
  connection_ = std::make_unique<Connection>(Need(Connection::Open(connect)));
  for (auto& [origin, log] : logs_) {
    log = std::make_unique<LogClient>(
        connection_.get(), state_.get(),
        TrustOptions{.origin = origin, .trust_on_first_use = true});
  }
}

void Subject::Stop() {
  connection_.reset();
  server_->Stop();
}

void Subject::Kill() {
  connection_.reset();
  server_->Kill();
}

void Subject::DropPageCache() const {
  sync();  // dirty pages would stay
  EachFile(dir_, [](const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  });
}

uint64_t Subject::DiskBytes() const {
  uint64_t bytes = 0;
  EachFile(dir_ + "/data", [&](const std::filesystem::path& path) {
    struct stat file {};
    if (stat(path.c_str(), &file) == 0) bytes += file.st_blocks * uint64_t{512};
  });
  return bytes;
}

LogClient& Subject::NewLog(const std::string& origin) {
  return NewLog(Manifest{.origin = origin, .scheme = "bytes/1"});
}

LogClient& Subject::NewLog(const Manifest& manifest) {
  const std::string& origin = manifest.origin;
  auto log = std::make_unique<LogClient>(
      connection_.get(), state_.get(),
      TrustOptions{.origin = origin, .trust_on_first_use = true});
  Need(log->CreateLog(Need(FormatManifest(manifest))));
  return *(logs_[origin] = std::move(log));
}

}  // namespace setlog
