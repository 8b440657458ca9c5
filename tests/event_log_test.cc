#include "daemon/event_log.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing.h"

namespace setlog {
namespace {

constexpr int64_t kTime = 1772366400250000;  // 2026-03-01 12:00:00.25 UTC

std::string KeyValue(std::string_view value) {
  return FormatEvent(LogFormat::kKeyValue, kTime, LogLevel::kInfo, "e",
                     {{"value", value}, {"last", 1}});
}
nlohmann::json Json(std::string_view value) {
  return nlohmann::json::parse(FormatEvent(LogFormat::kJson, kTime, LogLevel::kInfo,
                                           "e", {{"value", value}, {"last", 1}}));
}

TEST(EventLogTest, ALineHasItsFieldsInOrder) {
  EXPECT_EQ(FormatEvent(LogFormat::kKeyValue, kTime, LogLevel::kWarn, "rpc",
                        {{"peer", "ipv4:10.0.0.1:99"}, {"size", 18}, {"ms", 0.25}}),
            "ts=2026-03-01T12:00:00.250000Z level=warn event=rpc peer=ipv4:10.0.0.1:99 "
            "size=18 ms=0.25\n");
  EXPECT_EQ(FormatEvent(LogFormat::kJson, kTime, LogLevel::kError, "rpc",
                        {{"size", ~uint64_t{0}}, {"ms", 1e-9}}),
            "{\"ts\":\"2026-03-01T12:00:00.250000Z\",\"level\":\"error\","
            "\"event\":\"rpc\",\"size\":18446744073709551615,\"ms\":1e-09}\n");
  EXPECT_EQ(FormatEvent(LogFormat::kKeyValue, -1, LogLevel::kDebug, "e", {}),
            "ts=1969-12-31T23:59:59.999999Z level=debug event=e\n");
}

TEST(EventLogTest, NoValueEndsItsLineOrLooksLikeAnotherField) {
  for (const char* value : {"a b", "a=b", "", "a\nlevel=error event=forged", "\"",
                            "back\\slash", "\x1b[31mred", "\r\n", "a,b", "{}"}) {
    const std::string line = KeyValue(value);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_NE(line.find(" value=\""), std::string::npos) << line;
    EXPECT_NE(line.find("\" last=1\n"), std::string::npos) << line;
  }
  EXPECT_NE(KeyValue("example.org/a-b_c%2F:1").find(" value=example.org/a-b_c%2F:1 "),
            std::string::npos);
}

TEST(EventLogTest, EveryByteIsPrintableAsciiAndOneJsonString) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    all += value;
    const std::string line = KeyValue(value);
    for (const char c : line.substr(0, line.size() - 1)) {
      EXPECT_TRUE(c >= ' ' && c <= '~') << byte;
    }
    const nlohmann::json json = Json(value);
    EXPECT_EQ(json["last"], 1);
    if (byte < 0x80) {
      EXPECT_EQ(json["value"], value);
    }
  }
  EXPECT_EQ(Json(all).size(), 5u);  // ts, level, event, value, last
}

TEST(EventLogTest, ALongValueIsCutAndTheLineFitsIntoAPipe) {
  for (const size_t size : {1024, 1025, 100000}) {
    for (const char c : {'a', '\x01'}) {
      const std::string value(size, c);
      for (const LogFormat format : {LogFormat::kKeyValue, LogFormat::kJson}) {
        const std::string line =
            FormatEvent(format, kTime, LogLevel::kInfo, "rpc",
                        {{"a", value}, {"b", value}, {"c", value}, {"d", value}});
        EXPECT_LE(line.size(), kMaxLogLine);
        EXPECT_NE(line.find("..."), std::string::npos);
        EXPECT_EQ(line.find('\n'), line.size() - 1);
      }
    }
  }
  EXPECT_EQ(Json(std::string(1025, 'a'))["value"], std::string(1024, 'a') + "...");
  EXPECT_EQ(Json(std::string(1024, 'a'))["value"], std::string(1024, 'a'));
}

TEST(EventLogTest, LevelsBelowTheLeastAreNotWritten) {
  for (const char* name : {"debug", "info", "warn", "error"}) {
    const LogLevel least = *ParseLogLevel(name);
    std::vector<std::string> lines;
    EventLog log(least, LogFormat::kKeyValue, [&](const std::string& line) {
      lines.push_back(line);
      return true;
    });
    for (const LogLevel level :
         {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
      EXPECT_EQ(log.Wants(level), level >= least);
      log.Write(level, "e", {});
    }
    EXPECT_EQ(lines.size(), 4 - static_cast<size_t>(least));
  }
  EXPECT_EQ(ParseLogLevel("Info"), std::nullopt);
  EXPECT_EQ(ParseLogLevel(""), std::nullopt);
}

// Two windows of a second may be touched, whatever the machine does meanwhile; errors
// pass, and what was left out is counted.
TEST(EventLogTest, AFloodIsCutButErrorsPass) {
  std::vector<std::string> lines;
  EventLog log(LogLevel::kInfo, LogFormat::kKeyValue, [&](const std::string& line) {
    lines.push_back(line);
    return true;
  });
  constexpr uint64_t kLines = 100000;
  uint64_t errors = 0;
  for (uint64_t i = 0; i < kLines; ++i) {
    const bool error = i % 10000 == 0;
    errors += error;
    log.Write(error ? LogLevel::kError : LogLevel::kInfo, "e", {{"i", i}});
  }
  uint64_t reports = 0, written_errors = 0;
  for (const std::string& line : lines) {
    reports += line.find("event=log_lines_dropped") != std::string::npos;
    written_errors += line.find("level=error") != std::string::npos;
  }
  EXPECT_EQ(written_errors, errors);
  EXPECT_GE(reports, 1u);
  EXPECT_GT(log.dropped(), kLines / 2);
  EXPECT_EQ(lines.size() - reports + log.dropped(), kLines);
}

TEST(EventLogTest, ALineThatNobodyTakesIsCountedAndReported) {
  bool taken = false;
  std::vector<std::string> lines;
  EventLog log(LogLevel::kInfo, LogFormat::kKeyValue, [&](const std::string& line) {
    if (taken) lines.push_back(line);
    return taken;
  });
  for (int i = 0; i < 3; ++i) log.Write(LogLevel::kInfo, "lost", {});
  EXPECT_EQ(log.dropped(), 3u);
  taken = true;
  log.Write(LogLevel::kInfo, "found", {});
  log.Write(LogLevel::kInfo, "found", {});
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[0].find("event=log_lines_dropped count=3\n"), std::string::npos);
  EXPECT_EQ(log.dropped(), 3u);
}

}  // namespace
}  // namespace setlog
