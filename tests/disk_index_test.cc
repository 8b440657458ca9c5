#include "index/disk_index.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "index_model.h"
#include "log/set_proof.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

class DiskIndexTest : public ::testing::Test {
 protected:
  DiskIndex::Options Options() const {
    DiskIndex::Options options;
    options.directory = (fs::path(dir_.path()) / "index").string();
    options.store = {1, 2, 3};
    options.log = 7;
    options.small_rows = 150;
    options.max_recent_rows = 700;
    options.bucket_keys = 2;
    options.undo_bytes = 20000;
    return options;
  }

  // All that there is to ask at one version, of some records.
  static void ExpectRight(const DiskIndex& index, const IndexModel& model,
                          const IndexEntry& at, uint64_t universe, uint64_t step,
                          const TopView* version = nullptr) {
    std::vector<Hash> queries;
    std::vector<uint64_t> ids;
    for (uint64_t id = 0; id < universe + 3 * step; id += step) {
      const Hash record = IndexModel::Record(id);
      const auto found = index.Lookup(at, SetKey(record), version);
      if (absl::IsNotFound(found.status())) return;  // overtaken
      ASSERT_OK(found);
      const bool member = model.HasAt(id, at.m);
      ASSERT_EQ(found->answer.present, member) << id << " at " << at.m;
      LookupProof proof = found->answer.proof;
      if (at.n > 0) proof.terminal = model.ValueAt(found->answer.terminal_position);
      const auto present = VerifyLookup(at.set_root, record, proof);
      ASSERT_OK(present);
      ASSERT_EQ(*present, member);
      ASSERT_EQ(!found->events.empty() && found->events.back().add, member);
      for (size_t i = 0; i < found->events.size(); ++i) {
        ASSERT_EQ(found->events[i].add, i % 2 == 0);
        ASSERT_LT(found->events[i].position, at.m);
        ASSERT_EQ(model.ValueAt(found->events[i].position), record);
      }
      queries.push_back(record);
      ids.push_back(id);
    }
    std::vector<Hash> keys = SetKeys(queries);
    std::sort(keys.begin(), keys.end());
    auto found = index.BatchLookup(at, keys, version);
    if (absl::IsNotFound(found.status())) return;
    ASSERT_OK(found);
    for (const SetBatchAnswer::Leaf& leaf : found->answer.leaves) {
      found->answer.proof.replace(leaf.offset, Hash::kSize,
                                  AsText(model.ValueAt(leaf.position)));
    }
    const auto present =
        VerifyBatch(at.set_root, at.n, queries, AsBytes(found->answer.proof));
    ASSERT_OK(present);
    for (size_t i = 0; i < ids.size(); ++i) {
      ASSERT_EQ((*present)[i], model.HasAt(ids[i], at.m));
    }
  }

  static void Advance(DiskIndex* index, const IndexModel& model, uint64_t end,
                      const IndexEntry& expected) {
    auto batch = index->Prepare(model.Changes(index->current().m, end), end, 0);
    ASSERT_OK(batch);
    ASSERT_EQ(batch->entry(), expected);
    ASSERT_OK(index->Publish(*std::move(batch)));
    ASSERT_EQ(index->current(), expected);
  }

  TempDir dir_;
};

TEST_F(DiskIndexTest, AnswersRightlyAtEveryVersionThroughMergesGrowthAndRestarts) {
  for (uint64_t seed : {1, 2}) {
    IndexModel model(seed);
    auto index = std::make_unique<DiskIndex>(Options());
    ASSERT_OK(index->Clear());
    const uint64_t universe = 1200;
    std::vector<IndexEntry> versions = {index->current()};
    uint64_t merges = 0;
    for (int round = 0; round < 60; ++round) {
      const uint64_t steps = 1 + model.Random() % (round % 7 == 0 ? 400 : 60);
      for (uint64_t i = 0; i < steps; ++i) model.Step(universe);
      const IndexEntry now = model.Mark();
      ASSERT_NO_FATAL_FAILURE(Advance(index.get(), model, now.m, now)) << round;
      ASSERT_NO_FATAL_FAILURE(ExpectRight(*index, model, now, universe, 37));
      const IndexEntry before = versions.back();
      ASSERT_TRUE(index->IsRecent(before.m));
      ASSERT_EQ(index->previous(), before);
      ASSERT_NO_FATAL_FAILURE(ExpectRight(*index, model, before, universe, 41));
      versions.push_back(now);
      if (model.Random() % 4 == 0) {
        ASSERT_OK(index->FinishMerges());
      }
      if (model.Random() % 3 == 0) {
        merges += index->merges();
        index = std::make_unique<DiskIndex>(Options());
        ASSERT_OK(index->Open());
        ASSERT_EQ(index->current(), now);
        ASSERT_NO_FATAL_FAILURE(ExpectRight(*index, model, now, universe, 53));
      }
    }
    EXPECT_GT(merges + index->merges(), 10u);
    for (size_t v = 0; v < versions.size(); v += 7) {
      const auto top = index->TopAt(versions[v]);
      ASSERT_OK(top);
      const TopView view(versions[v].m, versions[v].n, top->depth(), top->nodes());
      ASSERT_NO_FATAL_FAILURE(
          ExpectRight(*index, model, versions[v], universe, 61, &view));
    }
  }
}

