#include "log/origin.h"

#include "testing.h"

namespace setlog {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(OriginTest, AcceptsSchemelessUrls) {
  for (const std::string origin :
       {"data.example.org/gsm8k", "example.com/dataset-log", "localhost", "a", "-",
        "a.b", "10.0.0.1/x", "h/A-Z_~.9", "h/...", "h/.hidden", "h/tiles", "h/Tile",
        "h/metrics", "metrics/h", "h/healthz", "metrics2", "h/a/b/c/d"}) {
    EXPECT_OK(CheckOrigin(origin)) << origin;
  }
}

TEST(OriginTest, SaysWhatIsWrong) {
  EXPECT_STATUS(CheckOrigin(""), kInvalid, "empty");
  EXPECT_STATUS(CheckOrigin("/a"), kInvalid, "slash too many");
  EXPECT_STATUS(CheckOrigin("a/"), kInvalid, "slash too many");
  EXPECT_STATUS(CheckOrigin("a//b"), kInvalid, "slash too many");
  EXPECT_STATUS(CheckOrigin("A.org"), kInvalid, "before the first slash");
  EXPECT_STATUS(CheckOrigin("a_b/c"), kInvalid, "before the first slash");
  EXPECT_STATUS(CheckOrigin("https://a"), kInvalid, "before the first slash");
  EXPECT_STATUS(CheckOrigin("a.org/b c"), kInvalid, "only A-Z");
  EXPECT_STATUS(CheckOrigin("a.org/b+c"), kInvalid, "only A-Z");
  EXPECT_STATUS(CheckOrigin("a.org/%2e"), kInvalid, "only A-Z");
  EXPECT_STATUS(CheckOrigin("a.org/\n"), kInvalid, "\\n");
  EXPECT_STATUS(CheckOrigin("metrics"), kInvalid, "reserved");
  EXPECT_STATUS(CheckOrigin("healthz"), kInvalid, "reserved");
  for (const std::string component : {".", "..", "tile", "checkpoint", "lookup"}) {
    for (const std::string& origin :
         {component, component + "/a", "a/" + component, "a/" + component + "/b"}) {
      EXPECT_STATUS(CheckOrigin(origin), kInvalid, "no component may be");
    }
  }
}

TEST(OriginTest, HasAtMost255Bytes) {
  EXPECT_OK(CheckOrigin(std::string(255, 'a')));
  EXPECT_STATUS(CheckOrigin(std::string(256, 'a')), kInvalid, "at most 255");
}

TEST(OriginTest, AgreesWithTheRegularExpressionOnEveryByte) {
  const auto has_form = ::testing::MatchesRegex("[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*");
  for (const std::string pattern : {"x?x", "x/x?x", "x?", "?x", "x/x?", "x/?x"}) {
    for (int byte = 1; byte < 256; ++byte) {  // a regular expression ends at NUL
      std::string origin = pattern;
      origin[origin.find('?')] = static_cast<char>(byte);
      EXPECT_EQ(CheckOrigin(origin).ok(), ::testing::Matches(has_form)(origin))
          << origin;
    }
  }
  EXPECT_STATUS(CheckOrigin(std::string_view("x\0x", 3)), kInvalid, "only a-z");
}

}  // namespace
}  // namespace setlog
