// tests/scripted_witness.h -- a witness over a real socket that answers as it is told.
//
//   ScriptedWitness witness(key);
//   witness.Do([](const AddCheckpoint&) { return Reply{.status = 500}; });
//   witness.Do(nullptr);             // from now on honest, as C2SP tlog-witness says
//   policy += witness.PolicyLine("w0");
//
// Each connection has its own thread and takes one request. Thread-safe.
#ifndef SETLOG_TESTS_SCRIPTED_WITNESS_H_
#define SETLOG_TESTS_SCRIPTED_WITNESS_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"
#include "log/proof.h"
#include "log/witness_request.h"

namespace setlog {

struct Reply {
  int status = 200;
  std::string body;
  std::string headers;  // lines with CR LF
  enum class Way { kWhole, kHang, kReset, kDrip, kEndless };
  Way way = Way::kWhole;
};

class ScriptedWitness {
 public:
  using Script = std::function<Reply(const AddCheckpoint&)>;

  explicit ScriptedWitness(SigningKey key) : key_(std::move(key)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(listener_, 64);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~ScriptedWitness() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (std::thread& thread : threads_) thread.join();
  }

  void Do(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  // What an honest one has cosigned last; to be set, to let it forget.
  uint64_t size() {
    const std::lock_guard lock(mutex_);
    return last_.size;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    last_ = {};
  }
  std::vector<AddCheckpoint> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string url() const { return absl::StrFormat("http://127.0.0.1:%d", port_); }
  std::string PolicyLine(const std::string& name) const {
    return absl::StrFormat("witness %s %s %s\n", name,
                           FormatVkey(key_.Verifier(SignatureType::kCosignature)),
                           url());
  }
  // As C2SP tlog-witness says; it takes any log's word for its own key.
  Reply Honest(const AddCheckpoint& request) {
    const std::lock_guard lock(mutex_);
    const Note note = ParseNote(request.note).value();
    const Checkpoint head = ParseCheckpoint(note.text).value();
    if (request.old_size != last_.size) {
      return {.status = 409,
              .body = FormatTreeSize(last_.size),
              .headers = "Content-Type: text/x.tlog.size\r\n"};
    }
    if (request.old_size > head.size) return {.status = 400};
    const bool proven = last_.size == 0
                            ? request.proof.empty()
                            : VerifyConsistency(last_.size, head.size, last_.root,
                                                head.root, request.proof)
                                  .ok();
    if (!proven) return {.status = 422};
    last_ = head;
    return {.body = LineBy(key_, note.text)};
  }
  static std::string LineBy(const SigningKey& key, const std::string& text) {
    const auto now_s = static_cast<uint64_t>(std::time(nullptr));
    return FormatSignatureLine(SignCosignature(text, key, now_s).value());
  }

 private:
  void Accept() {
    while (!stopping_) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      threads_.emplace_back([this, connection] { Serve(connection); });
    }
  }

  static std::string ReadRequest(int connection) {
    std::string request;
    char buffer[4096];
    while (true) {
      const size_t end = request.find("\r\n\r\n");
      if (end != request.npos) {
        const size_t at = request.find("Content-Length: ");
        if (at != request.npos &&
            request.size() >= end + 4 + std::stoul(request.substr(at + 16))) {
          return request.substr(end + 4);
        }
      }
      const ssize_t got = recv(connection, buffer, sizeof(buffer), 0);
      if (got <= 0) return "";
      request.append(buffer, static_cast<size_t>(got));
    }
  }

  static bool Send(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Until the other side has had enough, or the test is over.
  void HoldOpen(int connection) const {
    timeval soon{.tv_sec = 0, .tv_usec = 20'000};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
    char byte;
    while (!stopping_ && recv(connection, &byte, 1, 0) != 0) {
    }
  }

  void Serve(int connection) {
    const absl::StatusOr<AddCheckpoint> request =
        ParseAddCheckpoint(ReadRequest(connection));
    if (request.ok()) Answer(connection, *request);
    close(connection);
  }

  void Answer(int connection, const AddCheckpoint& request) {
    Script script;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      script = script_;
    }
    const Reply reply = script ? script(request) : Honest(request);
    const bool endless = reply.way == Reply::Way::kEndless;
    const std::string head = absl::StrFormat(
        "HTTP/1.1 %d X\r\n%sConnection: close\r\nContent-Length: %d\r\n\r\n",
        reply.status, reply.headers,
        endless ? uint64_t{1} << 40 : uint64_t{reply.body.size()});
    switch (reply.way) {
      case Reply::Way::kWhole:
        Send(connection, head + reply.body);
        break;
      case Reply::Way::kHang:
        HoldOpen(connection);
        break;
      case Reply::Way::kReset: {
        const linger now{.l_onoff = 1, .l_linger = 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        break;
      }
      case Reply::Way::kDrip:
        for (char byte : head + reply.body) {
          if (stopping_ || !Send(connection, {&byte, 1})) break;
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        break;
      case Reply::Way::kEndless:
        for (std::string bytes = head; !stopping_ && Send(connection, bytes);) {
          bytes.assign(1 << 16, 'x');
        }
        break;
    }
  }

  const SigningKey key_;
  int listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  Script script_;
  Checkpoint last_{};
  std::vector<AddCheckpoint> requests_;
  std::thread acceptor_;
  std::vector<std::thread> threads_;  // the acceptor's, until it has ended
};

}  // namespace setlog

#endif  // SETLOG_TESTS_SCRIPTED_WITNESS_H_