TEST_F(DiskIndexTest, OldTopsAreRightAcrossPartitionsWithManyRecentRows) {
  IndexModel model(9);
  DiskIndex::Options options = Options();
  options.max_recent_rows = 100000;
  DiskIndex index(options);
  ASSERT_OK(index.Clear());
  std::vector<IndexEntry> versions;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20000; ++i) model.Step(50000);
    versions.push_back(model.Mark());
    ASSERT_NO_FATAL_FAILURE(Advance(&index, model, versions.back().m, versions.back()));
  }
  for (const IndexEntry& version : versions) EXPECT_OK(index.TopAt(version));
}

TEST_F(DiskIndexTest, AnyBatchingLeadsToTheSameRoot) {
  IndexModel model(7);
  for (int i = 0; i < 5000; ++i) model.Step(3000);
  const IndexEntry end = model.Mark();
  for (uint64_t size : {53, 300, 4999, 5000}) {
    for (uint64_t backlog : {0, 1 << 21}) {
      DiskIndex index(Options());
      ASSERT_OK(index.Clear());
      for (uint64_t begin = 0; begin < 5000; begin += size) {
        const uint64_t to = std::min<uint64_t>(5000, begin + size);
        auto batch = index.Prepare(model.Changes(begin, to), to, backlog);
        ASSERT_OK(batch);
        ASSERT_OK(index.Publish(*std::move(batch)));
      }
      EXPECT_EQ(index.current(), end) << "batches of " << size;
    }
  }
}

TEST_F(DiskIndexTest, ThreadsNeverGetRowsOfOnePartitionSideBySide) {
  constexpr size_t kPartitions = 64;
  size_t most_jobs = 0;
  DiskIndex::Options options = Options();
  options.max_recent_rows = 1000000;
  options.parallel = [&](size_t jobs, const std::function<void(size_t)>& job) {
    most_jobs = std::max(most_jobs, jobs);
    for (size_t i = 0; i < jobs; ++i) job(i);
  };
  DiskIndex index(options);
  ASSERT_OK(index.Clear());
  uint64_t m = 0;
  // `first` keys of the first partition, `others` of each other one.
  const auto add = [&](size_t first, size_t others) {
    std::vector<SetChange> changes;
    for (size_t p = 0; p < kPartitions; ++p) {
      for (size_t i = 0; i < (p == 0 ? first : others); ++i) {
        Hash key = SetKey(IndexModel::Record(m));
        key.data()[0] = static_cast<uint8_t>(p << 2 | (key.data()[0] & 3));
        changes.push_back({key, m++, true});
      }
    }
    auto batch = index.Prepare(std::move(changes), m, 0);
    ASSERT_OK(batch);
    ASSERT_OK(index.Publish(*std::move(batch)));
  };
  ASSERT_NO_FATAL_FAILURE(add(10, 10));
  // Pieces of 2,048 rows, of which few are left over, and then a piece of 12 of almost
  // every partition: together more than there are partitions.
  ASSERT_NO_FATAL_FAILURE(add(100, 2060));
  EXPECT_EQ(most_jobs, kPartitions);
  EXPECT_OK(index.TopAt(index.current()));
}

