// A witness whose list of logs changes while it runs.
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "client/atomic_file.h"
#include "witness_fixture.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

std::string Page(const std::string& origin) {
  return "/" + ToHex(Sha256(AsBytes(origin))) + "/checkpoint";
}

class WitnessLogsTest : public WitnessTest {
 protected:
  WitnessLogsTest() : second_(ManifestFor("example.org/b")) {
    for (int i = 0; i < 10; ++i) {
      log().Add(HashN(i));
      second_.Add(HashN(i));
    }
  }
  Policy::Log First() { return {log().key(), ""}; }
  Policy::Log Second() { return {second_.key(), ""}; }
  WitnessedLogs::Changes Change(const std::vector<Policy::Log>& logs) {
    const auto changes = witness_->ChangeLogs(logs);
    EXPECT_OK(changes);
    return changes.value_or(WitnessedLogs::Changes{});
  }
  void Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000 && !holds(); ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_TRUE(holds());
  }

  FakeLog second_;
};

TEST_F(WitnessLogsTest, ALogThatIsAddedIsCosignedAndOneThatIsRemovedIsNot) {
  Start();
  ExpectCosigned(Post(Request(0, 5)), log(), 5);
  EXPECT_EQ(Post(Request(second_, 0, 2)).status, 404);
  const auto both = Change({First(), Second()});
  EXPECT_EQ(both.added, 1u);
  EXPECT_EQ(both.removed, 0u);
  ExpectCosigned(Post(Request(second_, 0, 2)), second_, 2);
  EXPECT_EQ(Get(Page(second_.key().name)).status, 200);
  // The other goes on where it was.
  ExpectCosigned(Post(Request(5, 6)), log(), 6);
  const auto one = Change({Second()});
  EXPECT_EQ(one.added, 0u);
  EXPECT_EQ(one.removed, 1u);
  EXPECT_EQ(Post(Request(6, 7)).status, 404);
  EXPECT_EQ(Get(Page(kOrigin)).status, 404);
  EXPECT_EQ(OriginFigure("setlog_cosigner_cosigned_size"), "");
  ExpectCosigned(Post(Request(second_, 2, 3)), second_, 3);
}

TEST_F(WitnessLogsTest, ALogThatComesBackIsNoFirstContact) {
  Start();
  ExpectCosigned(Post(Request(0, 5)), log(), 5);
  Change({Second()});
  Change({First(), Second()});
  EXPECT_EQ(Post(Request(0, 7)).body, "5\n");
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 10; ++i) fork.Add(HashN(100 + i));
  EXPECT_EQ(Post(Request(fork, 5, 7)).status, 422);
  ExpectCosigned(Post(Request(5, 7)), log(), 7);
  EXPECT_EQ(Post(Request(fork, 7, 7)).status, 403);  // convicted
  Change({Second()});
  Change({First()});
  EXPECT_EQ(Post(Request(7, 8)).status, 403);
}

TEST_F(WitnessLogsTest, AListThatMakesNoSenseChangesNothing) {
  Start();
  ExpectCosigned(Post(Request(0, 5)), log(), 5);
  FakeLog other_key(ManifestFor(kOrigin), "another key");
  const auto refused = [&](const std::vector<Policy::Log>& logs, const char* why) {
    EXPECT_STATUS(witness_->ChangeLogs(logs), absl::StatusCode::kInvalidArgument, why);
    EXPECT_EQ(Post(Request(second_, 0, 1)).status, 404);
    EXPECT_EQ(Post(Request(0, 6)).body, "5\n");
  };
  refused({}, "names no log");
  refused({Second(), {other_key.key(), ""}}, "example.org/a has another key now");
  refused({Second(), First(), {other_key.key(), ""}}, "another key now");
  // Nor does a log whose memory is damaged come in, or anything with it.
  const std::string note =
      Options().directory + "/cosigned" + Page("example.org/b").substr(0, 65) + ".note";
  ASSERT_OK(ReplaceFile(note, "damaged", 0600));
  EXPECT_STATUS(witness_->ChangeLogs({Second()}), absl::StatusCode::kDataLoss, note);
  ExpectCosigned(Post(Request(5, 6)), log(), 6);
}

TEST_F(WitnessLogsTest, NoRequestIsLostOrAnsweredTwiceWhileTheListChanges) {
  Start();
  std::atomic<bool> done = false;
  std::future<void> changes = std::async(std::launch::async, [&] {
    for (int i = 0; !done; ++i)
      Change(i % 2 == 0 ? std::vector{First(), Second()} : std::vector{First()});
  });
  std::future<void> others = std::async(std::launch::async, [&] {
    for (uint64_t last = 0; !done;) {
      const int status = Post(Request(second_, last, 1)).status;
      EXPECT_TRUE(status == 404 || status == 200) << status;
      if (status == 200) last = 1;
      EXPECT_EQ(Get("/").status, 200);
      EXPECT_EQ(Get("/metrics").status, 200);
    }
  });
  for (uint64_t size = 1; size <= 10; ++size) {
    ExpectCosigned(Post(Request(size - 1, size)), log(), size);
  }
  done = true;
  changes.get();
  others.get();
}

