// Who may do what, where tokens live, and what the audit trail says.
#include "server/access.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "server/audit_log.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr int64_t kSecond = 1'000'000;
constexpr char kAdminToken[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<nlohmann::json> FileLines(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(FileText(path));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

class AccessTest : public testing::Test {
 protected:
  AccessTest() { Restart(); }
  void Restart() {
    tokens_ = Tokens::Open(dir_.path(), [this] { return now_us_; }).value();
    access_.emplace(kAdminToken, tokens_.get());
  }
  NewToken Make(const std::string& origins, std::set<Verb> verbs) {
    return tokens_->Create(origins, std::move(verbs), 60 * kSecond).value();
  }
  Caller With(const std::string& text) { return access_->Identify("Bearer " + text); }
  std::string File() const { return dir_.path() + "/tokens.json"; }

  TempDir dir_;
  int64_t now_us_ = 1'700'000'000 * kSecond;
  std::unique_ptr<Tokens> tokens_;
  std::optional<Access> access_;
};

TEST(TokenTest, APrefixCoversWhatIsBelowItAndNothingElse) {
  EXPECT_TRUE(Covers("*", "example.org/a"));
  EXPECT_TRUE(Covers("example.org/a", "example.org/a"));
  EXPECT_FALSE(Covers("example.org/a", "example.org/a/b"));
  EXPECT_FALSE(Covers("example.org/a", "example.org/ab"));
  EXPECT_TRUE(Covers("example.org/*", "example.org/a"));
  EXPECT_TRUE(Covers("example.org/*", "example.org/a/b"));
  EXPECT_FALSE(Covers("example.org/*", "example.org"));
  EXPECT_FALSE(Covers("example.org/*", "example.org/"));
  EXPECT_FALSE(Covers("example.org/*", "example.organisation/a"));
  EXPECT_FALSE(Covers("example.org/*", ""));
}

TEST(TokenTest, PatternsAreOriginsPrefixesOrEverything) {
  for (const char* good : {"*", "a.org", "a.org/*", "a.org/b", "a.org/b/*"}) {
    EXPECT_OK(CheckOriginPattern(good)) << good;
  }
  for (const char* bad : {"", "/*", "**", "a.org/", "a.org*", "*/a", "a.org/*/b",
                          "a.org/../b", "A.org", "a.org/*/*"}) {
    EXPECT_STATUS(CheckOriginPattern(bad), StatusCode::kInvalidArgument, "PREFIX/*");
  }
}

TEST(TokenTest, AnyChangeOfTheFileIsDataLossOrOtherTokens) {
  TokenMap tokens;
  for (const char* id : {"0123456789abcdef", "fedcba9876543210"}) {
    tokens[id] = {id, Hash{}, "a.org/*", {Verb::kAdd, Verb::kTag}, 1, 2, {}};
  }
  tokens["fedcba9876543210"].prove_budget = Budget{10000, 86400 * kSecond};
  const std::string text = EncodeTokens(tokens);
  ASSERT_OK(DecodeTokens(text));
  EXPECT_EQ(*DecodeTokens(text), tokens);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string cut = text.substr(0, i);
    EXPECT_STATUS(DecodeTokens(cut), StatusCode::kDataLoss, "");
    for (const char bit : {1, 32}) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ bit);
      const absl::StatusOr<TokenMap> read = DecodeTokens(flipped);
      if (read.ok()) {
        EXPECT_NE(*read, tokens) << "byte " << i;
      }
    }
  }
  for (const char* other :
       {"", "{}", "[]", "{\"tokens\":[]}", "{\"tokens\":[1]}", "null", "\xff"}) {
    EXPECT_STATUS(DecodeTokens(other), StatusCode::kDataLoss, "");
  }
}

