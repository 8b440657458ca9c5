#include "index/journal.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "index/commit_journal.h"
#include "index_testing.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr unsigned kPartition = 63;
constexpr uint8_t kDepth = 14;  // 2^8 buckets in a partition of 6 bits

struct Record {
  JournalFrame frame;
  std::vector<EventRow> rows;
  std::vector<BucketHash> hashes;
  friend bool operator==(const Record&, const Record&) = default;
};

Hash RandomHash(std::mt19937_64* random) {
  Hash hash;
  for (uint8_t& byte : hash.bytes) byte = static_cast<uint8_t>((*random)());
  return hash;
}

// Records of 0 to `most` rows and hashes each.
std::vector<Record> RandomRecords(std::mt19937_64* random, size_t count, size_t most) {
  std::vector<Record> records;
  uint64_t m = (*random)() % 1000;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t m0 = m + (*random)() % 10;  // batches that left it alone
    m = m0 + 1 + (*random)() % 1'000'000;
    std::set<EventRow> rows;
    std::set<uint64_t> positions;
    for (size_t k = (*random)() % (most + 1); k > 0; --k) {
      Hash key = RandomHash(random);
      key.bytes[0] |= 0xfc;
      for (size_t again = (*random)() % 3 + 1; again > 0; --again) {
        const uint64_t position = m0 + (*random)() % (m - m0);
        if (!positions.insert(position).second) continue;
        rows.insert({key, EventWord(position, (*random)() % 2)});
      }
    }
    std::vector<BucketHash> hashes;
    for (uint32_t bucket = 0; bucket < 256; ++bucket) {
      if ((*random)() % 256 < most) hashes.push_back({bucket, RandomHash(random)});
    }
    records.push_back({{m0, m, kDepth}, {rows.begin(), rows.end()}, hashes});
  }
  return records;
}

absl::Status Append(JournalWriter* journal, const Record& record) {
  return journal->Append(record.frame, record.rows, record.hashes);
}

struct Replayed {
  std::vector<Record> records;
  absl::StatusOr<JournalEnd> end;
};

Replayed Replay(const std::string& path, unsigned partition = kPartition,
                const IndexIdentity& identity = TestIdentity()) {
  std::vector<Record> records;
  absl::StatusOr<JournalEnd> end =
      ReadJournal(path, identity, partition, [&](const JournalRecord& record) {
        Record copy = {record.frame, {}, {}};
        for (const PackedRow& row : record.rows) copy.rows.push_back(row.row());
        for (const PackedBucketHash& hash : record.hashes) {
          copy.hashes.push_back({hash.bucket(), hash.hash});
        }
        records.push_back(std::move(copy));
        return absl::OkStatus();
      });
  return {std::move(records), std::move(end)};
}

class JournalTest : public ::testing::Test {
 protected:
  // A journal of these records; `ends_` are the file's sizes before and after each.
  std::string Write(const std::vector<Record>& records) {
    const std::string path = dir_.path() + "/" + std::to_string(next_++) + ".jnl";
    auto journal = JournalWriter::Create(path, TestIdentity(), kPartition);
    EXPECT_OK(journal);
    ends_ = {journal->file_bytes()};
    for (const Record& record : records) {
      EXPECT_OK(Append(&*journal, record));
      ends_.push_back(journal->file_bytes());
    }
    EXPECT_EQ(std::filesystem::file_size(path), ends_.back());
    return path;
  }
  size_t WholeRecordsIn(uint64_t bytes) const {
    return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), bytes) -
                               ends_.begin() - 1);
  }

  TempDir dir_;
  int next_ = 0;
  std::vector<uint64_t> ends_;
};

