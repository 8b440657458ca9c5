// A witness that replays: what it cosigns, what it waits for, whom it convicts.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "log/set_tree.h"
#include "log/tile.h"
#include "sanitized.h"
#include "witness_fixture.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

class WitnessAuditTest : public WitnessTest {
 protected:
  WitnessAuditTest() : listener_("unix:" + dir_.path() + "/socket") {
    listener_.Create(kOrigin);
    for (int i = 0; i < 10; ++i) Log().Add(HashN(i));
    Log().Index();
  }
  FakeLog& Log() { return listener_.log(); }

  WitnessOptions Auditing() {
    WitnessOptions options = Options();
    options.light = false;
    options.logs = {{Log().key(), "unix:" + dir_.path() + "/socket"}};
    options.source = {.retry_for = milliseconds(0)};
    options.poll = milliseconds(50);
    options.patience = milliseconds(10000);
    return options;
  }
  HttpAnswered Ask(uint64_t old_size, uint64_t size) {
    std::string request;
    listener_.Change([&](FakeLog& log) { request = Request(log, old_size, size); });
    return Post(request);
  }
  void ExpectCosignedAt(uint64_t old_size, uint64_t size) {
    const HttpAnswered answer = Ask(old_size, size);
    listener_.Change([&](FakeLog& log) { ExpectCosigned(answer, log, size); });
  }
  void Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000 && !holds(); ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_TRUE(holds());
  }
  // The one file of evidence, as a stranger with the key judges it.
  void ExpectEvidence(std::string_view kind) {
    std::vector<std::string> files;
    for (const auto& file :
         std::filesystem::directory_iterator(Options().directory + "/evidence")) {
      if (file.path().extension() == ".evidence") files.push_back(file.path().string());
    }
    ASSERT_EQ(files.size(), 1u);
    const auto evidence =
        ParseEvidenceFile(ReadSmallFile(files[0], kMaxEvidenceFileBytes).value());
    ASSERT_OK(evidence);
    const auto proven = VerifyEvidence(*evidence, {.log_key = Log().key()});
    ASSERT_OK(proven);
    EXPECT_EQ(proven->kind, kind) << proven->what;
  }
  void ExpectConvicted(uint64_t old_size, uint64_t size, std::string_view kind) {
    // At once, later, and after a restart.
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(Ask(old_size, size).status, 403);
      EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "1");
      EXPECT_EQ(Get("/healthz").status, 200);
      Eventually([&] {
        return !std::filesystem::is_empty(Options().directory + "/evidence");
      });
      Start(Auditing());
    }
    ExpectEvidence(kind);
  }
  bool Said(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find("event=" + event) != line.npos;
    });
  }

  FakeServer listener_;
};

TEST_F(WitnessAuditTest, CosignsWhatItReplayed) {
  Start(Auditing());
  ExpectCosignedAt(0, 3);
  ExpectCosignedAt(3, 12);
  listener_.Change([](FakeLog& log) {
    log.Add(HashN(50));
    log.Index();
  });
  ExpectCosignedAt(12, Log().size());
  EXPECT_EQ(OriginFigure("setlog_cosigner_replayed_size"), "15");
  EXPECT_EQ(OriginFigure("setlog_cosigner_lag_entries"), "0");
  EXPECT_EQ(OriginFigure("setlog_cosigner_replay_lag_entries"), "0");
}

// A head behind the one that was replayed is compared by the log's own proof.
TEST_F(WitnessAuditTest, ASmallerHeadIsComparedUnderTheOneThatWasReplayed) {
  Start(Auditing());
  Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "13"; });
  uint64_t last = 0;
  for (const uint64_t size : {1u, 2u, 5u, 8u, 11u, 13u}) {
    ExpectCosignedAt(last, size);
    last = size;
  }
}