// Releases before budgets, and logs whose owners never made one.
TEST(TokenTest, AFileWithoutBudgetsIsAsItWas) {
  const std::string text = R"({
 "tokens": [
  {
   "id": "0123456789abcdef",
   "digest": ")" + std::string(64, '0') +
                           R"(",
   "origins": "*",
   "verbs": [
    "read"
   ],
   "created_us": 1,
   "expires_us": 2
  }
 ]
}
)";
  const absl::StatusOr<TokenMap> tokens = DecodeTokens(text);
  ASSERT_OK(tokens);
  EXPECT_EQ(tokens->at("0123456789abcdef").prove_budget, std::nullopt);
  EXPECT_EQ(EncodeTokens(*tokens), text);
}

TEST(TokenTest, ABudgetThatNoBucketHoldsIsDataLoss) {
  TokenMap tokens;
  tokens["0123456789abcdef"] = {"0123456789abcdef", Hash{}, "*", {Verb::kRead}, 1, 2,
                                Budget{7, kSecond}};
  const std::string good = EncodeTokens(tokens);
  ASSERT_OK(DecodeTokens(good));
  for (const auto& [from, to] : {std::pair("\"records\": 7", "\"records\": 0"),
                                 {"\"records\": 7", "\"records\": -7"},
                                 {"\"records\": 7", "\"records\": \"7\""},
                                 {"\"period_us\": 1000000", "\"period_us\": 1"}}) {
    std::string bad = good;
    const size_t at = bad.find(from);
    ASSERT_NE(at, bad.npos) << from;
    bad.replace(at, std::string_view(from).size(), to);
    EXPECT_STATUS(DecodeTokens(bad), StatusCode::kDataLoss, "");
  }
}

TEST_F(AccessTest, WritesAreDeniedByDefault) {
  for (Verb verb : kVerbs) {
    EXPECT_STATUS(access_->Check(access_->Identify(std::nullopt), verb, "a.org"),
                  StatusCode::kUnauthenticated,
                  "pass --token-file FILE; the server made DIR/admin.token");
    EXPECT_OK(access_->Check(With(kAdminToken), verb, "a.org"));
  }
}

TEST_F(AccessTest, AnythingButATokenOfThisServerIsUnauthenticated) {
  const std::string good = Make("*", {Verb::kAdd}).text;
  std::vector<std::string> bad = {"",
                                  "x",
                                  kAdminToken + std::string("0"),
                                  std::string(kAdminToken).substr(1),
                                  good + "0",
                                  good.substr(1),
                                  "slt_",
                                  std::string(1 << 16, 'a')};
  for (size_t i = 0; i < good.size(); ++i) {
    bad.push_back(good);
    bad.back()[i] = bad.back()[i] == '0' ? '1' : '0';
  }
  for (const std::string& text : bad) {
    EXPECT_EQ(access_->Check(With(text), Verb::kAdd, "a.org").code(),
              StatusCode::kUnauthenticated)
        << text;
  }
  EXPECT_OK(access_->Check(With(good), Verb::kAdd, "a.org"));
  EXPECT_EQ(access_->Check(access_->Identify(good), Verb::kAdd, "a.org").code(),
            StatusCode::kUnauthenticated);
  EXPECT_EQ(
      access_->Check(access_->Identify("bearer " + good), Verb::kAdd, "a.org").code(),
      StatusCode::kUnauthenticated);
}

TEST_F(AccessTest, ATokenAllowsItsVerbsOnItsOriginsAndNothingElse) {
  const Caller caller = With(Make("a.org/*", {Verb::kAdd, Verb::kTag}).text);
  for (Verb verb : kVerbs) {
    const bool has = verb == Verb::kAdd || verb == Verb::kTag;
    EXPECT_EQ(access_->Check(caller, verb, "a.org/x").ok(), has) << VerbName(verb);
    EXPECT_EQ(access_->Check(caller, verb, "b.org/x").code(),
              StatusCode::kPermissionDenied);
  }
  EXPECT_STATUS(access_->Check(caller, Verb::kRemove, "a.org/x"),
                StatusCode::kPermissionDenied,
                "does not allow `remove` on a.org/x: it allows add, tag on a.org/*");
  // What a stranger wrote is not repeated.
  EXPECT_THAT(std::string(access_->Check(caller, Verb::kAdd, "<script>\n").message()),
              testing::Not(testing::HasSubstr("script")));
  EXPECT_STATUS(access_->CheckAdmin(caller), StatusCode::kPermissionDenied,
                "only the admin token");
  EXPECT_STATUS(access_->CheckAdmin(access_->Identify(std::nullopt)),
                StatusCode::kUnauthenticated, "--token-file");
  EXPECT_OK(access_->CheckAdmin(With(kAdminToken)));
}

