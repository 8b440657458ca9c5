#include "storage/anchor.h"

#include <sys/resource.h>

#include <csignal>

#include "log/sha256.h"
#include "storage/anchored_store.h"
#include "store_testing.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr size_t kSlot = 4096;

StoreId IdOf(uint8_t fill) {
  StoreId id;
  id.fill(fill);
  return id;
}

// The state of a store after `number` commits without heads.
StoreState StateAt(uint64_t number, uint8_t id = 1) {
  StoreState state{.id = IdOf(id)};
  for (uint64_t i = 0; i < number; ++i) {
    state.previous = state.commit;
    state.commit = NextCommitPoint(state.commit, {});
  }
  return state;
}

class AnchorTest : public ::testing::Test {
 protected:
  const std::string& path() const { return path_; }
  // The file's bytes after the anchor followed a store to commit `number`.
  std::string FileAt(uint64_t number, uint8_t id = 1) {
    EXPECT_OK(Anchor::Create(path_, StateAt(0, id)));
    absl::StatusOr<Anchor> anchor = Anchor::Open(path_);
    for (uint64_t i = 1; i <= number; ++i) {
      EXPECT_OK(anchor->Write(StateAt(i, id).commit));
    }
    return ReadAll(path_);
  }
  // What a store that stands at `state` is told with `content` as its anchor.
  absl::Status Judge(const std::string& content, const StoreState& state) {
    WriteAll(path_, content);
    absl::StatusOr<Anchor> anchor = Anchor::Open(path_);
    return anchor.ok() ? CheckAnchor(state, *anchor) : anchor.status();
  }

 private:
  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/anchor";
};

TEST_F(AnchorTest, HoldsTheLastPointWritten) {
  for (uint64_t number = 0; number < 5; ++number) {
    FileAt(number);
    absl::StatusOr<Anchor> anchor = Anchor::Open(path());
    ASSERT_OK(anchor);
    EXPECT_EQ(anchor->point(), StateAt(number).commit);
    EXPECT_EQ(anchor->id(), IdOf(1));
    EXPECT_FALSE(anchor->torn());
  }
}

// The layout of docs/format.md, written out by hand.
TEST_F(AnchorTest, TheFileIsAsDocumented) {
  std::string slots[2];
  for (uint64_t number : {2, 3}) {
    std::string text = "setlog anchor 1\n" + std::string(16, '\1');
    AppendU64(&text, number);
    text += AsText(StateAt(number).commit.chain);
    text += AsText(Sha256(AsBytes(text)));
    ASSERT_EQ(text.size(), 104u);
    text.resize(kSlot);
    slots[number % 2] = text;
  }
  EXPECT_TRUE(FileAt(3) == slots[0] + slots[1]);
}

TEST_F(AnchorTest, AcceptsTheSameStoreAndOneCommitMoreOnly) {
  for (uint64_t anchored = 0; anchored < 6; ++anchored) {
    const std::string file = FileAt(anchored);
    for (uint64_t stored = 0; stored < 8; ++stored) {
      const absl::Status status = Judge(file, StateAt(stored));
      if (stored == anchored || stored == anchored + 1) {
        EXPECT_OK(status);
      } else {
        EXPECT_STATUS(status, absl::StatusCode::kDataLoss,
                      "the store is at commit " + std::to_string(stored));
        EXPECT_STATUS(status, absl::StatusCode::kDataLoss,
                      "is at commit " + std::to_string(anchored));
      }
    }
  }
}

TEST_F(AnchorTest, RefusesAnotherHistoryOfTheSameLength) {
  const std::string file = FileAt(3);
  StoreState other = StateAt(3);
  other.commit.chain.bytes[31] ^= 1;
  EXPECT_STATUS(Judge(file, other), absl::StatusCode::kDataLoss, "another history");
  StoreState ahead = StateAt(4);
  ahead.previous.chain.bytes[0] ^= 1;
  EXPECT_STATUS(Judge(file, ahead), absl::StatusCode::kDataLoss, "another history");
}

TEST_F(AnchorTest, RefusesTheAnchorOfAnotherStore) {
  EXPECT_STATUS(Judge(FileAt(3, 2), StateAt(3, 1)), absl::StatusCode::kDataLoss,
                "another store");
}

// A power cut leaves any mixture of the old and the new block. Then the store is one
// commit ahead of the other slot: it must start, and nothing older may.
TEST_F(AnchorTest, ATornWriteIsSurvived) {
  const std::string before = FileAt(4);
  const std::string after = FileAt(5);
  for (size_t cut = 0; cut <= kSlot; cut += 4) {
    for (bool head_is_new : {true, false}) {
      std::string torn = head_is_new ? before : after;
      const std::string& head = head_is_new ? after : before;
      torn.replace(kSlot, cut, head, kSlot, cut);
      EXPECT_OK(Judge(torn, StateAt(5))) << cut;
      EXPECT_EQ(Judge(torn, StateAt(3)).code(), absl::StatusCode::kDataLoss) << cut;
      if (torn != before && torn != after) {
        // The store had commit 5 before the anchor was touched: without it, it is
        // older.
        EXPECT_EQ(Judge(torn, StateAt(4)).code(), absl::StatusCode::kDataLoss) << cut;
      }
    }
  }
}

