// tests/testing.h -- what the tests share: status assertions and golden files.
#ifndef SETLOG_TESTS_TESTING_H_
#define SETLOG_TESTS_TESTING_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log/bytes.h"

namespace setlog {

inline absl::Status ToStatus(const absl::Status& status) { return status; }
template <typename T>
absl::Status ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

#define ASSERT_OK(expression) ASSERT_EQ(::setlog::ToStatus(expression).ToString(), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(::setlog::ToStatus(expression).ToString(), "OK")
// The status has this code and its message contains `text`.
#define EXPECT_STATUS(expression, status_code, text)                               \
  do {                                                                             \
    const absl::Status setlog_status = ::setlog::ToStatus(expression);             \
    EXPECT_EQ(setlog_status.code(), (status_code)) << setlog_status;               \
    EXPECT_THAT(std::string(setlog_status.message()), ::testing::HasSubstr(text)); \
  } while (false)

inline std::string ReadTestFile(const std::string& name) {
  std::ifstream file(std::string(SETLOG_TEST_DATA) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no such test file: " + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline nlohmann::json ReadTestJson(const std::string& name) {
  return nlohmann::json::parse(ReadTestFile(name));
}

// A hash from its hex; a malformed one ends the test program.
inline Hash HashOf(std::string_view hex) { return HashFromHex(hex).value(); }

}  // namespace setlog

#endif  // SETLOG_TESTS_TESTING_H_