TEST_F(JournalTest, ReplaysWhatWasAppended) {
  std::mt19937_64 random(1);
  for (size_t most : {0, 1, 5, 200}) {
    const std::vector<Record> records = RandomRecords(&random, 30, most);
    const std::string path = Write(records);
    const Replayed replayed = Replay(path);
    ASSERT_OK(replayed.end);
    EXPECT_OK(replayed.end->beyond);
    EXPECT_EQ(replayed.records, records);
    EXPECT_EQ(replayed.end->good_bytes, ends_.back());
    EXPECT_EQ(replayed.end->file_bytes, ends_.back());
    EXPECT_EQ(replayed.end->m, records.back().frame.m1);
  }
}

TEST_F(JournalTest, CutAtAnyByteItReplaysExactlyTheWholeRecordsBeforeTheCut) {
  std::mt19937_64 random(2);
  const std::vector<Record> records = RandomRecords(&random, 12, 3);
  const std::string path = Write(records);
  for (uint64_t size = ends_.back() + 1; size-- > 0;) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(path, size);
    const Replayed replayed = Replay(path);
    if (size < ends_[0]) {
      EXPECT_STATUS(replayed.end, absl::StatusCode::kDataLoss, path);
      continue;
    }
    ASSERT_OK(replayed.end);
    const size_t whole = WholeRecordsIn(size);
    EXPECT_EQ(replayed.records,
              std::vector<Record>(records.begin(), records.begin() + whole));
    EXPECT_EQ(replayed.end->good_bytes, ends_[whole]);
    EXPECT_EQ(replayed.end->file_bytes, size);
    EXPECT_EQ(replayed.end->beyond.ok(), size == ends_[whole]);
    if (size != ends_[whole]) {
      EXPECT_STATUS(replayed.end->beyond, absl::StatusCode::kDataLoss,
                    "byte " + std::to_string(ends_[whole]));
    }
  }
}

TEST_F(JournalTest, AFlippedByteEndsTheReplayBeforeItsRecord) {
  std::mt19937_64 random(3);
  const std::vector<Record> records = RandomRecords(&random, 8, 3);
  const std::string path = Write(records);
  for (uint64_t at = 0; at < ends_.back(); ++at) {
    SCOPED_TRACE(at);
    FlipBit(path, at, at % 8);
    const Replayed replayed = Replay(path);
    if (at < ends_[0]) {
      EXPECT_STATUS(replayed.end, absl::StatusCode::kDataLoss, path);
    } else {
      ASSERT_OK(replayed.end);
      const size_t whole = WholeRecordsIn(at);
      EXPECT_EQ(replayed.records.size(), whole);
      EXPECT_EQ(replayed.end->good_bytes, ends_[whole]);
      EXPECT_STATUS(replayed.end->beyond, absl::StatusCode::kDataLoss, path);
    }
    FlipBit(path, at, at % 8);
  }
  EXPECT_EQ(Replay(path).records, records);
}

TEST_F(JournalTest, EachRecordSaysWhereItEnds) {
  std::mt19937_64 random(9);
  const std::string path = Write(RandomRecords(&random, 6, 4));
  std::vector<uint64_t> ends = {ends_[0]};
  ASSERT_OK(
      ReadJournal(path, TestIdentity(), kPartition, [&](const JournalRecord& record) {
        ends.push_back(record.end);
        return absl::OkStatus();
      }));
  EXPECT_EQ(ends, ends_);
}

TEST_F(JournalTest, RecordsAreOnlyGoodWhereTheyWereWritten) {
  std::mt19937_64 random(4);
  const std::vector<Record> records = RandomRecords(&random, 3, 5);
  const std::string content = ReadFile(Write(records));
  const std::string first = content.substr(0, ends_[1]);
  const std::string path = dir_.path() + "/moved.jnl";
  // The third record in the second's place, and the first once more.
  WriteFile(path, first + content.substr(ends_[2]));
  EXPECT_EQ(Replay(path).records.size(), 1);
  WriteFile(path, first + first.substr(ends_[0]));
  EXPECT_EQ(Replay(path).records.size(), 1);
  // A disk that gives zeros for what it did not write before the power went.
  WriteFile(path, first + std::string(4096, '\0'));
  EXPECT_EQ(Replay(path).records.size(), 1);
  EXPECT_EQ(Replay(path).end->good_bytes, ends_[1]);
}

