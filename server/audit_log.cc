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
      open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
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
  // A full disk or a loss of power may have cut the last line short.
  char last = '\n';
  if (opened.st_size > 0 && pread(fresh, &last, 1, opened.st_size - 1) != 1) last = 0;
  torn_ = last != '\n';
  return absl::OkStatus();
}

void AuditLog::Record(const AuditEvent& event, const absl::Status& result) {
  Write(event, absl::StatusCodeToString(result.code()),
        // What was made durable is never left out, however its stream ended.
        !result.ok() && event.count.value_or(0) == 0);
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
    // Each line puts off by a second when the allowance is full again.
    Used& used = used_[event.who];
    used.full_us = std::max(used.full_us, now);
    if (used.full_us - now > (kBurst - 1) * kRefusalUs) {
      ++used.skipped;
      return;
    }
    used.full_us += kRefusalUs;
    if (used.skipped > 0) line["skipped"] = used.skipped;
    used.skipped = 0;
    // Tokens come and go.
    std::erase_if(used_, [now](const auto& item) {
      return item.second.full_us <= now && item.second.skipped == 0;
    });
  }
  absl::Status status = Reopen();
  const std::string text =
      (torn_ ? "\n" : "") +
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (status.ok()) {
    errno = ENOSPC;  // what a short write means, which does not set it
    const ssize_t put = write(descriptor_, text.data(), text.size());
    if (put != static_cast<ssize_t>(text.size())) {
      status = absl::UnavailableError(
          absl::StrFormat("cannot write to %s: %s", path_, std::strerror(errno)));
    }
    if (put > 0) torn_ = text[static_cast<size_t>(put) - 1] != '\n';
  }
  // Once for each time that it begins to fail, not for every line.
  if (!status.ok() && !failing_) {
    std::cerr << "setlogd: the audit trail has a gap: " << status.message()
              << std::endl;
  }
  failing_ = !status.ok();
}

}  // namespace setlog
