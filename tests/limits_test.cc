// What one crowd of callers can hold of the server, over real sockets: whoever meets a
// limit is told when to come back, and loses nothing.
#include "server/limits.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "client/appender.h"
#include "client/log_client.h"
#include "http/work_queue.h"
#include "index/disk_index.h"
#include "log/manifest.h"
#include "log/sha256.h"
#include "server/checkpoint_door.h"
#include "server/server.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

constexpr char kOrigin[] = "example.org/records";

std::vector<Hash> Records(uint64_t begin, uint64_t end) {
  std::vector<Hash> records;
  for (uint64_t i = begin; i < end; ++i) {
    records.push_back(Sha256(AsBytes("record-" + std::to_string(i))));
  }
  return records;
}

class LimitsTest : public testing::Test {
 protected:
  void Start(const Limits& limits) {
    server_ = Server::Start({.data_dir = dir_.path() + "/data",
                             .listen = "127.0.0.1:0",
                             .http = "127.0.0.1:0",
                             .memory_bytes = kMinMemoryBytes,
                             .limits = limits})
                  .value();
    connection_.emplace(Connect(milliseconds(15000)));
    Create(kOrigin);
  }
  Connection Connect(milliseconds retry_for) {
    return Connection::Open({.address = server_->grpc_address(),
                             .token_file = dir_.path() + "/data/admin.token",
                             .retry_for = retry_for})
        .value();
  }
  void Create(const std::string& origin) {
    v1::CreateLogRequest request;
    request.set_manifest(
        FormatManifest({.origin = origin, .scheme = "bytes/1"}).value());
    ASSERT_OK(connection_->Call(connection_->writer(), &v1::Writer::Stub::CreateLog,
                                request));
  }
  absl::StatusOr<AppendResult> Append(const Connection& connection,
                                      const std::string& session,
                                      std::span<const Hash> records) {
    Appender appender(&connection, {.origin = kOrigin, .session = session});
    const absl::StatusOr<uint64_t> durable = appender.Open();
    if (!durable.ok()) return durable.status();
    if (absl::Status s = appender.Write(records.subspan(*durable)); !s.ok()) return s;
    return appender.Finish();
  }
  uint64_t Size() {
    const auto logs = ListLogs(*connection_);
    EXPECT_OK(logs);
    for (const LogSummary& log : *logs) {
      if (log.origin == kOrigin) return log.size;
    }
    return 0;
  }
  // How many adds the raw log has of each record.
  std::map<Hash, int> Count() {
    std::map<Hash, int> count;
    const auto context = connection_->NewContext(milliseconds(0));
    v1::GetEntriesRequest request;
    request.set_origin(kOrigin);
    auto stream = connection_->reader().GetEntries(context.get(), request);
    v1::EntriesChunk chunk;
    while (stream->Read(&chunk)) {
      const std::string& bundle = chunk.bundle();
      for (size_t at = 0; at + 2 <= bundle.size();) {
        const size_t length = static_cast<uint8_t>(bundle[at]) << 8 |
                              static_cast<uint8_t>(bundle[at + 1]);
        if (bundle[at + 2] == 1) {
          ++count[HashFromBytes(AsBytes(bundle).subspan(at + 3))];
        }
        at += 2 + length;
      }
    }
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return count;
  }

  TempDir dir_;
  std::unique_ptr<Server> server_;
  std::optional<Connection> connection_;
};

// A stream that holds its place until it is destroyed.
class HeldStream {
 public:
  explicit HeldStream(const Connection& connection)
      : context_(connection.NewContext(milliseconds(0))),
        stream_(connection.writer().Append(context_.get())) {
    v1::AppendRequest open;
    open.mutable_open()->set_origin(kOrigin);
    open.mutable_open()->set_session(NewSessionId());
    v1::AppendResponse response;
    opened_ = stream_->Write(open) && stream_->Read(&response);
  }
  ~HeldStream() {
    context_->TryCancel();
    (void)stream_->Finish();
  }
  bool opened() const { return opened_; }

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AppendRequest, v1::AppendResponse>>
      stream_;
  bool opened_ = false;
};

