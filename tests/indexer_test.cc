// Many logs and one indexer. What it does with one log: sequencer_test.cc.
#include "server/indexer.h"

#include <memory>
#include <string>
#include <vector>

#include "port/parallel.h"
#include "sequencer_fixture.h"
#include "server/log_index.h"
#include "temp_dir.h"

namespace setlog {
namespace {

class IndexerTest : public SequencerTest {
 protected:
  static constexpr LogNumber kLogs = 16;

  struct Hosted {
    Hosted(LogNumber number, const std::string& origin, SigningKey key,
           std::string manifest)
        : state(number, origin, std::move(key), std::move(manifest)) {}
    LogState state;
    std::unique_ptr<LogIndex> index;
  };

  void SetUp() override {
    Start({.may_write = [this] {
      if (!refuse_) return absl::OkStatus();
      ++refused_;
      return absl::ResourceExhaustedError("the disk is nearly full");
    }});
    for (LogNumber number = 2; number < 2 + kLogs; ++number) {
      const std::string origin = "example.org/log" + std::to_string(number);
      const std::array<uint8_t, 32> seed = {static_cast<uint8_t>(number)};
      Manifest manifest;
      manifest.origin = origin;
      manifest.scheme = "bytes/1";
      logs_.push_back(std::make_unique<Hosted>(
          number, origin, *MakeSigningKey(origin, *Ed25519PrivateKey::FromSeed(seed)),
          *FormatManifest(manifest)));
      Hosted& log = *logs_.back();
      ASSERT_OK(AppendTo(log, AppendGenesis{}));
      log.index = std::make_unique<LogIndex>(
          &store_, &reader_, &log.state,
          LogIndex::Options{.directory = dir_.path() + "/" + std::to_string(number),
                            .parallel = std::ref(parallel_),
                            .room = &room_});
    }
  }
  absl::StatusOr<Sequenced> AppendTo(Hosted& log, Sequencer::Step step) {
    std::promise<absl::StatusOr<Sequenced>> promise;
    sequencer_->Append(&log.state, std::move(step),
                       [&promise](absl::StatusOr<Sequenced> sequenced) {
                         promise.set_value(std::move(sequenced));
                       });
    return promise.get_future().get();
  }
  std::unique_ptr<Indexer> FollowAll() {
    auto indexer = std::make_unique<Indexer>(
        &*sequencer_, &reader_, Indexer::Options{.parallel = std::ref(parallel_)});
    for (const auto& log : logs_) indexer->Follow(&log->state, log->index.get());
    return indexer;
  }
  void WaitUntilIndexed() {
    for (const auto& log : logs_) {
      for (int i = 0; !IsIndexed(*log); ++i) {
        ASSERT_LT(i, 4000) << log->state.origin();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }
  static bool IsIndexed(const Hosted& log) {
    const PublishedHead head = log.state.head();
    return head.index.entry.m >= head.changes_end;
  }

  TempDir dir_;
  std::atomic<bool> refuse_ = false;
  std::atomic<uint64_t> refused_ = 0;  // commits
  Parallel parallel_{2};
  RowRoom room_;
  std::vector<std::unique_ptr<Hosted>> logs_;
};

TEST_F(IndexerTest, LogsAreIndexedWhileEntriesOfOthersAreCommitted) {
  uint64_t value = 0;
  for (const auto& log : logs_) {
    ASSERT_OK(AppendTo(*log, AppendValues{EntryType::kAdd, Values(value, value + 50)}));
    value += 50;
  }
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  const int before = store_.commits();
  const std::unique_ptr<Indexer> indexer = FollowAll();
  for (const auto& log : logs_) {
    while (log->index->m() <= 1)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  open.set_value();
  WaitUntilIndexed();
  // One that was under way, and another, or two, with all that came meanwhile.
  EXPECT_LE(store_.commits() - before, 3);
  EXPECT_OK(indexer->health());
}

TEST_F(IndexerTest, ManyLogsThatGrowAtOnceAreEachIndexedRightly) {
  const std::unique_ptr<Indexer> indexer = FollowAll();
  for (uint64_t round = 0; round < 10; ++round) {
    for (size_t i = 0; i < logs_.size(); ++i) {
      const uint64_t first = i * 10'000 + round * 100;
      ASSERT_OK(AppendTo(*logs_[i],
                         AppendValues{EntryType::kAdd, Values(first, first + 100)}));
    }
  }
  WaitUntilIndexed();
  EXPECT_OK(indexer->health());
  for (size_t i = 0; i < logs_.size(); ++i) {
    const PlacedIndex at = logs_[i]->state.head().index;
    EXPECT_EQ(at.entry.n, 1000u);
    for (uint64_t value = i * 10'000; value < i * 10'000 + 1010; value += 7) {
      const Hash record = Sha256(AsBytes(std::to_string(value)));
      const auto answer = logs_[i]->index->Lookup(record, at);
      ASSERT_OK(answer);
      const auto present = VerifyLookup(at.entry.set_root, record, answer->proof);
      ASSERT_OK(present);
      EXPECT_EQ(*present, value < i * 10'000 + 1000);
    }
  }
}

TEST_F(IndexerTest, AnEntryThatIsRefusedIsAskedForAgain) {
  for (const auto& log : logs_) {
    ASSERT_OK(AppendTo(*log, AppendValues{EntryType::kAdd, Values(0, 50)}));
  }
  refuse_ = true;
  const std::unique_ptr<Indexer> indexer = FollowAll();
  while (refused_ < 5) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (const auto& log : logs_) EXPECT_FALSE(IsIndexed(*log));
  refuse_ = false;
  WaitUntilIndexed();
  EXPECT_OK(indexer->health());
}

}  // namespace
}  // namespace setlog