TEST_F(AccessTest, ATokenEndsWhenItExpiresOrIsRevokedAlsoForCallsUnderWay) {
  const NewToken first = Make("a.org", {Verb::kAdd});
  const NewToken second = Make("a.org", {Verb::kAdd});
  const Caller opened_first = With(first.text);
  const Caller opened_second = With(second.text);
  EXPECT_OK(access_->Check(opened_first, Verb::kAdd, "a.org"));
  ASSERT_OK(tokens_->Revoke(first.token.id));
  EXPECT_STATUS(access_->Check(opened_first, Verb::kAdd, "a.org"),
                StatusCode::kUnauthenticated, "was revoked");
  EXPECT_EQ(access_->Check(With(first.text), Verb::kAdd, "a.org").code(),
            StatusCode::kUnauthenticated);
  EXPECT_STATUS(tokens_->Revoke(first.token.id), StatusCode::kNotFound, "token list");

  now_us_ = second.token.expires_us - 1;
  EXPECT_OK(access_->Check(opened_second, Verb::kAdd, "a.org"));
  now_us_ = second.token.expires_us;
  for (const Caller& caller : {opened_second, With(second.text)}) {
    EXPECT_STATUS(access_->Check(caller, Verb::kAdd, "a.org"),
                  StatusCode::kUnauthenticated, "expired on 2023-11-14 22:14:20 UTC");
  }
}

TEST_F(AccessTest, WhoMayNotReadAPrivateLogCannotTellItFromNone) {
  const Caller nobody = access_->Identify(std::nullopt);
  const Caller stranger = With(Make("b.org", {Verb::kRead}).text);
  for (const Caller& caller : {nobody, stranger}) {
    EXPECT_EQ(access_->CheckRead(caller, "a.org", true), NoSuchLog("a.org"));
    EXPECT_OK(access_->CheckRead(caller, "a.org", false));
  }
  EXPECT_OK(access_->CheckRead(With(kAdminToken), "a.org", true));
  EXPECT_OK(access_->CheckRead(With(Make("a.org", {Verb::kRead}).text), "a.org", true));
  EXPECT_STATUS(
      access_->CheckRead(With(Make("a.org", {Verb::kAdd}).text), "a.org", true),
      StatusCode::kPermissionDenied, "`read` on a.org");
  // A bad token does not keep anybody from what is public.
  EXPECT_OK(access_->CheckRead(With("nonsense"), "a.org", false));
  EXPECT_EQ(access_->CheckRead(With("nonsense"), "a.org", true).code(),
            StatusCode::kUnauthenticated);
}