TEST_F(LimitsTest, AFullQueueRefusesAndTheClientResumesWithNothingLostOrDoubled) {
  // Room for one message (16,384 records): streams race for it.
  Start({.queue_bytes = 16384 * 32 + 100});
  constexpr int kWriters = 3;
  constexpr uint64_t kEach = 40'000;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      const std::vector<Hash> records = Records(w * kEach, (w + 1) * kEach);
      const Connection connection = Connect(std::chrono::seconds(60));
      const absl::StatusOr<AppendResult> done =
          Append(connection, NewSessionId(), records);
      ASSERT_OK(done);
      EXPECT_EQ(done->added, kEach);
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::map<Hash, int> count = Count();
  EXPECT_EQ(count.size(), kWriters * kEach);
  for (const auto& [record, times] : count) ASSERT_EQ(times, 1);
}

TEST_F(LimitsTest, ASessionThatTheFullQueueEndedGoesOnLater) {
  Start({.queue_bytes = 64});
  const std::vector<Hash> records = Records(0, 200);
  const std::string session = NewSessionId();
  // One hash a message, far faster than the disk syncs: the queue is full at once.
  const auto context = connection_->NewContext(milliseconds(0));
  const auto stream = connection_->writer().Append(context.get());
  v1::AppendRequest request;
  request.mutable_open()->set_origin(kOrigin);
  request.mutable_open()->set_session(session);
  stream->Write(request);
  for (const Hash& record : records) {
    request.set_hashes(std::string(AsText(record)));
    if (!stream->Write(request)) break;
  }
  v1::AppendResponse response;
  while (stream->Read(&response)) {
  }
  const absl::Status refused = FromGrpc(stream->Finish(), *context);
  EXPECT_STATUS(refused, StatusCode::kResourceExhausted, "queue");
  EXPECT_EQ(PushbackOf(refused), milliseconds(kRetryAfterMs));

  const absl::StatusOr<AppendResult> done = Append(*connection_, session, records);
  ASSERT_OK(done);
  EXPECT_EQ(done->added, records.size());
  const std::map<Hash, int> count = Count();
  EXPECT_EQ(count.size(), records.size());
  for (const auto& [record, times] : count) ASSERT_EQ(times, 1);
}

TEST_F(LimitsTest, StreamsBeyondTheLimitWaitForAPlace) {
  Start({.append_streams = 2});
  auto first = std::make_unique<HeldStream>(*connection_);
  auto second = std::make_unique<HeldStream>(*connection_);
  ASSERT_TRUE(first->opened() && second->opened());
  EXPECT_FALSE(HeldStream(*connection_).opened());
  const Connection once = Connect(milliseconds(0));
  EXPECT_STATUS(Append(once, NewSessionId(), Records(0, 1)),
                StatusCode::kResourceExhausted, "append streams");
  // Strangers are refused before they could take a place.
  const Connection stranger =
      Connection::Open({.address = server_->grpc_address()}).value();
  EXPECT_STATUS(Append(stranger, NewSessionId(), Records(0, 1)),
                StatusCode::kUnauthenticated, "--token-file");
  std::thread leaves([&] {
    std::this_thread::sleep_for(milliseconds(300));
    first.reset();
  });
  EXPECT_OK(Append(*connection_, NewSessionId(), Records(0, 1)));
  leaves.join();
}

