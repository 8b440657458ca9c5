// Commits that are prepared while another is written, and callers who share one.
#include "sequencer_fixture.h"

namespace setlog {
namespace {

using SequencerAheadTest = SequencerTest;

// What is prepared while another commit is written sees that commit's positions,
// sessions and tags, and is answered after it.
TEST_F(SequencerAheadTest, ACommitIsPreparedOnTopOfTheOneBeingWritten) {
  Start({.ahead_bytes = 1});
  std::vector<uint64_t> order;  // done is called for one request at a time
  const auto submit = [&](uint64_t number, Sequencer::Step step) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Sequenced>>>();
    auto result = promise->get_future();
    sequencer_->Append(&log_, std::move(step),
                       [&order, number, promise](absl::StatusOr<Sequenced> sequenced) {
                         order.push_back(number);
                         promise->set_value(std::move(sequenced));
                       });
    return result;
  };
  const auto until_taken = [&] {
    while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  };
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto first = submit(0, AppendValues{EntryType::kAdd, Values(0, 300), "s", 0});
  until_taken();  // and is held up while it is written
  auto second = submit(1, AppendValues{EntryType::kAdd, Values(300, 700), "s", 300});
  until_taken();
  auto wrong = submit(2, AppendValues{EntryType::kAdd, Values(0, 1), "s", 300});
  open.set_value();
  const auto at = first.get();
  const auto after = second.get();
  ASSERT_OK(at);
  ASSERT_OK(after);
  EXPECT_EQ(after->first, at->end);
  EXPECT_LE(at->end, at->size);
  EXPECT_LE(after->end, after->size);
  EXPECT_STATUS(wrong.get(), absl::StatusCode::kAborted, "700 durable");

  std::promise<void> again;
  store_.WaitFor(again.get_future().share());
  auto tag = submit(3, TagEntry{1, "v1"});
  until_taken();
  auto same = submit(4, TagEntry{1, "v1"});
  until_taken();
  again.set_value();
  const auto placed = tag.get();
  const auto standing = same.get();
  ASSERT_OK(placed);
  ASSERT_OK(standing);
  EXPECT_EQ(standing->first, placed->first);
  EXPECT_EQ(log_.head().head.size, placed->end);
  sequencer_.reset();
  EXPECT_EQ(order, std::vector<uint64_t>({0, 1, 2, 3, 4}));
  ExpectLogReplays();
}

TEST_F(SequencerAheadTest, AFailedCommitTakesTheOneBehindItAlong) {
  Start({.ahead_bytes = 1});
  const PublishedHead before = log_.head();
  const int commits = store_.commits();
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto first = Submit(AppendValues{EntryType::kAdd, Values(0, 10)});
  while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  auto second = Submit(AppendValues{EntryType::kAdd, Values(10, 20)});
  while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  auto third = Submit(AppendValues{EntryType::kAdd, Values(20, 30)});
  store_.FailOnce(absl::UnavailableError("input/output error"));
  open.set_value();
  EXPECT_STATUS(first.get(), absl::StatusCode::kUnavailable, "input/output error");
  EXPECT_STATUS(second.get(), absl::StatusCode::kUnavailable, "input/output error");
  EXPECT_STATUS(third.get(), absl::StatusCode::kUnavailable, "input/output error");
  EXPECT_EQ(store_.commits(), commits);
  EXPECT_EQ(log_.head().head, before.head);
}

TEST_F(SequencerAheadTest, CallersWhoComeBackAtOnceShareEveryCommit) {
  // Commits so long that the callers are back in time on a busy machine too.
  Start({.max_pause = std::chrono::seconds(10),
         .max_gathering = std::chrono::seconds(10)});
  store_.Take(std::chrono::milliseconds(400));
  constexpr uint64_t kCallers = 16;
  constexpr uint64_t kEach = 4;
  const int before = store_.commits();
  std::atomic<uint64_t> refused = 0;
  std::vector<std::thread> callers;
  for (uint64_t c = 0; c < kCallers; ++c) {
    callers.emplace_back([&, c] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const uint64_t value = c * kEach + i;
        refused +=
            !Append(AppendValues{EntryType::kAdd, Values(value, value + 1)}).ok();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(refused, 0u);
  EXPECT_EQ(log_.head().head.size, 2 + kCallers * kEach);
  // The first may be alone in its commit. Two groups of callers that take turns would
  // need twice as many commits as there are rounds.
  EXPECT_LE(store_.commits() - before, static_cast<int>(kEach) + 2);
}

// An index entry is quicker than the caller whose record it is about. On its own it
// would make that caller wait for a whole commit.
TEST_F(SequencerAheadTest, AnIndexEntryGoesAlongWithCallersWhoComeBack) {
  Start({.max_pause = std::chrono::seconds(10),
         .max_gathering = std::chrono::seconds(10)});
  store_.Take(std::chrono::milliseconds(1000));
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 1)}));
  const int before = store_.commits();
  auto entry = Submit(IndexEntry{3, 1, Sha256(AsBytes("any"))});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  auto record = Submit(AppendValues{EntryType::kAdd, Values(1, 2)});
  ASSERT_OK(entry.get());
  ASSERT_OK(record.get());
  EXPECT_EQ(store_.commits() - before, 1);
}

