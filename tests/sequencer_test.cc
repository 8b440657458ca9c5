// The write path against a store whose failures the test decides.
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "golden_notes.h"
#include "index/index_directory.h"
#include "log/set_tree.h"
#include "log/successor.h"
#include "sequencer_fixture.h"
#include "server/indexer.h"
#include "server/log_index.h"
#include "storage/durable_file.h"
#include "temp_dir.h"

namespace setlog {
namespace {

TEST_F(SequencerTest, RequestsThatWaitTogetherAreOneCommit) {
  Start();
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  std::vector<std::future<absl::StatusOr<Sequenced>>> results;
  for (uint64_t i = 0; i < 500; ++i) {
    results.push_back(Submit(AppendValues{EntryType::kAdd, Values(i, i + 1)}));
  }
  const int before = store_.commits();
  open.set_value();
  std::set<uint64_t> positions;
  for (auto& result : results) {
    const auto sequenced = result.get();
    ASSERT_OK(sequenced);
    EXPECT_EQ(sequenced->end, sequenced->first + 1);
    EXPECT_GE(sequenced->size, sequenced->end);
    positions.insert(sequenced->first);
  }
  EXPECT_EQ(positions.size(), 500u);
  EXPECT_EQ(*positions.begin(), 2u);
  EXPECT_EQ(*positions.rbegin(), 501u);
  // The first may have been alone in its commit.
  EXPECT_LE(store_.commits() - before, 2);
  ExpectLogReplays();
}

TEST_F(SequencerTest, EveryBundleAndTileBoundaryIsCrossedRightly) {
  Start();
  uint64_t next = 0;
  for (uint64_t count : {1, 252, 1, 1, 2, 254, 255, 256, 257, 512, 70000, 1}) {
    ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(next, next + count)}));
    next += count;
    ASSERT_NO_FATAL_FAILURE(ExpectLogReplays());
  }
  // And the right edge is found again from the store alone.
  const auto tree = reader_.Restore(1, log_.head().head);
  ASSERT_OK(tree);
  EXPECT_EQ(tree->Root(), log_.head().head.root);
}

TEST_F(SequencerTest, AfterAFailedCommitNothingIsAcknowledgedAnyMore) {
  Start();
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 10)}));
  const PublishedHead before = log_.head();
  store_.Fail(absl::ResourceExhaustedError("no space left on device"));
  EXPECT_STATUS(Append(AppendValues{EntryType::kAdd, Values(10, 20)}),
                absl::StatusCode::kUnavailable, "no space left on device");
  EXPECT_STATUS(sequencer_->health(), absl::StatusCode::kUnavailable, "restart");
  store_.Fail(absl::OkStatus());  // the disk is well again; what is on it is not known
  EXPECT_STATUS(Append(AppendValues{EntryType::kAdd, Values(20, 30)}),
                absl::StatusCode::kUnavailable, "restart");
  EXPECT_EQ(log_.head().head, before.head);
  EXPECT_EQ(log_.head().note, before.note);
}

