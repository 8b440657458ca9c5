#include "call_rate.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// Answers every method with the same bytes.
class Echo final : public grpc::CallbackGenericService {
 public:
  explicit Echo(std::string answer) : answer_(std::move(answer)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext*) override {
    struct Reactor final : grpc::ServerGenericBidiReactor {
      explicit Reactor(const std::string& answer) {
        const grpc::Slice slice(answer);
        reply = grpc::ByteBuffer(&slice, 1);
        StartRead(&request);
      }
      void OnReadDone(bool) override {
        StartWriteAndFinish(&reply, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }
      grpc::ByteBuffer request, reply;
    };
    return new Reactor(answer_);
  }

 private:
  const std::string answer_;
};

}  // namespace

Calls CallRate(const std::string& address, const std::string& method,
               const std::vector<grpc::ByteBuffer>& requests, size_t calls) {
  grpc::GenericStub stub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  std::atomic<size_t> next = 0, failed = 0, bytes = 0;
  std::mutex mutex;
  std::condition_variable all;
  size_t finished = 0;
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    grpc::ByteBuffer reply;
  };
  std::vector<Call> slots(64);
  std::function<void(size_t)> start = [&](size_t slot) {
    const size_t i = next++;
    if (i >= calls) {
      std::lock_guard lock(mutex);
      ++finished;
      all.notify_one();
      return;
    }
    Call& call = slots[slot];
    call.context = std::make_unique<grpc::ClientContext>();
    call.reply.Clear();
    stub.UnaryCall(call.context.get(), method, grpc::StubOptions(),
                   &requests[i % requests.size()], &call.reply,
                   [&, slot](grpc::Status status) {
                     if (!status.ok()) ++failed;
                     bytes += slots[slot].reply.Length();
                     start(slot);
                   });
  };
  const Clock::time_point begin = Clock::now();
  for (size_t slot = 0; slot < slots.size(); ++slot) start(slot);
  {
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return finished == slots.size(); });
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (failed > 0) {
    std::cerr << "service_bench: " << failed << " calls of " << method << " failed\n";
    std::exit(1);
  }
  return {calls / seconds, bytes / calls};
}

void RunEcho(size_t answer_bytes) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Echo echo(std::string(answer_bytes, 'e'));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  std::_Exit(0);
}

}  // namespace setlog
