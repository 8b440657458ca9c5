// daemon/event_log.h -- what a server says on stderr while it runs: one event a line.
//
//   EventLog log(LogLevel::kInfo, LogFormat::kKeyValue, WriteToStderr);
//   log.Write(LogLevel::kInfo, "log_created", {{"origin", origin}, {"size", 2}});
//
//   ts=2026-03-01T12:00:00.250000Z level=info event=log_created origin=a.org/b size=2
//   {"ts":"2026-03-01T12:00:00.250000Z","level":"info","event":"log_created",...}
//
// Whatever a client sent may be in a value: a value that is not a plain word stands in
// quotes, escaped as a JSON string with every byte beyond printable ASCII as \u, so
// that it can neither end the line, nor look like another field, nor steer a terminal.
// Thread-safe. Never give it a token or a key.
#ifndef SETLOG_DAEMON_EVENT_LOG_H_
#define SETLOG_DAEMON_EVENT_LOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "port/mutex.h"

namespace setlog {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kKeyValue, kJson };

// "debug", "info", "warn", "error"; nothing for any other text.
std::optional<LogLevel> ParseLogLevel(std::string_view text);

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  LogField(std::string_view name, uint64_t number) : key(name), value(number) {}
  LogField(std::string_view name, int number)
      : key(name), value(static_cast<uint64_t>(number)) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}

  std::string_view key;  // lower-case letters and _
  std::variant<std::string_view, uint64_t, double> value;
};

// One line, with its newline, of at most kMaxLogLine bytes: longer values are cut. Such
// a line goes into a pipe whole or not at all.
inline constexpr size_t kMaxLogLine = 4096;
std::string FormatEvent(LogFormat format, int64_t time_us, LogLevel level,
                        std::string_view event, std::initializer_list<LogField> fields);

// False if nobody takes the line at the moment. A reader of stderr that has stalled
// costs lines, and never makes a call wait.
bool WriteToStderr(const std::string& line);

class EventLog {
 public:
  using Sink = std::function<bool(const std::string& line)>;
  // Lines a second below kError, unless kDebug asks for everything: a client that makes
  // a million errors must not fill the disk. How many were dropped is said afterwards.
  static constexpr uint64_t kMaxLinesPerSecond = 200;

  // `sink` gets whole lines, one at a time.
  EventLog(LogLevel least, LogFormat format, Sink sink)
      : least_(least), format_(format), sink_(std::move(sink)) {}

  bool Wants(LogLevel level) const { return level >= least_; }
  void Write(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields);
  // Lines that were due and not written.
  uint64_t dropped() const { return dropped_; }

 private:
  bool Allowed(LogLevel level, int64_t now_us) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LogLevel least_;
  const LogFormat format_;
  Mutex mutex_;
  const Sink sink_ ABSL_GUARDED_BY(mutex_);
  int64_t second_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t in_second_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t reported_ ABSL_GUARDED_BY(mutex_) = 0;  // of dropped_
  std::atomic<uint64_t> dropped_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_DAEMON_EVENT_LOG_H_