TEST_F(AnchorTest, ATornSlotIsHealedByTheNextWrite) {
  std::string torn = FileAt(4);
  torn[kSlot + 50] ^= 1;
  WriteAll(path(), torn);
  absl::StatusOr<Anchor> anchor = Anchor::Open(path());
  ASSERT_OK(anchor);
  EXPECT_TRUE(anchor->torn());
  ASSERT_OK(anchor->Write(StateAt(5).commit));
  EXPECT_FALSE(anchor->torn());
  EXPECT_TRUE(ReadAll(path()) == FileAt(5));
}

// Whatever one flipped byte does, no store but the true one (or its successor, when the
// flip hit the newer slot) is let in.
TEST_F(AnchorTest, NoFlippedByteLetsAnOlderStoreIn) {
  const std::string file = FileAt(5);
  for (size_t at = 0; at < file.size(); at += (at % kSlot < 110 ? 1 : 61)) {
    std::string flipped = file;
    flipped[at] ^= static_cast<char>(1 << (at % 8));
    for (uint64_t stored = 0; stored < 5; ++stored) {
      EXPECT_EQ(Judge(flipped, StateAt(stored)).code(), absl::StatusCode::kDataLoss)
          << "byte " << at << ", store at " << stored;
    }
    // The newer slot gone, the store is one ahead of the older one. The older slot
    // gone, nobody knows what stood there: refused.
    const absl::Status same = Judge(flipped, StateAt(5));
    EXPECT_EQ(same.ok(), at >= kSlot) << at << ": " << same;
  }
}

TEST_F(AnchorTest, BothSlotsDamagedIsDataLoss) {
  std::string file = FileAt(5);
  file[60] ^= 1;
  file[kSlot + 60] ^= 1;
  EXPECT_STATUS(Judge(file, StateAt(5)), absl::StatusCode::kDataLoss, "both slots");
}

TEST_F(AnchorTest, SlotsThatDoNotFollowEachOtherAreDataLoss) {
  const std::string five = FileAt(5);
  const std::string nine = FileAt(9);
  const std::string other = FileAt(5, 2);
  const absl::StatusCode loss = absl::StatusCode::kDataLoss;
  const std::string gap = five.substr(0, kSlot) + nine.substr(kSlot);
  EXPECT_STATUS(Judge(gap, StateAt(9)), loss, "contradicts itself");
  const std::string two_stores = five.substr(0, kSlot) + other.substr(kSlot);
  EXPECT_STATUS(Judge(two_stores, StateAt(5)), loss, "two stores");
  const std::string swapped = five.substr(kSlot) + five.substr(0, kSlot);
  EXPECT_STATUS(Judge(swapped, StateAt(5)), loss, "contradicts itself");
}

TEST_F(AnchorTest, EveryOtherLengthIsDataLoss) {
  const std::string file = FileAt(2);
  for (size_t size = 0; size < file.size(); size += 97) {
    EXPECT_STATUS(Judge(file.substr(0, size), StateAt(2)), absl::StatusCode::kDataLoss,
                  "bytes instead of");
  }
  EXPECT_STATUS(Judge(file + "x", StateAt(2)), absl::StatusCode::kDataLoss, "longer");
}

TEST_F(AnchorTest, AMissingFileIsNotFound) {
  EXPECT_STATUS(Anchor::Open(path() + "-none"), absl::StatusCode::kNotFound, "-none");
}

TEST_F(AnchorTest, OnlyTheNextPointIsWritten) {
  const std::string file = FileAt(3);
  absl::StatusOr<Anchor> anchor = Anchor::Open(path());
  for (uint64_t number : {2, 3, 5}) {
    EXPECT_STATUS(anchor->Write(StateAt(number).commit),
                  absl::StatusCode::kFailedPrecondition, "cannot be next");
  }
  EXPECT_TRUE(ReadAll(path()) == file);
}

