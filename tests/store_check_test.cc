// A store on disk whose rows the test writes itself: what is wrong with them is found,
// what the log tells is repaired, and nothing else is touched.
#include "server/store_check.h"

#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/replay.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tile.h"
#include "log/vkey.h"
#include "server/backup.h"
#include "server/key_files.h"
#include "server/log_rows.h"
#include "server/log_state.h"
#include "server/repair.h"
#include "server/sequencer.h"
#include "storage/anchored_store.h"
#include "store_testing.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr char kOrigin[] = "example.org/a";
constexpr uint64_t kAdds = 600;

void Ignore(const CheckProgress&) {}

class StoreCheckTest : public ::testing::Test {
 protected:
  StoreCheckTest() {
    EXPECT_OK(EnsureDirectory(where_.data_dir));
    absl::StatusOr<SigningKey> key = NewSigningKey(where_.data_dir, kOrigin);
    EXPECT_OK(key);
    EXPECT_OK(KeepSigningKey(where_.data_dir, kOrigin));
    vkey_ = FormatVkey(key->Verifier(SignatureType::kEd25519));
    WriteAll(where_.data_dir + "/admin.token", std::string(64, 'a') + "\n");
    std::filesystem::permissions(where_.data_dir + "/admin.token",
                                 std::filesystem::perms(0600));
    Write(Log());
  }

  // A log of a manifest, 600 adds, two index entries and a tag, as rows.
  GroupCommit Log() {
    std::vector<std::string> entries = {
        Encode(ManifestEntry{R"({"labels":"plain","origin":"example.org/a",)"
                             R"("scheme":"bytes/1","version":1})"}),
        Encode(IndexEntry{1, 0, EmptySetRoot()})};
    for (uint64_t i = 0; i < kAdds; ++i) {
      entries.push_back(Encode(AddEntry{Sha256(AsBytes(U64Key(i)))}));
    }
    Replay replay(kOrigin);
    const auto feed = [&](const std::vector<std::string>& texts) {
      std::vector<Bytes> bytes;
      for (const std::string& text : texts) bytes.push_back(AsBytes(text));
      EXPECT_FALSE(replay.Feed(bytes).has_value());
    };
    feed(entries);
    const Replay::Set set = replay.CurrentSet();
    const uint64_t m = replay.size();
    const std::vector<std::string> last = {Encode(IndexEntry{m, set.n, set.root}),
                                           Encode(TagEntry{m, "v1"})};
    feed(last);
    entries.insert(entries.end(), last.begin(), last.end());
    GroupCommit commit{.number = 1};
    commit.heads = {{1, kOrigin, {replay.size(), replay.Root()}}};
    for (size_t i = 0; i < entries.size(); i += kTileWidth) {
      std::vector<Bytes> bundle;
      for (size_t k = i; k < std::min<size_t>(i + kTileWidth, entries.size()); ++k) {
        bundle.push_back(AsBytes(entries[k]));
      }
      commit.writes.push_back(
          {1, Table::kBundle, U64Key(i / kTileWidth), *EncodeBundle(bundle)});
    }
    commit.writes.push_back({1, Table::kKey, kVkeyRow, vkey_});
    commit.writes.push_back({1, Table::kSession,
                             std::string(1, '\1') + "0123456789abcdef",
                             EncodeSessionRow({kAdds, 2, 2 + kAdds})});
    const std::unique_ptr<Store> memory = NewMemoryStore();
    EXPECT_OK(memory->Commit(commit));
    EXPECT_OK(ReplayRows(
        *memory, {1, kOrigin, commit.heads[0].head},
        [&](const setlog::Write& row) {
          commit.writes.push_back(row);
          return absl::OkStatus();
        },
        [](uint64_t) {}));
    return commit;
  }