TEST_F(DiskIndexTest, ReadersOnOtherThreadsGetRightAnswersDuringEverything) {
  IndexModel model(5);
  constexpr uint64_t kUniverse = 3000;
  std::vector<IndexEntry> versions;
  for (int round = 0; round < 120; ++round) {
    for (int i = 0; i < 60; ++i) model.Step(kUniverse);
    versions.push_back(model.Mark());
  }
  Parallel parallel(2);
  DiskIndex::Options options = Options();
  options.parallel = std::ref(parallel);
  DiskIndex index(options);
  ASSERT_OK(index.Clear());
  std::atomic<size_t> published = 0;  // versions below it are
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> answered = 0;
  std::vector<std::thread> readers;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    readers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      while (!stop) {
        const size_t known = published;
        if (known == 0) continue;
        const size_t back = random() % 2;
        const IndexEntry& at = versions[known > back ? known - 1 - back : 0];
        const uint64_t id = random() % kUniverse;
        const Hash record = IndexModel::Record(id);
        const auto found = index.Lookup(at, SetKey(record));
        if (absl::IsNotFound(found.status())) continue;  // overtaken by two
        ASSERT_OK(found);
        LookupProof proof = found->answer.proof;
        proof.terminal = model.ValueAt(found->answer.terminal_position);
        const auto present = VerifyLookup(at.set_root, record, proof);
        ASSERT_OK(present);
        ASSERT_EQ(*present, model.HasAt(id, at.m));
        ++answered;
      }
    });
  }
  for (const IndexEntry& version : versions) {
    auto batch =
        index.Prepare(model.Changes(index.current().m, version.m), version.m, 0);
    EXPECT_OK(batch);
    if (!batch.ok()) break;
    EXPECT_OK(index.Publish(*std::move(batch)));
    ++published;
    const uint64_t before = answered;
    while (answered < before + 20) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(index.current(), versions.back());
  EXPECT_GT(index.merges(), 0u);
}

// Files as they are at some moment; damaged ones are put back from here.
std::vector<std::pair<fs::path, std::string>> ReadAll(const fs::path& directory) {
  std::vector<std::pair<fs::path, std::string>> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back(
        {entry.path(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::sort(files.begin(), files.end());
  return files;
}

void WriteAll(const fs::path& directory,
              const std::vector<std::pair<fs::path, std::string>>& files) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& [path, content] : files) {
    std::ofstream(path, std::ios::binary) << content;
  }
}

TEST_F(DiskIndexTest, DamagedOrCutFilesGiveAnEarlierSetOrNoneNeverAnother) {
  for (const auto& [rounds, turns] : {std::pair{3, 100}, {40, 25}}) {
    // One partition at first, then 64 of them with runs.
    IndexModel model(11);
    std::vector<IndexEntry> versions;
    const fs::path directory = Options().directory;
    {
      DiskIndex index(Options());
      ASSERT_OK(index.Clear());
      for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 40; ++i) model.Step(900);
        versions.push_back(model.Mark());
        ASSERT_NO_FATAL_FAILURE(
            Advance(&index, model, versions.back().m, versions.back()));
      }
    }
    const auto files = ReadAll(directory);
    std::mt19937_64 random(1);
    int opened = 0;
    int refused = 0;
    for (int turn = 0; turn < turns; ++turn) {
      WriteAll(directory, files);
      // Every file counts for the newest set but commits.jnl, the second by name:
      // without it there is the set of the manifest.
      auto [path, content] = files[turn % 3 == 0 ? 1 : random() % files.size()];
      switch (random() % 3) {
        case 0:
          content.resize(random() % (content.size() + 1));
          break;
        case 1:
          if (!content.empty()) content[random() % content.size()] ^= 1 << random() % 8;
          break;
        default:
          fs::remove(path);
          content.clear();
      }
      if (fs::exists(path)) std::ofstream(path, std::ios::binary) << content;
      DiskIndex index(Options());
      const absl::Status open = index.Open();
      if (open.ok()) {
        ++opened;
        const IndexEntry at = index.current();
        if (at.m != 0) {
          ASSERT_NE(std::find(versions.begin(), versions.end(), at), versions.end())
              << path << " m " << at.m;
        }
        // What opened either answers rightly or says that it is damaged.
        for (uint64_t id = 0; id < 900; id += 29) {
          const Hash record = IndexModel::Record(id);
          const auto found = index.Lookup(at, SetKey(record));
          if (absl::IsDataLoss(found.status())) continue;
          ASSERT_OK(found);
          LookupProof proof = found->answer.proof;
          if (at.n > 0) proof.terminal = model.ValueAt(found->answer.terminal_position);
          const auto present = VerifyLookup(at.set_root, record, proof);
          ASSERT_OK(present);
          ASSERT_EQ(*present, model.HasAt(id, at.m));
        }
      } else {
        ++refused;
      }
      // And it goes on to the newest set, from there or from nothing.
      if (!open.ok()) {
        ASSERT_OK(index.Clear());
      }
      if (index.current().m < model.size()) {
        auto batch = index.Prepare(model.Changes(index.current().m, model.size()),
                                   model.size(), 0);
        if (!batch.ok()) {
          ASSERT_TRUE(absl::IsDataLoss(batch.status())) << batch.status();
          continue;
        }
        ASSERT_EQ(batch->entry(), versions.back());
        ASSERT_OK(index.Publish(*std::move(batch)));
      }
    }
    EXPECT_GT(opened, rounds == 3 ? 5 : -1);  // whose only journal is cut, or others
    EXPECT_GT(refused, 5);
  }
}

}  // namespace
}  // namespace setlog
