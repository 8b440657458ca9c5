#include "daemon/event_log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace setlog {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
// A first try keeps values nearly whole; the second fits whatever they hold, because no
// byte takes more than six.
constexpr size_t kValueBytes = 1024;
constexpr size_t kShortValueBytes = 64;

void AppendQuoted(std::string_view text, std::string* line) {
  line->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line->push_back('\\');
      line->push_back(c);
    } else if (c == '\n') {
      line->append("\\n");
    } else if (absl::ascii_isprint(byte)) {
      line->push_back(c);
    } else {
      // Bytes, not code points: what came in may be no UTF-8 at all.
      absl::StrAppendFormat(line, "\\u%04x", byte);
    }
  }
  line->push_back('"');
}

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           std::string_view("-._:/@+%[]").find(c) != std::string_view::npos;
  });
}

std::string Format(LogFormat format, int64_t time_us, LogLevel level,
                   std::string_view event, std::initializer_list<LogField> fields,
                   size_t value_bytes) {
  const bool json = format == LogFormat::kJson;
  std::string line = json ? "{" : "";
  const auto key = [&](std::string_view name) {
    if (line.size() > 1) line.push_back(json ? ',' : ' ');
    absl::StrAppendFormat(&line, json ? "\"%s\":" : "%s=", name);
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    const bool cut = value.size() > value_bytes;
    value = value.substr(0, value_bytes);
    if (!json && !cut && IsPlainWord(value)) {
      line.append(value);
    } else {
      AppendQuoted(value, &line);
      if (cut) line.insert(line.size() - 1, "...");
    }
  };
  text("ts", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(time_us),
                              absl::UTCTimeZone()));
  text("level", kLevels[static_cast<size_t>(level)]);
  text("event", event);
  for (const LogField& field : fields) {
    if (const auto* value = std::get_if<std::string_view>(&field.value)) {
      text(field.key, *value);
    } else if (const auto* number = std::get_if<uint64_t>(&field.value)) {
      key(field.key);
      absl::StrAppendFormat(&line, "%d", *number);
    } else {
      key(field.key);
      absl::StrAppendFormat(&line, "%.6g", std::get<double>(field.value));
    }
  }
  line.append(json ? "}\n" : "\n");
  return line;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  for (size_t level = 0; level < std::size(kLevels); ++level) {
    if (kLevels[level] == text) return static_cast<LogLevel>(level);
  }
  return std::nullopt;
}

std::string FormatEvent(LogFormat format, int64_t time_us, LogLevel level,
                        std::string_view event,
                        std::initializer_list<LogField> fields) {
  std::string line = Format(format, time_us, level, event, fields, kValueBytes);
  if (line.size() <= kMaxLogLine) return line;
  return Format(format, time_us, level, event, fields, kShortValueBytes);
}

bool WriteToStderr(const std::string& line) {
  // A pipe that is ready for writing takes PIPE_BUF bytes (4,096) without blocking.
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool EventLog::Allowed(LogLevel level, int64_t now_us) {
  if (const int64_t second = now_us / 1000000; second != second_) {
    second_ = second;
    in_second_ = 0;
  }
  // Clients can cause errors too: room of their own, not without end.
  return least_ == LogLevel::kDebug ||
         in_second_ < kMaxLinesPerSecond * (level == LogLevel::kError ? 2 : 1);
}

void EventLog::Write(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  if (!Wants(level)) return;
  const int64_t now_us = absl::ToUnixMicros(absl::Now());
  MutexLock lock(mutex_);
  if (!Allowed(level, now_us)) {
    ++dropped_;
    return;
  }
  if (const uint64_t dropped = dropped_; dropped > reported_) {
    if (sink_(FormatEvent(format_, now_us, LogLevel::kWarn, "log_lines_dropped",
                          {{"count", dropped - reported_}}))) {
      reported_ = dropped;
    }
  }
  ++in_second_;
  if (!sink_(FormatEvent(format_, now_us, level, event, fields))) ++dropped_;
}

}  // namespace setlog
