#include <algorithm>
#include <filesystem>
#include <random>

#include "index/event_row.h"
#include "index/index_directory.h"
#include "index/index_manifest.h"
#include "index/top_file.h"
#include "index/version_top_file.h"
#include "index_testing.h"
#include "log/set_tree.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr unsigned kPartition = 9;

std::vector<Hash> RandomHashes(size_t count) {
  std::mt19937_64 random(count);
  std::vector<Hash> hashes(count);
  for (Hash& hash : hashes) {
    for (uint8_t& byte : hash.bytes) byte = static_cast<uint8_t>(random());
  }
  return hashes;
}

// `read` refuses the file, naming it, with any bit flipped, cut anywhere, or longer.
template <typename Read>
void ExpectDamageIsRefused(const std::string& path, Read read) {
  const std::string content = ReadFile(path);
  ASSERT_OK(read());
  for (size_t at = 0; at < content.size(); ++at) {
    SCOPED_TRACE(at);
    FlipBit(path, at, at % 8);
    EXPECT_STATUS(read(), absl::StatusCode::kDataLoss, path);
    FlipBit(path, at, at % 8);
  }
  ASSERT_OK(read());
  for (size_t size = content.size(); size-- > 0;) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(path, size);
    EXPECT_STATUS(read(), absl::StatusCode::kDataLoss, path);
  }
  WriteFile(path, content + '\0');
  EXPECT_STATUS(read(), absl::StatusCode::kDataLoss, path);
  std::filesystem::remove(path);
  EXPECT_STATUS(read(), absl::StatusCode::kNotFound, path);
}

class TopFileTest : public ::testing::Test {
 protected:
  TempDir dir_;
  std::string path_ = dir_.path() + "/p09-000000000001.top";
};

TEST_F(TopFileTest, HoldsTheHashesOfEveryDepth) {
  for (unsigned depth = 6; depth <= 16; ++depth) {
    const std::vector<Hash> hashes = RandomHashes(size_t{1} << (depth - 6));
    const TopFrame frame = {.depth = depth, .m = 1000 + depth, .n = 7 * depth};
    ASSERT_OK(WriteTopFile(path_, TestIdentity(), kPartition, frame, hashes));
    auto top = TopFile::Open(path_, TestIdentity(), kPartition);
    ASSERT_OK(top);
    const TopFile moved = *std::move(top);
    EXPECT_EQ(moved.frame(), frame);
    EXPECT_TRUE(std::equal(moved.hashes().begin(), moved.hashes().end(), hashes.begin(),
                           hashes.end()));
    std::filesystem::remove(path_);
  }
}

TEST_F(TopFileTest, DamageIsRefused) {
  ASSERT_OK(
      WriteTopFile(path_, TestIdentity(), kPartition, {8, 5, 3}, RandomHashes(4)));
  ExpectDamageIsRefused(
      path_, [&] { return TopFile::Open(path_, TestIdentity(), kPartition); });
}

TEST_F(TopFileTest, OthersAreRefused) {
  ASSERT_OK(
      WriteTopFile(path_, TestIdentity(), kPartition, {8, 5, 3}, RandomHashes(4)));
  EXPECT_STATUS(TopFile::Open(path_, TestIdentity(), kPartition + 1),
                absl::StatusCode::kDataLoss, "another partition");
  IndexIdentity other = TestIdentity();
  other.store[0] ^= 1;
  EXPECT_STATUS(TopFile::Open(path_, other, kPartition), absl::StatusCode::kDataLoss,
                "another log or store");
  EXPECT_STATUS(
      WriteTopFile(path_, TestIdentity(), kPartition, {8, 5, 3}, RandomHashes(4)),
      absl::StatusCode::kAlreadyExists, path_);
}

