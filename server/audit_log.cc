#include "server/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "log/entry.h"
#include "log/origin.h"

namespace setlog {
namespace {

constexpr int64_t kRefusalUs = 1'000'000;  // each earns its place in so long
constexpr int64_t kBurst = 100;

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(
    const std::string& path, std::function<int64_t()> now_us) {
  std::unique_ptr<AuditLog> log(new AuditLog(path, std::move(now_us)));
  const MutexLock lock(log->mutex_);
  if (absl::Status s = log->Reopen(); !s.ok()) return s;
  return log;
}

AuditLog::~AuditLog() {
  const MutexLock lock(mutex_);
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status AuditLog::Reopen() {
  struct stat named;
  struct stat opened;
  if (descriptor_ >= 0 && stat(path_.c_str(), &named) == 0 &&
      fstat(descriptor_, &opened) == 0 && named.st_ino == opened.st_ino &&
      named.st_dev == opened.st_dev) {
    return absl::OkStatus();
  }
  const int fresh =
      open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fresh < 0 || fstat(fresh, &opened) != 0) {
    const int error = errno;
    if (fresh >= 0) close(fresh);
    return absl::FailedPreconditionError(
        absl::StrFormat("cannot append to %s: %s", path_, std::strerror(error)));
  }
  if ((opened.st_mode & 077) != 0) {
    close(fresh);
    return absl::FailedPreconditionError(
        absl::StrFormat("%s can be read by others: run chmod 600 on it", path_));
  }
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = fresh;
  return absl::OkStatus();
}

void AuditLog::Record(const AuditEvent& event, const absl::Status& result) {
  Write(event, absl::StatusCodeToString(result.code()),
        !result.ok() && event.who == "anonymous");
}

void AuditLog::RecordOpened(const AuditEvent& event) { Write(event, "OPENED", false); }

void AuditLog::Write(const AuditEvent& event, const std::string& result, bool limited) {
  const int64_t now = now_us_();
  nlohmann::ordered_json line = {
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(now),
                                absl::UTCTimeZone())},
      {"who", event.who},
      {"peer", event.peer},
      {"action", event.action}};
  if (CheckOrigin(event.origin).ok()) line["origin"] = event.origin;
  if (CheckTagName(event.tag).ok()) line["tag"] = event.tag;
  if (!event.token.empty()) line["token"] = event.token;
  if (event.count) line["count"] = *event.count;
  line["result"] = result;

  const MutexLock lock(mutex_);
  if (limited) {
    // A bucket that is full at refill_us_ and loses one second for each line.
    refill_us_ = std::max(refill_us_, now);
    if (refill_us_ - now > (kBurst - 1) * kRefusalUs) {
      ++skipped_;
      return;
    }
    refill_us_ += kRefusalUs;
    if (skipped_ > 0) line["skipped"] = skipped_;
    skipped_ = 0;
  }
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  absl::Status status = Reopen();
  if (status.ok() && write(descriptor_, text.data(), text.size()) !=
                         static_cast<ssize_t>(text.size())) {
    status = absl::UnavailableError(
        absl::StrFormat("cannot write to %s: %s", path_, std::strerror(errno)));
  }
  // Once for each time that it begins to fail, not for every line.
  if (!status.ok() && !failing_) {
    std::cerr << "setlogd: the audit trail has a gap: " << status.message()
              << std::endl;
  }
  failing_ = !status.ok();
}

}  // namespace setlog