TEST_F(SequencerTest, AFullQueueRefusesAndForgetsNothingItTook) {
  Start({.max_queue_bytes = 4000});
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  std::vector<std::future<absl::StatusOr<Sequenced>>> results;
  for (uint64_t i = 0; i < 100; ++i) {
    results.push_back(Submit(AppendValues{EntryType::kAdd, Values(i, i + 10)}));
  }
  open.set_value();
  int taken = 0, refused = 0;
  for (auto& result : results) {
    const auto sequenced = result.get();
    if (sequenced.ok()) {
      ++taken;
    } else {
      ++refused;
      EXPECT_STATUS(sequenced, absl::StatusCode::kResourceExhausted, "try again");
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 50);
  EXPECT_EQ(log_.head().head.size, 2u + 10u * taken);
}

TEST_F(SequencerTest, ARefusalIsReturnedAndDoneIsNotCalled) {
  Start();
  store_.Fail(absl::UnavailableError("gone"));
  EXPECT_FALSE(Append(AppendValues{EntryType::kAdd, Values(0, 1)}).ok());
  bool called = false;
  Sequencer::Done done = [&called](absl::StatusOr<Sequenced>) { called = true; };
  EXPECT_STATUS(sequencer_->TryAppend(&log_, TagEntry{1, "v1"}, done),
                absl::StatusCode::kUnavailable, "gone");
  EXPECT_FALSE(called);
  EXPECT_TRUE(done);
}

TEST_F(SequencerTest, ASessionWhoseCountDiffersIsRefusedWhole) {
  Start();
  const auto step = [](uint64_t count, uint64_t begin, uint64_t end) {
    return AppendValues{EntryType::kAdd, Values(begin, end), "session", count};
  };
  ASSERT_OK(Append(step(0, 0, 5)));
  EXPECT_STATUS(Append(step(0, 0, 5)), absl::StatusCode::kAborted, "5 durable records");
  EXPECT_STATUS(Append(step(6, 5, 9)), absl::StatusCode::kAborted, "open it again");
  const auto next = Append(step(5, 5, 9));
  ASSERT_OK(next);
  EXPECT_EQ(next->first, 7u);
  const auto row = DecodeSessionRow(*store_.Read(1, Table::kSession, "session"));
  ASSERT_OK(row);
  EXPECT_EQ(row->count, 9u);
  EXPECT_EQ(row->first, 2u);
  EXPECT_EQ(row->end, 11u);
}

TEST_F(SequencerTest, TagsNeedAnIndexEntryAndANewName) {
  Start();
  const auto placed = Append(TagEntry{1, "empty"});
  ASSERT_OK(placed);
  // Asked again, as after a lost answer: nothing is added.
  const auto again = Append(TagEntry{1, "empty"});
  ASSERT_OK(again);
  EXPECT_EQ(again->first, placed->first);
  EXPECT_EQ(again->size, log_.head().head.size);
  EXPECT_STATUS(Append(TagEntry{2, "v2"}), absl::StatusCode::kFailedPrecondition,
                "m = 2");
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto wait = Submit(AppendValues{EntryType::kAdd, Values(0, 1)});
  auto first = Submit(TagEntry{1, "twin"});
  auto second = Submit(TagEntry{1, "twin"});  // in one group with the first
  open.set_value();
  const auto twin = first.get();
  ASSERT_OK(twin);
  const auto same = second.get();
  ASSERT_OK(same);
  EXPECT_EQ(same->first, twin->first);
  EXPECT_OK(wait.get());
  const uint64_t m = log_.head().head.size;
  ASSERT_OK(Append(IndexEntry{m, 1, Sha256(AsBytes("any"))}));
  EXPECT_STATUS(Append(TagEntry{m, "twin"}), absl::StatusCode::kAlreadyExists,
                "another name");
}

TEST_F(SequencerTest, ASuccessorsTagCoversEveryChangeThatCameBeforeIt) {
  Start();
  const std::string successor =
      *SuccessorTag(KeyOfByte("example.org/b", 9).Verifier(SignatureType::kEd25519));
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 5)}));
  ASSERT_OK(Append(IndexEntry{7, 5, Sha256(AsBytes("any"))}));
  // An add that is accepted between the look at the index and the tag, in one group.
  std::promise<void> open;
  store_.WaitFor(open.get_future().share());
  auto change = Submit(AppendValues{EntryType::kAdd, Values(5, 6)});
  auto late = Submit(TagEntry{7, successor});
  auto asked = Submit(AppendTag{{7, "v7"}, 7});
  auto other = Submit(TagEntry{7, "v1"});
  open.set_value();
  EXPECT_OK(change.get());
  EXPECT_STATUS(late.get(), absl::StatusCode::kFailedPrecondition, "stop its writers");
  EXPECT_STATUS(asked.get(), absl::StatusCode::kFailedPrecondition, "entry 8");
  EXPECT_OK(other.get());
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(6, 7)})) << "it is not sealed";
  const uint64_t m = log_.head().head.size;
  ASSERT_OK(Append(IndexEntry{m, 7, Sha256(AsBytes("more"))}));
  // The set that was copied is an older one.
  EXPECT_STATUS(Append(AppendTag{{m, successor}, 7}),
                absl::StatusCode::kFailedPrecondition, "at or after 7");
  const auto closed = Append(AppendTag{{m, successor}, m});
  ASSERT_OK(closed);
  const auto again = Append(AppendTag{{m, successor}, 7});
  ASSERT_OK(again) << "what stands, stands";
  EXPECT_EQ(again->first, closed->first);
  EXPECT_STATUS(Append(AppendValues{EntryType::kAdd, Values(7, 8)}),
                absl::StatusCode::kFailedPrecondition, "handed over");
}

