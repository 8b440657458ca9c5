#include "server/tree_reader.h"

#include <set>

#include "log/entry.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tree.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

// Counts what is read of another store.
class CountingStore final : public Store {
 public:
  absl::Status Commit(const GroupCommit& commit) override {
    return store_->Commit(commit);
  }
  StoreState state() const override { return store_->state(); }
  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override {
    ++reads_;
    return store_->Read(log, table, key);
  }
  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override {
    return store_->Scan(log, table, first, last, visit);
  }
  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override {
    return store_->ReadLast(log, table, key);
  }
  absl::StatusOr<std::vector<LogRecord>> Logs() const override {
    return store_->Logs();
  }

  absl::StatusOr<std::string> ReadUnchecked(LogNumber log, Table table,
                                            std::string_view key) const override {
    absl::StatusOr<std::string> row = Read(log, table, key);
    if (row.ok() && table == Table::kBundle && damaged_ && key == U64Key(*damaged_)) {
      for (size_t i = 8; i < row->size(); i += 35) (*row)[i] ^= 1;
    }
    return row;
  }

  // From now on a bundle reads as another one, unless the checksum is looked at.
  void DamageUnchecked(std::optional<uint64_t> bundle) { damaged_ = bundle; }
  int TakeReads() { return std::exchange(reads_, 0); }

 private:
  std::unique_ptr<Store> store_ = NewMemoryStore();
  mutable int reads_ = 0;
  std::optional<uint64_t> damaged_;
};

// Entry 0 stands for a manifest, entry 5 of each bundle is a tag's, all else are adds.
std::string EntryAt(uint64_t i) {
  if (i == 0 || i % kTileWidth == 5) return "\x05 no value " + std::to_string(i);
  return "\x01" + std::string(AsText(Sha256(AsBytes(std::to_string(i)))));
}
Hash ValueAt(uint64_t i) { return HashFromBytes(AsBytes(EntryAt(i)).subspan(1)); }

class TreeReaderTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSize = 66000;  // three levels of tiles, all ragged

  static void SetUpTestSuite() {
    store_ = new CountingStore;
    GroupCommit commit{.number = 1};
    TileTree tree;
    for (uint64_t first = 0; first < kSize; first += kTileWidth) {
      std::string bundle;
      std::vector<Hash> leaves;
      for (uint64_t i = first; i < std::min<uint64_t>(first + kTileWidth, kSize); ++i) {
        ASSERT_OK(AppendToBundle(AsBytes(EntryAt(i)), &bundle));
        leaves.push_back(LeafHash(AsBytes(EntryAt(i))));
      }
      commit.writes.push_back(
          {1, Table::kBundle, U64Key(first / kTileWidth), std::move(bundle)});
      for (const ChangedTile& tile : tree.Append(leaves)) {
        std::string value;
        for (const Hash& hash : tile.hashes) value.append(AsText(hash));
        commit.writes.push_back({1, Table::kTile, TileRowKey(tile.tile), value});
      }
    }
    commit.heads.push_back({1, "example.org/a", {kSize, tree.Root()}});
    ASSERT_OK(store_->Commit(commit));
  }
  static void TearDownTestSuite() {
    delete store_;
    store_ = nullptr;
  }

  static inline CountingStore* store_ = nullptr;
  TreeReader reader_{store_, 1 << 20};
  Rfc6962Model model_{[](uint64_t i) { return LeafHash(AsBytes(EntryAt(i))); }};
};

TEST_F(TreeReaderTest, EveryPathAndRootIsThatOfRfc6962) {
  for (const uint64_t size : {uint64_t{1}, uint64_t{2}, uint64_t{255}, uint64_t{256},
                              uint64_t{257}, uint64_t{65535}, uint64_t{65536},
                              uint64_t{65537}, uint64_t{65793}, kSize - 1, kSize}) {
    const Hash root = model_.Mth(0, size);
    EXPECT_EQ(*reader_.RootAt(1, size), root);
    for (const uint64_t index :
         {uint64_t{0}, size / 3, size / 2, size * 9 / 10, size - 1}) {
      const absl::StatusOr<Inclusion> shown = reader_.Include(1, index, size);
      ASSERT_OK(shown);
      EXPECT_EQ(shown->leaf, LeafHash(AsBytes(EntryAt(index))));
      EXPECT_EQ(shown->path, model_.Path(index, 0, size)) << index << " of " << size;
      EXPECT_EQ(shown->root, root);
      EXPECT_EQ(*reader_.ConsistencyPath(1, index + 1, size),
                model_.Proof(index + 1, size));
    }
    EXPECT_STATUS(reader_.Include(1, size, size), StatusCode::kOutOfRange, "beyond");
  }
}