class FollowedLogsTest : public WitnessLogsTest {
 protected:
  FollowedLogsTest()
      : one_("unix:" + Socket("one")),
        two_(std::make_unique<FakeServer>("unix:" + Socket("two"))) {
    for (FakeServer* server : {&one_, two_.get()}) {
      server->Create(kOrigin);
      for (int i = 0; i < 10; ++i) server->log().Add(HashN(i));
      server->log().Index();
    }
  }
  std::string Socket(const std::string& name) { return dir_.path() + "/" + name; }
  Policy::Log At(const std::string& name) {
    return {one_.log().key(), "unix:" + Socket(name)};
  }
  WitnessOptions Auditing() {
    WitnessOptions options = Options();
    options.light = false;
    options.logs = {At("one")};
    options.source = {.retry_for = milliseconds(0)};
    options.poll = milliseconds(50);
    options.patience = milliseconds(10000);
    return options;
  }
  HttpAnswered Ask(FakeServer& server, uint64_t old_size, uint64_t size) {
    std::string request;
    server.Change([&](FakeLog& log) { request = Request(log, old_size, size); });
    return Post(request);
  }
  std::string Replayed() { return OriginFigure("setlog_cosigner_replayed_size"); }

  FakeServer one_;
  std::unique_ptr<FakeServer> two_;
};

TEST_F(FollowedLogsTest, ALogAtAnotherAddressIsFollowedThereFromWhereItWas) {
  Start(Auditing());
  Eventually([&] { return Replayed() == "13"; });
  EXPECT_EQ(Ask(one_, 0, 13).status, 200);
  const auto changes = Change({At("two")});
  EXPECT_EQ(changes.moved, 1u);
  EXPECT_EQ(changes.added + changes.removed, 0u);
  EXPECT_EQ(Change({At("two")}).moved, 0u);
  // Only there it grows.
  uint64_t size = 0;
  two_->Change([&](FakeLog& log) {
    log.Add(HashN(50));
    log.Index();
  });
  Eventually([&] { return Replayed() == "15"; });
  two_->Change([&](FakeLog& log) { size = log.size(); });
  EXPECT_EQ(Ask(*two_, 13, size).status, 200);
}

// What was replayed at one address is compared with what another one shows.
TEST_F(FollowedLogsTest, AnotherHistoryAtAnotherAddressIsNotCosigned) {
  FakeServer fork("unix:" + Socket("fork"));
  fork.Create(kOrigin);
  for (int i = 0; i < 20; ++i) fork.log().Add(HashN(100 + i));
  fork.log().Index();
  Start(Auditing());
  Eventually([&] { return Replayed() == "13"; });
  EXPECT_EQ(Ask(one_, 0, 13).status, 200);
  Change({At("fork")});
  Eventually([&] { return OriginFigure("setlog_cosigner_convicted") == "1"; });
  EXPECT_EQ(Ask(one_, 13, 13).status, 403);
}

TEST_F(FollowedLogsTest, ARemovedLogKeepsItsReplayAndWaitsForNobody) {
  WitnessOptions options = Auditing();
  options.keep_every = milliseconds(600000);
  options.logs.push_back({second_.key(), "unix:" + Socket("nobody")});
  Start(options);
  Eventually([&] { return Replayed() == "13"; });
  // Somebody waits for what never comes, as the log leaves.
  std::future<HttpAnswered> waits =
      std::async(std::launch::async, [&] { return Post(Request(second_, 0, 5)); });
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(Change({{At("one")}}).removed, 1u);
  EXPECT_EQ(waits.get().status, 503);
  Change({{second_.key(), "unix:" + Socket("nobody")}});
  EXPECT_EQ(Replayed(), "");
  Change({At("one")});
  Eventually([&] { return Replayed() == "13"; });
  EXPECT_EQ(OriginFigure("setlog_cosigner_replay_kept_size"), "13");
  EXPECT_EQ(Ask(one_, 0, 13).status, 200);
}

TEST_F(FollowedLogsTest, AnAddressThatIsNoneChangesNothing) {
  Start(Auditing());
  for (const char* url : {"", "ftp://a", "grpc://192.0.2.1:1"}) {
    EXPECT_STATUS(witness_->ChangeLogs({{one_.log().key(), url}}),
                  absl::StatusCode::kInvalidArgument, "--logs: example.org/a");
    EXPECT_STATUS(witness_->ChangeLogs({{second_.key(), url}, At("two")}),
                  absl::StatusCode::kInvalidArgument, "--logs: example.org/b");
  }
  EXPECT_EQ(Ask(one_, 0, 13).status, 200);
}

}  // namespace
}  // namespace setlog