TEST_F(AccessTest, TokensOutliveTheServerAndTheirSecretsAreNowhere) {
  const NewToken made = Make("a.org", {Verb::kAdd});
  const std::string file = FileText(File());
  const TokenText text = SplitToken(made.text).value();
  EXPECT_EQ(text.secret.size(), 64u);
  EXPECT_THAT(file, testing::HasSubstr(text.id));
  EXPECT_THAT(file, testing::Not(testing::HasSubstr(text.secret)));
  struct stat info;
  ASSERT_EQ(stat(File().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  // Without a proper end, as after kill -9.
  Restart();
  EXPECT_OK(access_->Check(With(made.text), Verb::kAdd, "a.org"));
  ASSERT_EQ(tokens_->List().size(), 1u);
  EXPECT_EQ(tokens_->List()[0], made.token);
  ASSERT_OK(tokens_->Revoke(made.token.id));
  Restart();
  EXPECT_EQ(access_->Check(With(made.text), Verb::kAdd, "a.org").code(),
            StatusCode::kUnauthenticated);
}

TEST_F(AccessTest, ADamagedOrReadableFileOfTokensIsRefusedByName) {
  Make("a.org", {Verb::kAdd});
  const auto open = [this] {
    return Tokens::Open(dir_.path(), [] { return 0; }).status();
  };
  const std::string file = FileText(File());
  chmod(File().c_str(), 0644);
  EXPECT_STATUS(open(), StatusCode::kFailedPrecondition, File());
  chmod(File().c_str(), 0600);
  EXPECT_OK(open());
  std::ofstream(File()) << file.substr(0, file.size() / 2);
  EXPECT_STATUS(open(), StatusCode::kDataLoss, File());
}

TEST_F(AccessTest, BadTokensAreNotMade) {
  EXPECT_STATUS(tokens_->Create("A.org", {Verb::kAdd}, kSecond),
                StatusCode::kInvalidArgument, "PREFIX/*");
  EXPECT_STATUS(tokens_->Create("a.org", {}, kSecond), StatusCode::kInvalidArgument,
                "verb");
  for (const int64_t lifetime :
       {int64_t{0}, int64_t{-1}, Tokens::kMaxLifetimeUs + 1, INT64_MAX, INT64_MIN}) {
    EXPECT_STATUS(tokens_->Create("a.org", {Verb::kAdd}, lifetime),
                  StatusCode::kInvalidArgument, "3650d");
  }
  EXPECT_FALSE(std::filesystem::exists(File()));
}

TEST_F(AccessTest, TokensMadeAndRevokedAtOnceFromManyThreadsAreAllThere) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 5; ++i) {
        const NewToken gone = Make("a.org", {Verb::kAdd});
        const NewToken kept = Make("a.org", {Verb::kAdd});
        EXPECT_OK(tokens_->Revoke(gone.token.id));
        EXPECT_OK(access_->Check(With(kept.text), Verb::kAdd, "a.org"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<Token> before = tokens_->List();
  EXPECT_EQ(before.size(), 20u);
  Restart();
  EXPECT_EQ(tokens_->List().size(), 20u);
}

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() : path_(dir_.path() + "/audit.log") {
    log_ = AuditLog::Open(path_, [this] { return now_us_; }).value();
  }
  TempDir dir_;
  const std::string path_;
  int64_t now_us_ = 1'700'000'000 * kSecond + 5;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, ALineSaysWhoDidWhatWhenAndHowItEnded) {
  log_->Record({.who = "token:0123456789abcdef",
                .peer = "ipv4:127.0.0.1:5",
                .action = "add",
                .origin = "a.org/b",
                .count = 7},
               absl::OkStatus());
  log_->Record({.who = "admin",
                .peer = "unix:",
                .action = "tag",
                .origin = "a.org",
                .tag = "v1"},
               absl::AlreadyExistsError("words are not repeated"));
  const std::vector<nlohmann::json> lines = FileLines(path_);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], (nlohmann::json{{"time", "2023-11-14T22:13:20.000005Z"},
                                      {"who", "token:0123456789abcdef"},
                                      {"peer", "ipv4:127.0.0.1:5"},
                                      {"action", "add"},
                                      {"origin", "a.org/b"},
                                      {"count", 7},
                                      {"result", "OK"}}));
  EXPECT_EQ(lines[1]["result"], "ALREADY_EXISTS");
  EXPECT_EQ(lines[1]["tag"], "v1");
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, WhatCallersMakeUpStaysOut) {
  log_->Record({.who = "admin",
                .peer = "p\n\xff\"",
                .action = "tag",
                .origin = "a.org\n{}",
                .tag = "\"\n"},
               absl::OkStatus());
  const std::vector<nlohmann::json> lines = FileLines(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_FALSE(lines[0].contains("origin"));
  EXPECT_FALSE(lines[0].contains("tag"));
}

TEST_F(AuditLogTest, AFileThatIsMovedAwayIsBegunAnew) {
  const auto record = [this](const char* who) {
    log_->Record({.who = who, .action = "add"}, absl::OkStatus());
  };
  record("first");
  std::filesystem::rename(path_, path_ + ".1");
  record("second");
  EXPECT_EQ(FileLines(path_ + ".1").size(), 1u);
  ASSERT_EQ(FileLines(path_).size(), 1u);
  EXPECT_EQ(FileLines(path_)[0]["who"], "second");
  log_ = AuditLog::Open(path_, [] { return 0; }).value();
  record("third");
  EXPECT_EQ(FileLines(path_).size(), 2u);
}

TEST_F(AuditLogTest, StrangersCannotFillTheDisk) {
  const auto refuse = [this](const char* who) {
    log_->Record({.who = who, .action = "add"}, absl::UnauthenticatedError(""));
  };
  for (int i = 0; i < 1000; ++i) refuse("anonymous");
  EXPECT_EQ(FileLines(path_).size(), 100u);
  now_us_ += 2 * kSecond;
  for (int i = 0; i < 1000; ++i) refuse("anonymous");
  ASSERT_EQ(FileLines(path_).size(), 102u);
  EXPECT_EQ(FileLines(path_)[100]["skipped"], 900);
  // Those with a token are always named.
  for (int i = 0; i < 10; ++i) refuse("token:0123456789abcdef");
  EXPECT_EQ(FileLines(path_).size(), 112u);
}

TEST_F(AuditLogTest, NorCanATokenThatIsRefusedButWhatItWroteIsAlwaysThere) {
  const auto end = [this](const char* who, uint64_t count) {
    log_->Record({.who = who, .action = "add", .count = count},
                 absl::PermissionDeniedError(""));
  };
  for (int i = 0; i < 1000; ++i) end("token:0123456789abcdef", 0);
  EXPECT_EQ(FileLines(path_).size(), 100u);
  for (int i = 0; i < 1000; ++i) end("token:fedcba9876543210", 0);
  EXPECT_EQ(FileLines(path_).size(), 200u);
  for (int i = 0; i < 50; ++i) end("token:0123456789abcdef", 1);
  EXPECT_EQ(FileLines(path_).size(), 250u);
  now_us_ += 1000 * kSecond;
  end("token:0123456789abcdef", 0);
  EXPECT_EQ(FileLines(path_).back()["skipped"], 900);
}

TEST_F(AuditLogTest, ALineThatWasCutShortDoesNotSpoilTheNext) {
  const auto record = [this](const char* who) {
    log_->Record({.who = who, .action = "add"}, absl::OkStatus());
  };
  record("first");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit full = before;
  full.rlim_cur = std::filesystem::file_size(path_) + 10;
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  record("second");  // ten bytes of it
  record("third");   // nothing
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  record("fourth");
  // As a loss of power leaves it, before a start.
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 3);
  log_ = AuditLog::Open(path_, [] { return 0; }).value();
  record("fifth");
  std::istringstream text(FileText(path_));
  std::vector<bool> whole;
  for (std::string line; std::getline(text, line);) {
    whole.push_back(nlohmann::json::accept(line));
  }
  EXPECT_EQ(whole, (std::vector<bool>{true, false, false, true}));
}

TEST_F(AuditLogTest, AFileThatOthersCanReadIsRefused) {
  chmod(path_.c_str(), 0640);
  EXPECT_STATUS(AuditLog::Open(path_, [] { return 0; }).status(),
                StatusCode::kFailedPrecondition, "chmod 600");
}

}  // namespace
}  // namespace setlog
