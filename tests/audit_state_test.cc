// What an audit keeps: it goes on from any cut as if there had been none, and a file
// that was changed is refused.
#include "client/audit_state.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "log/set_tree.h"
#include "log/sha256.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr char kLog[] = "example.org/a";

// Adds, removes, re-adds, tags; index entries for the m of a moment before, too.
std::vector<std::string> RandomLog(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::vector<std::string> entries;
  Manifest manifest;
  manifest.origin = kLog;
  manifest.scheme = "bytes/1";
  entries.push_back(Encode(ManifestEntry{*FormatManifest(manifest)}));
  std::vector<uint64_t> sizes;
  std::map<Hash, bool> members;
  std::map<uint64_t, std::vector<Hash>> set_at{{1, {}}};
  while (entries.size() < size) {
    const uint64_t m = entries.size() - std::min(random() % 3, entries.size() - 1);
    if (random() % 6 == 0 && m >= 1 && (sizes.empty() || m > sizes.back())) {
      const std::vector<Hash>& set = set_at.at(m);
      entries.push_back(Encode(IndexEntry{m, set.size(), SetRootOfValues(set)}));
      sizes.push_back(m);
    } else if (random() % 8 == 0 && !sizes.empty()) {
      entries.push_back(Encode(TagEntry{sizes[random() % sizes.size()],
                                        "v" + std::to_string(entries.size())}));
    } else {
      const Hash value = Sha256(AsBytes(std::to_string(random() % 40)));
      members[value] = random() % 3 != 0;
      entries.push_back(members[value] ? Encode(AddEntry{value})
                                       : Encode(RemoveEntry{value}));
    }
    std::vector<Hash>& set = set_at[entries.size()];
    for (const auto& [value, in] : members) {
      if (in) set.push_back(value);
    }
  }
  return entries;
}

void Feed(Replay& replay, std::span<const std::string> entries) {
  std::vector<Bytes> views;
  for (const std::string& entry : entries) views.push_back(AsBytes(entry));
  const auto fault = replay.Feed(views);
  ASSERT_FALSE(fault) << fault->position << ": " << fault->reason;
}

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void ExpectSame(const Replay& a, const Replay& b) {
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(a.Root(), b.Root());
  EXPECT_EQ(a.tags(), b.tags());
  EXPECT_EQ(a.state().index_sizes, b.state().index_sizes);
  EXPECT_EQ(a.state().last_index, b.state().last_index);
  EXPECT_EQ(a.state().pending.InOrder(), b.state().pending.InOrder());
  EXPECT_EQ(a.state().set.m(), b.state().set.m());
  EXPECT_EQ(a.state().set.n(), b.state().set.n());
  EXPECT_EQ(a.state().set.root(), b.state().set.root());
  EXPECT_EQ(a.CurrentSet().root, b.CurrentSet().root);
  EXPECT_EQ(a.manifest(), b.manifest());
}

TEST(AuditStateTest, GoesOnFromEveryCutAsIfThereHadBeenNone) {
  const TempDir dir;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const std::vector<std::string> entries = RandomLog(seed, 120);
    Replay whole(kLog);
    Feed(whole, entries);
    ASSERT_GT(whole.state().index_sizes.size(), 3u);
    const auto store = AuditStore::Open(dir.path(), kLog);
    ASSERT_OK(store);
    for (size_t cut = 0; cut <= entries.size(); cut += 1 + cut / 8) {
      Replay first(kLog);
      Feed(first, std::span(entries).first(cut));
      ASSERT_OK(store->Save("note", first.state()));
      auto loaded = store->Load();
      ASSERT_OK(loaded);
      ASSERT_TRUE(*loaded);
      EXPECT_EQ((*loaded)->note, "note");
      auto resumed = Replay::Resume(kLog, std::move((*loaded)->replay));
      ASSERT_OK(resumed);
      ExpectSame(*resumed, first);
      Feed(*resumed, std::span(entries).subspan(cut));
      ExpectSame(*resumed, whole);
    }
  }
}

TEST(AuditStateTest, NothingWasSavedYetIsNoError) {
  const TempDir dir;
  const auto store = AuditStore::Open(dir.path() + "/a/b", kLog);
  ASSERT_OK(store);
  const auto loaded = store->Load();
  ASSERT_OK(loaded);
  EXPECT_FALSE(*loaded);
}

