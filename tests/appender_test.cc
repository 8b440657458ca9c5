#include "client/appender.h"

#include <set>

#include "fakes/fake_server.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

constexpr const char* kOrigin = "example.org/a";
constexpr uint64_t kFirst = 2;  // after the manifest and the first index entry

class AppenderTest : public testing::Test {
 protected:
  AppenderTest() : connection_(server_.Channel(), "", milliseconds(5000)) {
    server_.Create(kOrigin);
  }

  AppenderOptions Options(Operation operation = Operation::kAdd) {
    return {.origin = kOrigin,
            .session = std::string(16, 's'),
            .operation = operation,
            .progress = [this](uint64_t n) { progress_.push_back(n); }};
  }
  static std::vector<Hash> Records(uint64_t count) {
    std::vector<Hash> records;
    for (uint64_t i = 0; i < count; ++i) records.push_back(HashN(i));
    return records;
  }
  // The log's entries from kFirst on are adds of `records`, in order, each once.
  void ExpectLogged(const std::vector<Hash>& records) {
    ASSERT_EQ(server_.log().size(), kFirst + records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(server_.log().entry(kFirst + i), Encode(AddEntry{records[i]})) << i;
    }
  }

  FakeServer server_;
  Connection connection_;
  std::vector<uint64_t> progress_;
};

TEST_F(AppenderTest, RecordsArriveOnceAndInOrderHoweverTheyAreGiven) {
  const std::vector<Hash> records = Records(3 * Appender::kMessageRecords + 17);
  Appender appender(&connection_, Options());
  EXPECT_EQ(appender.Open().value(), 0u);
  for (size_t at = 0, step = 1; at < records.size(); at += step, step = step * 3 + 1) {
    step = std::min(step, records.size() - at);
    ASSERT_OK(appender.Write(std::span(records).subspan(at, step)));
  }
  const absl::StatusOr<AppendResult> result = appender.Finish();
  ASSERT_OK(result);
  EXPECT_EQ(result->added, records.size());
  EXPECT_EQ(result->first, kFirst);
  EXPECT_EQ(result->end, kFirst + records.size());
  EXPECT_EQ(result->size, server_.log().size());
  ExpectLogged(records);
  EXPECT_EQ(progress_.back(), records.size());
  EXPECT_TRUE(std::is_sorted(progress_.begin(), progress_.end()));
}

TEST_F(AppenderTest, NothingGivenIsNothingAppended) {
  Appender appender(&connection_, Options());
  ASSERT_OK(appender.Open());
  ASSERT_OK(appender.Write({}));
  EXPECT_EQ(appender.Finish()->added, 0u);
  ExpectLogged({});
}

TEST_F(AppenderTest, ALostStreamIsResumedWithoutLossOrDouble) {
  const std::vector<Hash> records = Records(10 * Appender::kMessageRecords + 5);
  for (int loss = 0; loss <= 10; ++loss) {
    server_.Create(kOrigin);
    server_.messages_before_loss = loss;
    server_.streams_opened = 0;
    AppenderOptions options = Options();
    options.session[0] = static_cast<char>(loss);
    Appender appender(&connection_, options);
    ASSERT_OK(appender.Open());
    ASSERT_OK(appender.Write(records));
    const absl::StatusOr<AppendResult> result = appender.Finish();
    ASSERT_OK(result) << loss;
    EXPECT_EQ(result->added, records.size());
    EXPECT_EQ(server_.streams_opened, 2);
    ExpectLogged(records);
  }
}

TEST_F(AppenderTest, ManyLossesInARowAreSurvivedWhileThereIsProgress) {
  const std::vector<Hash> records = Records(6 * Appender::kMessageRecords);
  // Whenever a stream is opened the next loss is prepared, one message later.
  server_.on_append = [&](v1::AppendResponse&) {
    if (server_.streams_opened < 6) server_.messages_before_loss = 0;
  };
  server_.messages_before_loss = 0;
  Appender appender(&connection_, Options());
  ASSERT_OK(appender.Open());
  ASSERT_OK(appender.Write(records));
  ASSERT_OK(appender.Finish());
  EXPECT_EQ(server_.streams_opened, 7);
  ExpectLogged(records);
}

TEST_F(AppenderTest, AMessageOfWhichOnlyAPartIsDurableIsSentFromThere) {
  const std::vector<Hash> records = Records(2 * Appender::kMessageRecords);
  // Another client of the same session has stored the first 100.
  Appender first(&connection_, Options());
  ASSERT_OK(first.Open());
  ASSERT_OK(first.Write(std::span(records).first(100)));
  ASSERT_OK(first.Finish());
  Appender second(&connection_, Options());
  ASSERT_EQ(second.Open().value(), 100u);
  ASSERT_OK(second.Write(std::span(records).subspan(100)));
  const absl::StatusOr<AppendResult> result = second.Finish();
  ASSERT_OK(result);
  EXPECT_EQ(result->added, records.size());  // of all runs
  EXPECT_EQ(result->first, kFirst);
  ExpectLogged(records);
}

