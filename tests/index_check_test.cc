#include "index/index_check.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "index/disk_index.h"
#include "index/run_file.h"
#include "index/run_writer.h"
#include "index/top_file.h"
#include "index_model.h"
#include "index_testing.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

DiskIndex::Options Options(const IndexDirectory& directory) {
  DiskIndex::Options options;
  options.directory = directory.path();
  options.store = TestIdentity().store;
  options.log = TestIdentity().log;
  options.small_rows = 200;
  options.max_recent_rows = 600;
  options.bucket_keys = 2;
  return options;
}

// An index with runs, journals and version tops, and the sets that it went through.
struct Sample {
  Sample() {
    IndexModel model(1);
    DiskIndex index(Options(directory));
    EXPECT_OK(index.Clear());
    versions = {index.current()};
    for (int round = 0; round < 14; ++round) {
      for (int i = 0; i < 100; ++i) model.Step(1000);
      const IndexEntry now = model.Mark();
      auto batch = index.Prepare(model.Changes(versions.back().m, now.m), now.m, 0);
      EXPECT_OK(batch);
      EXPECT_OK(index.Publish(*std::move(batch)));
      versions.push_back(now);
    }
    rows = index.rows();
    EXPECT_GT(index.merges(), 0u);
    for (size_t v = 0; v < versions.size(); v += 5) {
      auto top = index.TopAt(versions[v]);
      EXPECT_OK(top);
      EXPECT_OK(WriteVersionTop(directory.VersionTopPath(versions[v].m), TestIdentity(),
                                {.m = versions[v].m,
                                 .n = versions[v].n,
                                 .depth = top->depth(),
                                 .root = versions[v].set_root},
                                {top->nodes(), top->size()}));
    }
  }
  TempDir dir;
  IndexDirectory directory{dir.path() + "/index"};
  std::vector<IndexEntry> versions;
  uint64_t rows = 0;
};

class IndexCheckTest : public ::testing::Test {
 protected:
  static const Sample& sample() {
    static const Sample sample;
    return sample;
  }
  // directory_ becomes a copy of the sample.
  void Copy() { fs::copy(sample().directory.path(), directory_.path()); }
  const std::vector<IndexEntry>& versions() const { return sample().versions; }
  absl::StatusOr<IndexCheck> Check() const {
    return CheckIndexFiles(directory_, TestIdentity().store, TestIdentity().log);
  }
  std::map<std::string, std::string> Content() const {
    std::map<std::string, std::string> content;
    for (const auto& file : fs::directory_iterator(directory_.path())) {
      content[file.path().string()] = ReadFile(file.path().string());
    }
    return content;
  }
  // The first partition with a run, and its files.
  std::pair<unsigned, PartitionFiles> FirstRun() const {
    auto manifest = ReadIndexManifest(directory_.ManifestPath(), TestIdentity().store,
                                      TestIdentity().log);
    EXPECT_OK(manifest);
    for (unsigned p = 0; p < manifest->partitions.size(); ++p) {
      if (manifest->partitions[p].run != 0) return {p, manifest->partitions[p]};
    }
    ADD_FAILURE() << "there is no run";
    return {};
  }
  // Replaces a run by one with changed rows and right checksums.
  void Forge(unsigned partition, uint64_t seq,
             const std::function<void(std::vector<EventRow>*)>& change) {
    const std::string path = directory_.RunPath(partition, seq);
    auto run = RunFile::Open(path, TestIdentity(), partition);
    ASSERT_OK(run);
    std::vector<EventRow> rows;
    RunCursor cursor(**run);
    for (cursor.SeekToFirst(); cursor.valid(); cursor.Next()) {
      rows.push_back(cursor.row());
    }
    change(&rows);
    fs::remove(path);
    auto writer = RunWriter::Create(path, TestIdentity(), partition, (*run)->m());
    ASSERT_OK(writer);
    for (const EventRow& row : rows) ASSERT_OK(writer->Add(row.key, row.word));
    ASSERT_OK(writer->Finish());
  }

  TempDir dir_;
  IndexDirectory directory_{dir_.path() + "/index"};
};

TEST_F(IndexCheckTest, NoIndexIsNotFound) {
  EXPECT_STATUS(Check(), absl::StatusCode::kNotFound, directory_.path());
  ASSERT_OK(directory_.Create());
  EXPECT_STATUS(Check(), absl::StatusCode::kNotFound, "MANIFEST");
}

TEST_F(IndexCheckTest, FindsTheSetThatWasPublishedAndChangesNothing) {
  Copy();
  const auto before = Content();
  Parallel parallel(2);
  for (const ParallelFor& loop :
       {ParallelFor(InOrder), ParallelFor(std::ref(parallel))}) {
    auto check =
        CheckIndexFiles(directory_, TestIdentity().store, TestIdentity().log, loop);
    ASSERT_OK(check);
    EXPECT_EQ(check->entry, versions().back());
    EXPECT_EQ(check->rows, sample().rows);
    ASSERT_EQ(check->versions.size(), (versions().size() + 4) / 5);
    for (size_t i = 0; i < check->versions.size(); ++i) {
      EXPECT_EQ(check->versions[i].m, versions()[5 * i].m);
      EXPECT_EQ(check->versions[i].n, versions()[5 * i].n);
      EXPECT_EQ(check->versions[i].root, versions()[5 * i].set_root);
    }
  }
  EXPECT_EQ(Content(), before);
}

