// Records followed from version to version, and what is kept of that between runs.
#include "client/record_watch.h"

#include <chrono>
#include <map>
#include <random>

#include "client/head_waiter.h"
#include "client/watch_store.h"
#include "log_client_fixture.h"
#include "proto/forms.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const RecordWatch::Step kGoOn = [](uint64_t, uint64_t) { return absl::OkStatus(); };

class RecordWatchTest : public LogClientTest {
 protected:
  // As the newest verified head says, which ends the test if it does not verify.
  std::vector<WatchEvent> Look(RecordWatch& watch) {
    return watch.Look(Pinned().Head().value(), kGoOn).value();
  }
  RecordWatch Watch(std::vector<Hash> values, std::optional<WatchState> before = {},
                    uint64_t follow_entries = RecordWatch::kFollowEntries) {
    return RecordWatch(connection_.get(), std::move(values), std::move(before),
                       follow_entries);
  }
  // The place of a value, which must be watched.
  static size_t Place(const RecordWatch& watch, const Hash& value) {
    return static_cast<size_t>(
        std::find(watch.values().begin(), watch.values().end(), value) -
        watch.values().begin());
  }
  static bool Present(const RecordWatch& watch, const Hash& value) {
    return watch.state().present.at(Place(watch, value));
  }
};

TEST_F(RecordWatchTest, TheFirstLookSaysWhatIsAndReportsNothing) {
  RecordWatch watch = Watch({HashN(1), HashN(7), HashN(99), HashN(1)});
  EXPECT_THAT(Look(watch), IsEmpty());
  ASSERT_EQ(watch.values().size(), 3u) << "duplicates collapse";
  EXPECT_TRUE(Present(watch, HashN(1)));
  EXPECT_FALSE(Present(watch, HashN(7))) << "it was removed";
  EXPECT_FALSE(Present(watch, HashN(99)));
  EXPECT_EQ(watch.present_count(), 1u);
}

TEST_F(RecordWatchTest, WhatCameAndWentBetweenTwoLooksIsTwoEvents) {
  RecordWatch watch = Watch({HashN(1), HashN(99), HashN(98)});
  Look(watch);
  const uint64_t came = log().Add(HashN(99));
  log().Add(HashN(99));  // no change
  const uint64_t went = log().Remove(HashN(99));
  const uint64_t left = log().Remove(HashN(1));
  log().Remove(HashN(98));  // it was not in
  log().Index();
  log().Add(HashN(98));  // not indexed yet
  EXPECT_THAT(Look(watch),
              ElementsAre(WatchEvent{Place(watch, HashN(99)), true, came},
                          WatchEvent{Place(watch, HashN(99)), false, went},
                          WatchEvent{Place(watch, HashN(1)), false, left}));
  EXPECT_THAT(Look(watch), IsEmpty()) << "the same version";
}

TEST_F(RecordWatchTest, WhatNoVersionCoversIsCountedAndReadOnce) {
  RecordWatch watch = Watch({HashN(1), HashN(99)});
  EXPECT_STATUS(watch.ReadAhead(Pinned().Head().value(), kGoOn),
                absl::StatusCode::kFailedPrecondition, "not looked at");
  Look(watch);
  std::vector<uint64_t> read;
  server_.on_chunk = [&read](v1::EntriesChunk& chunk) {
    read.push_back(chunk.begin());
  };
  const auto ahead = [&] {
    return watch.ReadAhead(Pinned().Head().value(), kGoOn).value();
  };
  const WatchAhead before = ahead();
  const uint64_t first = log().Add(HashN(99));
  log().Add(HashN(98));
  read.clear();
  EXPECT_EQ(ahead(), (WatchAhead{before.changes + 2, before.watched + 1}));
  EXPECT_EQ(ahead(), (WatchAhead{before.changes + 2, before.watched + 1}));
  const uint64_t next = log().Remove(HashN(1));
  EXPECT_EQ(ahead(), (WatchAhead{before.changes + 3, before.watched + 2}));
  EXPECT_THAT(read, ElementsAre(first, next));
  log().Index();
  EXPECT_STATUS(watch.ReadAhead(Pinned().Head().value(), kGoOn),
                absl::StatusCode::kFailedPrecondition, "not looked at");
  Look(watch);
  EXPECT_EQ(ahead(), WatchAhead{});
}

