// `setlog watch` as a process: what it tells, what it keeps, and how it ends.
#include <filesystem>

#include "background_process.h"
#include "cli_server_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CliWatchTest : public CliServerTest {
 protected:
  // Events of a run that ends by itself; what it says at its start is left out.
  std::vector<json> Once(std::vector<std::string> input, int exit_code = 0) {
    input.insert(input.begin(), {"watch", kOrigin, "--once", "--json"});
    const ProcessResult result = Ask(input);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    err_ = result.err;
    std::vector<json> events;
    for (const json& line : Lines(result.out)) {
      if (line["event"] != "watching" && line["event"] != "status") {
        events.push_back(line);
      }
    }
    return events;
  }
  static std::string Hex(const std::string& record) {
    return ToHex(RecordHash(record));
  }
  // While a watch may be asking.
  void Change(const std::function<void(FakeLog&)>& change) { server_.Change(change); }
  std::unique_ptr<BackgroundProcess> Start(std::vector<std::string> more) {
    std::vector<std::string> arguments = {SETLOG_BINARY, "watch",
                                          kOrigin,       "--json",
                                          "--server",    "unix:" + Path("socket")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<BackgroundProcess>(
        arguments,
        std::map<std::string, std::string>{{"SETLOG_HOME", Path(home_)},
                                           {"SETLOG_SERVER", ""},
                                           {"SETLOG_TOKEN_FILE", ""}},
        Path("watch"));
  }

  std::string err_;
};