TEST_F(JournalTest, GoesOnAfterAnyCutAsIfTheTailHadNeverBeen) {
  std::mt19937_64 random(5);
  const std::vector<Record> records = RandomRecords(&random, 9, 4);
  for (uint64_t extra : {0, 1, 20}) {
    const std::string path = Write(records);
    std::filesystem::resize_file(path, ends_[5] + extra);
    const Replayed before = Replay(path);
    ASSERT_OK(before.end);
    auto journal = JournalWriter::Continue(path, before.end->good_bytes);
    ASSERT_OK(journal);
    for (size_t i = 5; i < records.size(); ++i) {
      if (i % 2 == 0) journal->Rest();
      ASSERT_OK(Append(&*journal, records[i]));
    }
    ASSERT_OK(journal->Sync());
    EXPECT_EQ(journal->file_bytes(), ends_.back());
    const Replayed after = Replay(path);
    EXPECT_EQ(after.records, records);
    EXPECT_OK(after.end->beyond);
    EXPECT_STATUS(JournalWriter::Continue(path, ends_.back() + 1),
                  absl::StatusCode::kDataLoss, path);
  }
}

TEST_F(JournalTest, RecordsOutOfOrderOrRangeEndTheReplay) {
  Hash key;
  key.bytes[0] = 0xff;
  Hash stranger;
  const JournalFrame frame = {10, 20, kDepth};
  const std::vector<EventRow> two = {{key, EventWord(12, true)},
                                     {key, EventWord(13, false)}};
  const auto good = [&](const Record& record) {
    const Record first = {{5, 10, kDepth}, {}, {}};
    const Replayed replayed = Replay(Write({first, record}));
    EXPECT_OK(replayed.end);
    EXPECT_EQ(replayed.records.size(), replayed.end->beyond.ok() ? 2 : 1);
    return replayed.end->beyond.ok();
  };
  EXPECT_TRUE(good({frame, two, {{0, key}, {255, key}}}));
  EXPECT_TRUE(good({{10, kMaxPositions, kDepth}, two, {}}));
  EXPECT_FALSE(good({{9, 20, kDepth}, two, {}}));
  EXPECT_FALSE(good({{20, 20, kDepth}, {}, {}}));
  EXPECT_FALSE(good({{10, kMaxPositions + 1, kDepth}, two, {}}));
  EXPECT_FALSE(good({{10, 20, 5}, two, {}}));
  EXPECT_FALSE(good({{10, 20, kMaxTopDepth + 1}, two, {}}));
  EXPECT_FALSE(good({frame, {two[1], two[0]}, {}}));
  EXPECT_FALSE(good({frame, {two[0], two[0]}, {}}));
  EXPECT_FALSE(good({frame, {{key, EventWord(9, true)}}, {}}));
  EXPECT_FALSE(good({frame, {{key, EventWord(20, true)}}, {}}));
  EXPECT_FALSE(good({frame, {{stranger, EventWord(12, true)}}, {}}));
  EXPECT_FALSE(good({frame, two, {{256, key}}}));
  EXPECT_FALSE(good({frame, two, {{7, key}, {7, key}}}));
  EXPECT_FALSE(good({frame, two, {{7, key}, {6, key}}}));
}

TEST_F(JournalTest, TheVisitorsErrorEndsTheReplayAndIsReturned) {
  std::mt19937_64 random(6);
  const std::string path = Write(RandomRecords(&random, 3, 5));
  int visits = 0;
  EXPECT_STATUS(ReadJournal(path, TestIdentity(), kPartition,
                            [&](const JournalRecord&) {
                              return ++visits == 2 ? absl::AbortedError("enough")
                                                   : absl::OkStatus();
                            }),
                absl::StatusCode::kAborted, "enough");
  EXPECT_EQ(visits, 2);
}