TEST_F(WitnessAuditTest, AHeadThatTheLogDoesNotShowYetIsWaitedFor) {
  listener_.shown_size = 5;
  WitnessOptions options = Auditing();
  options.patience = milliseconds(300);
  Start(options);
  Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "5"; });
  const HttpAnswered late = Ask(0, 13);
  EXPECT_EQ(late.status, 503);
  EXPECT_NE(late.headers.find("Retry-After: 2\r\n"), std::string::npos);
  EXPECT_NE(late.body.find("5 entries are replayed, of the 13"), std::string::npos)
      << late.body;
  ExpectCosignedAt(0, 5);
  // While it waits it comes.
  options.patience = milliseconds(10000);
  Start(options);
  std::future<HttpAnswered> waiting =
      std::async(std::launch::async, [&] { return Ask(5, 13); });
  std::this_thread::sleep_for(milliseconds(100));
  listener_.Change([&](FakeLog&) { listener_.shown_size.reset(); });
  const HttpAnswered answer = waiting.get();
  ExpectCosigned(answer, Log(), 13);
}

// One log's waiting requests do not take all threads.
TEST_F(WitnessAuditTest, OnlyAFewRequestsWaitForOneLog) {
  listener_.shown_size = 2;
  WitnessOptions options = Auditing();
  options.patience = milliseconds(10000);
  Start(options);
  const std::string request = Request(Log(), 0, 13);
  std::vector<std::future<HttpAnswered>> waiting;
  for (int i = 0; i < 30; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] { return Post(request); }));
  }
  int turned_away = 0;
  for (auto& answer : waiting) {
    const HttpAnswered got = answer.get();
    EXPECT_EQ(got.status, 503);
    turned_away += got.body.starts_with("others wait");
  }
  EXPECT_GE(turned_away, 20);
}

TEST_F(WitnessAuditTest, AWrongSetIsConvictedAndNeverCosignedAgain) {
  Start(Auditing());
  ExpectCosignedAt(0, 13);
  listener_.Change([](FakeLog& log) {
    log.Add(HashN(20));
    log.IndexAs(10, SetRootOfValues({HashN(1)}));
    log.Index();
  });
  ExpectConvicted(13, 15, "wrong_extension");
  EXPECT_TRUE(Said("log_convicted"));
  // Not even what is right about it.
  EXPECT_EQ(Ask(13, 14).status, 403);
  EXPECT_EQ(Ask(13, 13).status, 403);
}

TEST_F(WitnessAuditTest, AMalformedEntryIsConvictedBeforeAnythingIsAsked) {
  listener_.Change([](FakeLog& log) {
    log.AppendBytes("\x07rubbish");
    log.Add(HashN(70));
  });
  Start(Auditing());
  Eventually([&] { return Said("kind=malformed_entry") || Said("log_convicted"); });
  ExpectConvicted(0, 13, "malformed_entry");
}

TEST_F(WitnessAuditTest, AUsedTagNameIsConvicted) {
  listener_.Change([](FakeLog& log) {
    log.Tag("v1");
    log.Tag("v1");
  });
  Start(Auditing());
  ExpectConvicted(0, 13, "tag_twice");
}

// Another history under the same key, offered to the witness alone.
TEST_F(WitnessAuditTest, AForkThatIsOnlyOfferedIsConvicted) {
  for (const bool larger : {false, true}) {
    std::filesystem::remove_all(Options().directory);
    Start(Auditing());
    ExpectCosignedAt(0, 2);
    FakeLog fork(ManifestFor(kOrigin));
    for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
    if (larger) {
      listener_.Change([](FakeLog& log) {
        while (log.size() < 40) log.Add(HashN(log.size()));
        log.Index();
      });
      Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "41"; });
    }
    EXPECT_EQ(Post(Request(fork, 2, 13)).status, 403) << larger;
    ExpectConvicted(2, 13, larger ? "fork" : "two_roots");
    witness_.reset();
  }
}

// And another one, of which the proof alone is wrong: judged later, without an answer.
TEST_F(WitnessAuditTest, AForkThatWasRefusedForItsProofIsConvictedLater) {
  Start(Auditing());
  ExpectCosignedAt(0, 10);
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  EXPECT_EQ(Post(Request(fork, 10, 12)).status, 422);
  Eventually([&] { return Said("log_convicted"); });
  ExpectConvicted(10, 13, "fork");
}

