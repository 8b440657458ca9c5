#include "client/entry_stream.h"

#include <memory>
#include <utility>

#include "client/entry_chunk.h"
#include "client/refused.h"

namespace setlog {
namespace {

// What one call asks for. It has no deadline, since a slow caller of Next would meet
// it; each message has, and who waits in Next sees to it.
constexpr uint64_t kCallEntries = uint64_t{1} << 20;

// An entry may be of no bytes at all, which is for the caller to judge: then the views
// are more than what they show.
size_t MemoryOf(const EntryPiece::Bundle& bundle) {
  return bundle.bytes.size() + bundle.entries.capacity() * sizeof(Bytes);
}

}  // namespace

EntryStream::EntryStream(const Connection* connection, std::string origin,
                         uint64_t begin, uint64_t end)
    : connection_(connection),
      origin_(std::move(origin)),
      begin_(begin),
      end_(end),
      position_(begin),
      thread_([this] { Fetch(); }) {}

EntryStream::~EntryStream() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

absl::StatusOr<EntryPiece> EntryStream::Next(std::chrono::milliseconds wait) {
  EntryPiece piece;
  piece.begin = position_;
  if (done()) return piece;
  {
    MutexLock lock(mutex_);
    lock.WaitFor(changed_, wait, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return !queue_.empty() || !status_.ok();
    });
    if (queue_.empty()) {
      if (!status_.ok()) return status_;
      const auto silent = std::chrono::steady_clock::now() - silent_since_;
      if (call_ != nullptr && silent > connection_->patience()) {
        late_ = true;
        call_->TryCancel();
      }
      return piece;
    }
    uint64_t taken = 0;
    while (!queue_.empty() && taken < kPieceEntries) {
      taken += queue_.front().entries.size();
      queued_bytes_ -= MemoryOf(queue_.front());
      piece.bundles.splice(piece.bundles.end(), queue_, queue_.begin());
    }
    silent_since_ = std::chrono::steady_clock::now();  // the caller was, perhaps
  }
  changed_.notify_all();
  for (const EntryPiece::Bundle& bundle : piece.bundles) {
    piece.entries.insert(piece.entries.end(), bundle.entries.begin(),
                         bundle.entries.end());
  }
  position_ += piece.entries.size();
  return piece;
}

bool EntryStream::Enqueue(std::list<EntryPiece::Bundle> bundle) {
  {
    MutexLock lock(mutex_);
    lock.Wait(changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return queued_bytes_ < kQueueBytes || stopped_;
    });
    if (stopped_) return false;
    queued_bytes_ += MemoryOf(bundle.front());
    queue_.splice(queue_.end(), bundle);
    silent_since_ = std::chrono::steady_clock::now();
  }
  changed_.notify_all();
  return true;
}

void EntryStream::Fetch() {
  Retry retry(connection_->retry_for());
  uint64_t position = begin_;
  absl::Status status;
  while (status.ok() && position < end_) status = FetchSome(&position, retry);
  {
    MutexLock lock(mutex_);
    status_ = status;
  }
  changed_.notify_all();
}

absl::Status EntryStream::FetchSome(uint64_t* position, Retry& retry) {
  const uint64_t begin = *position;
  const uint64_t end = begin + std::min(kCallEntries, end_ - begin);
  v1::GetEntriesRequest request;
  request.set_origin(origin_);
  request.set_begin(begin);
  request.set_end(end);
  request.set_chunk_bytes(slow_ ? kLeastChunkBytes
                                : ChunkBytesFor(connection_->patience()));
  const std::unique_ptr<grpc::ClientContext> context =
      connection_->NewContext(std::chrono::milliseconds(0));
  {
    MutexLock lock(mutex_);
    if (stopped_) return absl::CancelledError();
    call_ = context.get();
    silent_since_ = std::chrono::steady_clock::now();
    late_ = false;
  }
  const std::unique_ptr<grpc::ClientReader<v1::EntriesChunk>> stream =
      connection_->reader().GetEntries(context.get(), request);
  absl::Status refused;
  v1::EntriesChunk chunk;
  while (*position < end && refused.ok() && stream->Read(&chunk)) {
    std::list<EntryPiece::Bundle> bundle(1);
    bundle.front().bytes = std::move(*chunk.mutable_bundle());
    absl::StatusOr<std::vector<Bytes>> entries =
        ParseChunk(AsBytes(bundle.front().bytes), end - *position);
    if (!entries.ok()) {
      refused = Refused(origin_, entries.status());
    } else if (chunk.begin() != *position || entries->empty()) {
      refused = Refused(origin_, "entries that were not asked for");
    } else {
      *position += entries->size();
      retry.Progress();
      bundle.front().entries = *std::move(entries);
      if (!Enqueue(std::move(bundle))) {
        refused = absl::CancelledError();
      }
    }
  }
  if (*position == end || !refused.ok()) context->TryCancel();
  const absl::Status status = FromGrpc(stream->Finish(), *context);
  bool stopped = false;
  bool late = false;
  {
    MutexLock lock(mutex_);
    call_ = nullptr;
    stopped = stopped_;
    late = late_;
  }
  if (!refused.ok()) return refused;
  if (stopped) return absl::CancelledError();
  if (*position == end) {
    slow_ = false;  // perhaps it was busy only: that is found out soon
    return absl::OkStatus();
  }
  if (late) {
    if (slow_ && *position == begin) {
      return absl::DeadlineExceededError("the server sends no entries");
    }
    slow_ = true;
    return absl::OkStatus();
  }
  if (status.ok()) return Refused(origin_, "the stream of entries ends early");
  // Its own deadline, or that of somebody on the way.
  if (absl::IsDeadlineExceeded(status) && *position > begin) return absl::OkStatus();
  return retry.WaitAfter(status) ? absl::OkStatus() : status;
}

}  // namespace setlog
