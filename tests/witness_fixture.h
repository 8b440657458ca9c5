// tests/witness_fixture.h -- a witness of ours, logs in memory that it is asked about,
// and a client that posts what it is told to.
//
//   TEST_F(WitnessTest, ...) {
//     Start();                                   // of the log kOrigin, light
//     EXPECT_EQ(Post(Request(0, 2)).status, 200);
//   }
#ifndef SETLOG_TESTS_WITNESS_FIXTURE_H_
#define SETLOG_TESTS_WITNESS_FIXTURE_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_server.h"
#include "log/cosignature.h"
#include "log/witness_request.h"
#include "temp_dir.h"
#include "testing.h"
#include "witness/witness.h"

namespace setlog {

inline constexpr char kOrigin[] = "example.org/a";

struct HttpAnswered {
  int status = 0;  // 0: the connection ended without an answer
  std::string headers;
  std::string body;
};

// Sends `request` as it is, one connection each time.
inline HttpAnswered Exchange(const std::string& address, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  HttpAnswered answer;
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    while (true) {
      const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<size_t>(got));
    }
  }
  close(fd);
  const size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return answer;
  answer.status = std::stoi(text.substr(9, 3));
  answer.headers = text.substr(0, end + 2);
  answer.body = text.substr(end + 4);
  return answer;
}
inline HttpAnswered HttpPost(const std::string& address, const std::string& body,
                             const std::string& path = "/add-checkpoint") {
  return Exchange(address, "POST " + path +
                               " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                               "Content-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body);
}
inline HttpAnswered HttpGet(const std::string& address, const std::string& path) {
  return Exchange(address,
                  "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() { server_.Create(kOrigin); }

  FakeLog& log() { return server_.log(); }
  static SigningKey Key() {
    return MakeSigningKey(
               "witness.example/w",
               Ed25519PrivateKey::FromSeed(Sha256(AsBytes("witness"))).value())
        .value();
  }
  static VerifierKey Vkey() { return Key().Verifier(SignatureType::kCosignature); }

  WitnessOptions Options() {
    WitnessOptions options;
    options.directory = dir_.path() + "/state";
    options.logs = {{log().key(), ""}};
    options.light = true;
    options.listen = "127.0.0.1:0";
    options.events = &events_;
    return options;
  }
  // Stops the one before.
  void Start(WitnessOptions options) {
    witness_.reset();
    absl::StatusOr<std::unique_ptr<Witness>> witness =
        Witness::Start(std::move(options), Key());
    ASSERT_OK(witness);
    witness_ = *std::move(witness);
  }
  void Start() { Start(Options()); }

  HttpAnswered Post(const std::string& body) {
    return HttpPost(witness_->http_address(), body);
  }
  HttpAnswered Get(const std::string& path) {
    return HttpGet(witness_->http_address(), path);
  }
  // As an honest client asks.
  static std::string Request(FakeLog& log, uint64_t old_size, uint64_t size) {
    std::vector<Hash> proof;
    if (old_size > 0 && old_size < size) proof = log.tree().Proof(old_size, size);
    return *FormatAddCheckpoint({old_size, proof, log.NoteAt(size)});
  }
  std::string Request(uint64_t old_size, uint64_t size) {
    return Request(log(), old_size, size);
  }
  // 200 with our cosignature of the log's head of this size.
  static void ExpectCosigned(const HttpAnswered& answer, FakeLog& log, uint64_t size) {
    ASSERT_EQ(answer.status, 200) << answer.body;
    const Note note = ParseNote(log.NoteAt(size)).value();
    EXPECT_OK(ReadCosignature(note.text, answer.body, Vkey()));
  }
  std::string Figure(const std::string& name) {
    const std::string text = Get("/metrics").body;
    const size_t at = text.find("\n" + name);
    if (at == text.npos) return "";
    const size_t begin = text.find(' ', at) + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::string OriginFigure(const std::string& name) {
    return Figure(name + "{origin=\"" + kOrigin + "\"}");
  }
  std::vector<std::string> events() const { return lines_; }

  TempDir dir_;
  FakeServer server_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  EventLog events_{LogLevel::kInfo, LogFormat::kKeyValue, [this](const std::string& l) {
                     const std::lock_guard lock(mutex_);
                     lines_.push_back(l);
                     return true;
                   }};
  std::unique_ptr<Witness> witness_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_WITNESS_FIXTURE_H_