TEST_F(CliWatchTest, TheStartSaysWhatEachRecordIs) {
  const ProcessResult text =
      Ask({"watch", kOrigin, Path("one"), Path("two"), Path("never"), "--once"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("watching 3 records (FILE "));
  EXPECT_THAT(text.out, HasSubstr("in example.org/a: 1 in the set at m = 5, 2 not; set "
                                  "root not audited"));
  EXPECT_THAT(text.out, HasSubstr("PRESENT " + Hex("one") + " " + Path("one")));
  EXPECT_THAT(text.out, HasSubstr("ABSENT " + Hex("two")));
  EXPECT_THAT(text.out, HasSubstr("ABSENT " + Hex("never")));
  const std::vector<json> lines =
      AskJson({"watch", kOrigin, "--hash", Hex("one"), "--once"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["event"], "watching");
  EXPECT_EQ(lines[0]["records"], 1);
  EXPECT_EQ(lines[0]["present"], 1);
  EXPECT_EQ(lines[0]["since"], nullptr);
  EXPECT_EQ(lines[1]["event"], "status");
  EXPECT_EQ(lines[1]["verdict"], "PRESENT");
  EXPECT_EQ(lines[1]["hash"], Hex("one"));
}

TEST_F(CliWatchTest, WhatHappenedWhileItDidNotRunIsToldByTheNextRun) {
  const std::string list =
      Write("list", Hex("one") + "\n" + Hex("two") + "\n" + Hex("never") + "\n");
  EXPECT_THAT(Once({"--hashes", list}), IsEmpty());
  EXPECT_THAT(Once({"--hashes", list}), IsEmpty());
  const uint64_t entered = log().Add(RecordHash("never"));
  const uint64_t came = log().Add(RecordHash("two"));
  const uint64_t went = log().Remove(RecordHash("two"));
  log().Index();
  const std::vector<json> events = Once({"--hashes", list});
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(err_, HasSubstr("goes on from m = 5"));
  json first = events[0];
  EXPECT_THAT(first["at"].get<std::string>(),
              ::testing::MatchesRegex("20[0-9-]+T[0-9:]+Z"));
  first.erase("at");
  EXPECT_EQ(first, (json{{"event", "entered"},
                         {"origin", kOrigin},
                         {"index_size", 10},
                         {"size", 11},
                         {"hash", Hex("never")},
                         {"since", 5},
                         {"position", entered}}));
  EXPECT_EQ(events[1]["event"], "entered");
  EXPECT_EQ(events[1]["position"], came);
  EXPECT_EQ(events[2]["event"], "left");
  EXPECT_EQ(events[2]["position"], went);
  EXPECT_THAT(Once({"--hashes", list}), IsEmpty()) << "told once";
}

TEST_F(CliWatchTest, AChangedInputIsNamedAndLosesNothingThatItStillHas) {
  const std::string list = Write("list", Hex("one") + "\n" + Hex("two") + "\n");
  Once({"--hashes", list});
  log().Remove(RecordHash("one"));
  log().Add(RecordHash("never"));
  log().Index();
  Write("list", Hex("one") + "\n" + Hex("never") + "\n" + Hex("four") + "\n");
  const std::vector<json> events = Once({"--hashes", list});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["event"], "left");
  EXPECT_EQ(events[0]["hash"], Hex("one"));
  EXPECT_THAT(err_, HasSubstr("2 records are new in it"));
  EXPECT_THAT(err_, HasSubstr("1 are no more in it"));
  Once({"--hashes", list});
  EXPECT_THAT(err_, ::testing::Not(HasSubstr("changed"))) << "said once";
}

TEST_F(CliWatchTest, ItTellsWhileTheLogGrowsAndASignalEndsItInOrder) {
  auto watch = Start({"--hash", Hex("never"), "--hash", Hex("one")});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([](FakeLog& log) {
    log.Add(RecordHash("never"));
    log.Index();
  });
  ASSERT_TRUE(watch->WaitFor("\"entered\"")) << watch->err();
  Change([](FakeLog& log) {
    log.Remove(RecordHash("one"));
    log.Index();
  });
  ASSERT_TRUE(watch->WaitFor("\"left\"")) << watch->err();
  EXPECT_EQ(watch->End(SIGTERM), 0) << watch->err();
  EXPECT_THAT(Once({"--hash", Hex("one"), "--hash", Hex("never")}), IsEmpty())
      << "the order of the hashes does not matter, and all was told";
}

TEST_F(CliWatchTest, TheCommandGetsWhatHappenedInItsEnvironmentOnly) {
  const std::string hook =
      "printf '%s %s %s %s\\n' \"$SETLOG_EVENT\" "
      "\"$SETLOG_HASH\" \"$SETLOG_ORIGIN\" \"$SETLOG_INDEX_SIZE\" >> " +
      Path("told") + "; echo said; exit 3";
  const std::vector<std::string> input = {"--hash", Hex("never"), "--exec", hook};
  Once(input);
  log().Add(RecordHash("never"));
  log().Index();
  log().Remove(RecordHash("never"));
  log().Index();
  EXPECT_EQ(Once(input).size(), 2u) << "standard output holds events only";
  EXPECT_THAT(err_, HasSubstr("said\n"));
  EXPECT_THAT(err_, HasSubstr("--exec for " + Hex("never") +
                              " entered: it ended with exit code 3"));
  std::ifstream file(Path("told"));
  const std::string told{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(told, "entered " + Hex("never") + " example.org/a 10\nleft " +
                      Hex("never") + " example.org/a 10\n");
}

TEST_F(CliWatchTest, ACommandThatHangsIsEndedByTheFirstSignalAndItsEventToldAgain) {
  const std::vector<std::string> input = {"--hash", Hex("never")};
  Once(input);
  log().Add(RecordHash("never"));
  log().Index();
  // What ignores SIGTERM is killed, and so is what it started.
  auto watch = Start({"--hash", Hex("never"), "--exec",
                      "trap '' TERM; echo begun; (sleep 60; touch " + Path("done") +
                          ") & wait; sleep 60"});
  ASSERT_TRUE(watch->WaitFor("begun", true)) << watch->err();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(watch->End(SIGTERM), 0) << watch->err();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_THAT(watch->err(), HasSubstr("it was ended before it was done"));
  EXPECT_EQ(Once(input).size(), 1u);
}

TEST_F(CliWatchTest, ALostServerIsWaitedForAndWhatHappenedMeanwhileIsTold) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "100ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([this](FakeLog& log) {
    server_.failures.assign(1000, {grpc::StatusCode::UNAVAILABLE, "gone"});
    log.Add(RecordHash("never"));
    log.Index();
  });
  ASSERT_TRUE(watch->WaitFor("lost: ", true)) << watch->out();
  Change([this](FakeLog&) { server_.failures.clear(); });
  ASSERT_TRUE(watch->WaitFor("\"entered\"")) << watch->err();
  EXPECT_THAT(watch->err(), HasSubstr("answers again"));
  EXPECT_EQ(watch->End(SIGINT), 0) << watch->err();
}

size_t CountOf(const std::string& word, const std::string& text) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}

