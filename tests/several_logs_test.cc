// What is said of one log on the command line is for that log alone.
#include "tools/several_logs.h"

#include "log/skey.h"
#include "testing.h"

namespace setlog {
namespace {

const std::vector<VersionName> kNames = {{"example.org/a", {.tag = "v1"}},
                                         {"example.net/b", {}},
                                         {"example.org/a", {.size = 7}}};

TEST(SeveralLogsTest, EachLogHasItsOwnServerAndToken) {
  const SeveralLogsFlags flags = {
      .servers = {"example.net/b=b.example:7070"},
      .token_files = {"example.net/b=b.token", "example.org/a=a=1.token"},
      .trust = {.policy_file = "all.policy"}};
  const auto places = LogPlaces::Of(flags, kNames);
  ASSERT_OK(places);
  const VersionPlace a = places->For("example.org/a");
  EXPECT_EQ(a.server.address, "");
  EXPECT_EQ(a.server.token_file, "a=1.token");
  EXPECT_EQ(a.trust.policy_file, "all.policy");
  const VersionPlace b = places->For("example.net/b");
  EXPECT_EQ(b.server.address, "b.example:7070");
  EXPECT_EQ(b.server.token_file, "b.token");
}

TEST(SeveralLogsTest, TheTokenOfOneServerIsNotShownToAnother) {
  const auto places =
      LogPlaces::Of({.servers = {"example.net/b=b.example:7070"}}, kNames);
  ASSERT_OK(places);
  const Session session{.server = {.address = "here:1", .token_file = "here.token"},
                        .out = Output({})};
  const auto server_of = [&](const char* origin) {
    return SessionOn(session, places->For(origin).server).server;
  };
  EXPECT_EQ(server_of("example.org/a").token_file, "here.token");
  EXPECT_EQ(server_of("example.net/b").address, "b.example:7070");
  EXPECT_EQ(server_of("example.net/b").token_file, "");
}

TEST(SeveralLogsTest, AKeyIsForTheLogThatItNames) {
  const std::string key = FormatVkey(
      MakeSigningKey("example.net/b", Ed25519PrivateKey::FromSeed(Hash()).value())
          .value()
          .Verifier(SignatureType::kEd25519));
  const auto places = LogPlaces::Of({.vkeys = {key}}, kNames);
  ASSERT_OK(places);
  EXPECT_EQ(places->For("example.net/b").trust.vkey, key);
  EXPECT_EQ(places->For("example.org/a").trust.vkey, "");
  EXPECT_STATUS(LogPlaces::Of({.vkeys = {key, key}}, kNames),
                absl::StatusCode::kInvalidArgument, "said twice");
  EXPECT_STATUS(LogPlaces::Of({.vkeys = {key}}, std::span(kNames).first(1)),
                absl::StatusCode::kInvalidArgument, "names no version of that log");
}

TEST(VersionNameTest, WhatIsParsedIsShownAgain) {
  for (const char* text : {"example.org/a@v1", "example.org/a"}) {
    const auto name = ParseVersionName(text);
    ASSERT_OK(name);
    EXPECT_EQ(TextOf(*name), text);
  }
  EXPECT_EQ(JsonOf(ParseVersionName("example.org/a@v1")->at), "v1");
  EXPECT_EQ(JsonOf(ParseVersionName("example.org/a")->at), nullptr);
  for (const char* text :
       {"", "@v1", "example.org/a@", "example.org/a@0", "example.org/a@v1@v2",
        "example.org/a@7", "v1", "A@v1", "example.org/a@18446744073709551616"}) {
    EXPECT_STATUS(ParseVersionName(text), absl::StatusCode::kInvalidArgument,
                  "is not ORIGIN@TAG");
  }
}

}  // namespace
}  // namespace setlog