TEST(AuditStateTest, EveryChangedByteAndEveryCutIsRefusedNamingFileAndRemedy) {
  const TempDir dir;
  const std::vector<std::string> entries = RandomLog(9, 16);
  Replay replay(kLog);
  Feed(replay, entries);
  const auto store = AuditStore::Open(dir.path(), kLog);
  ASSERT_OK(store);
  ASSERT_OK(store->Save("note", replay.state()));
  const std::string good = ReadAll(store->path());
  const auto put = [&](const std::string& bytes) {
    std::ofstream(store->path(), std::ios::binary | std::ios::trunc) << bytes;
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= static_cast<char>(1 << (i % 8));
    put(bad);
    EXPECT_STATUS(store->Load(), absl::StatusCode::kDataLoss, "--restart");
  }
  for (size_t size = 0; size < good.size(); size += 1 + size / 50) {
    put(good.substr(0, size));
    EXPECT_STATUS(store->Load(), absl::StatusCode::kDataLoss, store->path());
  }
  put(good + "x");
  EXPECT_STATUS(store->Load(), absl::StatusCode::kDataLoss, "is damaged");
  put(good);
  EXPECT_OK(store->Load());
}

TEST(AuditStateTest, TheStateOfAnotherLogIsRefused) {
  const TempDir dir;
  const auto store = AuditStore::Open(dir.path(), kLog);
  ASSERT_OK(store);
  ASSERT_OK(store->Save("note", Replay(kLog).state()));
  const auto other = AuditStore::Open(dir.path(), "example.org/b");
  ASSERT_OK(other);
  std::filesystem::copy_file(store->path(), other->path());
  EXPECT_STATUS(other->Load(), absl::StatusCode::kDataLoss, "another log");
}

// What a killed process leaves beside the file is not in the way.
TEST(AuditStateTest, AHalfWrittenFileIsNotThere) {
  const TempDir dir;
  const auto store = AuditStore::Open(dir.path(), kLog);
  ASSERT_OK(store);
  std::ofstream(store->path() + ".new") << "half of it";
  const auto loaded = store->Load();
  ASSERT_OK(loaded);
  EXPECT_FALSE(*loaded);
  ASSERT_OK(store->Save("note", Replay(kLog).state()));
  EXPECT_OK(store->Load());
  EXPECT_FALSE(std::filesystem::exists(store->path() + ".new"));
}

// Parts that do not fit together never make a replay, whoever computed their digest.
TEST(AuditStateTest, AStateThatContradictsItselfIsNotResumed) {
  const std::vector<std::string> entries = RandomLog(3, 100);
  Replay replay(kLog);
  Feed(replay, entries);
  ASSERT_FALSE(replay.tags().empty());
  const auto resume = [&](auto change) {
    ReplayState state = replay.state();
    change(state);
    return Replay::Resume(kLog, std::move(state)).status();
  };
  EXPECT_OK(resume([](ReplayState&) {}));
  const auto refused = [&](auto change) {
    EXPECT_STATUS(resume(change), absl::StatusCode::kDataLoss, "replay state");
  };
  refused([](ReplayState& s) { s.manifest.clear(); });
  refused([](ReplayState& s) { s.manifest += " "; });
  refused([](ReplayState& s) { s.index_sizes.pop_back(); });
  refused([](ReplayState& s) { s.index_sizes.insert(s.index_sizes.begin(), 99); });
  refused([](ReplayState& s) { s.last_index.reset(); });
  refused([](ReplayState& s) { ++s.last_index->entry.n; });
  refused([](ReplayState& s) { s.last_index->position = 100; });
  refused([](ReplayState& s) { s.set = SetIndex(); });
  refused([](ReplayState& s) { s.tags["x"] = {0, 5}; });
  refused([](ReplayState& s) { s.tags["12"] = s.tags.begin()->second; });
  refused([](ReplayState& s) { s.pending.Add({Hash(), 100, true}); });
  refused([](ReplayState& s) {
    ChangeQueue pending;
    pending.Add({Hash(), 0, true});
    for (const SetChange& change : s.pending.InOrder()) pending.Add(change);
    s.pending = pending;
  });
  refused([](ReplayState& s) {
    s.pending.Add({Hash(), 99, true});
    s.pending.Add({Hash(), 98, true});
  });
  EXPECT_FALSE(Replay::Resume("example.org/b", replay.state()).ok());
}

}  // namespace
}  // namespace setlog