TEST_F(CliWatchTest, EntriesThatAreRefusedWhileHeadsAreShownAreSaidOnceForEachReason) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "50ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  const auto refuse = [this](grpc::Status with) {
    Change([&](FakeLog&) { server_.entries_refused = std::move(with); });
  };
  // The entries after the newest version are what a look reads when nothing is new.
  refuse({grpc::StatusCode::INTERNAL, "the gate is shut (request 1)"});
  Change([](FakeLog& log) { log.Add(RecordHash("four")); });
  ASSERT_TRUE(watch->WaitFor("the gate is shut", true)) << watch->out();
  const auto heads_asked = [this] {
    int count = 0;
    Change([&](FakeLog&) { count = server_.heads_asked; });
    return count;
  };
  for (const int before = heads_asked(); heads_asked() == before;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(CountOf("lost: ", watch->err()), 1u) << watch->err();
  EXPECT_THAT(watch->err(), HasSubstr("shows heads, but refuses"));
  EXPECT_EQ(CountOf("answers again", watch->err()), 0u) << watch->err();
  // A new version, whose entries a look wants too, is no other loss; a reason is.
  refuse({grpc::StatusCode::UNKNOWN, "the gate is lost"});
  Change([](FakeLog& log) {
    log.Add(RecordHash("never"));
    log.Index();
  });
  ASSERT_TRUE(watch->WaitFor("the gate is lost", true)) << watch->out();
  refuse(grpc::Status::OK);
  ASSERT_TRUE(watch->WaitFor("\"entered\"")) << watch->err();
  // Where only what is not indexed yet was refused, it is asked for after the events.
  ASSERT_TRUE(watch->WaitFor("answers again", true)) << watch->err();
  EXPECT_EQ(CountOf("lost: ", watch->err()), 2u) << watch->err();
  EXPECT_EQ(CountOf("answers again", watch->err()), 1u) << watch->err();
  // What does not pass by itself ends it, and says what to do.
  refuse({grpc::StatusCode::UNAUTHENTICATED, "entries want a token"});
  Change([](FakeLog& log) { log.Add(RecordHash("five")); });
  EXPECT_EQ(watch->End(0), 2) << watch->err();
  EXPECT_THAT(watch->err(), HasSubstr("entries want a token (or name it in "));
}

TEST_F(CliWatchTest, OnceALostServerIsExitThree) {
  server_.failures.assign(1000, {grpc::StatusCode::UNAVAILABLE, "gone"});
  EXPECT_THAT(Once({"--hash", Hex("one")}, 3), IsEmpty());
  EXPECT_THAT(err_, HasSubstr("no answer from"));
}

TEST_F(CliWatchTest, WhatDoesNotVerifyEndsIt) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "100ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([this](FakeLog& log) {
    server_.on_batch = [](v1::BatchLookupResponse& answer) {
      answer.mutable_proof()->back() ^= 1;
    };
    log.Add(RecordHash("never"));
    log.Index();
  });
  EXPECT_EQ(watch->End(0), 3) << watch->err();
  const std::vector<json> lines = Lines(watch->out());
  EXPECT_EQ(lines.back()["event"], "ended");
  EXPECT_EQ(lines.back()["verdict"], "UNVERIFIED");
}

TEST_F(CliWatchTest, AHistoryThatWasRewrittenIsMisbehaviour) {
  Once({"--hash", Hex("one")});
  const uint64_t size = log().size();
  server_.Create(kOrigin);
  while (log().size() < size - 1) log().Add(RecordHash("other"));
  log().Index();
  const ProcessResult result =
      Ask({"watch", kOrigin, "--hash", Hex("one"), "--once", "--json"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_EQ(Lines(result.out).back()["kind"], "two_roots");
}

TEST_F(CliWatchTest, ASetThatDroppedARecordWithoutAnEntryConvictsTheLog) {
  Once({"--hash", Hex("one")});
  // The next index entry is for a set without "one".
  FakeLog other(ManifestFor(kOrigin), "other");
  other.Add(RecordHash("four"));
  other.Index();
  log().Add(RecordHash("four"));
  const IndexEntry lie = other.IndexAt(*other.IndexBelow(other.size()));
  // What the old root says is true, what the new one says is the other's.
  const uint64_t true_m = log().IndexAt(*log().IndexBelow(log().size())).m;
  log().IndexAs(lie.n, lie.set_root);
  // The watch asks about "one"; then it looks for evidence, and asks about "four".
  std::vector<Hash> asked = {RecordHash("one")};
  server_.on_batch = [&](v1::BatchLookupResponse& answer) {
    if (answer.index_size() == true_m) return;
    answer.set_proof(other.Batch(asked, lie.m));
    asked = {RecordHash("four")};
  };
  const ProcessResult result =
      Ask({"watch", kOrigin, "--hash", Hex("one"), "--once", "--json"});
  const json last = Lines(result.out).back();
  EXPECT_EQ(result.exit_code, 4) << result.err << last.dump();
  EXPECT_EQ(last["verdict"], "MISBEHAVIOUR");
}

// Shows this version as the newest of each head from now on, with a valid proof.
void Freeze(FakeServer& server, uint64_t position) {
  server.on_head = [&server, position](v1::Head& head) {
    *head.mutable_index() =
        EntryToProto(server.log().Prove(position, server.log().size()));
  };
}

TEST_F(CliWatchTest, AVersionThatIsWithheldWhileTheHeadGrowsEndsIt) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "300ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([this](FakeLog& log) {
    Freeze(server_, *log.IndexBelow(log.size()));
    log.Add(RecordHash("never"));
    log.Index();
  });
  EXPECT_EQ(watch->End(0), 3) << watch->err();
  const json last = Lines(watch->out()).back();
  EXPECT_EQ(last["event"], "ended");
  EXPECT_EQ(last["verdict"], "UNVERIFIED");
  EXPECT_THAT(last.value("error", ""),
              HasSubstr("withholds the version m = 8: its index entry stands at 8"));
  EXPECT_THAT(Once({"--hash", Hex("never")}, 3), ::testing::SizeIs(1)) << "at once";
}