// So is a smaller head, which nobody would cosign any more.
TEST_F(WitnessAuditTest, AForkBehindWhatWasCosignedIsConvictedLater) {
  Start(Auditing());
  ExpectCosignedAt(0, 13);
  EXPECT_EQ(Ask(13, 8).status, 400);  // honest, if useless
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  EXPECT_EQ(Post(Request(fork, 13, 8)).status, 400);
  Eventually([&] { return Said("log_convicted"); });
  ExpectConvicted(13, 13, "fork");
}

// Old heads are public, and refused without a signature: who sends them again and again
// does not keep the witness from following the log.
TEST_F(WitnessAuditTest, OldHeadsInEndlessRowsDoNotHoldUpTheReplay) {
  listener_.Change([](FakeLog& log) {
    while (log.size() < 700) log.Add(HashN(log.size()));
    log.Index();
  });
  Start(Auditing());
  const uint64_t size = Log().size();
  ExpectCosignedAt(0, size);
  std::vector<std::string> old;
  for (uint64_t i = 0; i < 400; ++i) old.push_back(Request(Log(), size, 200 + i));
  // More calls than can be answered before the next ones are asked for.
  listener_.Change([&](FakeLog&) {
    listener_.on_consistency = [](v1::ConsistencyProof&) {
      std::this_thread::sleep_for(milliseconds(10));
    };
  });
  std::atomic<bool> enough = false;
  std::thread sender([&] {
    for (size_t i = 0; !enough; ++i) {
      EXPECT_EQ(Post(old[i % old.size()]).status, 400);
    }
  });
  std::this_thread::sleep_for(milliseconds(300));
  listener_.Change([](FakeLog& log) {
    log.Add(HashN(9000));
    log.Index();
  });
  std::string request;
  listener_.Change([&](FakeLog& log) { request = Request(log, size, log.size()); });
  EXPECT_EQ(Post(request).status, 200);
  enough = true;
  sender.join();
}

// The log's key can make up any number of heads that no replay will ever reach: they
// take no place from one that convicts it.
TEST_F(WitnessAuditTest, HeadsBeyondAllReplaysLeaveRoomForAFork) {
  Start(Auditing());
  ExpectCosignedAt(0, 10);
  for (uint64_t i = 0; i < 40; ++i) {
    const std::string note = Log().NoteFor((uint64_t{1} << 60) + i, HashN(i));
    EXPECT_EQ(Post(*FormatAddCheckpoint({10, {HashN(1)}, note})).status, 422);
  }
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  EXPECT_EQ(Post(Request(fork, 10, 12)).status, 422);
  Eventually([&] { return Said("log_convicted"); });
  ExpectConvicted(10, 13, "fork");
}

// What a restart finds: the log was rewritten while nobody looked.
TEST_F(WitnessAuditTest, ARewrittenLogIsConvictedByWhatWasCosigned) {
  Start(Auditing());
  ExpectCosignedAt(0, 13);
  witness_.reset();
  std::filesystem::remove_all(Options().directory + "/audit");
  std::filesystem::remove_all(Options().directory + "/logs");
  std::filesystem::remove_all(Options().directory + "/seen");
  std::filesystem::create_directory(Options().directory + "/logs");
  std::filesystem::create_directory(Options().directory + "/seen");
  listener_.Create(kOrigin);
  for (int i = 0; i < 30; ++i) Log().Add(HashN(100 + i));
  Log().Index();
  Start(Auditing());
  Eventually([&] { return Said("log_convicted"); });
  ExpectConvicted(13, 20, "fork");
}

// The evidence takes the log's help, the conviction does not: who keeps the server may
// be the liar, and take it away at the right moment.
TEST_F(WitnessAuditTest, AForkIsConvictedWhileTheLogsServerGivesNothing) {
  Start(Auditing());
  Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "13"; });
  listener_.Change([](FakeLog& log) {
    while (log.size() < 40) log.Add(HashN(log.size()));
    log.Index();
  });
  ExpectCosignedAt(0, 2);
  Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "41"; });
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  const auto down = [&](size_t calls) {
    listener_.Change([&](FakeLog&) {
      listener_.failures.assign(calls, {grpc::StatusCode::UNAVAILABLE, "gone"});
    });
  };
  down(10000);
  EXPECT_EQ(Post(Request(fork, 2, 13)).status, 403);
  EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "1");
  EXPECT_TRUE(Said("no_evidence"));
  EXPECT_TRUE(std::filesystem::is_empty(Options().directory + "/evidence"));
  // With the server back, and after a restart too.
  for (const bool restarted : {false, true}) {
    if (restarted) Start(Auditing());
    EXPECT_EQ(Ask(2, 41).status, 403);
    EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "1");
  }
  // Which also goes on for the evidence.
  down(0);
  Eventually(
      [&] { return !std::filesystem::is_empty(Options().directory + "/evidence"); });
  ExpectConvicted(2, 41, "fork");
}

