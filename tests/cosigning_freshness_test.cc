// When server/cosigning.h takes a cosignature for a fresh one.
#include "cosigning_fixture.h"

namespace setlog {
namespace {

TEST_F(CosigningTest, EachWitnessCosignsAgainAfterAnHourWithoutGrowth) {
  Begin(1, "quorum w0");
  Grow(9);
  Cosign(One());
  const std::string before = cosigning_->quorum(kLog)->note;
  EXPECT_EQ(Skip(), 3600 * kSecond);
  const WitnessRequest again = One();
  EXPECT_EQ(again.old_size, 9u);
  EXPECT_EQ(again.head, HeadOf(9));
  EXPECT_TRUE(Cosign(again).quorum);
  const std::string& after = cosigning_->quorum(kLog)->note;
  EXPECT_NE(after, before);
  EXPECT_EQ(ParseNote(after)->signatures.size(), 2u);
  EXPECT_EQ(*EvaluatePolicy(cosigning_->policy(), after)->quorum_time_s,
            static_cast<uint64_t>(now_ / kSecond));
}

TEST_F(CosigningTest, AnOlderCosignatureDoesNotReplaceALaterOne) {
  Begin(1, "quorum w0");
  Grow(9);
  const WitnessRequest first = One();
  const std::string old_line = Line(first, first.witness);
  now_ += 600 * kSecond;
  Cosign(first);
  const std::string held = cosigning_->quorum(kLog)->note;
  Skip();
  Answer(One(), 200, old_line);
  EXPECT_EQ(cosigning_->quorum(kLog)->note, held);
  EXPECT_EQ(cosigning_->gathered(kLog)->note, held);
}

TEST_F(CosigningTest, AReplayedCosignatureIsNoFreshOneAndIsAskedForAgainSoon) {
  Begin(1, "quorum w0");
  Grow(9);
  const WitnessRequest first = One();
  const std::string same = Line(first, 0);
  Cosign(first);
  const std::string held = cosigning_->quorum(kLog)->note;
  const int64_t success = cosigning_->Figures(0).last_success_us;
  EXPECT_EQ(Skip(), 3600 * kSecond);
  for (int i = 0; i < 5; ++i) {
    const WitnessEffect effect = Answer(One(), 200, same);
    EXPECT_EQ(effect.failure, WitnessFailure::kStale);
    EXPECT_EQ(effect.turned, i == 0);
    EXPECT_FALSE(effect.whole_witness);
    EXPECT_FALSE(effect.gathered || effect.quorum);
    EXPECT_EQ(Skip(), 300 * kSecond);
  }
  EXPECT_EQ(cosigning_->quorum(kLog)->note, held);
  EXPECT_EQ(cosigning_->Figures(0).last_success_us, success);
  const WitnessEffect back = Cosign(One());
  EXPECT_TRUE(back.quorum);
  EXPECT_TRUE(back.turned);
  EXPECT_EQ(Skip(), 3600 * kSecond);
  // The next head never waits for one that replays.
  Answer(One(), 200, same);
  Grow(10);
  EXPECT_TRUE(Cosign(One()).quorum);
}

TEST_F(CosigningTest, ACosignatureFromTheFutureIsRefused) {
  Begin(2, "group any any w0 w1\nquorum any");
  Grow(9);
  const std::vector<WitnessRequest> requests = Take();
  skew_s_ = 601;
  WitnessEffect effect = Cosign(requests[0]);
  EXPECT_EQ(effect.failure, WitnessFailure::kClock);
  EXPECT_TRUE(effect.turned);
  EXPECT_FALSE(effect.gathered || effect.quorum);
  EXPECT_NE(effect.detail.find("601 s ahead of the clock here"), std::string::npos);
  EXPECT_EQ(cosigning_->gathered(kLog)->note, NoteOf(HeadOf(9)));
  skew_s_ = 600;  // clocks differ a little
  EXPECT_TRUE(Cosign(requests[1]).quorum);
  EXPECT_NEAR(static_cast<double>(Skip()), kSecond, 1);
  skew_s_ = 0;
  effect = Cosign(One());
  EXPECT_EQ(effect.failure, std::nullopt);
  EXPECT_TRUE(effect.turned);
}

TEST_F(CosigningTest, AHeldCosignatureFromTheFutureGivesWayToARightOne) {
  const std::string quorum = "group both all w0 w1\nquorum both";
  Begin(2, quorum);
  Grow(9);
  // As it was stored before such times were refused.
  Note note = ParseNote(NoteOf(HeadOf(9))).value();
  const uint64_t times[] = {NowS() + 100 * 86400, NowS()};
  for (size_t i = 0; i < 2; ++i) {
    note = WithSignature(note,
                         SignCosignature(note.text, WitnessKeyOf(i), times[i]).value());
  }
  const CosignedHead kept{HeadOf(9), FormatNote(note)};
  Begin(2, quorum);
  cosigning_->SetQuorum(kLog, kept);
  Grow(9);
  EXPECT_EQ(ParseNote(cosigning_->gathered(kLog)->note)->signatures.size(), 2u)
      << "the log's own and that of w1";
  EXPECT_EQ(cosigning_->quorum(kLog)->note, kept.note) << "better than none";
  const WitnessRequest request = One();
  EXPECT_EQ(request.witness, 0u) << "it is asked at once";
  const WitnessEffect effect = Cosign(request);
  EXPECT_EQ(effect.failure, std::nullopt) << effect.detail;
  EXPECT_TRUE(effect.gathered && effect.quorum);
  EXPECT_EQ(*EvaluatePolicy(cosigning_->policy(), cosigning_->quorum(kLog)->note)
                 ->quorum_time_s,
            NowS());
}

TEST_F(CosigningTest, AfterTheClockWasSetBackARightAnswerIsNotCalledStale) {
  Begin(1, "quorum w0");
  Grow(9);
  Cosign(One());
  EXPECT_EQ(Skip(), 3600 * kSecond);
  const WitnessRequest request = One();
  const uint64_t wall_s = NowS() - 10 * 86400;
  const std::string line = FormatSignatureLine(
      SignCosignature(ParseNote(request.note)->text, WitnessKeyOf(0), wall_s).value());
  const WitnessEffect effect = cosigning_->Answered(
      request, {.status = 200, .content_type = "text/plain", .body = line}, now_,
      wall_s);
  EXPECT_EQ(effect.failure, std::nullopt) << effect.detail;
  EXPECT_TRUE(effect.quorum);
}

TEST_F(CosigningTest, AClockThatIsSetForwardIsNotAskedForMoreWithoutAPause) {
  Begin(1, "quorum w0");
  Grow(9);
  Cosign(One());
  const std::string held = cosigning_->quorum(kLog)->note;
  EXPECT_EQ(Skip(), 3600 * kSecond);
  skew_s_ = int64_t{1} << 40;
  int64_t waited = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Cosign(One()).failure, WitnessFailure::kClock);
    EXPECT_TRUE(Take().empty());
    waited += Skip();
  }
  EXPECT_GE(waited, 600 * kSecond);
  EXPECT_EQ(cosigning_->quorum(kLog)->note, held);
}

TEST_F(CosigningTest, ASlowClockIsToldAndItsCosignaturesCountAllTheSame) {
  Begin(1, "quorum w0");
  skew_s_ = -86400;
  for (uint64_t size = 1; size <= 5; ++size) {
    Grow(size);
    const WitnessEffect effect = Cosign(One());
    EXPECT_EQ(effect.failure, WitnessFailure::kClock);
    EXPECT_EQ(effect.turned, size == 1);
    EXPECT_TRUE(effect.quorum);
    EXPECT_EQ(QuorumSize(), size);
    now_ += kSecond;  // and the next one waits for nothing else
  }
  EXPECT_EQ(Skip(), 299 * kSecond);  // without growth it is asked again soon
  skew_s_ = 0;
  EXPECT_EQ(Cosign(One()).failure, std::nullopt);
  EXPECT_EQ(Skip(), 3600 * kSecond);
}

}  // namespace
}  // namespace setlog
