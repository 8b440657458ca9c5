#include "call_rate.h"

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

#include "absl/synchronization/mutex.h"
#include "setlog/v1/reader.grpc.pb.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// Answers with the same bytes, which it neither parses nor copies. A unary method of
// generated code, as setlogd's are: gRPC's generic service takes longer.
class Echo final
    : public v1::Reader::WithRawCallbackMethod_Lookup<v1::Reader::Service> {
 public:
  explicit Echo(const std::string& answer) {
    const grpc::Slice slice(answer);
    answer_ = grpc::ByteBuffer(&slice, 1);
  }
  grpc::ServerUnaryReactor* Lookup(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer*,
                                   grpc::ByteBuffer* response) override {
    *response = answer_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  grpc::ByteBuffer answer_;
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
  // As setlogd does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Echo echo(std::string(answer_bytes, 'e'));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  std::_Exit(0);
}

}  // namespace setlog