// --- What nobody waits for is asked until it has an answer.

// Heads that were cosigned without an audit are audited, however long that takes.
TEST_F(WitnessAuditTest, AForkThatWasCosignedIsConvictedWhenTheLogProvesItsRoot) {
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  Start();
  ExpectCosigned(Post(Request(fork, 0, 10)), fork, 10);
  std::atomic<int> refused = 0;
  listener_.on_consistency = [&](v1::ConsistencyProof& proof) {
    if (++refused <= 3) proof.clear_root1();
  };
  Start(Auditing());
  Eventually([&] { return Said("log_convicted"); });
  EXPECT_GT(refused, 3);
  ExpectConvicted(10, 13, "fork");
}

TEST_F(WitnessAuditTest, AForkThatWasRefusedIsConvictedWhenTheLogProvesItsRoot) {
  Start(Auditing());
  ExpectCosignedAt(0, 10);
  std::atomic<int> refused = 0;
  listener_.Change([&](FakeLog&) {
    listener_.on_consistency = [&](v1::ConsistencyProof& proof) {
      if (++refused <= 3) proof.clear_root1();
    };
  });
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 30; ++i) fork.Add(HashN(100 + i));
  EXPECT_EQ(Post(Request(fork, 10, 12)).status, 422);
  Eventually([&] { return Said("log_convicted"); });
  EXPECT_GT(refused, 3);
  ExpectConvicted(10, 13, "fork");
}

// Old heads whose roots the log does not prove wait in vain: they are few, cost one
// call a round, and make room for what was not tried yet.
TEST_F(WitnessAuditTest, QuestionsWithoutAnAnswerTakeNoPlaceAndNoTime) {
  listener_.Change([](FakeLog& log) {
    while (log.size() < 100) log.Add(HashN(log.size()));
    log.Index();
  });
  Start(Auditing());
  const uint64_t size = Log().size();
  ExpectCosignedAt(0, size);
  std::atomic<bool> refuses = true;
  std::atomic<int> asked = 0;
  listener_.Change([&](FakeLog&) {
    listener_.heads_asked = 0;
    listener_.on_consistency = [&](v1::ConsistencyProof& proof) {
      ++asked;
      if (refuses) proof.clear_root1();
    };
  });
  for (uint64_t i = 0; i < 60; ++i) {
    EXPECT_EQ(Post(Request(Log(), size, 20 + i)).status, 400);
  }
  const int before = asked;
  Eventually([&] { return asked >= before + 3; });
  listener_.Change([&](FakeLog&) { EXPECT_LE(asked, listener_.heads_asked + 1); });
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 100; ++i) fork.Add(HashN(300 + i));
  EXPECT_EQ(Post(Request(fork, size, 50)).status, 400);
  // And what somebody waits for comes first.
  listener_.Change([](FakeLog& log) {
    log.Add(HashN(9000));
    log.Index();
  });
  ExpectCosignedAt(size, Log().size());
  refuses = false;
  Eventually([&] { return Said("log_convicted"); });
  ExpectConvicted(size, Log().size(), "fork");
}

// What does not verify convicts nobody, and is not cosigned either.
TEST_F(WitnessAuditTest, EntriesThatAServerMadeUpAreNotCosignedAndConvictNobody) {
  listener_.on_chunk = [](v1::EntriesChunk& chunk) {
    (*chunk.mutable_bundle())[chunk.bundle().size() - 3] ^= 1;
  };
  WitnessOptions options = Auditing();
  options.patience = milliseconds(300);
  Start(options);
  EXPECT_EQ(Ask(0, 13).status, 503);
  EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "0");
  Eventually([&] { return Said("replay_begins_again"); });
  // It was the server, or the way: the log itself is honest.
  listener_.Change([&](FakeLog&) { listener_.on_chunk = nullptr; });
  options.patience = milliseconds(10000);
  Start(options);
  ExpectCosignedAt(0, 13);
}

