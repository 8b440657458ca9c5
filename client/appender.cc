#include "client/appender.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

using std::chrono::steady_clock;

// A stream without an acknowledgement for so long is as good as lost, however short
// retry_for is: a busy server may well take some seconds.
constexpr std::chrono::milliseconds kLeastStall{15000};

std::chrono::milliseconds StallOf(const Connection& connection) {
  return std::max(connection.retry_for(), kLeastStall);
}

v1::AppendRequest HashesRequest(const std::string& hashes) {
  v1::AppendRequest request;
  request.set_hashes(hashes);
  return request;
}

}  // namespace

std::string NewSessionId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 2; ++i) AppendU64(&id, uint64_t{random()} << 32 | random());
  return id;
}

Appender::Appender(const Connection* connection, AppenderOptions options)
    : connection_(connection),
      options_(std::move(options)),
      retry_(connection->retry_for()) {
  gathering_.reserve(kMessageRecords * Hash::kSize);
}

absl::StatusOr<uint64_t> Appender::Open() {
  if (options_.session.size() != 16) {
    return absl::InvalidArgumentError("a session id has 16 bytes");
  }
  retry_.Progress();
  failed_ = Connect();
  if (!failed_.ok()) failed_ = Recover(failed_);
  if (!failed_.ok()) return failed_;
  return result_.added;
}

absl::Status Appender::Write(std::span<const Hash> records) {
  if (failed_.ok() && stream_ == nullptr) {
    return absl::FailedPreconditionError("the session is not open");
  }
  while (!records.empty() && failed_.ok()) {
    const size_t room = kMessageRecords - gathering_.size() / Hash::kSize;
    const std::span<const Hash> part = records.first(std::min(room, records.size()));
    gathering_.append(reinterpret_cast<const char*>(part.data()), part.size_bytes());
    records = records.subspan(part.size());
    if (part.size() == room) failed_ = Flush();
  }
  return failed_;
}

absl::StatusOr<AppendResult> Appender::Finish() {
  if (failed_.ok() && stream_ == nullptr) {
    return absl::FailedPreconditionError("the session is not open");
  }
  if (failed_.ok()) failed_ = Flush();
  if (failed_.ok()) failed_ = WaitUntilPending(0);
  if (!failed_.ok()) return failed_;
  // Everything is acknowledged: how the stream ends does not matter any more.
  stream_.reset();
  failed_ = absl::FailedPreconditionError("the session is finished");
  return result_;
}

absl::Status Appender::Flush() {
  if (gathering_.empty()) return absl::OkStatus();
  // While there was nothing to acknowledge no time was lost.
  if (window_.empty()) retry_.Progress();
  window_.push_back({given_, gathering_});
  given_ += gathering_.size() / Hash::kSize;
  gathering_.clear();
  stream_->Send(HashesRequest(window_.back().hashes));
  return WaitUntilPending(kWindowRecords - kMessageRecords);
}

absl::Status Appender::WaitUntilPending(uint64_t limit) {
  const auto stall = StallOf(*connection_);
  steady_clock::time_point deadline = steady_clock::now() + stall;
  while (true) {
    UploadStream::View view = stream_->Look();
    if (view.responses == seen_ && !view.ended && given_ - result_.added > limit) {
      view = stream_->WaitForChange(seen_, deadline);
    }
    const uint64_t before = result_.added;
    if (view.responses != seen_) {
      seen_ = view.responses;
      if (absl::Status s = TakeAcknowledgement(view.newest); !s.ok()) return s;
      if (result_.added > before) deadline = steady_clock::now() + stall;
    }
    if (given_ - result_.added <= limit && (limit == 0 || !view.ended)) {
      return absl::OkStatus();
    }
    absl::Status lost;
    if (view.ended) {
      lost = stream_->Close();
      if (lost.ok()) lost = absl::UnavailableError("the server ended the stream");
    } else if (steady_clock::now() >= deadline) {
      lost = absl::UnavailableError("the server acknowledges nothing any more");
    } else {
      continue;
    }
    if (absl::Status s = Recover(std::move(lost)); !s.ok()) return s;
    deadline = steady_clock::now() + stall;
  }
}

absl::Status Appender::Connect() {
  v1::AppendRequest open;
  open.mutable_open()->set_origin(options_.origin);
  open.mutable_open()->set_session(options_.session);
  stream_.reset();
  stream_ = std::make_unique<UploadStream>(*connection_, options_.operation, open);
  const UploadStream::View view =
      stream_->WaitForChange(0, steady_clock::now() + StallOf(*connection_));
  if (view.responses == 0) {
    if (!view.ended) return absl::UnavailableError("the server does not answer");
    const absl::Status status = stream_->Close();
    return status.ok() ? absl::UnavailableError("the server ended the stream") : status;
  }
  seen_ = view.responses;
  // Whatever was durable before this process began was given by earlier runs.
  if (given_ == 0) given_ = view.newest.acknowledged();
  if (absl::Status s = TakeAcknowledgement(view.newest); !s.ok()) return s;
  if (!window_.empty() && window_.front().begin < result_.added) {
    Message& half = window_.front();
    half.hashes.erase(0, (result_.added - half.begin) * Hash::kSize);
    half.begin = result_.added;
  }
  for (const Message& message : window_) stream_->Send(HashesRequest(message.hashes));
  return absl::OkStatus();
}

absl::Status Appender::Recover(absl::Status status) {
  while (retry_.WaitAfter(status)) {
    status = Connect();
    if (status.ok()) return status;
  }
  return status;
}

absl::Status Appender::TakeAcknowledgement(const v1::AppendResponse& response) {
  const uint64_t acknowledged = response.acknowledged();
  if (acknowledged < result_.added) {
    return absl::DataLossError(absl::StrFormat(
        "%s: the server acknowledged %d records of this session, and now %d",
        options_.origin, result_.added, acknowledged));
  }
  if (acknowledged > given_) {
    return absl::DataLossError(absl::StrFormat(
        "%s: the server has %d records of this session, which has %d: somebody else "
        "uses it too",
        options_.origin, acknowledged, given_));
  }
  if (acknowledged > 0 &&
      (response.first() >= response.end() || response.size() < response.end() ||
       response.end() - response.first() < acknowledged)) {
    return absl::DataLossError(absl::StrFormat(
        "%s: the server acknowledged %d records in entries [%d, %d) of %d",
        options_.origin, acknowledged, response.first(), response.end(),
        response.size()));
  }
  const bool more = acknowledged > result_.added;
  result_ = {acknowledged, response.first(), response.end(), response.size()};
  while (!window_.empty() &&
         window_.front().begin + window_.front().hashes.size() / Hash::kSize <=
             acknowledged) {
    window_.pop_front();
  }
  if (more) {
    retry_.Progress();
    if (options_.progress) options_.progress(acknowledged);
  }
  return absl::OkStatus();
}

}  // namespace setlog