TEST_F(SequencerTest, IndexEntriesOnlyGrow) {
  Start();
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 5)}));
  const Hash root = Sha256(AsBytes("any"));
  EXPECT_STATUS(Append(IndexEntry{1, 0, root}), absl::StatusCode::kInternal, "belong");
  EXPECT_STATUS(Append(IndexEntry{8, 5, root}), absl::StatusCode::kInternal, "belong");
  EXPECT_STATUS(Append(IndexEntry{7, 7, root}), absl::StatusCode::kInternal, "belong");
  EXPECT_EQ(log_.head().head.size, 7u);
  ASSERT_OK(Append(IndexEntry{7, 5, root}));
  EXPECT_OK(sequencer_->health());
}

TEST_F(SequencerTest, WithoutRoomWritesPauseAndGoOnByThemselves) {
  std::atomic<bool> full = false;
  Start({.may_write = [&] {
    return full ? absl::ResourceExhaustedError("read-only: the disk")
                : absl::OkStatus();
  }});
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 5)}));
  full = true;
  EXPECT_STATUS(Append(AppendValues{EntryType::kAdd, Values(5, 9)}),
                absl::StatusCode::kResourceExhausted, "read-only");
  EXPECT_EQ(log_.head().head.size, 7u);
  full = false;
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(5, 9)}));
  EXPECT_EQ(log_.head().head.size, 11u);
  ExpectLogReplays();
}

TEST_F(SequencerTest, ARequestThatIsRefusedLeavesNoSession) {
  Start();
  EXPECT_STATUS(Append(AppendValues{EntryType::kAdd, Values(0, 1), "s", 3}),
                absl::StatusCode::kAborted, "");
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 1)}));
  EXPECT_STATUS(store_.Read(1, Table::kSession, "s"), absl::StatusCode::kNotFound, "");
}

// The rows of one commit after `before` entries, as Finish makes them.
class RecomputeTest : public SequencerTest {
 protected:
  std::vector<Write> Rows(const TileTree& before, const std::string& bundle,
                          uint64_t begin, uint64_t end) {
    log_.PublishHead({{before.size(), before.Root()}, "", {}, 0});
    LogBatch batch(
        store_, &log_,
        {.tree = before, .bundle = bundle, .index = {}, .root = before.Root()});
    EXPECT_OK(batch.Add(AppendValues{EntryType::kAdd, Values(begin, end)}));
    std::vector<Write> rows;
    EXPECT_OK(batch.Finish(&rows));
    after_ = batch.edge();
    return rows;
  }
  LogEdge after_;
};

TEST_F(RecomputeTest, NoBitOfARowCanChangeBetweenComputationAndStore) {
  std::vector<Write> first = Rows(TileTree(), "", 0, 250);
  const LogEdge edge = after_;
  std::vector<Write> rows = Rows(edge.tree, edge.bundle, 250, 530);
  const auto head = RecomputeHead(edge.tree, rows);
  ASSERT_OK(head);
  EXPECT_EQ(head->size, 530u);
  EXPECT_EQ(head->root, after_.tree.Root());
  int flips = 0;
  for (Write& row : rows) {
    for (size_t i = 0; i < row.value.size(); i += 97) {
      row.value[i] ^= 4;
      const auto other = RecomputeHead(edge.tree, rows);
      // Either it is noticed here, or the root is another and Finish notices.
      EXPECT_TRUE(!other.ok() || other->root != head->root);
      row.value[i] ^= 4;
      ++flips;
    }
    row.key.back() ^= 1;
    EXPECT_FALSE(RecomputeHead(edge.tree, rows).ok());
    row.key.back() ^= 1;
  }
  EXPECT_GT(flips, 150);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<Write> fewer = rows;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const auto other = RecomputeHead(edge.tree, fewer);
    EXPECT_TRUE(!other.ok() || other->root != head->root);
  }
}

TEST_F(RecomputeTest, ATreeThatChangedInMemoryIsNotGrown) {
  Rows(TileTree(), "", 0, 250);
  std::vector<std::vector<Hash>> tails = after_.tree.tails();
  tails[0][17].bytes[3] ^= 8;
  LogEdge flipped = after_;
  flipped.tree = *TileTree::Restore(250, tails);
  log_.PublishHead({{250, after_.tree.Root()}, "", {}, 0});
  LogBatch batch(store_, &log_, flipped);
  ASSERT_OK(batch.Add(AppendValues{EntryType::kAdd, Values(250, 260)}));
  std::vector<Write> rows;
  EXPECT_STATUS(batch.Finish(&rows), absl::StatusCode::kDataLoss, "memory");
  EXPECT_TRUE(rows.empty());
  // And so is a partial bundle.
  LogEdge bundle = after_;
  bundle.bundle[100] ^= 1;
  LogBatch other(store_, &log_, bundle);
  ASSERT_OK(other.Add(AppendValues{EntryType::kAdd, Values(250, 260)}));
  EXPECT_STATUS(other.Finish(&rows), absl::StatusCode::kDataLoss, "memory");
}