// A disk that takes the slot at 0 and not the one behind it.
TEST_F(AnchorTest, AfterAFailedWriteNothingIsWrittenUntilItIsOpenedAnew) {
  const std::string file = FileAt(4);
  absl::StatusOr<Anchor> anchor = Anchor::Open(path());
  ASSERT_OK(anchor);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit first_slot = {kSlot, before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &first_slot), 0);
  const absl::Status failed = anchor->Write(StateAt(5).commit);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_STATUS(failed, absl::StatusCode::kUnavailable, path());
  EXPECT_EQ(anchor->point(), StateAt(4).commit);
  // The disk is well again; but what the failed write left is known to nobody.
  EXPECT_STATUS(anchor->Write(StateAt(5).commit), absl::StatusCode::kFailedPrecondition,
                "open it anew");
  EXPECT_TRUE(ReadAll(path()) == file);
  anchor = Anchor::Open(path());
  ASSERT_OK(anchor);
  EXPECT_OK(anchor->Write(StateAt(5).commit));
}

// ---- Mending.

// Whatever one flipped bit, or a cut, hit: what is mended is the file that was there.
TEST_F(AnchorTest, MendsWhatCannotHaveHeldMore) {
  for (uint64_t number : {1, 2, 5}) {
    const std::string file = FileAt(number);
    for (size_t at = 0; at < file.size(); at += (at % kSlot < 110 ? 1 : 997)) {
      std::string flipped = file;
      flipped[at] ^= static_cast<char>(1 << (at % 8));
      WriteAll(path(), flipped);
      ASSERT_TRUE(*Anchor::IsMendable(path(), StateAt(number))) << at;
      EXPECT_TRUE(ReadAll(path()) == flipped);
      ASSERT_OK(Anchor::Mend(path(), StateAt(number)));
      EXPECT_TRUE(ReadAll(path()) == file) << at;
    }
    WriteAll(path(), file + "more");
    ASSERT_OK(Anchor::Mend(path(), StateAt(number)));
    EXPECT_TRUE(ReadAll(path()) == file);
  }
}

TEST_F(AnchorTest, AWholeAnchorIsNotTouched) {
  const std::string file = FileAt(5);
  EXPECT_FALSE(*Anchor::Mend(path(), StateAt(5)));
  // Nor one that says that the store is too old.
  EXPECT_FALSE(*Anchor::Mend(path(), StateAt(3)));
  EXPECT_TRUE(ReadAll(path()) == file);
}

// A store that lost its last commit does not get the anchor changed to fit, whatever is
// left of the slot that held it.
TEST_F(AnchorTest, DoesNotMendWhatMayHaveHeldMore) {
  for (uint64_t number : {1, 4, 5}) {
    const std::string file = FileAt(number);
    const size_t newest = number % 2 * kSlot;
    for (size_t at = 0; at < kSlot; at += (at < 110 ? 1 : 997)) {
      std::string flipped = file;
      flipped[newest + at] ^= static_cast<char>(1 << (at % 8));
      WriteAll(path(), flipped);
      EXPECT_FALSE(Anchor::Mend(path(), StateAt(number - 1)).ok()) << number << at;
    }
    std::string wiped = file;
    wiped.replace(newest, kSlot, kSlot, '\0');
    for (const std::string& content : {wiped, std::string(), file.substr(0, 20)}) {
      WriteAll(path(), content);
      EXPECT_FALSE(Anchor::Mend(path(), StateAt(number - 1)).ok()) << number;
      EXPECT_FALSE(Anchor::IsMendable(path(), StateAt(number - 1)).ok()) << number;
      EXPECT_TRUE(ReadAll(path()) == content);
    }
  }
}

TEST_F(AnchorTest, WhatIsMissingOrNoAnchorAtAllIsNotMended) {
  EXPECT_STATUS(Anchor::Mend(path(), StateAt(1)), absl::StatusCode::kNotFound, path());
  EXPECT_STATUS(Anchor::IsMendable(path(), StateAt(1)), absl::StatusCode::kNotFound,
                path());
  const std::string large = FileAt(1) + std::string(size_t{1} << 20, '\0');
  WriteAll(path(), large);
  EXPECT_STATUS(Anchor::Mend(path(), StateAt(1)), absl::StatusCode::kDataLoss,
                "longer");
  EXPECT_TRUE(ReadAll(path()) == large);
}

// ---- The anchor and a store together.

class AnchoredStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open(bool create = true) {
    return OpenAnchoredStore(
        {.path = store_path_, .memory_bytes = 4 << 20, .create_if_missing = create},
        anchor_path_);
  }
  static absl::Status Append(Store& store) {
    const uint64_t number = store.commit().number + 1;
    const NewHead head{1, "a.example", {number, Sha256(AsBytes(U64Key(number)))}};
    return store.Commit({.number = number,
                         .writes = {{1, Table::kBundle, U64Key(number), "row"}},
                         .heads = {head}});
  }
  // Makes, or continues, a store until it is at `number`, and closes it.
  void GrowTo(uint64_t number) {
    auto store = Open();
    ASSERT_OK(store);
    while ((*store)->commit().number < number) ASSERT_OK(Append(**store));
  }

  TemporaryDirectory directory_;
  std::string store_path_ = directory_.path() + "/store";
  std::string anchor_path_ = directory_.path() + "/anchor";
};

