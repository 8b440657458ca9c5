#include "log/log_path.h"

#include <random>

#include "log/origin.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

const char kRecord[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

TEST(LogPathTest, NamesEachPageOfALog) {
  const LogPath checkpoint{"example.org/a", CheckpointPath{}};
  EXPECT_EQ(*ParseLogPath("/example.org/a/checkpoint"), checkpoint);
  const LogPath newest{"example.org/a", CheckpointPath{.newest = true}};
  EXPECT_EQ(*ParseLogPath("/example.org/a/checkpoint/newest"), newest);
  EXPECT_EQ(FormatLogPath(newest), "/example.org/a/checkpoint/newest");
  const LogPath tile{"example.org", TilePath{.tile = {1, 1234}, .width = 7}};
  EXPECT_EQ(*ParseLogPath("/example.org/tile/1/x001/234.p/7"), tile);
  const LogPath entries{"a/b/c", TilePath{.entries = true, .tile = {0, 3}}};
  EXPECT_EQ(*ParseLogPath("/a/b/c/tile/entries/003"), entries);
  const LogPath lookup{"a/b", LookupPath{*HashFromHex(kRecord)}};
  EXPECT_EQ(*ParseLogPath(std::string("/a/b/lookup/") + kRecord), lookup);
}

// Origins that look like pages, hosts and numbers.
std::string RandomOrigin(std::mt19937_64& random) {
  static constexpr const char* kHosts[] = {"a",   "example.org", "x001",
                                           "000", "tile-",       "metrics.org"};
  static constexpr const char* kComponents[] = {"Tile",    "tiles",   "entries", "0",
                                                "x000",    "000.p",   "7",       "~",
                                                "lookups", "metrics", "...",     "p"};
  std::string origin = kHosts[random() % std::size(kHosts)];
  for (uint64_t left = random() % 4; left > 0; --left) {
    origin += std::string("/") + kComponents[random() % std::size(kComponents)];
  }
  return origin;
}

LogPath RandomPath(std::mt19937_64& random) {
  LogPath path{.origin = RandomOrigin(random)};
  TilePath tile{.entries = random() % 2 == 0};
  tile.tile.index = random() >> (random() % 64);
  if (!tile.entries) tile.tile.level = static_cast<uint8_t>(random() % 64);
  tile.width = static_cast<uint32_t>(1 + random() % 256);
  Hash record;
  for (uint8_t& byte : record.bytes) byte = static_cast<uint8_t>(random());
  switch (random() % 4) {
    case 0:
      path.page = CheckpointPath{.newest = random() % 2 == 0};
      break;
    case 1:
      path.page = LookupPath{record};
      break;
    default:
      path.page = tile;
  }
  return path;
}

TEST(LogPathTest, WhatIsFormattedParsesBack) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20000; ++round) {
    const LogPath path = RandomPath(random);
    ASSERT_OK(CheckOrigin(path.origin));
    const absl::StatusOr<LogPath> parsed = ParseLogPath(FormatLogPath(path));
    ASSERT_OK(parsed);
    ASSERT_EQ(*parsed, path) << FormatLogPath(path);
  }
}

TEST(LogPathTest, WhateverParsesIsWhatFormatWrites) {
  std::mt19937_64 random(12);
  static constexpr std::string_view kBytes = "/.x0179apPA%\0 \xc3+";
  int parsed_count = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text = FormatLogPath(RandomPath(random));
    for (uint64_t edits = 1 + random() % 2; edits > 0; --edits) {
      const size_t at = random() % text.size();
      const char byte = kBytes[random() % kBytes.size()];
      switch (random() % 4) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1);
          break;
        default:
          text.resize(at + 1);
      }
    }
    const absl::StatusOr<LogPath> parsed = ParseLogPath(text);
    if (parsed.ok()) {
      ++parsed_count;
      ASSERT_EQ(FormatLogPath(*parsed), text);
    } else {
      ASSERT_TRUE(parsed.status().code() == StatusCode::kInvalidArgument ||
                  parsed.status().code() == StatusCode::kNotFound)
          << parsed.status() << text;
    }
  }
  EXPECT_GT(parsed_count, 1000);
}

TEST(LogPathTest, OtherSpellingsAreMalformed) {
  const std::string record = kRecord;
  for (const std::string& text : {
           std::string("//a/checkpoint"),
           std::string("/a//checkpoint"),
           std::string("/a/./checkpoint"),
           std::string("/a/b/../checkpoint"),
           std::string("/A/checkpoint"),
           std::string("/checkpoint"),
           std::string("/tile/0/000"),
           std::string("/metrics/checkpoint"),
           std::string("/a/check%70oint"),
           std::string("/a%2Fb/checkpoint"),
           std::string("/a/tile%2F0/000"),
           std::string("/a/tile/0/%30%30%30"),
           std::string("/a/tile"),
           std::string("/a/tile/"),
           std::string("/a/tile/0/0"),
           std::string("/a/tile/00/000"),
           std::string("/a/tile/64/000"),
           std::string("/a/tile/0/000/"),
           std::string("/a/tile/0/1000"),
           std::string("/a/tile/0/x000/001"),
           std::string("/a/tile/0/000.p/0"),
           std::string("/a/tile/0/000.p/01"),
           std::string("/a/tile/0/000.p/256"),
           std::string("/a/tile/entries/000.p/256"),
           std::string("/a/tile/checkpoint"),
           std::string("/a/lookup"),
           std::string("/a/lookup/"),
           "/a/lookup/" + record.substr(1),
           "/a/lookup/" + record + "0",
           "/a/lookup/" + record + "/",
           "/a/lookup//" + record,
           "/a/lookup/0x" + record.substr(2),
           "/a/lookup/" + std::string(63, 'a') + "A",
           std::string("/a/b\0/checkpoint", 15),
           std::string("/a/b c/checkpoint"),
           std::string("/a?/checkpoint"),
       }) {
    SCOPED_TRACE(text);
    EXPECT_STATUS(ParseLogPath(text), StatusCode::kInvalidArgument, "");
  }
}

TEST(LogPathTest, WhatIsNoPageIsNotFound) {
  for (const char* text :
       {"", "/", "a/checkpoint", "/a", "/a/b", "/a/tiles/0/000", "/a/checkpoints",
        "/a/checkpoint/", "/a/checkpoint/b", "/a/Checkpoint", "/favicon.ico"}) {
    SCOPED_TRACE(text);
    EXPECT_STATUS(ParseLogPath(text), StatusCode::kNotFound, "ORIGIN/checkpoint");
  }
}

}  // namespace
}  // namespace setlog