// --- The index of a log, through its files.

class LogIndexTest : public SequencerTest {
 protected:
  void SetUp() override { Start(); }
  // Appends and indexes; the index is closed again.
  void Grow(uint64_t begin, uint64_t end) {
    ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(begin, end)}));
    LogIndex index(&store_, &reader_, &log_, Options());
    Indexer indexer(&*sequencer_, &reader_, {.max_batch = 5000});
    indexer.Follow(&log_, &index);
    WaitUntilIndexed();
    written_ = index.buckets_written();
  }
  void WaitUntilIndexed() {
    for (int i = 0; i < 2000; ++i) {
      const PublishedHead head = log_.head();
      if (head.index.entry.m >= head.changes_end) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    FAIL() << "the index did not catch up";
  }
  // Present for [0, members), absent after; false if it could not be answered.
  bool AnswersRightly(LogIndex* index, uint64_t members) {
    const PlacedIndex at = log_.head().index;
    for (uint64_t i = 0; i < members + 20; i += 13) {
      const Hash record = Sha256(AsBytes(std::to_string(i)));
      const absl::StatusOr<IndexAnswer> answer = index->Lookup(record, at);
      if (!answer.ok()) {
        EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
        return false;
      }
      const auto present = VerifyLookup(at.entry.set_root, record, answer->proof);
      EXPECT_OK(present);
      EXPECT_EQ(*present, i < members);
    }
    return true;
  }

  // What an indexer says of it first; it has then done all that is to do.
  std::string FirstEvent(LogIndex* index) {
    std::promise<std::string> event;
    std::future<std::string> first = event.get_future();
    bool said = false;
    const auto observe = [&](const LogState&, std::string_view what) {
      if (!std::exchange(said, true)) event.set_value(std::string(what));
    };
    Indexer indexer(&*sequencer_, &reader_, {.max_batch = 5000, .observe = observe});
    indexer.Follow(&log_, index);
    std::string what = first.get();
    WaitUntilIndexed();
    return what;
  }
  // As far as a server comes that is killed then: the set after the values from `begin`
  // to `end`, which stand at `at`, is in the files, and its entry is not in the log.
  IndexEntry PublishOnly(uint64_t begin, uint64_t end, const Sequenced& at) {
    LogIndex index(&store_, &reader_, &log_, Options());
    EXPECT_OK(index.Load());
    std::vector<SetChange> changes;
    for (uint64_t i = begin; i < end; ++i) {
      const Hash key = SetKey(Sha256(AsBytes(std::to_string(i))));
      changes.push_back({key, at.first + (i - begin), true});
    }
    auto batch = index.Prepare(std::move(changes), at.end, 0);
    EXPECT_OK(batch);
    EXPECT_OK(index.Publish(*std::move(batch)));
    return index.Current();
  }
  uint64_t JournalBytes() const {
    uint64_t bytes = 0;
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator(Options().directory)) {
      if (!file.path().string().ends_with(".jnl")) continue;
      const uint64_t size = file.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  LogIndex::Options Options() const {
    return {.directory = dir_.path() + "/index", .max_recent_rows = 20000};
  }

  const TempDir dir_;
  uint64_t written_ = 0;
};

TEST_F(LogIndexTest, WhatWasWrittenAnswersWithoutTheLog) {
  Grow(0, 20000);
  LogIndex index(&store_, &reader_, &log_, Options());
  ASSERT_OK(index.Load());
  EXPECT_EQ(index.m(), log_.head().index.entry.m);
  EXPECT_TRUE(AnswersRightly(&index, 20000));
}

TEST_F(LogIndexTest, ARestartLoadsTheIndexAndRebuildsNothing) {
  for (const uint64_t members : {3000, 150000}) {  // one partition, and many
    Grow(members == 3000 ? 0 : 3000, members);
    LogIndex index(&store_, &reader_, &log_, Options());
    EXPECT_EQ(FirstEvent(&index), "loaded");
    EXPECT_EQ(index.Current(), log_.head().index.entry);
    EXPECT_EQ(index.buckets_written(), 0u);
    EXPECT_TRUE(AnswersRightly(&index, members));
  }
}

TEST_F(LogIndexTest, AKillBetweenASetAndItsEntryIsNoReasonToRebuild) {
  Grow(0, 3000);
  const auto added = Append(AppendValues{EntryType::kAdd, Values(3000, 6000)});
  ASSERT_OK(added);
  const IndexEntry ahead = PublishOnly(3000, 6000, *added);
  ASSERT_LT(log_.head().index.entry.m, ahead.m);
  LogIndex index(&store_, &reader_, &log_, Options());
  EXPECT_OK(index.Check());
  EXPECT_EQ(FirstEvent(&index), "loaded");
  EXPECT_EQ(log_.head().index.entry, ahead);
  EXPECT_EQ(index.buckets_written(), 0u);
  EXPECT_TRUE(AnswersRightly(&index, 6000));
}

TEST_F(LogIndexTest, ARebuildThatWasKilledGoesOnWhereItWas) {
  const auto added = Append(AppendValues{EntryType::kAdd, Values(0, 3000)});
  ASSERT_OK(added);
  Grow(3000, 3001);
  std::filesystem::remove_all(Options().directory);
  // No index entry of the log is of this m.
  const IndexEntry cut = PublishOnly(0, 1000, {added->first, added->first + 1000, 0});
  ASSERT_EQ(cut.m, added->first + 1000);
  {
    LogIndex index(&store_, &reader_, &log_, Options());
    ASSERT_OK(index.Load());
    EXPECT_EQ(index.Current(), cut);
  }
  LogIndex index(&store_, &reader_, &log_, Options());
  EXPECT_EQ(FirstEvent(&index), "loaded");
  EXPECT_TRUE(AnswersRightly(&index, 3001));
}

TEST_F(LogIndexTest, AnOldVersionsTopIsMadeAnewWhereItsBucketsHaveGrown) {
  Grow(0, 300);
  const PlacedIndex old = log_.head().index;
  const std::string path =
      IndexDirectory(Options().directory).VersionTopPath(old.entry.m);
  const Hash record = Sha256(AsBytes("7"));
  uint64_t bytes = 0;
  uint64_t members = 300;
  for (const uint64_t grown : {3000, 150000}) {
    Grow(members, grown);
    members = grown;
    LogIndex index(&store_, &reader_, &log_, Options());
    ASSERT_OK(index.Load());
    EXPECT_FALSE(index.Ready(old.entry.m));
    const auto answer = index.Lookup(record, old);
    ASSERT_OK(answer);
    EXPECT_TRUE(*VerifyLookup(old.entry.set_root, record, answer->proof));
    EXPECT_TRUE(index.Ready(old.entry.m));
    EXPECT_GT(std::filesystem::file_size(path), 4 * bytes);
    bytes = std::filesystem::file_size(path);
  }
}

TEST_F(LogIndexTest, TopsOfOldVersionsDoNotGatherOverRestarts) {
  Grow(0, 300);
  const IndexDirectory directory(Options().directory);
  for (uint64_t m = 1; m <= 40; ++m) {
    ASSERT_OK(ReplaceFile(directory.VersionTopPath(m), "left by an earlier run"));
  }
  LogIndex index(&store_, &reader_, &log_, Options());
  ASSERT_OK(index.Load());
  const auto files = directory.List();
  ASSERT_OK(files);
  EXPECT_EQ(files->version_tops.size(), 16u);
}

TEST_F(LogIndexTest, ALogThatGoesIdleMergesItsJournalsAway) {
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 150000)}));
  // Above the limit for rows in memory, though they cannot all be changed buckets.
  const uint64_t at_rest = Options().max_recent_rows * 73 + 64 * 200;
  {
    LogIndex index(&store_, &reader_, &log_, Options());
    Indexer indexer(&*sequencer_, &reader_, {});
    indexer.Follow(&log_, &index);
    WaitUntilIndexed();
    EXPECT_GT(JournalBytes(), at_rest);
  }  // stops in the middle of it
  LogIndex index(&store_, &reader_, &log_, Options());
  Indexer indexer(&*sequencer_, &reader_, {});
  indexer.Follow(&log_, &index);
  for (int i = 0; i < 2000 && JournalBytes() > at_rest; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LE(JournalBytes(), at_rest);
  EXPECT_EQ(index.buckets_written(), 0u);
  EXPECT_TRUE(AnswersRightly(&index, 150000));
}