  void Write(GroupCommit commit) {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenAnchoredStore({.path = where_.store_path(),
                           .memory_bytes = 4 << 20,
                           .create_if_missing = true},
                          where_.anchor());
    ASSERT_OK(store);
    commit.number = (*store)->commit().number + 1;
    ASSERT_OK((*store)->Commit(commit));
  }
  void WriteRow(Table table, std::string key, std::string value, LogNumber log = 1) {
    Write({.writes = {{log, table, std::move(key), std::move(value)}}});
  }
  std::string ReadRow(Table table, const std::string& key) {
    auto store = OpenAnchoredStore(
        {.path = where_.store_path(), .memory_bytes = 4 << 20}, where_.anchor());
    return (*store)->Read(1, table, key).value_or("none");
  }

  StoreCheck Check() {
    absl::StatusOr<StoreCheck> check = CheckDataDirectory(where_, Ignore);
    EXPECT_OK(check);
    return check.ok() ? *std::move(check) : StoreCheck();
  }
  // The one finding that there must be.
  void ExpectOne(Finding::Kind kind, const std::string& where) {
    const StoreCheck check = Check();
    ASSERT_EQ(check.findings.size(), 1u);
    EXPECT_EQ(check.findings[0].kind, kind) << check.findings[0].what;
    EXPECT_THAT(check.findings[0].where, ::testing::HasSubstr(where));
  }
  void ExpectRepaired() {
    absl::StatusOr<Repair> repair = RepairDataDirectory(where_, Ignore);
    ASSERT_OK(repair);
    EXPECT_FALSE(repair->refused);
    EXPECT_FALSE(repair->done.empty());
    EXPECT_EQ(Check().worst(), Finding::Kind::kNote);
    repair = RepairDataDirectory(where_, Ignore);
    ASSERT_OK(repair);
    EXPECT_TRUE(repair->done.empty());
  }
  void ExpectRefused() {
    absl::StatusOr<Repair> repair = RepairDataDirectory(where_, Ignore);
    ASSERT_OK(repair);
    EXPECT_TRUE(repair->refused);
    EXPECT_TRUE(repair->done.empty());
    EXPECT_FALSE(std::filesystem::exists(where_.data_dir + "/store.repair"));
  }

  TemporaryDirectory directory_;
  DataDirectory where_{.data_dir = directory_.path() + "/data",
                       .memory_bytes = 4 << 20};
  std::string vkey_;
};

TEST_F(StoreCheckTest, ASoundStoreIsClean) {
  const StoreCheck check = Check();
  EXPECT_TRUE(check.findings.empty()) << check.findings[0].what;
  ASSERT_EQ(check.logs.size(), 1u);
  EXPECT_EQ(check.logs[0].record.head.size, kAdds + 4);
  EXPECT_EQ(check.logs[0].vkey, vkey_);
}

TEST_F(StoreCheckTest, RowsThatTheLogTellsAreFoundAndRepaired) {
  const std::string tile = std::string(1, '\1') + U64Key(0);
  const std::string whole = ReadRow(Table::kTile, tile);
  WriteRow(Table::kTile, tile, std::string(whole.size(), 'x'));
  ExpectOne(Finding::Kind::kRebuildable, "tile row 1/0");
  ExpectRepaired();
  EXPECT_TRUE(ReadRow(Table::kTile, tile) == whole);

  const std::string index = ReadRow(Table::kIndex, U64Key(1));
  WriteRow(Table::kIndex, U64Key(1), EncodeIndexRow({{1, 1, EmptySetRoot()}, 1}));
  StoreCheck check = Check();
  EXPECT_THAT(check.findings[0].where, ::testing::HasSubstr("index row m = 1"));
  ExpectRepaired();
  EXPECT_TRUE(ReadRow(Table::kIndex, U64Key(1)) == index);
}

TEST_F(StoreCheckTest, RowsThatNoEntryExplainsAreFoundAndRemoved) {
  WriteRow(Table::kTag, "v2", EncodeTagRow({kAdds + 2, 3}));
  ExpectOne(Finding::Kind::kRebuildable, "tag row v2");
  ExpectRepaired();
  EXPECT_EQ(ReadRow(Table::kTag, "v2"), "none");
  EXPECT_NE(ReadRow(Table::kTag, "v1"), "none");
}

