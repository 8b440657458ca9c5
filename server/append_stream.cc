#include "server/append_stream.h"

#include "absl/strings/str_format.h"
#include "server/rpc_status.h"

namespace setlog {
namespace {

constexpr size_t kSessionIdBytes = 16;

}  // namespace

bool OpenSessions::Enter(const std::string& key) {
  MutexLock lock(mutex_);
  return keys_.insert(key).second;
}

void OpenSessions::Leave(const std::string& key) {
  MutexLock lock(mutex_);
  keys_.erase(key);
}

AppendStream::AppendStream(EntryType type, const Service& service,
                           grpc::CallbackServerContext* context)
    : type_(type),
      verb_(type == EntryType::kAdd ? Verb::kAdd : Verb::kRemove),
      service_(service),
      context_(context),
      caller_(service.access->Identify(AuthorizationOf(*context))),
      begun_(std::chrono::steady_clock::now()) {
  tick_ = service_.feed->AddTick([this] {
    MutexLock lock(mutex_);
    if (finished_ || !session_key_.empty()) return true;
    if (std::chrono::steady_clock::now() - begun_ < service_.open_deadline) {
      return false;
    }
    Fail(absl::DeadlineExceededError("the stream has opened no session in time"));
    return true;
  });
  MutexLock lock(mutex_);
  event_ = {.who = caller_.Name(),
            .peer = context->peer(),
            .action = std::string(VerbName(verb_))};
  const absl::Status allowed = service_.access->CheckIdentified(caller_);
  if (allowed.ok()) {
    Advance();
  } else {
    Fail(allowed);
  }
}

void AppendStream::Advance() {
  if (finished_) return;
  if (answer_due_ && !writing_) {
    response_ = newest_;
    answer_due_ = false;
    writing_ = true;
    StartWrite(&response_);
  }
  if (closed_) {
    if (pending_ == 0 && !writing_) {
      finished_ = true;
      LeaveSession();
      Finish(grpc::Status::OK);
    }
    return;
  }
  if (!reading_ && pending_bytes_ < kWindowBytes) {
    reading_ = true;
    StartRead(&request_);
  }
}

void AppendStream::Fail(const absl::Status& status) {
  if (finished_) return;
  finished_ = true;
  result_ = status;
  if (pending_ == 0) LeaveSession();
  Finish(ToGrpcStatus(status, context_));
}

void AppendStream::LeaveSession() {
  if (!entered_.empty()) service_.sessions->Leave(entered_);
  entered_.clear();
}

void AppendStream::OnReadDone(bool ok) {
  MutexLock lock(mutex_);
  reading_ = false;
  if (!ok) {
    closed_ = true;
    return Advance();
  }
  if (finished_) return;
  absl::Status status;
  if (session_key_.empty()) {
    status =
        request_.has_open()
            ? OpenSession(request_.open())
            : absl::FailedPreconditionError("the first message must open a session");
  } else {
    status = request_.has_hashes()
                 ? TakeHashes()
                 : absl::FailedPreconditionError("the session is open already");
  }
  if (!status.ok()) return Fail(status);
  Advance();
}

absl::Status AppendStream::OpenSession(const v1::AppendRequest::Open& open) {
  event_.origin = open.origin();
  if (absl::Status s = service_.access->Check(caller_, verb_, open.origin()); !s.ok()) {
    return s;
  }
  absl::StatusOr<HostedLog*> log = service_.logs->Find(open.origin());
  if (!log.ok()) return log.status();
  if (open.session().size() != kSessionIdBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a session id has %d bytes, not %d", kSessionIdBytes, open.session().size()));
  }
  has_slot_ = service_.slots->TryTake();
  if (!has_slot_) return Busy("too many append streams are open");
  const std::string key = std::string(1, static_cast<char>(type_)) + open.session();
  const std::string entered = U64Key((*log)->state.number()) + key;
  if (!service_.sessions->Enter(entered)) {
    return absl::AbortedError(
        "another stream of this session is open: try again when it has ended");
  }
  entered_ = entered;
  session_key_ = key;
  log_ = &(*log)->state;
  absl::StatusOr<std::string> stored =
      service_.store->Read(log_->number(), Table::kSession, session_key_);
  if (stored.ok()) {
    absl::StatusOr<SessionRow> row = DecodeSessionRow(*stored);
    if (!row.ok()) return row.status();
    // The store shows a commit a moment before it is anchored and signed; one that
    // never was must not be acknowledged.
    if (absl::Status health = service_.sequencer->health(); !health.ok()) return health;
    if (row->end > log_->head().head.size) {
      return absl::UnavailableError("the session's last records are being signed");
    }
    sent_ = row->count;
    durable_before_ = row->count;
    newest_.set_acknowledged(row->count);
    newest_.set_first(row->first);
    newest_.set_end(row->end);
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  newest_.set_size(log_->head().head.size);
  answer_due_ = true;
  service_.audit->RecordOpened(event_);
  return absl::OkStatus();
}

absl::Status AppendStream::TakeHashes() {
  // Each time: the token may have been revoked, or have expired.
  if (absl::Status s = service_.access->Check(caller_, verb_, log_->origin());
      !s.ok()) {
    return s;
  }
  std::string& hashes = *request_.mutable_hashes();
  const uint64_t bytes = hashes.size();
  if (bytes == 0 || bytes % Hash::kSize != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "hashes are 32 bytes each: %d bytes are not a whole number of them", bytes));
  }
  const uint64_t count = bytes / Hash::kSize;
  if (count > kMaxHashesPerMessage) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d hashes in one message: at most %d are taken", count, kMaxHashesPerMessage));
  }
  AppendValues values{type_, std::move(hashes), session_key_, sent_};
  sent_ += count;
  pending_bytes_ += bytes;
  ++pending_;
  Sequencer::Done done = [this, bytes, count](absl::StatusOr<Sequenced> result) {
    OnSequenced(bytes, count, std::move(result));
  };
  absl::Status refused = service_.sequencer->TryAppend(log_, std::move(values), done);
  if (!refused.ok()) {
    pending_bytes_ -= bytes;
    --pending_;
  }
  return refused;
}

void AppendStream::OnSequenced(uint64_t bytes, uint64_t hashes,
                               absl::StatusOr<Sequenced> result) {
  bool last;
  {
    MutexLock lock(mutex_);
    pending_bytes_ -= bytes;
    --pending_;
    if (result.ok()) {
      if (newest_.acknowledged() == 0) newest_.set_first(result->first);
      newest_.set_acknowledged(newest_.acknowledged() + hashes);
      newest_.set_end(result->end);
      newest_.set_size(result->size);
      answer_due_ = true;
      Advance();
    } else {
      Fail(result.status());
    }
    last = done_ && pending_ == 0;
  }
  if (last) End();
}

void AppendStream::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (ok) {
    Advance();
  } else {
    Fail(absl::CancelledError("the client has gone"));
  }
}

void AppendStream::OnCancel() {
  MutexLock lock(mutex_);
  Fail(absl::CancelledError("the call was cancelled"));
}

void AppendStream::OnDone() {
  service_.feed->RemoveTick(tick_);
  bool last;
  {
    MutexLock lock(mutex_);
    done_ = true;
    last = pending_ == 0;
  }
  if (last) End();
}

void AppendStream::End() {
  {
    MutexLock lock(mutex_);
    LeaveSession();
    if (has_slot_) service_.slots->Give();
    if (log_ != nullptr) event_.count = newest_.acknowledged() - durable_before_;
    service_.audit->Record(event_, result_);
  }
  delete this;
}

}  // namespace setlog