// A lie that could not be compared with the head is forgotten: the honest entries that
// come afterwards are not judged by it, at once or late.
TEST_F(WitnessAuditTest, AMadeUpFaultThatCouldNotBeComparedConvictsNobodyLater) {
  listener_.Change([](FakeLog& log) {
    while (log.size() < 600) log.Add(HashN(log.size()));
    log.Index();
  });
  std::atomic<int> lies = 0;
  listener_.on_chunk = [&](v1::EntriesChunk& chunk) {
    if (chunk.begin() == 0) return;
    // So late that what came before it was taken; and that the next replay, which goes
    // on from there, is asked to before anything has come.
    std::this_thread::sleep_for(milliseconds(300));
    if (lies > 0) return;
    chunk.clear_bundle();
    ASSERT_OK(AppendToBundle(AsBytes("\x07made up"), chunk.mutable_bundle()));
    listener_.failures.assign(1, {grpc::StatusCode::UNAVAILABLE, "no proof now"});
    ++lies;
  };
  Start(Auditing());
  ExpectCosignedAt(0, Log().size());
  EXPECT_EQ(lies, 1);
  EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "0");
  EXPECT_FALSE(Said("log_convicted"));
  EXPECT_TRUE(Said("replay_begins_again"));
}

TEST_F(WitnessAuditTest, AServerThatIsLostIsWaitedFor) {
  WitnessOptions options = Auditing();
  Start(options);
  ExpectCosignedAt(0, 2);
  listener_.Change([&](FakeLog&) {
    listener_.failures.assign(5, {grpc::StatusCode::UNAVAILABLE, "gone"});
  });
  listener_.Change([](FakeLog& log) { log.Add(HashN(60)); });
  ExpectCosignedAt(2, Log().size());
}

TEST_F(WitnessAuditTest, ARestartGoesOnWhereTheReplayWas) {
  listener_.Change([](FakeLog& log) {
    for (int i = 0; i < 3000; ++i) log.Add(HashN(1000 + i));
    log.Index();
  });
  std::atomic<uint64_t> least = UINT64_MAX;
  listener_.on_chunk = [&](v1::EntriesChunk& chunk) {
    least = std::min<uint64_t>(least, chunk.begin());
  };
  Start(Auditing());
  const uint64_t size = Log().size();
  ExpectCosignedAt(0, size);
  EXPECT_EQ(least, 0u);
  witness_.reset();
  least = UINT64_MAX;
  listener_.Change([](FakeLog& log) {
    log.Add(HashN(9999));
    log.Index();
  });
  Start(Auditing());
  ExpectCosignedAt(size, Log().size());
  EXPECT_EQ(least, size);
  // A replay that was damaged costs time and nothing else.
  witness_.reset();
  for (const auto& file :
       std::filesystem::directory_iterator(Options().directory + "/audit")) {
    if (file.path().extension() != ".audit") continue;
    std::string bytes = ReadSmallFile(file.path().string(), 1 << 24).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_OK(ReplaceFile(file.path().string(), bytes, 0600));
  }
  Start(Auditing());
  ExpectCosignedAt(Log().size(), Log().size());
  EXPECT_EQ(least, 0u);
}

TEST_F(WitnessAuditTest, StopsAtOnceWhileItsLogHangs) {
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  Start(Auditing());
  Eventually([&] { return OriginFigure("setlog_cosigner_replayed_size") == "13"; });
  listener_.Change(
      [&](FakeLog&) { listener_.on_head = [opened](v1::Head&) { opened.wait(); }; });
  std::this_thread::sleep_for(milliseconds(200));
  const auto begin = std::chrono::steady_clock::now();
  witness_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
  gate.set_value();
}