TEST_F(JournalTest, JournalsOfOthersAreRefused) {
  const std::string path = Write({});
  EXPECT_STATUS(Replay(path, kPartition - 1).end, absl::StatusCode::kDataLoss,
                "another partition");
  IndexIdentity other = TestIdentity();
  ++other.log;
  EXPECT_STATUS(Replay(path, kPartition, other).end, absl::StatusCode::kDataLoss,
                "another log");
  EXPECT_STATUS(Replay(path, 0, TestIdentity(0)).end, absl::StatusCode::kDataLoss,
                "another partition");
  EXPECT_STATUS(JournalWriter::Create(path, TestIdentity(), kPartition),
                absl::StatusCode::kAlreadyExists, path);
  EXPECT_STATUS(Replay(path + "x").end, absl::StatusCode::kNotFound, path);
}

TEST_F(JournalTest, AWriteThatFailsLeavesTheRecordsBeforeItAndCanBeTriedAgain) {
  std::mt19937_64 random(7);
  const std::vector<Record> records = RandomRecords(&random, 5, 50);
  const std::string path = Write({records.begin(), records.begin() + 4});
  auto journal = JournalWriter::Continue(path, ends_.back());
  ASSERT_OK(journal);
  {
    const FileSizeLimit full(ends_.back() + 100);
    EXPECT_STATUS(Append(&*journal, records[4]), absl::StatusCode::kUnavailable, path);
  }
  EXPECT_EQ(std::filesystem::file_size(path), ends_.back());
  EXPECT_EQ(Replay(path).records.size(), 4);
  ASSERT_OK(Append(&*journal, records[4]));
  EXPECT_EQ(Replay(path).records, records);
}

TEST_F(JournalTest, AFullDiskIsResourceExhausted) {
  std::mt19937_64 random(8);
  const std::string path = Write({});
  auto journal = JournalWriter::Continue(path, ends_.back());
  ASSERT_OK(journal);
  journal->Rest();
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/full", path);
  const Record record = RandomRecords(&random, 1, 5)[0];
  EXPECT_STATUS(Append(&*journal, record), absl::StatusCode::kResourceExhausted, path);
  // That the device cannot be cut is all that is known: nothing more goes there.
  EXPECT_STATUS(Append(&*journal, record), absl::StatusCode::kUnavailable, path);
}

std::vector<IndexCommit> RandomCommits(std::mt19937_64* random, size_t count) {
  std::vector<IndexCommit> commits;
  uint64_t m = (*random)() % 1000;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t m1 = m + 1 + (*random)() % 1'000'000;
    commits.push_back({m, m1, (*random)(), RandomHash(random), (*random)()});
    m = m1;
  }
  return commits;
}

class CommitJournalTest : public ::testing::Test {
 protected:
  TempDir dir_;
  std::string path_ = dir_.path() + "/commits.jnl";
};

TEST_F(CommitJournalTest, ReadsWhatWasStartedWithAndAppended) {
  std::mt19937_64 random(1);
  const std::vector<IndexCommit> commits = RandomCommits(&random, 20);
  for (size_t first : {0, 1, 7, 20}) {
    auto journal =
        CommitJournal::Start(path_, TestIdentity(), std::span(commits).first(first));
    ASSERT_OK(journal);
    for (size_t i = first; i < commits.size(); ++i) {
      if (i % 3 == 0) journal->Rest();
      ASSERT_OK(journal->Append(commits[i]));
    }
    auto read = ReadCommits(path_, TestIdentity());
    ASSERT_OK(read);
    EXPECT_OK(read->beyond);
    EXPECT_EQ(read->commits, commits);
    EXPECT_EQ(read->good_bytes, journal->file_bytes());
    EXPECT_EQ(read->file_bytes, journal->file_bytes());
  }
}