TEST_F(StoreCheckTest, WhatWitnessesSaidIsCheckedAndLeftOutByARepair) {
  const SigningKey key = *ReadSigningKey(where_.data_dir, kOrigin);
  const auto note = [&](uint64_t size) {
    return *SignCheckpoint({kOrigin, size, Sha256(AsBytes("root")), {}}, key);
  };
  const std::string witness =
      FormatVkey(*MakeVerifierKey("w.example", SignatureType::kCosignature,
                                  key.Verifier(SignatureType::kEd25519).key));
  WriteRow(Table::kWitness, witness, U64Key(7));
  WriteRow(Table::kWitness, kQuorumRow, note(kAdds));
  EXPECT_TRUE(Check().findings.empty());

  WriteRow(Table::kWitness, kQuorumRow, note(kAdds + 5));
  ExpectOne(Finding::Kind::kRebuildable, "witness row quorum");
  ExpectRepaired();
  EXPECT_EQ(ReadRow(Table::kWitness, kQuorumRow), "none");
  EXPECT_EQ(ReadRow(Table::kWitness, witness), "none");

  // The store that was repaired before is left beside it, and noted after these.
  WriteRow(Table::kWitness, "somebody", U64Key(7));
  EXPECT_THAT(Check().findings[0].where, ::testing::HasSubstr("witness row somebody"));
  ExpectRepaired();
  WriteRow(Table::kWitness, witness, "7");
  EXPECT_THAT(Check().findings[0].where,
              ::testing::HasSubstr("witness row w.example+"));
  ExpectRepaired();
}

TEST_F(StoreCheckTest, AnEntryThatDiffersIsDamage) {
  std::string bundle = ReadRow(Table::kBundle, U64Key(1));
  bundle[100] = static_cast<char>(bundle[100] ^ 1);
  WriteRow(Table::kBundle, U64Key(1), bundle);
  ExpectOne(Finding::Kind::kDamage, kOrigin);
  ExpectRefused();
  EXPECT_TRUE(ReadRow(Table::kBundle, U64Key(1)) == bundle);
}

TEST_F(StoreCheckTest, AShortenedBundleIsDamage) {
  const std::string bundle = ReadRow(Table::kBundle, U64Key(2));
  WriteRow(Table::kBundle, U64Key(2), bundle.substr(0, bundle.size() - 13));
  ExpectOne(Finding::Kind::kDamage, kOrigin);
  ExpectRefused();
}

TEST_F(StoreCheckTest, ASessionThatCountsTooMuchIsDamage) {
  const std::string key = std::string(1, '\1') + "0123456789abcdef";
  for (const SessionRow& row :
       {SessionRow{kAdds + 1, 2, kAdds + 2}, SessionRow{kAdds, 3, kAdds + 2},
        SessionRow{1, 9, 8}, SessionRow{1, 2, 5000}}) {
    WriteRow(Table::kSession, key, EncodeSessionRow(row));
    ExpectOne(Finding::Kind::kDamage, "session row");
  }
  WriteRow(Table::kSession, key, "short");
  ExpectOne(Finding::Kind::kDamage, "session row");
  ExpectRefused();
}

TEST_F(StoreCheckTest, ARowOfNoLogIsDamage) {
  WriteRow(Table::kTag, "v1", EncodeTagRow({1, 3}), /*log=*/7);
  ExpectOne(Finding::Kind::kDamage, "00000007");
  ExpectRefused();
}

TEST_F(StoreCheckTest, AnotherKeyRowIsDamage) {
  WriteRow(Table::kKey, kVkeyRow, "no key");
  ExpectOne(Finding::Kind::kDamage, "key row");
  ExpectRefused();
}