TEST_F(RecordWatchTest, AnIndexEntryThatIsNoNewerVersionIsNotTakenForOne) {
  RecordWatch watch = Watch({HashN(1)});
  const VerifiedHead shown = Pinned().Head().value();
  Look(watch);
  const PlacedIndex old{shown.version.index, shown.version.index_position};
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(old.position, log().size()));
  };
  log().Append(old.entry);
  log().Append(IndexEntry{log().size() + 5, 1, HashN(1)});  // covers what is not there
  log().AppendBytes("\x03");
  ASSERT_OK(watch.ReadAhead(Pinned().Head().value(), kGoOn));
  log().Index();
  EXPECT_STATUS(watch.ReadAhead(Pinned().Head().value(), kGoOn),
                absl::StatusCode::kDataLoss, "withholds the version");
}

TEST_F(RecordWatchTest, FarApartOnlyTheEndsAreCompared) {
  RecordWatch watch = Watch({HashN(1), HashN(99)}, {}, 0);
  Look(watch);
  log().Add(HashN(99));
  for (uint64_t i = 200; i < 220; ++i) log().Add(HashN(i));
  log().Remove(HashN(99));
  log().Remove(HashN(1));
  log().Index();
  EXPECT_THAT(Look(watch),
              ElementsAre(WatchEvent{Place(watch, HashN(1)), false, std::nullopt}));
}

TEST_F(RecordWatchTest, EveryHistoryIsToldAsASlowModelTellsIt) {
  std::mt19937 random(20);
  for (const uint64_t follow : {uint64_t{0}, RecordWatch::kFollowEntries}) {
    std::vector<Hash> values;
    for (uint64_t i = 1000; i < 1012; ++i) values.push_back(HashN(i));
    std::map<Hash, bool> model;
    for (const Hash& value : values) {
      const std::vector<SetEvent> events = log().Events(value, log().size());
      model[value] = !events.empty() && events.back().add;
    }
    std::optional<WatchState> kept;
    for (int round = 0; round < 12; ++round) {
      // Every run is another process, with what the last one kept.
      RecordWatch watch = Watch(values, kept, follow);
      std::vector<WatchEvent> expected;
      const std::map<Hash, bool> before = model;
      const uint64_t m = kept ? kept->m : 0;
      for (uint64_t i = random() % 60; i > 0; --i) {
        const Hash& value = values[random() % values.size()];
        const bool add = random() % 2 == 0;
        const uint64_t position = add ? log().Add(value) : log().Remove(value);
        if (std::exchange(model[value], add) == add) continue;
        expected.push_back({Place(watch, value), add, position});
      }
      log().Index();
      const uint64_t now = log().IndexAt(*log().IndexBelow(log().size())).m;
      if (now - m > follow + RecordWatch::kFollowPerValue * values.size()) {
        expected.clear();
        for (const auto& [value, is_in] : model) {
          if (before.at(value) == is_in) continue;
          expected.push_back({Place(watch, value), is_in, std::nullopt});
        }
      }
      if (!kept) expected.clear();
      EXPECT_EQ(Look(watch), expected) << "round " << round;
      for (const Hash& value : values) EXPECT_EQ(Present(watch, value), model[value]);
      kept = watch.state();
    }
  }
}

TEST_F(RecordWatchTest, AChangedInputGoesOnWithWhatItStillHas) {
  RecordWatch first = Watch({HashN(1), HashN(2), HashN(99)});
  Look(first);
  log().Remove(HashN(2));
  const uint64_t came = log().Add(HashN(99));
  const uint64_t other = log().Add(HashN(98));
  log().Index();
  RecordWatch second = Watch({HashN(1), HashN(98), HashN(99)}, first.state());
  EXPECT_EQ(second.new_values(), 1u);
  EXPECT_EQ(second.dropped_values(), 1u);
  EXPECT_THAT(Look(second),
              ElementsAre(WatchEvent{Place(second, HashN(99)), true, came}))
      << "of 98, which entry " << other << " added, nothing was known before";
  EXPECT_TRUE(Present(second, HashN(98)));
}