TEST_F(LogIndexTest, AStoreThatDoesNotAnswerShowsAndIsTriedAgain) {
  ASSERT_OK(Append(AppendValues{EntryType::kAdd, Values(0, 600)}));
  LogIndex index(&store_, &reader_, &log_, Options());
  store_.FailReads(true);
  Indexer indexer(&*sequencer_, &reader_, {.max_batch = 5000});
  indexer.Follow(&log_, &index);
  for (int i = 0; i < 400 && indexer.health().ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_STATUS(indexer.health(), absl::StatusCode::kUnavailable,
                "example.org/a is not indexed any further: the disk does not answer");
  store_.FailReads(false);
  WaitUntilIndexed();
  EXPECT_OK(indexer.health());
}

TEST_F(LogIndexTest, AThousandMoreRewriteAThousandBucketsAtTheMost) {
  Grow(0, 100000);
  Grow(100000, 101000);  // a new index counts from 0
  EXPECT_GT(written_, 0u);
  EXPECT_LE(written_, 1000u);
  LogIndex index(&store_, &reader_, &log_, Options());
  ASSERT_OK(index.Load());
  EXPECT_TRUE(AnswersRightly(&index, 101000));
}

TEST_F(LogIndexTest, AnyDamageToItsFilesIsRebuiltFromTheLog) {
  namespace fs = std::filesystem;
  Grow(0, 150000);
  Grow(150000, 150020);
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : fs::directory_iterator(Options().directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({entry.path(), {std::istreambuf_iterator<char>(in), {}}});
  }
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 100u);
  // One partition's files, and those of all of them.
  std::erase_if(files, [](const auto& file) {
    const std::string name = fs::path(file.first).filename();
    return name[0] == 'p' && !name.starts_with("p17");
  });
  ASSERT_GT(files.size(), 3u);
  int turn = 0;
  for (const auto& [path, content] : files) {
    const int damage = turn++ % 3;
    std::string bad = content;
    if (damage == 0) bad[bad.size() / 2] ^= 1;
    if (damage == 1) bad.pop_back();
    if (damage == 2) bad.clear();
    std::ofstream(path, std::ios::binary) << bad;
    LogIndex index(&store_, &reader_, &log_, Options());
    Indexer indexer(&*sequencer_, &reader_, {.max_batch = 50000});
    indexer.Follow(&log_, &index);
    // Never a wrong answer; and a right one again soon.
    bool right = false;
    for (int i = 0; i < 2000 && !right; ++i) {
      right = AnswersRightly(&index, 150020);
      if (!right) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(right) << path << " damage " << damage;
  }
}

TEST_F(LogIndexTest, OldVersionsAreAnsweredAndTheirTopsAreFilesThatDamageOnlyDelays) {
  namespace fs = std::filesystem;
  Grow(0, 5000);
  const PlacedIndex old = log_.head().index;
  Grow(5000, 60000);
  const std::string path =
      Options().directory + absl::StrFormat("/v-%012d.top", old.entry.m);
  for (const int damage : {0, 1, 2}) {
    if (damage == 1) {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      for (uint64_t at = 200; at < fs::file_size(path); at += 32) {
        file.seekp(static_cast<std::streamoff>(at)).put('x');
      }
    }
    if (damage == 2) fs::resize_file(path, 100);
    LogIndex index(&store_, &reader_, &log_, Options());
    ASSERT_OK(index.Load());
    EXPECT_FALSE(index.Ready(old.entry.m));
    for (uint64_t i = 0; i < 6000; i += 57) {
      const Hash record = Sha256(AsBytes(std::to_string(i)));
      absl::StatusOr<IndexAnswer> answer = index.Lookup(record, old);
      if (absl::IsUnavailable(answer.status())) answer = index.Lookup(record, old);
      ASSERT_OK(answer);
      const auto present = VerifyLookup(old.entry.set_root, record, answer->proof);
      ASSERT_OK(present);
      ASSERT_EQ(*present, i < 5000);
      const auto batch = index.BatchLookup({record}, old);
      ASSERT_OK(batch);
      ASSERT_OK(VerifyBatch(old.entry.set_root, old.entry.n, {record},
                            AsBytes(batch->proof)));
    }
    EXPECT_TRUE(index.Ready(old.entry.m));
    EXPECT_FALSE(index.damaged());
    EXPECT_TRUE(fs::exists(path));
  }
}

}  // namespace
}  // namespace setlog