TEST_F(StoreCheckTest, AMissingKeyIsNeverMade) {
  std::filesystem::remove(SigningKeyPath(where_.data_dir, kOrigin));
  ExpectOne(Finding::Kind::kDamage, ".key");
  ExpectRefused();
  EXPECT_TRUE(std::filesystem::is_empty(where_.data_dir + "/keys"));
}

TEST_F(StoreCheckTest, ATornAnchorIsMendedAlone) {
  const std::string whole = ReadAll(where_.anchor());
  for (size_t at : {40, 80, 4096 + 33, 4096 + 4000}) {
    std::string torn = whole;
    torn[at] = static_cast<char>(torn[at] ^ 8);
    WriteAll(where_.anchor(), torn);
    if (Check().worst() == Finding::Kind::kNote) continue;  // as by a power cut
    ExpectRepaired();
    EXPECT_TRUE(ReadAll(where_.anchor()) == whole) << at;
    EXPECT_FALSE(std::filesystem::exists(where_.data_dir + "/store.damaged"));
  }
}

TEST_F(StoreCheckTest, FilesOfNobodyAreNamed) {
  WriteAll(where_.store_path() + "/notes.txt", "mine");
  ExpectOne(Finding::Kind::kNote, "notes.txt");
  std::filesystem::remove(where_.store_path() + "/notes.txt");
  WriteAll(where_.data_dir + "/more.txt", "mine");
  ExpectOne(Finding::Kind::kNote, "more.txt");
}

TEST_F(StoreCheckTest, ALostStoreIsDamageAndADirectoryThatNeverHadOneIsNot) {
  std::filesystem::remove_all(where_.store_path());
  EXPECT_EQ(Check().worst(), Finding::Kind::kDamage);
  std::filesystem::remove(where_.anchor());
  EXPECT_STATUS(CheckDataDirectory(where_, Ignore), absl::StatusCode::kNotFound,
                "there is no store");
}

TEST_F(StoreCheckTest, ARepairThatWasCutShortIsBegunAnew) {
  WriteRow(Table::kTag, "v2", EncodeTagRow({kAdds + 2, 3}));
  std::filesystem::create_directory(where_.data_dir + "/store.repair");
  WriteAll(where_.data_dir + "/store.repair/CURRENT", "half");
  ExpectRepaired();
}

// The directory as a killed process leaves it: copied while the repair goes on.
TEST_F(StoreCheckTest, ARepairThatIsKilledAnywhereIsBegunAnew) {
  const std::string tile = std::string(1, '\1') + U64Key(0);
  const std::string whole = ReadRow(Table::kTile, tile);
  WriteRow(Table::kTile, tile, std::string(whole.size(), 'x'));
  const auto left = [this](int moment) {
    return directory_.path() + "/left" + std::to_string(moment);
  };
  int moments = 0;
  ASSERT_OK(RepairDataDirectory(where_, [&](const CheckProgress&) {
    CopyDirectory(where_.data_dir, left(moments++));
  }));
  int half_made = 0;
  for (int moment = 0; moment < moments; ++moment) {
    where_.data_dir = left(moment);
    half_made += std::filesystem::exists(where_.data_dir + "/store.repair");
    ExpectRepaired();
    EXPECT_TRUE(ReadRow(Table::kTile, tile) == whole) << moment;
  }
  EXPECT_GT(half_made, 2);
  EXPECT_LT(half_made, moments);
}

TEST_F(StoreCheckTest, ABackupTakesAKeyThatHasNotGotItsNameYet) {
  const std::string key = SigningKeyPath(where_.data_dir, kOrigin);
  std::filesystem::rename(key, key + ".new");
  const std::string target = where_.data_dir + ".backup";
  ASSERT_OK(BackUp(where_, target, /*with_keys=*/true, Ignore));
  const absl::StatusOr<SigningKey> copied = ReadSigningKey(target, kOrigin);
  ASSERT_OK(copied);
  EXPECT_EQ(FormatVkey(copied->Verifier(SignatureType::kEd25519)), vkey_);
}

}  // namespace
}  // namespace setlog
