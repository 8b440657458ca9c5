#include "client/head_waiter.h"

#include <memory>
#include <utility>

#include "log/entry.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

// A stream that is silent for so long is opened again, in case its connection is dead.
constexpr milliseconds kStreamDeadline = std::chrono::minutes(1);
constexpr milliseconds kBetweenStreams = std::chrono::seconds(1);

}  // namespace

HeadWaiter::HeadWaiter(const Connection* connection, std::string origin)
    : connection_(connection),
      origin_(std::move(origin)),
      thread_([this] { Listen(); }) {}

HeadWaiter::~HeadWaiter() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

bool HeadWaiter::Wait(uint64_t known_m, milliseconds longest) {
  MutexLock lock(mutex_);
  lock.WaitFor(changed_, longest, [this, known_m]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return newest_m_ > known_m || went_back_;
  });
  return std::exchange(went_back_, false) || newest_m_ > known_m;
}

void HeadWaiter::Listen() {
  while (true) {
    ListenOnce();
    MutexLock lock(mutex_);
    lock.WaitFor(changed_, kBetweenStreams,
                 [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; });
    if (stopped_) return;
  }
}

void HeadWaiter::ListenOnce() {
  v1::GetHeadRequest request;
  request.set_origin(origin_);
  const std::unique_ptr<grpc::ClientContext> context =
      connection_->NewContext(kStreamDeadline);
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    call_ = context.get();
  }
  const std::unique_ptr<grpc::ClientReader<v1::Head>> stream =
      connection_->reader().WatchHeads(context.get(), request);
  v1::Head head;
  while (stream->Read(&head)) {
    const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(head.index().entry()));
    const IndexEntry* index = entry.ok() ? std::get_if<IndexEntry>(&*entry) : nullptr;
    if (index == nullptr) continue;
    {
      MutexLock lock(mutex_);
      if (index->m < newest_m_) went_back_ = true;
      newest_m_ = index->m;
    }
    changed_.notify_all();
  }
  // Why it ended does not matter: whoever waits finds out by asking.
  stream->Finish();
  MutexLock lock(mutex_);
  call_ = nullptr;
}

}  // namespace setlog
