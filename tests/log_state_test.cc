// What readers of a log are shown of its heads, and when they are woken for it.
#include "server/log_state.h"

#include "absl/strings/str_format.h"
#include "golden_notes.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

class LogStateTest : public ::testing::Test {
 protected:
  static CosignedHead HeadOf(uint64_t size, const std::string& cosigners) {
    return {{size, Sha256(AsBytes(std::to_string(size)))},
            absl::StrFormat("%d%s", size, cosigners)};
  }
  void Grow(uint64_t size) {
    const CosignedHead head = HeadOf(size, "");
    state_.PublishHead({.head = head.head, .note = head.note});
  }
  void Quorum(uint64_t size, const std::string& cosigners) {
    state_.PublishQuorum({.cosigned = HeadOf(size, cosigners)});
  }

  LogState state_{1, "example.org/a", KeyOfByte("example.org/a", 1), ""};
};

TEST_F(LogStateTest, TheNewestHeadIsShownUntilOneHasMetTheQuorumAndThenThoseThatDid) {
  Grow(10);
  EXPECT_EQ(state_.shown_note(), "10");
  state_.PublishCosignatures(HeadOf(10, "a"));
  EXPECT_EQ(state_.shown_note(), "10a");
  Quorum(10, "ab");
  Grow(20);
  EXPECT_EQ(state_.shown_note(), "10ab");
  EXPECT_EQ(state_.head().note, "20");
  state_.PublishCosignatures(HeadOf(20, "a"));
  EXPECT_EQ(state_.shown_note(), "10ab");
  Quorum(10, "abc");  // a late one
  EXPECT_EQ(state_.shown_note(), "10abc");
  Quorum(20, "ab");
  EXPECT_EQ(state_.shown_note(), "20ab");
}

TEST_F(LogStateTest, WhatIsShownNeverGoesBack) {
  Grow(10);
  Grow(20);
  Quorum(10, "a");  // that the witnesses were asked for meanwhile
  EXPECT_EQ(state_.shown_note(), "20");
  Grow(30);
  EXPECT_EQ(state_.shown_note(), "20");
  Quorum(30, "a");
  EXPECT_EQ(state_.shown_note(), "30a");
}

TEST_F(LogStateTest, AfterARestartTheHeadThatHadMetTheQuorumIsShown) {
  Grow(30);
  state_.RestoreQuorum({.cosigned = HeadOf(10, "a")});
  EXPECT_EQ(state_.shown_note(), "10a");
  Grow(40);
  EXPECT_EQ(state_.shown_note(), "10a");
}

// How often a stream of heads would make one, looking whenever it is woken.
TEST_F(LogStateTest, StreamsOfHeadsHaveWorkOnlyWhenWhatTheySendHasChanged) {
  uint64_t plain = 0, cosigned = 0, woken = 0;
  std::optional<uint64_t> plain_seen, cosigned_seen;
  state_.AddWatcher([&] {
    ++woken;
    const uint64_t plain_now = state_.changes(false);
    plain += plain_seen != plain_now;
    plain_seen = plain_now;
    const uint64_t cosigned_now = state_.changes(true);
    cosigned += cosigned_seen != cosigned_now;
    cosigned_seen = cosigned_now;
  });
  Grow(10);  // both
  for (const char* cosigners : {"a", "ab", "abc"}) {
    state_.PublishCosignatures(HeadOf(10, cosigners));  // both: there is no other head
  }
  EXPECT_EQ(plain, 4u);
  EXPECT_EQ(cosigned, 4u);
  Quorum(10, "abc");  // the cosigned one
  EXPECT_EQ(cosigned, 5u);
  Grow(20);  // both: its consistency to what the caller knows may have changed
  for (const char* cosigners : {"a", "ab", "abc"}) {
    state_.PublishCosignatures(HeadOf(20, cosigners));  // the plain one
  }
  EXPECT_EQ(plain, 8u);
  EXPECT_EQ(cosigned, 6u);
  EXPECT_EQ(woken, 9u);
}

}  // namespace
}  // namespace setlog