TEST_F(AnchoredStoreTest, EveryCommitIsAnchored) {
  auto store = Open();
  ASSERT_OK(store);
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(Append(**store));
    EXPECT_EQ(Anchor::Open(anchor_path_)->point(), (*store)->commit());
  }
}

TEST_F(AnchoredStoreTest, ACrashBeforeTheAnchorIsCaughtUpAtOpen) {
  GrowTo(4);
  const std::string before = ReadAll(anchor_path_);
  GrowTo(5);
  WriteAll(anchor_path_, before);
  auto store = Open();
  ASSERT_OK(store);
  EXPECT_EQ((*store)->commit().number, 5u);
  EXPECT_EQ(Anchor::Open(anchor_path_)->point(), (*store)->commit());
  EXPECT_OK(Append(**store));
}

TEST_F(AnchoredStoreTest, AnOldCopyOfTheStoreIsRefusedAndLeftAsItIs) {
  GrowTo(3);
  CopyDirectory(store_path_, directory_.path() + "/old");
  GrowTo(5);
  CopyDirectory(directory_.path() + "/old", store_path_);
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "the store is at commit 3");
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "is at commit 5");
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, store_path_);
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, anchor_path_);
  for (const auto& file :
       std::filesystem::directory_iterator(directory_.path() + "/old")) {
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(ReadAll(file.path()) == ReadAll(store_path_ + "/" + name)) << name;
  }
}

TEST_F(AnchoredStoreTest, AnOldCopyOfTheAnchorIsRefused) {
  GrowTo(3);
  const std::string old = ReadAll(anchor_path_);
  GrowTo(5);
  WriteAll(anchor_path_, old);
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "old copy");
}

TEST_F(AnchoredStoreTest, AMissingAnchorIsRefusedOnceThereAreCommits) {
  GrowTo(0);
  std::filesystem::remove(anchor_path_);
  GrowTo(1);
  std::filesystem::remove(anchor_path_);
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "there is no anchor");
  EXPECT_FALSE(std::filesystem::exists(anchor_path_));
}

TEST_F(AnchoredStoreTest, AMissingStoreIsNotReplacedByANewOne) {
  GrowTo(2);
  std::filesystem::remove_all(store_path_);
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "there is no store");
  EXPECT_FALSE(std::filesystem::exists(store_path_ + "/CURRENT"));
}

TEST_F(AnchoredStoreTest, AnotherStoresAnchorIsRefused) {
  GrowTo(2);
  const std::string first = store_path_;
  store_path_ += "2";
  anchor_path_ += "2";
  GrowTo(2);
  store_path_ = first;
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "another store");
}

TEST_F(AnchoredStoreTest, ARollbackIsAcceptedAtExactlyItsCommit) {
  GrowTo(3);
  CopyDirectory(store_path_, directory_.path() + "/old");
  GrowTo(5);
  const auto open = [&](uint64_t commit) {
    return OpenAnchoredStore({.path = store_path_, .memory_bytes = 4 << 20},
                             anchor_path_, commit);
  };
  EXPECT_STATUS(open(5), absl::StatusCode::kFailedPrecondition, "nothing to accept");
  CopyDirectory(directory_.path() + "/old", store_path_);
  for (uint64_t commit : {0, 2, 4, 5}) {
    EXPECT_STATUS(open(commit), absl::StatusCode::kFailedPrecondition,
                  "the store is at commit 3");
  }
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "--accept-rollback 3");
  ASSERT_OK(open(3));
  EXPECT_OK(Open());
  std::filesystem::remove(anchor_path_);
  ASSERT_OK(open(3));
  WriteAll(anchor_path_, "no anchor");
  ASSERT_OK(open(3));
  EXPECT_OK(Open());
}

TEST_F(AnchoredStoreTest, AnotherStoresAnchorIsNeverARollback) {
  GrowTo(2);
  const std::string first = store_path_;
  store_path_ += "2";
  anchor_path_ += "2";
  GrowTo(5);
  store_path_ = first;
  const absl::Status refused =
      OpenAnchoredStore({.path = first, .memory_bytes = 4 << 20}, anchor_path_, 2)
          .status();
  EXPECT_STATUS(refused, absl::StatusCode::kDataLoss, "another store");
}

TEST_F(AnchoredStoreTest, WithoutLeaveNothingIsCreated) {
  EXPECT_STATUS(Open(/*create=*/false), absl::StatusCode::kNotFound, store_path_);
  EXPECT_FALSE(std::filesystem::exists(store_path_));
  EXPECT_FALSE(std::filesystem::exists(anchor_path_));
}

}  // namespace
}  // namespace setlog