TEST_F(CommitJournalTest, CutOrFlippedAnywhereItReadsTheWholeRecordsBefore) {
  std::mt19937_64 random(2);
  const std::vector<IndexCommit> commits = RandomCommits(&random, 6);
  ASSERT_OK(CommitJournal::Start(path_, TestIdentity(), commits));
  const uint64_t size = std::filesystem::file_size(path_);
  ASSERT_EQ(size, 40 + 6 * 72);
  const auto expect_before = [&](uint64_t byte) {
    auto read = ReadCommits(path_, TestIdentity());
    if (byte < 40) {
      EXPECT_STATUS(read, absl::StatusCode::kDataLoss, path_);
      return;
    }
    const size_t whole = (byte - 40) / 72;
    ASSERT_OK(read);
    EXPECT_EQ(read->commits,
              std::vector<IndexCommit>(commits.begin(), commits.begin() + whole));
    EXPECT_EQ(read->good_bytes, 40 + whole * 72);
  };
  for (uint64_t at = 0; at < size; ++at) {
    FlipBit(path_, at, at % 8);
    expect_before(at);
    FlipBit(path_, at, at % 8);
  }
  for (uint64_t cut = size + 1; cut-- > 0;) {
    std::filesystem::resize_file(path_, cut);
    expect_before(cut);
  }
}

TEST_F(CommitJournalTest, CommitsThatDoNotFollowAreRefused) {
  std::mt19937_64 random(3);
  const std::vector<IndexCommit> commits = RandomCommits(&random, 3);
  auto journal =
      CommitJournal::Start(path_, TestIdentity(), std::span(commits).first(1));
  ASSERT_OK(journal);
  EXPECT_STATUS(journal->Append(commits[2]), absl::StatusCode::kFailedPrecondition,
                path_);
  EXPECT_STATUS(journal->Append(commits[0]), absl::StatusCode::kFailedPrecondition,
                path_);
  IndexCommit empty = commits[1];
  empty.m1 = empty.m0;
  EXPECT_STATUS(journal->Append(empty), absl::StatusCode::kFailedPrecondition, path_);
  EXPECT_OK(journal->Append(commits[1]));
  const std::vector<IndexCommit> gap = {commits[0], commits[2]};
  EXPECT_STATUS(CommitJournal::Start(path_, TestIdentity(), gap),
                absl::StatusCode::kFailedPrecondition, path_);
}

TEST_F(CommitJournalTest, PartitionsThatDoNotExistCannotBeTouched) {
  for (uint8_t bits : {0, 3, 6}) {
    const uint64_t all = bits == 6 ? ~uint64_t{0} : (uint64_t{1} << (1 << bits)) - 1;
    IndexCommit commit = {1, 2, 1, Hash{}, all};
    ASSERT_OK(CommitJournal::Start(path_, TestIdentity(bits), {&commit, 1}));
    EXPECT_OK(ReadCommits(path_, TestIdentity(bits))->beyond);
    if (bits == 6) continue;
    commit.touched = all + 1;
    ASSERT_OK(CommitJournal::Start(path_, TestIdentity(bits), {&commit, 1}));
    EXPECT_STATUS(ReadCommits(path_, TestIdentity(bits))->beyond,
                  absl::StatusCode::kDataLoss, path_);
  }
}

TEST_F(CommitJournalTest, AFailedWriteLeavesTheCommitsBeforeIt) {
  std::mt19937_64 random(4);
  const std::vector<IndexCommit> commits = RandomCommits(&random, 2);
  auto journal =
      CommitJournal::Start(path_, TestIdentity(), std::span(commits).first(1));
  ASSERT_OK(journal);
  {
    const FileSizeLimit full(journal->file_bytes() + 10);
    EXPECT_STATUS(journal->Append(commits[1]), absl::StatusCode::kUnavailable, path_);
  }
  EXPECT_OK(ReadCommits(path_, TestIdentity())->beyond);
  ASSERT_OK(journal->Append(commits[1]));
  EXPECT_EQ(ReadCommits(path_, TestIdentity())->commits, commits);
}

}  // namespace
}  // namespace setlog