TEST_F(RecordWatchTest, ManyValuesAreAskedAtTheStartAndThenThoseThatEntriesName) {
  std::vector<Hash> values;
  for (uint64_t i = 1; i <= 10'000; ++i) values.push_back(HashN(i));
  RecordWatch watch = Watch(values);
  int batches = 0;
  server_.on_batch = [&](v1::BatchLookupResponse&) { ++batches; };
  Look(watch);
  EXPECT_EQ(batches, 3);
  EXPECT_EQ(watch.present_count(), 48u);
  const uint64_t came = log().Add(HashN(5000));
  log().Index();
  EXPECT_THAT(Look(watch),
              ElementsAre(WatchEvent{Place(watch, HashN(5000)), true, came}));
  EXPECT_EQ(batches, 4);
}

TEST_F(RecordWatchTest, AnAnswerThatDoesNotVerifyChangesNothing) {
  RecordWatch watch = Watch({HashN(1), HashN(99)});
  Look(watch);
  const WatchState before = watch.state();
  log().Remove(HashN(1));
  log().Index();
  const VerifiedHead head = Pinned().Head().value();
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  EXPECT_STATUS(watch.Look(head, kGoOn), absl::StatusCode::kDataLoss, "");
  EXPECT_FALSE(watch.doubted());
  server_.on_batch = nullptr;
  server_.on_chunk = [](v1::EntriesChunk& chunk) {
    chunk.mutable_bundle()->back() ^= 1;
  };
  EXPECT_STATUS(watch.Look(head, kGoOn), absl::StatusCode::kDataLoss, "");
  EXPECT_EQ(watch.state(), before);
  server_.on_chunk = nullptr;
  EXPECT_EQ(Look(watch).size(), 1u);
}

TEST_F(RecordWatchTest, ASetThatDoesNotFollowFromTheEntriesIsDoubted) {
  RecordWatch watch = Watch({HashN(1), HashN(99)});
  Look(watch);
  // A set without 1, although no entry removed it.
  FakeLog other(ManifestFor(kOrigin), "other");
  for (uint64_t i = 2; i <= 50; ++i) other.Add(HashN(i));
  other.Index();
  log().Add(HashN(60));
  const IndexEntry lie = other.IndexAt(*other.IndexBelow(other.size()));
  log().IndexAs(lie.n, lie.set_root);
  server_.on_batch = [&](v1::BatchLookupResponse& answer) {
    answer.set_proof(other.Batch(watch.values(), lie.m));
  };
  EXPECT_STATUS(watch.Look(Pinned().Head().value(), kGoOn), absl::StatusCode::kDataLoss,
                "which does not follow from");
  EXPECT_EQ(watch.doubted(), HashN(1));
}

TEST_F(RecordWatchTest, AStepThatFailsEndsTheLook) {
  RecordWatch watch = Watch({HashN(1)});
  const auto stop = [](uint64_t, uint64_t) { return absl::CancelledError("stop"); };
  EXPECT_STATUS(watch.Look(Pinned().Head().value(), stop), absl::StatusCode::kCancelled,
                "stop");
  EXPECT_EQ(watch.state().m, 0u);
}

TEST_F(RecordWatchTest, AnOlderVersionIsWaitedFor) {
  RecordWatch first = Watch({HashN(1)});
  Look(first);
  RecordWatch second = Watch({HashN(1)}, first.state());
  EXPECT_STATUS(second.Look(Pinned().Head({.tag = "v1"}).value(), kGoOn),
                absl::StatusCode::kUnavailable, "older than");
}

TEST(WatchStateTest, EveryChangedByteAndEveryCutIsRefused) {
  const WatchState state{"vkey", 7, 9, {HashN(5), HashN(6)}, {true, false}};
  WatchState sorted = state;
  std::sort(sorted.values.begin(), sorted.values.end());
  const std::string bytes = FormatWatchState(kOrigin, "--hashes /a", sorted);
  const auto parsed = ParseWatchState(bytes, kOrigin, "--hashes /a");
  ASSERT_OK(parsed);
  EXPECT_EQ(*parsed, sorted);
  EXPECT_STATUS(ParseWatchState(bytes, kOrigin, "--hashes /b"),
                absl::StatusCode::kDataLoss, "another log or input");
  EXPECT_STATUS(ParseWatchState(bytes, "example.org/b", "--hashes /a"),
                absl::StatusCode::kDataLoss, "another log or input");
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(ParseWatchState(changed, kOrigin, "--hashes /a").ok()) << i;
    EXPECT_FALSE(ParseWatchState(bytes.substr(0, i), kOrigin, "--hashes /a").ok()) << i;
  }
  EXPECT_FALSE(ParseWatchState(bytes + "x", kOrigin, "--hashes /a").ok());
}