TEST_F(LimitsTest, OnlyStreamsThatMayWriteHoldAPlaceAndSilentOnesEnd) {
  Start({.append_streams = 1, .open_deadline = milliseconds(1000)});
  v1::CreateTokenRequest create;
  create.set_origins("example.org/another");
  create.add_verbs(v1::VERB_ADD);
  create.set_lifetime_us(60'000'000);
  const auto token =
      connection_->Call(connection_->admin(), &v1::Admin::Stub::CreateToken, create);
  ASSERT_OK(token);
  grpc::ClientContext silent_context;
  silent_context.AddMetadata("authorization", "Bearer " + token->secret());
  const auto silent = connection_->writer().Append(&silent_context);
  const Connection once = Connect(milliseconds(0));
  EXPECT_OK(Append(once, NewSessionId(), Records(0, 1)));
  v1::AppendResponse response;
  EXPECT_FALSE(silent->Read(&response));
  EXPECT_EQ(silent->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LimitsTest, AClientThatReadsNothingLosesItsPlace) {
  Start({.watch_streams = 1, .entry_streams = 1, .write_deadline = milliseconds(1000)});
  // More than flow control lets through unread.
  ASSERT_OK(Append(*connection_, NewSessionId(), Records(0, 300'000)));
  const auto context = connection_->NewContext(milliseconds(0));
  v1::GetEntriesRequest request;
  request.set_origin(kOrigin);
  const auto stalled = connection_->reader().GetEntries(context.get(), request);
  v1::EntriesChunk chunk;
  ASSERT_TRUE(stalled->Read(&chunk));
  const auto watch_context = connection_->NewContext(milliseconds(0));
  v1::GetHeadRequest head_request;
  head_request.set_origin(kOrigin);
  const auto watched =
      connection_->reader().WatchHeads(watch_context.get(), head_request);
  v1::Head head;
  ASSERT_TRUE(watched->Read(&head));
  // The place becomes free again.
  const auto may_read = [&] {
    const auto another_context = connection_->NewContext(milliseconds(0));
    const auto another =
        connection_->reader().GetEntries(another_context.get(), request);
    const bool read = another->Read(&chunk);
    another_context->TryCancel();
    (void)another->Finish();
    return read;
  };
  const auto begin = std::chrono::steady_clock::now();
  while (!may_read()) {
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
    std::this_thread::sleep_for(milliseconds(100));
  }
  while (stalled->Read(&chunk)) {
  }
  EXPECT_EQ(stalled->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // One that took what was sent stays, however long nothing happens.
  std::this_thread::sleep_for(milliseconds(2500));
  ASSERT_OK(Append(*connection_, NewSessionId(), Records(300'000, 300'001)));
  EXPECT_TRUE(watched->Read(&head));
  watch_context->TryCancel();
  (void)watched->Finish();
}

TEST_F(LimitsTest, HeadsAreWatchedByAsManyAsThereArePlaces) {
  Start({.watch_streams = 1});
  v1::GetHeadRequest request;
  request.set_origin(kOrigin);
  v1::Head head;
  const auto watch = [&](grpc::ClientContext* context) {
    return connection_->reader().WatchHeads(context, request);
  };
  const auto held_context = connection_->NewContext(milliseconds(0));
  const auto held = watch(held_context.get());
  ASSERT_TRUE(held->Read(&head));
  {
    const auto context = connection_->NewContext(milliseconds(0));
    const auto refused = watch(context.get());
    EXPECT_FALSE(refused->Read(&head));
    const absl::Status status = FromGrpc(refused->Finish(), *context);
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_TRUE(PushbackOf(status).has_value());
  }
  held_context->TryCancel();
  (void)held->Finish();
  for (int i = 0; i < 100; ++i) {
    const auto context = connection_->NewContext(milliseconds(0));
    const auto stream = watch(context.get());
    const bool watched = stream->Read(&head);
    context->TryCancel();
    (void)stream->Finish();
    if (watched) return;
    std::this_thread::sleep_for(milliseconds(50));
  }
  FAIL() << "the place was never given back";
}

TEST_F(LimitsTest, WhatGrpcRefusesByItselfIsNotTriedAgain) {
  Start({});
  v1::LookupRequest request;
  request.set_origin(std::string(5 << 20, 'a'));
  const auto before = std::chrono::steady_clock::now();
  const auto answer =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::Lookup, request);
  EXPECT_EQ(answer.status().code(), StatusCode::kResourceExhausted);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(LimitsTest, ListsComeInPagesAndTheClientJoinsThem) {
  Start({.listed = 3});
  for (int i = 7; i > 0; --i) Create(absl::StrFormat("example.org/l%d", i));
  const auto first = connection_->Call(
      connection_->reader(), &v1::Reader::Stub::ListLogs, v1::ListLogsRequest());
  ASSERT_OK(first);
  EXPECT_EQ(first->logs_size(), 3);
  EXPECT_TRUE(first->more());
  const auto all = ListLogs(*connection_);
  ASSERT_OK(all);
  EXPECT_EQ(all->size(), 8u);
  EXPECT_TRUE(
      std::is_sorted(all->begin(), all->end(),
                     [](const auto& a, const auto& b) { return a.origin < b.origin; }));

  std::vector<std::string> names;
  // In an order that is not that of their names.
  for (const char* name : {"c", "a", "g", "b", "f", "d"}) {
    v1::TagRequest tag;
    tag.set_origin(kOrigin);
    tag.set_name(name);
    ASSERT_OK(connection_->Call(connection_->writer(), &v1::Writer::Stub::Tag, tag));
  }
  v1::ListTagsRequest request;
  request.set_origin(kOrigin);
  const auto page =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::ListTags, request);
  ASSERT_OK(page);
  EXPECT_EQ(page->tags_size(), 3);
  EXPECT_TRUE(page->more());
  const StateDirectory state = StateDirectory::Open(dir_.path() + "/home").value();
  LogClient client(&*connection_, &state,
                   {.origin = kOrigin, .trust_on_first_use = true});
  const auto head = client.Head();
  ASSERT_OK(head);
  const auto tags = client.Tags(*head);
  ASSERT_OK(tags);
  for (const PlacedTagEntry& placed : *tags) names.push_back(placed.tag.name);
  EXPECT_EQ(names, (std::vector<std::string>{"c", "a", "g", "b", "f", "d"}));
}

TEST_F(LimitsTest, AFloodOfBatchLookupsDoesNotStarveWrites) {
  Start({.waiting_batches = 8});
  ASSERT_OK(Append(*connection_, NewSessionId(), Records(0, 50'000)));
  v1::BatchLookupRequest request;
  request.set_origin(kOrigin);
  for (const Hash& record : Records(0, 4096)) {
    request.mutable_records()->append(AsText(record));
  }
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 32; ++t) {
    readers.emplace_back([&] {
      const Connection connection = Connect(milliseconds(0));
      while (!stop) {
        const auto answer = connection.Call(connection.reader(),
                                            &v1::Reader::Stub::BatchLookup, request);
        ++(answer.ok() ? answered : refused);
        if (!answer.ok()) {
          EXPECT_EQ(answer.status().code(), StatusCode::kResourceExhausted);
          std::this_thread::sleep_for(milliseconds(5));
        }
      }
    });
  }
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(Append(*connection_, NewSessionId(),
                     Records(100'000 + i * 1000, 101'000 + i * 1000)));
  }
  const auto took = std::chrono::steady_clock::now() - before;
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(answered, 0);
  RecordProperty("append_ms", static_cast<int>(took / milliseconds(1)));
  RecordProperty("answered", answered);
  RecordProperty("refused", refused);
}

TEST_F(LimitsTest, OldVersionsAreBroughtBackAFewAtATimeAndTheNewestIsNeverRefused) {
  Start({.waiting_old_lookups = 2});
  // More versions than are kept at hand (16 recent ones, 8 old ones).
  constexpr uint64_t kVersions = 40;
  std::vector<uint64_t> sizes;
  const std::vector<Hash> records = Records(0, kVersions);
  for (uint64_t i = 0; i < kVersions; ++i) {
    ASSERT_OK(Append(*connection_, NewSessionId(), std::span(records).subspan(i, 1)));
    v1::TagRequest tag;
    tag.set_origin(kOrigin);
    tag.set_name(absl::StrFormat("v%d", i));
    const auto tagged =
        connection_->Call(connection_->writer(), &v1::Writer::Stub::Tag, tag);
    ASSERT_OK(tagged);
    sizes.push_back(tagged->index_size());
  }
  std::atomic<int> refused = 0;
  std::vector<std::thread> readers;
  for (uint64_t t = 0; t < 16; ++t) {
    readers.emplace_back([&, t] {
      const Connection once = Connect(milliseconds(0));
      const Connection patient = Connect(std::chrono::seconds(60));
      v1::LookupRequest request;
      request.set_origin(kOrigin);
      for (uint64_t i = 0; i < 60; ++i) {
        const uint64_t version = (i * 7 + t * 3) % kVersions;
        request.set_record(std::string(AsText(records[version])));
        request.set_index_size(sizes[version]);
        const auto answer =
            once.Call(once.reader(), &v1::Reader::Stub::Lookup, request);
        if (answer.ok()) {
          EXPECT_EQ(answer->lookup().count(), version + 1);
        } else {
          EXPECT_EQ(answer.status().code(), StatusCode::kResourceExhausted);
          ++refused;
        }
        request.set_index_size(0);
        EXPECT_OK(once.Call(once.reader(), &v1::Reader::Stub::Lookup, request));
      }
      request.set_index_size(sizes[t]);
      EXPECT_OK(patient.Call(patient.reader(), &v1::Reader::Stub::Lookup, request));
    });
  }
  for (std::thread& reader : readers) reader.join();
  RecordProperty("refused", refused);
}

TEST_F(LimitsTest, ARevokedTokenEndsTheStreamThatItOpened) {
  Start({});
  v1::CreateTokenRequest create;
  create.set_origins(kOrigin);
  create.add_verbs(v1::VERB_ADD);
  create.set_lifetime_us(60'000'000);
  const auto token =
      connection_->Call(connection_->admin(), &v1::Admin::Stub::CreateToken, create);
  ASSERT_OK(token);
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + token->secret());
  const auto stream = connection_->writer().Append(&context);
  v1::AppendRequest open;
  open.mutable_open()->set_origin(kOrigin);
  open.mutable_open()->set_session(NewSessionId());
  v1::AppendRequest hashes;
  hashes.set_hashes(std::string(32, 'h'));
  v1::AppendResponse response;
  ASSERT_TRUE(stream->Write(open) && stream->Read(&response));
  ASSERT_TRUE(stream->Write(hashes) && stream->Read(&response));
  EXPECT_EQ(response.acknowledged(), 1u);
  v1::RevokeTokenRequest revoke;
  revoke.set_id(token->token().id());
  ASSERT_OK(
      connection_->Call(connection_->admin(), &v1::Admin::Stub::RevokeToken, revoke));
  stream->Write(hashes);
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("was revoked"));
}

TEST(DiskIndexLockTest, ReadersThatTakeTurnsDoNotKeepTheWriterOut) {
  const TempDir dir;
  DiskIndex index({.directory = dir.path() + "/index"});
  std::atomic<bool> stop = false;
  std::atomic<int> reading = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 16; ++t) {
    readers.emplace_back([&] {
      ++reading;
      while (!stop) (void)index.memory_bytes();
    });
  }
  while (reading < 16) std::this_thread::sleep_for(milliseconds(1));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) index.Clear().IgnoreError();
  const auto took = std::chrono::steady_clock::now() - before;
  stop = true;
  for (std::thread& reader : readers) reader.join();
  RecordProperty("writes_ms", static_cast<int>(took / milliseconds(1)));
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST(BackupLimitTest, BelowTheReserveNoCheckpointIsMade) {
  const TempDir dir;
  const auto server = Server::Start({.data_dir = dir.path() + "/data",
                                     .listen = "127.0.0.1:0",
                                     .http = "127.0.0.1:0",
                                     .memory_bytes = kMinMemoryBytes,
                                     .min_free_bytes = uint64_t{1} << 62});
  ASSERT_OK(server);
  const auto guest = CheckpointGuest::Knock(dir.path() + "/data");
  EXPECT_STATUS(guest.status(), StatusCode::kUnavailable, "--min-free");
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/data/checkpoint"));
}

TEST(WorkQueueTest, RefusesWhenFullAndFinishesWhatItTook) {
  std::atomic<int> ran = 0;
  Mutex gate;
  int taken = 0;
  {
    WorkQueue queue(2, 3);
    MutexLock hold(gate);
    const auto task = [&] {
      MutexLock wait(gate);
      ++ran;
    };
    for (int i = 0; i < 100; ++i) {
      taken += queue.TryRun(task);
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_GE(taken, 3);
    EXPECT_LE(taken, 5);
  }
  EXPECT_EQ(ran, taken);
}

}  // namespace
}  // namespace setlog