TEST_F(TreeReaderTest, ValuesComeInTheOrderAskedAndCostOneReadABundle) {
  std::vector<TreeReader::ValuePlace> places;
  std::set<uint64_t> bundles;
  for (uint64_t i = 0; i < 300; ++i) {
    const uint64_t position = (i * 7919) % 5 * 1000 + i;
    if (EntryAt(position)[0] != '\x01') continue;
    places.push_back({position, SetKey(ValueAt(position))});
    bundles.insert(position / kTileWidth);
  }
  places.push_back(places[0]);  // twice
  store_->TakeReads();
  const absl::StatusOr<std::vector<Hash>> values = reader_.Values(1, places);
  ASSERT_OK(values);
  EXPECT_EQ(store_->TakeReads(), static_cast<int>(bundles.size()));
  ASSERT_EQ(values->size(), places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ((*values)[i], ValueAt(places[i].position));
  }
  EXPECT_TRUE(reader_.Values(1, {})->empty());
}

TEST_F(TreeReaderTest, ValuesThatTheKeysDoNotVouchForAreTheStoresFaultOrTheCallers) {
  const auto value = [&](LogNumber log, uint64_t position, const Hash& key) {
    const TreeReader::ValuePlace place = {position, key};
    return reader_.Values(log, {&place, 1});
  };
  const Hash key = SetKey(ValueAt(7));
  EXPECT_STATUS(value(1, 5, key), StatusCode::kDataLoss, "should be an add");
  EXPECT_STATUS(value(1, kSize, key), StatusCode::kDataLoss, "missing");
  EXPECT_STATUS(value(2, 7, key), StatusCode::kDataLoss, "missing");
  EXPECT_STATUS(value(1, 8, key), StatusCode::kNotFound, "does not hold the value");
  // What only a checksum would have told.
  for (const uint64_t position : {uint64_t{7}, uint64_t{300}}) {
    store_->DamageUnchecked(position / kTileWidth);
    EXPECT_EQ(value(1, position, SetKey(ValueAt(position)))->front(),
              ValueAt(position));
    EXPECT_EQ(reader_.Include(1, position, kSize)->path,
              model_.Path(position, 0, kSize));
    store_->DamageUnchecked(std::nullopt);
  }
}

TEST_F(TreeReaderTest, WhatEveryAnswerShowsIsReadOnce) {
  for (int round = 0; round < 3; ++round) {
    const absl::StatusOr<ProvenEntry> manifest = reader_.Prove(1, 0, kSize);
    const absl::StatusOr<ProvenEntry> tag = reader_.Prove(1, 256 + 5, kSize);
    ASSERT_OK(manifest);
    ASSERT_OK(tag);
    EXPECT_EQ(manifest->entry, EntryAt(0));
    EXPECT_EQ(tag->entry, EntryAt(256 + 5));
    EXPECT_EQ(tag->path, model_.Path(256 + 5, 0, kSize));
    const int reads = store_->TakeReads();
    if (round > 0) {
      EXPECT_EQ(reads, 0);
    }
  }
  // Values are not: everybody asks for another one.
  ASSERT_OK(reader_.Entry(1, 9));
  store_->TakeReads();
  ASSERT_OK(reader_.Entry(1, 9));
  EXPECT_EQ(store_->TakeReads(), 1);
}

TEST_F(TreeReaderTest, ASmallCacheGivesTheSameAnswers) {
  const TreeReader small(store_, 0);
  for (uint64_t index = 0; index < kSize; index += 1999) {
    EXPECT_EQ(*small.InclusionPath(1, index, kSize), model_.Path(index, 0, kSize));
  }
}

}  // namespace
}  // namespace setlog
