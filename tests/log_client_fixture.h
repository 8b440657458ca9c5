// tests/log_client_fixture.h -- a client of a small log, whose server lies on demand.
//
//   TEST_F(LogClientTest, AHeadOfNobodyIsRefused) {
//     server_.on_head = [](v1::Head& head) { head.set_checkpoint("rubbish"); };
//     EXPECT_STATUS(Pinned().Head(), absl::StatusCode::kDataLoss, "");
//   }
#ifndef SETLOG_TESTS_LOG_CLIENT_FIXTURE_H_
#define SETLOG_TESTS_LOG_CLIENT_FIXTURE_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "client/log_client.h"
#include "fakes/fake_server.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {

inline constexpr const char* kOrigin = "example.org/a";

// HashN(1..40) but 7 are in the set of "v1"; 41..50 were added after it, 8 removed.
class LogClientTest : public testing::Test {
 protected:
  LogClientTest() : state_(StateDirectory::Open(dir_.path()).value()) {
    FakeLog& log = server_.Create(kOrigin);
    for (uint64_t i = 1; i <= 40; ++i) log.Add(HashN(i));
    log.Remove(HashN(7));
    log.Index();
    log.Tag("v1");
    for (uint64_t i = 41; i <= 50; ++i) log.Add(HashN(i));
    log.Remove(HashN(8));
    log.Index();
    connection_ = std::make_unique<Connection>(server_.Channel(), "",
                                               std::chrono::milliseconds(0));
  }

  LogClient Client(TrustOptions options = {.trust_on_first_use = true}) {
    options.origin = kOrigin;
    return LogClient(connection_.get(), &state_, std::move(options));
  }
  LogClient Pinned() { return Client({.key = server_.log().key()}); }
  std::optional<KnownLog> Known() { return state_.Load(kOrigin).value(); }
  FakeLog& log() { return server_.log(); }
  // The file says it to anybody who has nothing but the key.
  void ExpectConviction(const LogClient& client, std::string_view kind) {
    ASSERT_TRUE(client.conviction().has_value());
    EXPECT_EQ(client.conviction()->misbehaviour.kind, kind);
    const auto bytes = ReadSmallFile(client.conviction()->path, kMaxEvidenceFileBytes);
    ASSERT_OK(bytes);
    const auto evidence = ParseEvidenceFile(*bytes);
    ASSERT_OK(evidence);
    EXPECT_OK(VerifyEvidence(*evidence, {.log_key = log().key()}));
  }

  TempDir dir_;
  StateDirectory state_;
  FakeServer server_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_LOG_CLIENT_FIXTURE_H_