TEST(WatchStateTest, RightDigestsDoNotMakeAWrongFormRight) {
  // As Format writes it, but for the one thing.
  const auto refused = [](WatchState state) {
    return !ParseWatchState(FormatWatchState(kOrigin, "i", state), kOrigin, "i").ok();
  };
  std::vector<Hash> rising = {HashN(5), HashN(6)};
  std::sort(rising.begin(), rising.end());
  EXPECT_FALSE(refused({"k", 7, 9, rising, {true, false}}));
  EXPECT_TRUE(refused({"k", 7, 9, {rising[1], rising[0]}, {true, false}}));
  EXPECT_TRUE(refused({"k", 7, 9, {rising[0], rising[0]}, {true, false}}));
}

TEST(WatchStoreTest, OneWatchOfAnInputAtATimeAndItsStateSurvives) {
  const TempDir dir;
  const WatchState state{"k", 7, 9, {HashN(5)}, {true}};
  {
    auto store = WatchStore::Open(dir.path(), kOrigin, "--hashes /a");
    ASSERT_OK(store);
    EXPECT_EQ(store->Load().value(), std::nullopt);
    ASSERT_OK(store->Save(state));
    EXPECT_STATUS(WatchStore::Open(dir.path(), kOrigin, "--hashes /a"),
                  absl::StatusCode::kFailedPrecondition, "another watch");
    EXPECT_OK(WatchStore::Open(dir.path(), kOrigin, "--hashes /b"));
  }
  auto store = WatchStore::Open(dir.path(), kOrigin, "--hashes /a");
  ASSERT_OK(store);
  EXPECT_EQ(store->Load().value(), state);
  ASSERT_OK(ReplaceFile(store->path(), "setlog watch 1\nrubbish", 0600));
  EXPECT_STATUS(store->Load(), absl::StatusCode::kDataLoss, store->path());
}

TEST_F(RecordWatchTest, AWaiterHearsOfANewVersionAndOfNothingElse) {
  const uint64_t m = log().IndexAt(*log().IndexBelow(log().size())).m;
  HeadWaiter waiter(connection_.get(), kOrigin);
  EXPECT_TRUE(waiter.Wait(m - 1, std::chrono::seconds(20)));
  server_.Change([](FakeLog& log) { log.Add(HashN(300)); });
  EXPECT_FALSE(waiter.Wait(m, milliseconds(30)));
  server_.Change([](FakeLog& log) { log.Index(); });
  EXPECT_TRUE(waiter.Wait(m, std::chrono::seconds(20)));
}

TEST_F(RecordWatchTest, AWaiterHearsOnceOfAVersionOlderThanOneBefore) {
  const uint64_t older = log().size();
  log().Add(HashN(300));
  log().Index();
  const uint64_t m = log().IndexAt(*log().IndexBelow(log().size())).m;
  HeadWaiter waiter(connection_.get(), kOrigin);
  EXPECT_TRUE(waiter.Wait(m - 1, std::chrono::seconds(20)));
  EXPECT_FALSE(waiter.Wait(m, milliseconds(30)));
  server_.Change([&](FakeLog&) { server_.shown_size = older; });
  EXPECT_TRUE(waiter.Wait(m, std::chrono::seconds(20)));
  EXPECT_FALSE(waiter.Wait(m, milliseconds(30)));
}

TEST_F(RecordWatchTest, AWaiterEndsWhileItsServerIsSilent) {
  const auto begin = std::chrono::steady_clock::now();
  { HeadWaiter waiter(connection_.get(), kOrigin); }
  {
    HeadWaiter waiter(connection_.get(), kOrigin);
    waiter.Wait(1'000'000, milliseconds(20));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace setlog
