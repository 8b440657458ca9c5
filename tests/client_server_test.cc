// The client against the real service, over a unix socket and a real store.
#include <atomic>
#include <thread>

#include "client/appender.h"
#include "client/log_client.h"
#include "client/proof_file.h"
#include "log/manifest.h"
#include "log/replay.h"
#include "log/sha256.h"
#include "server/server.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

constexpr const char* kOrigin = "data.example.org/records";

Hash RecordN(uint64_t n) {
  std::string bytes;
  AppendU64(&bytes, n);
  return Sha256(AsBytes(bytes));
}

std::vector<Hash> Records(uint64_t begin, uint64_t end) {
  std::vector<Hash> records;
  for (uint64_t i = begin; i < end; ++i) records.push_back(RecordN(i));
  return records;
}

class ClientServerTest : public testing::Test {
 protected:
  ClientServerTest()
      : address_("unix:" + dir_.path() + "/socket"),
        state_(StateDirectory::Open(dir_.path() + "/home").value()) {
    StartServer();
    connection_.emplace(Connect());
    client_.emplace(&*connection_, &state_,
                    TrustOptions{.origin = kOrigin, .trust_on_first_use = true});
  }

  void StartServer() {
    server_ = Server::Start({.data_dir = dir_.path() + "/data",
                             .listen = address_,
                             .http = "127.0.0.1:0",
                             .memory_bytes = kMinMemoryBytes})
                  .value();
  }
  Connection Connect(bool with_token = true) {
    return Connection::Open({.address = address_,
                             .token_file = with_token
                                               ? dir_.path() + "/data/admin.token"
                                               : std::string()})
        .value();
  }
  void CreateLog() {
    ASSERT_OK(client_->CreateLog(
        FormatManifest({.origin = kOrigin, .scheme = "bytes/1"}).value()));
  }
  absl::StatusOr<AppendResult> Append(std::span<const Hash> records,
                                      Operation operation = Operation::kAdd) {
    Appender appender(
        &*connection_,
        {.origin = kOrigin, .session = NewSessionId(), .operation = operation});
    if (absl::Status s = appender.Open().status(); !s.ok()) return s;
    if (absl::Status s = appender.Write(records); !s.ok()) return s;
    return appender.Finish();
  }

  TempDir dir_;
  const std::string address_;
  StateDirectory state_;
  std::unique_ptr<Server> server_;
  std::optional<Connection> connection_;
  std::optional<LogClient> client_;
};

TEST_F(ClientServerTest, TheLifeOfALogIsVerifiedFromEndToEnd) {
  CreateLog();
  const absl::StatusOr<AppendResult> added = Append(Records(0, 70000));
  ASSERT_OK(added);
  EXPECT_EQ(added->added, 70000u);
  ASSERT_OK(client_->WaitIndexed(added->end - 1, nullptr));
  const absl::StatusOr<VerifiedHead> v1 = client_->TagSet("v1");
  ASSERT_OK(v1);
  EXPECT_EQ(v1->version.index.n, 70000u);
  const absl::StatusOr<AppendResult> removed =
      Append(Records(10, 20), Operation::kRemove);
  ASSERT_OK(removed);
  const absl::StatusOr<VerifiedHead> now =
      client_->WaitIndexed(removed->end - 1, nullptr);
  ASSERT_OK(now);
  EXPECT_EQ(now->version.index.n, 69990u);

  const std::vector<Hash> asked = Records(0, 5000);
  for (const VerifiedHead* head : {&*v1, &*now}) {
    const absl::StatusOr<std::vector<SetVerdict>> verdicts =
        client_->BatchLookup(*head, asked);
    ASSERT_OK(verdicts);
    for (uint64_t i = 0; i < asked.size(); ++i) {
      ASSERT_EQ((*verdicts)[i], head == &*now && i >= 10 && i < 20
                                    ? SetVerdict::kRemoved
                                    : SetVerdict::kPresent)
          << i;
    }
  }
  for (const auto& [i, verdict] : {std::pair{uint64_t{5}, SetVerdict::kPresent},
                                   std::pair{uint64_t{15}, SetVerdict::kRemoved},
                                   std::pair{uint64_t{70000}, SetVerdict::kAbsent}}) {
    const absl::StatusOr<LookupResult> found =
        client_->Lookup(*now, RecordN(i), Positions::kProven);
    ASSERT_OK(found);
    EXPECT_EQ(found->answer.verdict, verdict) << i;
    EXPECT_OK(ParseProofFile(FormatProofFile({now->proof, found->proof})));
  }
  EXPECT_EQ(client_->Tags(*now)->size(), 1u);
  EXPECT_EQ(ListLogs(*connection_)->size(), 1u);

  const TreeClient tree(&*connection_, now->version.checkpoint);
  Replay replay(kOrigin);
  ASSERT_OK(
      tree.Entries(0, tree.head().size, [&](uint64_t, std::span<const Bytes> entries) {
        EXPECT_EQ(replay.Feed(entries), std::nullopt);
        return absl::OkStatus();
      }));
  EXPECT_EQ(replay.Root(), tree.head().root);
  uint64_t partial = 0;
  ASSERT_OK(tree.Entries(12345, 70001, [&](uint64_t, std::span<const Bytes> entries) {
    partial += entries.size();
    return absl::OkStatus();
  }));
  EXPECT_EQ(partial, 70001u - 12345);
  EXPECT_OK(tree.Inclusion(777, 50000));
  EXPECT_OK(tree.Consistency(777, 50000));
}