TEST_F(AppenderTest, AFullQueueAndARestartAreWaitedFor) {
  server_.failures = {{grpc::StatusCode::UNAVAILABLE, "restarting"},
                      {grpc::StatusCode::RESOURCE_EXHAUSTED, "queue is full"},
                      {grpc::StatusCode::ABORTED, "lost a race"}};
  Appender appender(&connection_, Options());
  ASSERT_OK(appender.Open());
  ASSERT_OK(appender.Write(Records(10)));
  ASSERT_OK(appender.Finish());
  EXPECT_EQ(server_.streams_opened, 4);
  ExpectLogged(Records(10));
}

TEST_F(AppenderTest, OtherErrorsAreFinalAndTheServersOwn) {
  for (const grpc::StatusCode code :
       {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::PERMISSION_DENIED,
        grpc::StatusCode::NOT_FOUND, grpc::StatusCode::DATA_LOSS}) {
    server_.failures = {{code, "go away"}};
    server_.streams_opened = 0;
    Appender appender(&connection_, Options());
    EXPECT_STATUS(appender.Open(), static_cast<StatusCode>(code), "go away");
    EXPECT_STATUS(appender.Write(Records(1)), static_cast<StatusCode>(code), "go away");
    EXPECT_STATUS(appender.Finish(), static_cast<StatusCode>(code), "go away");
    EXPECT_EQ(server_.streams_opened, 1);
  }
}

TEST_F(AppenderTest, GivesUpWhenThereIsNoProgressForRetryFor) {
  const Connection impatient(server_.Channel(), "", milliseconds(200));
  server_.failures.assign(100, {grpc::StatusCode::UNAVAILABLE, "down"});
  Appender appender(&impatient, Options());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_STATUS(appender.Open(), StatusCode::kUnavailable, "down");
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, milliseconds(200));
  EXPECT_LT(took, milliseconds(2000));
}

TEST_F(AppenderTest, AcknowledgementsThatCannotBeAreRefused) {
  const std::vector<std::function<void(v1::AppendResponse&)>> lies = {
      [](v1::AppendResponse& r) { r.set_acknowledged(r.acknowledged() + 1); },
      [](v1::AppendResponse& r) { r.set_acknowledged(r.acknowledged() ? 1000 : 0); },
      [](v1::AppendResponse& r) { r.set_end(r.first()); },
      [](v1::AppendResponse& r) { r.set_end(r.first() + 1); },
      [](v1::AppendResponse& r) { r.set_size(r.end() - 1); }};
  for (const auto& lie : lies) {
    server_.Create(kOrigin);
    AppenderOptions options = Options();
    options.session = NewSessionId();
    // The stream's first answer is honest, so that only the later ones are judged.
    bool first = true;
    server_.on_append = [&](v1::AppendResponse& r) {
      if (!std::exchange(first, false)) lie(r);
    };
    Appender appender(&connection_, options);
    ASSERT_OK(appender.Open());
    ASSERT_OK(appender.Write(Records(10)));
    EXPECT_STATUS(appender.Finish(), StatusCode::kDataLoss, kOrigin);
  }
}

TEST_F(AppenderTest, AServerThatForgetsAcknowledgedRecordsIsRefused) {
  server_.on_append = [&](v1::AppendResponse& r) {
    if (server_.streams_opened > 1) r.set_acknowledged(1);
  };
  // The message that the stream is lost with is beyond the window, so that something
  // was acknowledged before it was sent.
  const uint64_t window = Appender::kWindowRecords / Appender::kMessageRecords;
  server_.messages_before_loss = static_cast<int>(window) + 1;
  Appender appender(&connection_, Options());
  ASSERT_OK(appender.Open());
  absl::Status status = appender.Write(Records(2 * Appender::kWindowRecords));
  if (status.ok()) status = appender.Finish().status();
  EXPECT_STATUS(status, StatusCode::kDataLoss, "and now 1");
}

TEST_F(AppenderTest, RemovesAreRemovesWithASessionOfTheirOwn) {
  const std::vector<Hash> records = Records(100);
  for (Operation operation : {Operation::kAdd, Operation::kRemove}) {
    Appender appender(&connection_, Options(operation));
    ASSERT_EQ(appender.Open().value(), 0u);
    ASSERT_OK(appender.Write(records));
    EXPECT_EQ(appender.Finish()->added, 100u);
  }
  EXPECT_EQ(server_.log().size(), kFirst + 200);
  EXPECT_EQ(server_.log().entry(kFirst + 100), Encode(RemoveEntry{records[0]}));
}

TEST_F(AppenderTest, CallsInTheWrongOrderAndBadSessionsAreRefused) {
  Appender appender(&connection_, Options());
  EXPECT_EQ(appender.Write(Records(1)).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(appender.Finish().status().code(), StatusCode::kFailedPrecondition);
  ASSERT_OK(appender.Open());
  ASSERT_OK(appender.Finish());
  EXPECT_EQ(appender.Write(Records(1)).code(), StatusCode::kFailedPrecondition);
  AppenderOptions options = Options();
  options.session = "short";
  Appender bad(&connection_, options);
  EXPECT_EQ(bad.Open().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AppenderTest, AnAbandonedAppenderEndsItsStream) {
  {
    Appender appender(&connection_, Options());
    ASSERT_OK(appender.Open());
    ASSERT_OK(appender.Write(Records(10)));
  }
  Appender again(&connection_, Options());
  ASSERT_OK(again.Open());
}

TEST(SessionIdTest, SessionIdsHave16BytesAndDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(NewSessionId());
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(ids.begin()->size(), 16u);
}

}  // namespace
}  // namespace setlog