TEST_F(TopFileTest, NumbersOfHashesThatDoNotFitTheDepthAreRefused) {
  const auto write = [&](unsigned depth, size_t hashes) {
    return WriteTopFile(path_, TestIdentity(), kPartition, {depth, 5, 3},
                        RandomHashes(hashes));
  };
  EXPECT_STATUS(write(8, 3), absl::StatusCode::kInvalidArgument, path_);
  EXPECT_STATUS(write(8, 256), absl::StatusCode::kInvalidArgument, path_);
  EXPECT_STATUS(write(5, 1), absl::StatusCode::kInvalidArgument, path_);
  EXPECT_STATUS(write(kMaxTopDepth + 1, 1), absl::StatusCode::kInvalidArgument, path_);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(TopFileTest, AWriteThatFailsLeavesNoFile) {
  for (rlim_t limit : {10, 100, 1000}) {
    const FileSizeLimit full(limit);
    EXPECT_STATUS(
        WriteTopFile(path_, TestIdentity(), kPartition, {12, 5, 3}, RandomHashes(64)),
        absl::StatusCode::kUnavailable, path_);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

class VersionTopTest : public ::testing::Test {
 protected:
  absl::Status Write(unsigned depth, uint64_t n) {
    nodes_ = RandomHashes(size_t{2} << depth);
    if (n == 0) std::fill(nodes_.begin(), nodes_.end(), Hash{});
    frame_ = {.m = 77, .n = n, .depth = depth, .root = SetRoot(n, nodes_[1])};
    return WriteVersionTop(path_, TestIdentity(), frame_, nodes_);
  }
  absl::StatusOr<std::unique_ptr<VersionTopFile>> Open() {
    return VersionTopFile::Open(path_, TestIdentity(), 77);
  }

  TempDir dir_;
  std::string path_ = dir_.path() + "/v-000000000077.top";
  std::vector<Hash> nodes_;
  VersionTopFrame frame_;
};

TEST_F(VersionTopTest, HoldsTheNodesOfEveryDepth) {
  for (unsigned depth = 0; depth <= 10; ++depth) {
    for (uint64_t n : {0, 1, 1000}) {
      ASSERT_OK(Write(depth, n));  // replaces the one before
      auto top = Open();
      ASSERT_OK(top);
      EXPECT_OK((*top)->CheckAll());
      EXPECT_EQ((*top)->frame(), frame_);
      // Number 0 is of no use, and always zeros.
      ASSERT_EQ((*top)->nodes().size(), nodes_.size());
      EXPECT_EQ((*top)->nodes()[0], Hash{});
      EXPECT_TRUE(
          std::equal(nodes_.begin() + 1, nodes_.end(), (*top)->nodes().begin() + 1));
      // As a server with other partitions sees it.
      EXPECT_OK(VersionTopFile::Open(path_, TestIdentity(0), 77));
    }
  }
}

TEST_F(VersionTopTest, DamageIsRefusedOrNoticedByTheWholeCheck) {
  ASSERT_OK(Write(3, 5));
  ExpectDamageIsRefused(path_, [&] {
    auto top = Open();
    return top.ok() ? (*top)->CheckAll() : top.status();
  });
}

TEST_F(VersionTopTest, AnotherMOrLogIsRefused) {
  ASSERT_OK(Write(3, 5));
  EXPECT_STATUS(VersionTopFile::Open(path_, TestIdentity(), 78),
                absl::StatusCode::kDataLoss, path_);
  IndexIdentity other = TestIdentity();
  ++other.log;
  EXPECT_STATUS(VersionTopFile::Open(path_, other, 77), absl::StatusCode::kDataLoss,
                "another log");
}

TEST_F(VersionTopTest, NodesThatDoNotLeadToTheRootAreNotWritten) {
  ASSERT_OK(Write(2, 5));
  VersionTopFrame wrong = frame_;
  wrong.root.bytes[0] ^= 1;
  EXPECT_STATUS(WriteVersionTop(path_, TestIdentity(), wrong, nodes_),
                absl::StatusCode::kInvalidArgument, path_);
  EXPECT_STATUS(
      WriteVersionTop(path_, TestIdentity(), frame_, std::span(nodes_).first(4)),
      absl::StatusCode::kInvalidArgument, path_);
  EXPECT_OK(Open());
}

TEST_F(VersionTopTest, AFailedWriteLeavesTheOneBefore) {
  ASSERT_OK(Write(2, 5));
  const std::string before = ReadFile(path_);
  {
    const FileSizeLimit full(200);
    EXPECT_STATUS(Write(4, 5), absl::StatusCode::kUnavailable, path_);
  }
  EXPECT_EQ(ReadFile(path_), before);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

IndexManifest SampleManifest(uint8_t bits) {
  IndexManifest manifest;
  manifest.identity = TestIdentity(bits);
  manifest.depth = 20;
  manifest.m = 12345;
  manifest.n = 999;
  manifest.root = RandomHashes(1)[0];
  for (uint64_t p = 0; p < manifest.identity.partitions(); ++p) {
    manifest.partitions.push_back(
        {.run = 3 * p, .top = 3 * p + 1, .journal = 3 * p + 2});
  }
  return manifest;
}

absl::StatusOr<IndexManifest> ReadSample(const std::string& path) {
  return ReadIndexManifest(path, TestIdentity().store, TestIdentity().log);
}

TEST(IndexManifestTest, ReadsWhatWasWritten) {
  const TempDir dir;
  const std::string path = dir.path() + "/MANIFEST";
  for (uint8_t bits = 0; bits <= kMaxPartitionBits; ++bits) {
    const IndexManifest manifest = SampleManifest(bits);
    ASSERT_OK(WriteIndexManifest(path, manifest));
    auto read = ReadSample(path);
    ASSERT_OK(read);
    EXPECT_EQ(*read, manifest);
  }
}

TEST(IndexManifestTest, DamageIsRefused) {
  const TempDir dir;
  const std::string path = dir.path() + "/MANIFEST";
  ASSERT_OK(WriteIndexManifest(path, SampleManifest(2)));
  ExpectDamageIsRefused(path, [&] { return ReadSample(path); });
}

TEST(IndexManifestTest, AnotherLogsIsRefused) {
  const TempDir dir;
  const std::string path = dir.path() + "/MANIFEST";
  ASSERT_OK(WriteIndexManifest(path, SampleManifest(6)));
  EXPECT_STATUS(ReadIndexManifest(path, TestIdentity().store, 5),
                absl::StatusCode::kDataLoss, "another log");
  EXPECT_STATUS(ReadIndexManifest(path, StoreId{}, TestIdentity().log),
                absl::StatusCode::kDataLoss, "another log or store");
}

TEST(IndexManifestTest, WhatDoesNotFitIsNotWritten) {
  const TempDir dir;
  const std::string path = dir.path() + "/MANIFEST";
  IndexManifest manifest = SampleManifest(6);
  manifest.partitions.pop_back();
  EXPECT_STATUS(WriteIndexManifest(path, manifest), absl::StatusCode::kInvalidArgument,
                path);
  manifest = SampleManifest(6);
  manifest.depth = 5;
  EXPECT_STATUS(WriteIndexManifest(path, manifest), absl::StatusCode::kInvalidArgument,
                path);
  manifest = SampleManifest(6);
  manifest.identity.partition_bits = 7;
  EXPECT_STATUS(WriteIndexManifest(path, manifest), absl::StatusCode::kInvalidArgument,
                path);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(IndexDirectoryTest, ListsWhatItNames) {
  const TempDir temp;
  const IndexDirectory dir(temp.path() + "/index/12");
  EXPECT_STATUS(dir.List(), absl::StatusCode::kNotFound, dir.path());
  ASSERT_OK(dir.Create());
  ASSERT_OK(dir.Create());
  EXPECT_EQ(dir.List()->max_seq, 0);
  const std::vector<std::string> strangers = {
      "p64-000000000001.run",  "p1-000000000001.run",
      "p01-000000000000.run",  "p01-00000000001.run",
      "p01-000000000001.runx", "p01-000000000001",
      "p01_000000000001.run",  "p01-00000000000a.run",
      "v-00000000001.top",     "v-.top",
      "v-00000000001x.top",    "README",
      "MANIFEST.old",          "p01-000000000001.sst"};
  for (const std::string& name : strangers) WriteFile(dir.path() + "/" + name, "");
  for (const std::string& path :
       {dir.ManifestPath(), dir.CommitsPath(), dir.RunPath(63, 7), dir.RunPath(0, 999),
        dir.TopPath(5, 1), dir.TopPath(5, 12), dir.JournalPath(9, 999'999'999'999),
        dir.VersionTopPath(0), dir.VersionTopPath(kMaxPositions),
        dir.ManifestPath() + ".new"}) {
    WriteFile(path, "");
  }
  auto files = dir.List();
  ASSERT_OK(files);
  EXPECT_TRUE(files->manifest);
  EXPECT_TRUE(files->commits);
  EXPECT_THAT(files->runs,
              ::testing::ElementsAre(SequencedFile{0, 999}, SequencedFile{63, 7}));
  EXPECT_THAT(files->tops,
              ::testing::ElementsAre(SequencedFile{5, 1}, SequencedFile{5, 12}));
  EXPECT_THAT(files->journals,
              ::testing::ElementsAre(SequencedFile{9, 999'999'999'999}));
  EXPECT_THAT(files->version_tops, ::testing::ElementsAre(0, kMaxPositions));
  EXPECT_THAT(files->unfinished, ::testing::ElementsAre("MANIFEST.new"));
  EXPECT_THAT(files->strangers, ::testing::UnorderedElementsAreArray(strangers));
  EXPECT_EQ(files->max_seq, 999'999'999'999);

  ASSERT_OK(dir.RemoveAll());
  files = dir.List();
  ASSERT_OK(files);
  EXPECT_EQ(files->max_seq, 0);
  EXPECT_FALSE(files->manifest || files->commits);
  EXPECT_TRUE(files->version_tops.empty() && files->unfinished.empty());
  EXPECT_THAT(files->strangers, ::testing::UnorderedElementsAreArray(strangers));
}

TEST(IndexDirectoryTest, KeepsWhatTheManifestNamesAndLaterJournals) {
  const TempDir temp;
  const IndexDirectory dir(temp.path());
  IndexManifest manifest = SampleManifest(1);
  manifest.partitions = {{.run = 4, .top = 6, .journal = 5}, {.run = 0, .top = 9}};
  const std::vector<std::string> kept = {
      dir.RunPath(0, 4), dir.TopPath(0, 6), dir.JournalPath(0, 5),
      dir.JournalPath(0, 8), dir.TopPath(1, 9), dir.JournalPath(1, 1),
      dir.CommitsPath(), dir.VersionTopPath(3), temp.path() + "/README",
      // Another thread may be writing it.
      dir.VersionTopPath(5) + ".new"};
  const std::vector<std::string> removed = {
      dir.RunPath(0, 3), dir.RunPath(0, 5), dir.TopPath(0, 4), dir.JournalPath(0, 4),
      dir.RunPath(1, 9), dir.TopPath(1, 6), dir.RunPath(2, 4), dir.JournalPath(2, 9)};
  for (const std::string& path : kept) WriteFile(path, "");
  for (const std::string& path : removed) WriteFile(path, "");
  ASSERT_OK(dir.RemoveUnnamed(manifest));
  for (const std::string& path : kept)
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
  for (const std::string& path : removed) {
    EXPECT_FALSE(std::filesystem::exists(path)) << path;
  }
}

TEST(IndexDirectoryTest, UnfinishedFilesGoAlone) {
  const TempDir temp;
  const IndexDirectory dir(temp.path());
  WriteFile(dir.ManifestPath(), "");
  WriteFile(dir.ManifestPath() + ".new", "");
  WriteFile(dir.VersionTopPath(5) + ".new", "");
  ASSERT_OK(dir.RemoveUnfinished());
  auto files = dir.List();
  ASSERT_OK(files);
  EXPECT_TRUE(files->manifest);
  EXPECT_TRUE(files->unfinished.empty());
}

TEST(IndexDirectoryTest, AFileInItsPlaceIsAnError) {
  const TempDir temp;
  WriteFile(temp.path() + "/file", "");
  EXPECT_STATUS(IndexDirectory(temp.path() + "/file").Create(),
                absl::StatusCode::kUnavailable, "file");
  EXPECT_FALSE(IndexDirectory(temp.path() + "/file/below").Create().ok());
  EXPECT_FALSE(IndexDirectory(temp.path() + "/file").List().ok());
}

}  // namespace
}  // namespace setlog