TEST_F(CliWatchTest, AServerThatLetsTheVersionMoveButStaysBehindIsCaughtToo) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "300ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([this](FakeLog& log) {
    log.Add(RecordHash("four"));
    Freeze(server_, log.Index());
    log.Add(RecordHash("never"));
    log.Index();
  });
  EXPECT_EQ(watch->End(0), 3) << watch->err();
  EXPECT_THAT(watch->out(), HasSubstr("withholds the version m = 10"));
}

TEST_F(CliWatchTest, ChangesThatNoVersionCoversAreToldOnceAsLag) {
  auto watch = Start({"--hash", Hex("never"), "--interval", "300ms"});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  Change([](FakeLog& log) {
    log.Add(RecordHash("never"));
    log.Remove(RecordHash("one"));
  });
  ASSERT_TRUE(watch->WaitFor("\"lag\"")) << watch->err();
  Change([](FakeLog& log) { log.Index(); });
  ASSERT_TRUE(watch->WaitFor("\"entered\"")) << watch->err();
  EXPECT_EQ(watch->End(SIGTERM), 0) << watch->err();
  std::vector<json> lags;
  for (const json& line : Lines(watch->out())) {
    if (line["event"] == "lag") lags.push_back(line);
  }
  ASSERT_EQ(lags.size(), 1u);
  EXPECT_EQ(lags[0]["index_size"], 5);
  EXPECT_EQ(lags[0]["lag"], 4);
  EXPECT_EQ(lags[0]["changes"], 2);
  EXPECT_EQ(lags[0]["watched"], 1);
  EXPECT_THAT(watch->err(), HasSubstr("is 4 entries behind the head of size 9"));
}

TEST_F(CliWatchTest, BeyondMaxLagIsUnverifiedUntilItIsNotAnyMore) {
  log().Add(RecordHash("never"));  // an index entry and a tag stand after m too
  const std::vector<std::string> input = {"--hash", Hex("one"), "--max-lag"};
  const auto with = [&input](const std::string& lag) {
    std::vector<std::string> all = input;
    all.push_back(lag);
    return all;
  };
  EXPECT_EQ(Once(with("3"))[0]["event"], "lag");
  EXPECT_EQ(Once(with("2"), 3).back()["verdict"], "UNVERIFIED");
  auto watch = Start(with("2"));
  ASSERT_TRUE(watch->WaitFor("\"UNVERIFIED\"")) << watch->err();
  Change([](FakeLog& log) { log.Index(); });
  ASSERT_TRUE(watch->WaitFor("within --max-lag again", true)) << watch->out();
  EXPECT_EQ(watch->End(SIGTERM), 0) << watch->err();
}

TEST_F(CliWatchTest, BadInputAndASecondWatchAreUsage) {
  EXPECT_EQ(Ask({"watch", kOrigin}).exit_code, 2);
  EXPECT_EQ(Ask({"watch", kOrigin, "--hashes", Write("empty", ""), "--once"}).exit_code,
            2);
  EXPECT_EQ(
      Ask({"watch", kOrigin, "--hashes", Write("bad", "xyz\n"), "--once"}).exit_code,
      2);
  EXPECT_EQ(
      Ask({"watch", "example.org/none", "--hash", Hex("one"), "--once"}).exit_code, 3);
  auto watch = Start({"--hash", Hex("one")});
  ASSERT_TRUE(watch->WaitFor("\"watching\"")) << watch->err();
  const ProcessResult second = Ask({"watch", kOrigin, "--hash", Hex("one")});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("another watch of this input"));
  EXPECT_EQ(watch->End(SIGTERM), 0);
}

TEST_F(CliWatchTest, ADamagedStateIsNamedAndNeverTakenForNone) {
  Once({"--hash", Hex("one")});
  std::string state;
  for (const auto& file : std::filesystem::directory_iterator(Path("home/watch"))) {
    if (file.path().extension() == ".watch") state = file.path().string();
  }
  ASSERT_NE(state, "");
  std::ofstream(state, std::ios::app) << "x";
  Once({"--hash", Hex("one")}, 3);
  EXPECT_THAT(err_, HasSubstr(state));
}

}  // namespace
}  // namespace setlog