TEST_F(ClientServerTest, ARestartUnderALoadOfAppendsLosesAndDoublesNothing) {
  CreateLog();
  const std::vector<Hash> records = Records(0, 400000);
  std::atomic<uint64_t> acknowledged = 0;
  absl::StatusOr<AppendResult> result = absl::UnknownError("not run");
  std::thread appending([&] {
    Appender appender(&*connection_,
                      {.origin = kOrigin,
                       .session = NewSessionId(),
                       .progress = [&](uint64_t n) { acknowledged = n; }});
    if (!appender.Open().ok()) return;
    if (appender.Write(records).ok()) result = appender.Finish();
  });
  while (acknowledged == 0) std::this_thread::yield();
  EXPECT_LT(acknowledged, records.size());
  server_.reset();
  StartServer();
  appending.join();
  ASSERT_OK(result);
  EXPECT_EQ(result->added, records.size());

  const absl::StatusOr<VerifiedHead> head =
      client_->WaitIndexed(result->end - 1, nullptr);
  ASSERT_OK(head);
  EXPECT_EQ(head->version.index.n, records.size());
  const TreeClient tree(&*connection_, head->version.checkpoint);
  std::vector<Hash> logged;
  ASSERT_OK(
      tree.Entries(0, tree.head().size, [&](uint64_t, std::span<const Bytes> entries) {
        for (Bytes entry : entries) {
          if (entry[0] != 1) continue;
          logged.push_back(HashFromBytes(entry.subspan(1)));
        }
        return absl::OkStatus();
      }));
  EXPECT_TRUE(logged == records);
}

TEST_F(ClientServerTest, WritersNeedTheTokenAndReadersDoNot) {
  CreateLog();
  const Connection without = Connect(false);
  Appender appender(&without, {.origin = kOrigin, .session = NewSessionId()});
  EXPECT_EQ(appender.Open().status().code(), StatusCode::kUnauthenticated);
  LogClient reader(&without, &state_, {.origin = kOrigin});
  EXPECT_OK(reader.Head());
  EXPECT_EQ(reader.TagSet("v1").status().code(), StatusCode::kUnauthenticated);
}

TEST_F(ClientServerTest, UnknownLogsVersionsAndSizesAreTheServersOwnErrors) {
  EXPECT_EQ(client_->Head().status().code(), StatusCode::kNotFound);
  CreateLog();
  EXPECT_EQ(client_->Head({.tag = "none"}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client_->Head({.size = 1000}).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(
      client_
          ->CreateLog(FormatManifest({.origin = kOrigin, .scheme = "bytes/1"}).value())
          .status()
          .code(),
      StatusCode::kAlreadyExists);
  Appender other(&*connection_,
                 {.origin = "data.example.org/none", .session = NewSessionId()});
  EXPECT_EQ(other.Open().status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace setlog