TEST_F(WitnessAuditTest, WhatCannotBeAuditedIsRefusedAtTheStart) {
  WitnessOptions options = Auditing();
  options.logs[0].url = "";
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kInvalidArgument,
                "--light");
  options.logs[0].url = "ftp://a";
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kInvalidArgument,
                "neither");
  options.logs[0].url = "grpc://example.org:7070";
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kInvalidArgument,
                "grpcs://");
  options = Auditing();
  options.logs.push_back({FakeLog(ManifestFor(kOrigin), "second").key(), "unix:x"});
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kInvalidArgument,
                "2 keys");
  options.logs.clear();
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kInvalidArgument,
                "names no log");
}

// --- The same for very long.

uint64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long long total = 0, resident = 0;
  EXPECT_EQ(std::fscanf(file, "%llu %llu", &total, &resident), 2);
  std::fclose(file);
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// From now on the peak is that of what follows; false if the system does not let us.
bool ForgetPeak() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "w");
  if (file == nullptr) return false;
  const bool written = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && written;
}
uint64_t PeakBytes() {
  uint64_t kib = 0;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  char line[256];
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::string_view(line).starts_with("VmHWM:")) kib = std::stoull(line + 6);
  }
  std::fclose(file);
  return kib << 10;
}

// A server that sends bad entries may do so again and again.
TEST_F(WitnessAuditTest, AReplayThatIsGivenUpDoesNotStandBesideTheKeptOne) {
  constexpr uint64_t kMembers = 200'000;
  listener_.Change([](FakeLog& log) {
    while (log.size() < kMembers) log.Add(HashN(log.size()));
    log.Index();
  });
  Start(Auditing());
  const std::string size = std::to_string(Log().size());
  const auto replayed = [&] {
    return OriginFigure("setlog_cosigner_replayed_size") == size;
  };
  Eventually(replayed);
  Start(Auditing());
  Eventually(replayed);
  std::this_thread::sleep_for(milliseconds(300));
  malloc_trim(0);  // what the first replay left free would hide the second one
  const uint64_t before = ResidentBytes();
  const bool measurable = ForgetPeak() && !kSanitized;
  listener_.Change([&](FakeLog& log) {
    listener_.on_chunk = [](v1::EntriesChunk& chunk) {
      (*chunk.mutable_bundle())[chunk.bundle().size() - 3] ^= 1;
    };
    for (int i = 0; i < 10; ++i) log.Add(HashN(kMembers + 100 + i));
  });
  Eventually([&] { return Said("replay_begins_again"); });
  std::this_thread::sleep_for(milliseconds(300));
  const uint64_t grown = PeakBytes() - std::min(PeakBytes(), before);
  RecordProperty("grown_bytes", std::to_string(grown));
  // Measured: 2 MB; 14 MB with both in memory.
  if (measurable) {
    EXPECT_LT(grown, kMembers * 35);
  }
}

// A thousand heads of a log that always has the same few members: what grows, by some
// bytes an index entry, is the replay's list of them.
TEST_F(WitnessAuditTest, AThousandHeadsInARowCostNoMemory) {
  WitnessOptions options = Auditing();
  options.poll = milliseconds(5);
  options.keep_every = milliseconds(100);
  Start(options);
  uint64_t last = 0;
  uint64_t after_warm_up = 0;
  for (int i = 0; i < 1000; ++i) {
    listener_.Change([&](FakeLog& log) {
      if (i % 2 == 0) {
        log.Add(HashN(5000));
      } else {
        log.Remove(HashN(5000));
      }
      log.Index();
    });
    const uint64_t size = Log().size();
    const HttpAnswered answer = Ask(last, size);
    ASSERT_EQ(answer.status, 200) << i << ": " << answer.body;
    last = size;
    if (i == 300) after_warm_up = ResidentBytes();
  }
  const uint64_t grown = ResidentBytes() - std::min(ResidentBytes(), after_warm_up);
  RecordProperty("grown_bytes", std::to_string(grown));
  // The log in memory beside it grows too; a set copied, or a thread left behind, for
  // each head would be ten times as much. Measured: 0.9 MB in 700 heads.
  if (!kSanitized) {
    EXPECT_LT(grown, uint64_t{4} << 20);
  }
}

}  // namespace
}  // namespace setlog