// Whoever does not come back is not waited for: neither by an index entry, which then
// is a commit of its own, nor by those who did come back.
TEST_F(SequencerAheadTest, CallersWhoStayAwayAreWaitedForOnlyAMoment) {
  Start({.max_pause = std::chrono::milliseconds(1),
         .max_gathering = std::chrono::hours(1)});
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 1)}));
  ASSERT_OK(Append(IndexEntry{3, 1, Sha256(AsBytes("any"))}));
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto held = Submit(AppendValues{EntryType::kAdd, Values(1, 2)});
  while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  auto second = Submit(AppendValues{EntryType::kAdd, Values(2, 3)});
  auto third = Submit(AppendValues{EntryType::kAdd, Values(3, 4)});
  open.set_value();
  ASSERT_OK(held.get());
  ASSERT_OK(second.get());
  ASSERT_OK(third.get());
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(4, 5)}));  // one of three
}

// Each who comes back lets the others be waited for anew.
TEST_F(SequencerAheadTest, GatheringGoesOnWhileCallersCome) {
  Start(
      {.max_pause = std::chrono::seconds(10), .max_gathering = std::chrono::hours(1)});
  store_.Take(std::chrono::milliseconds(1000));  // so the pause is 500
  uint64_t value = 0;
  const auto submit = [&] {
    ++value;
    return Submit(AppendValues{EntryType::kAdd, Values(value, value + 1)});
  };
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto held = submit();
  while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  std::vector<std::future<absl::StatusOr<Sequenced>>> round;
  for (int i = 0; i < 6; ++i) round.push_back(submit());
  open.set_value();
  for (auto& done : round) ASSERT_OK(done.get());
  const int before = store_.commits();
  for (auto& done : round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    done = submit();
  }
  for (auto& done : round) ASSERT_OK(done.get());
  EXPECT_EQ(store_.commits() - before, 1);
}

TEST_F(SequencerAheadTest, GatheringHasAnEnd) {
  Start({.max_pause = std::chrono::seconds(10),
         .max_gathering = std::chrono::milliseconds(50)});
  store_.Take(std::chrono::milliseconds(400));  // so the pause is 200
  uint64_t value = 0;
  const auto submit = [&] {
    ++value;
    return Submit(AppendValues{EntryType::kAdd, Values(value, value + 1)});
  };
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto held = submit();
  while (sequencer_->queued_bytes() > 0) std::this_thread::yield();
  std::vector<std::future<absl::StatusOr<Sequenced>>> round;
  for (int i = 0; i < 40; ++i) round.push_back(submit());
  open.set_value();
  for (auto& done : round) ASSERT_OK(done.get());
  const int before = store_.commits();
  for (auto& done : round) {
    done = submit();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (auto& done : round) ASSERT_OK(done.get());
  EXPECT_GE(store_.commits() - before, 2);
}

}  // namespace
}  // namespace setlog