TEST_F(IndexCheckTest, ASmallIndexOfOnePartitionIsChecked) {
  IndexModel model(2);
  DiskIndex::Options options = Options(directory_);
  options.small_rows = 10'000;
  DiskIndex index(options);
  ASSERT_OK(index.Clear());
  for (uint64_t m = 0; m < 1000; m += 250) {
    for (int i = 0; i < 250; ++i) model.Step(400);
    const IndexEntry now = model.Mark();
    auto batch = index.Prepare(model.Changes(m, now.m), now.m, 0);
    ASSERT_OK(batch);
    ASSERT_OK(index.Publish(*std::move(batch)));
    auto check = Check();
    ASSERT_OK(check);
    EXPECT_EQ(check->entry, now);
    EXPECT_EQ(check->rows, index.rows());
  }
}

TEST_F(IndexCheckTest, DamageAnywhereIsFoundOrLeavesASetThatWas) {
  Copy();
  uint64_t found = 0;
  uint64_t left = 0;
  for (const auto& [path, content] : Content()) {
    const bool journal = path.ends_with(".jnl");
    const size_t step = std::max<size_t>(1, content.size() / 3);
    for (size_t at = 0; at < content.size(); at += step) {
      SCOPED_TRACE(path + " byte " + std::to_string(at));
      FlipBit(path, at, at % 8);
      const auto check = Check();
      if (check.ok()) {
        // Only what a crash could have left may pass.
        EXPECT_TRUE(journal);
        EXPECT_TRUE(std::count(versions().begin(), versions().end(), check->entry));
        ++left;
      } else {
        EXPECT_EQ(check.status().code(), absl::StatusCode::kDataLoss);
        ++found;
      }
      FlipBit(path, at, at % 8);
    }
  }
  EXPECT_GT(found, 200u);
  EXPECT_GT(left, 0u);
  EXPECT_OK(Check());
}

TEST_F(IndexCheckTest, AMissingFileIsNamed) {
  Copy();
  const auto [partition, named] = FirstRun();
  for (const std::string& path : {directory_.RunPath(partition, named.run),
                                  directory_.TopPath(partition, named.top)}) {
    const std::string content = ReadFile(path);
    fs::remove(path);
    EXPECT_STATUS(Check(), absl::StatusCode::kDataLoss, path);
    WriteFile(path, content);
  }
  EXPECT_OK(Check());
}

TEST_F(IndexCheckTest, LeftoversAreNoFault) {
  Copy();
  WriteFile(directory_.RunPath(3, 999'999), "half a run");
  WriteFile(directory_.TopPath(3, 999'999), "");
  WriteFile(directory_.ManifestPath() + ".new", "half a manifest");
  WriteFile(directory_.path() + "/README", "a stranger");
  auto check = Check();
  ASSERT_OK(check);
  EXPECT_EQ(check->entry, versions().back());
}

TEST_F(IndexCheckTest, RowsThatAreNotThoseOfTheSetAreFoundBehindRightChecksums) {
  Copy();
  const auto [partition, named] = FirstRun();
  const std::string path = directory_.RunPath(partition, named.run);
  const std::string content = ReadFile(path);
  const auto expect_found =
      [&, p = partition, seq = named.run](
          const std::string& why,
          const std::function<void(std::vector<EventRow>*)>& change) {
        SCOPED_TRACE(why);
        ASSERT_NO_FATAL_FAILURE(Forge(p, seq, change));
        EXPECT_STATUS(Check(), absl::StatusCode::kDataLoss, why);
        WriteFile(path, content);
      };
  ASSERT_NO_FATAL_FAILURE(Forge(partition, named.run, [](std::vector<EventRow>*) {}));
  EXPECT_EQ(ReadFile(path), content);
  expect_found("hash of bucket", [](std::vector<EventRow>* rows) {
    // The last event of some key.
    rows->erase(std::adjacent_find(rows->begin(), rows->end(),
                                   [](const EventRow& a, const EventRow& b) {
                                     return a.key != b.key && a.add();
                                   }));
  });
  expect_found("hash of bucket", [](std::vector<EventRow>* rows) {
    EventRow stranger = rows->back();
    stranger.key.bytes[31] ^= 1;
    stranger.word |= 1;
    rows->push_back(stranger);
    std::sort(rows->begin(), rows->end());
  });
  expect_found("the events of key", [](std::vector<EventRow>* rows) {
    for (EventRow& row : *rows) row.word ^= 1;
  });
}

TEST_F(IndexCheckTest, ATopThatFitsItsRowsButNotTheSetIsFound) {
  Copy();
  auto manifest = ReadIndexManifest(directory_.ManifestPath(), TestIdentity().store,
                                    TestIdentity().log);
  ASSERT_OK(manifest);
  manifest->root.bytes[0] ^= 1;
  ASSERT_OK(WriteIndexManifest(directory_.ManifestPath(), *manifest));
  fs::remove(directory_.CommitsPath());
  EXPECT_STATUS(Check(), absl::StatusCode::kDataLoss, directory_.path());
}

TEST_F(IndexCheckTest, AnotherLogsIndexIsRefused) {
  Copy();
  EXPECT_STATUS(CheckIndexFiles(directory_, TestIdentity().store, 1),
                absl::StatusCode::kDataLoss, "another log");
}

}  // namespace
}  // namespace setlog
