// The rules of server/cosigning.h, step by step.
#include "server/cosigning.h"

#include <malloc.h>

#include "cosigning_fixture.h"

namespace setlog {
namespace {

TEST_F(CosigningTest, EveryWitnessIsAskedForTheSameHeadAtOnce) {
  Begin(3, "group all all w0 w1 w2\nquorum all");
  EXPECT_TRUE(Take().empty());
  Grow(10);
  const std::vector<WitnessRequest> requests = Take();
  ASSERT_EQ(requests.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(requests[i].witness, i);
    EXPECT_EQ(requests[i].old_size, 0u);
    EXPECT_EQ(requests[i].head, HeadOf(10));
    EXPECT_EQ(requests[i].note, NoteOf(HeadOf(10)));
  }
  EXPECT_TRUE(Take().empty());  // they are under way
  EXPECT_FALSE(Cosign(requests[2]).quorum);
  EXPECT_FALSE(Cosign(requests[0]).quorum);
  EXPECT_EQ(QuorumSize(), 0u);
  const WitnessEffect last = Cosign(requests[1]);
  EXPECT_TRUE(last.quorum);
  EXPECT_TRUE(last.gathered);
  EXPECT_EQ(QuorumSize(), 10u);
  EXPECT_TRUE(MeetsQuorum(cosigning_->policy(), cosigning_->quorum(kLog)->note));
  EXPECT_OK(OpenCheckpoint(cosigning_->quorum(kLog)->note, Vkey(kLogVkey)));
}

TEST_F(CosigningTest, AGroupsThresholdDecidesAndLateOnesAreAddedAllTheSame) {
  Begin(3, "group two 2 w0 w1 w2\nquorum two");
  Grow(10);
  const std::vector<WitnessRequest> requests = Take();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_FALSE(Cosign(requests[0]).quorum);
  EXPECT_TRUE(Cosign(requests[1]).quorum);
  EXPECT_TRUE(Cosign(requests[2]).quorum);  // the note has changed
  EXPECT_EQ(ParseNote(cosigning_->quorum(kLog)->note)->signatures.size(), 4u);
  EXPECT_EQ(cosigning_->gathered(kLog)->note, cosigning_->quorum(kLog)->note);
}

TEST_F(CosigningTest, OnlyTheNewestHeadIsAskedForAndOneRequestIsUnderWay) {
  Begin(1, "quorum w0");
  Grow(10);
  const WitnessRequest first = One();
  for (uint64_t size = 11; size <= 50; ++size) Grow(size);
  EXPECT_TRUE(Take().empty());
  Cosign(first);
  EXPECT_TRUE(Take().empty());  // not before the interval is over
  EXPECT_EQ(Skip(), kSecond);
  const WitnessRequest second = One();
  EXPECT_EQ(second.head, HeadOf(50));
  EXPECT_EQ(second.old_size, 10u);
  Cosign(second);
  EXPECT_EQ(QuorumSize(), 50u);
}

TEST_F(CosigningTest, WitnessesOfDifferentSpeedStillMeetOnOneHead) {
  // The log grows all the time; w1 takes 4 s for what w0 does at once.
  Begin(2, "group all all w0 w1\nquorum all");
  std::optional<WitnessRequest> slow;
  int64_t slow_since = 0;
  uint64_t met = 0;
  for (uint64_t size = 1; size <= 400; ++size, now_ += kSecond / 10) {
    Grow(size);
    for (const WitnessRequest& request : Take()) {
      if (request.witness == 0) {
        met += Cosign(request).quorum;
      } else {
        slow = request;
        slow_since = now_;
      }
    }
    if (slow && now_ - slow_since >= 4 * kSecond) {
      met += Cosign(*std::exchange(slow, std::nullopt)).quorum;
    }
  }
  EXPECT_GE(met, 8u);
  EXPECT_GE(QuorumSize(), 400u - 2 * 41);  // two rounds are not over
}

TEST_F(CosigningTest, ADeadWitnessHoldsUpNoneOfTheOthers) {
  Begin(2, "group any any w0 w1\nquorum any");
  for (uint64_t size = 1; size <= 100; ++size, now_ += kSecond) {
    Grow(size);
    for (const WitnessRequest& request : Take()) {
      if (request.witness == 0) Cosign(request);  // w1 never answers
    }
    EXPECT_EQ(QuorumSize(), size);
  }
}

TEST_F(CosigningTest, WithoutItsQuorumARoundEndsAllTheSame) {
  Begin(2, "group all all w0 w1\nquorum all");
  Grow(1);
  Cosign(Take()[0]);  // and w1 hangs
  Grow(2);
  EXPECT_EQ(Skip(), 15 * kSecond);
  EXPECT_EQ(One().head, HeadOf(2));
}

TEST_F(CosigningTest, AConflictIsTriedAgainFromTheSizeInTheAnswer) {
  Begin(1, "quorum w0");
  Grow(100);
  const WitnessEffect effect = Conflict(One(), 37);
  EXPECT_EQ(effect.failure, std::nullopt);
  const WitnessRequest again = One();
  EXPECT_EQ(again.old_size, 37u);
  EXPECT_TRUE(Cosign(again).quorum);
  EXPECT_EQ(cosigning_->hint(kLog, 0), 100u);
}

TEST_F(CosigningTest, AWitnessBeyondTheTargetIsAskedForTheNextOne) {
  Begin(1, "quorum w0");
  Grow(100);
  const WitnessRequest first = One();
  Grow(200);
  const WitnessEffect effect = Conflict(first, 150);
  EXPECT_EQ(effect.failure, std::nullopt);
  EXPECT_FALSE(effect.turned);
  EXPECT_TRUE(Take().empty());  // it would have to go back for that
  EXPECT_EQ(Skip(), kSecond);
  const WitnessRequest again = One();
  EXPECT_EQ(again.old_size, 150u);
  EXPECT_EQ(again.head, HeadOf(200));
  EXPECT_TRUE(Cosign(again).quorum);
}

TEST_F(CosigningTest, AWitnessBeyondTheTargetTakesItFromNoneOfTheOthers) {
  Begin(3, "group two 2 w0 w1 w2\nquorum two");
  Grow(100);
  const std::vector<WitnessRequest> requests = Take();
  ASSERT_EQ(requests.size(), 3u);
  Grow(200);
  EXPECT_EQ(Conflict(requests[0], 150).failure, std::nullopt);
  Cosign(requests[1]);
  EXPECT_TRUE(Cosign(requests[2]).quorum);
  EXPECT_EQ(QuorumSize(), 100u);
}

TEST_F(CosigningTest, ASecondSubmitterWhoIsAlwaysFasterIsNoFailureOfTheWitness) {
  Begin(2, "group any any w0 w1\nquorum any");
  for (uint64_t size = 10; size <= 1000; size += 10, now_ += kSecond) {
    Grow(size);
    const std::vector<WitnessRequest> requests = Take();
    Grow(size + 5);  // and w0 has cosigned that already
    for (const WitnessRequest& request : requests) {
      if (request.witness == 0) {
        EXPECT_EQ(Conflict(request, size + 5).failure, std::nullopt);
      } else {
        EXPECT_TRUE(Cosign(request).quorum);
      }
    }
    EXPECT_LE(requests.size(), 2u);
  }
  EXPECT_GE(QuorumSize(), 990u);
}

TEST_F(CosigningTest, AConflictWithoutASizeIsTriedFromTheStartAndThenLeftAlone) {
  Begin(1, "quorum w0");
  cosigning_->SetHint(kLog, 0, 40);
  Grow(100);
  WitnessRequest request = One();
  EXPECT_EQ(request.old_size, 40u);
  EXPECT_EQ(Answer(request, 409, "").failure, std::nullopt);
  request = One();
  EXPECT_EQ(request.old_size, 0u);
  const WitnessEffect effect = Answer(request, 409, "40\n", "text/plain");
  EXPECT_EQ(effect.failure, WitnessFailure::kConflict);
  EXPECT_TRUE(Take().empty());
  EXPECT_GE(Skip(), kSecond / 2);
  EXPECT_EQ(One().old_size, 0u);
}

TEST_F(CosigningTest, AWitnessThatAlwaysConflictsIsAskedLessAndLess) {
  Begin(1, "quorum w0");
  Grow(1000);
  uint64_t size = 0, requests = 0;
  for (const int64_t end = now_ + 3600 * kSecond; now_ < end; Skip()) {
    for (const WitnessRequest& request : Take()) {
      ++requests;
      Conflict(request, ++size % 1000);
    }
  }
  EXPECT_LE(requests, 100u);
  EXPECT_GE(requests, 12u);
}

TEST_F(CosigningTest, AWitnessAheadOfTheLogIsSaidAndNotFollowed) {
  Begin(1, "quorum w0");
  Grow(100);
  const WitnessEffect effect = Conflict(One(), 101);
  EXPECT_EQ(effect.failure, WitnessFailure::kAhead);
  EXPECT_TRUE(effect.turned);
  EXPECT_FALSE(effect.whole_witness);
  EXPECT_EQ(cosigning_->hint(kLog, 0), 0u);
}

TEST_F(CosigningTest, PausesDoubleUpToALimitAndEndWithASuccess) {
  Begin(1, "quorum w0");
  Grow(1);
  int64_t expected = kSecond;
  for (int i = 0; i < 12; ++i) {
    const WitnessEffect effect = Fail(One(), Outcome::kUnreachable);
    EXPECT_EQ(effect.failure, WitnessFailure::kUnreachable);
    EXPECT_EQ(effect.turned, i == 0);
    EXPECT_TRUE(effect.whole_witness);
    EXPECT_TRUE(Take().empty());
    EXPECT_NEAR(static_cast<double>(Skip()), static_cast<double>(expected), 1);
    expected = std::min(2 * expected, 300 * kSecond);
  }
  const WitnessEffect back = Cosign(One());
  EXPECT_TRUE(back.turned);
  EXPECT_EQ(back.failure, std::nullopt);
  EXPECT_EQ(cosigning_->Figures(0).failures[0], 12u);
  now_ += kSecond;
  Grow(2);
  Fail(One(), Outcome::kTimedOut);
  EXPECT_LE(Skip(), kSecond + 1);
}

TEST_F(CosigningTest, PausesAreSpreadByJitter) {
  for (double random : {0.0, 0.999}) {
    Begin(1, "quorum w0", {.random = [random] { return random; }});
    Grow(1);
    Fail(One(), Outcome::kTimedOut);
    const double pause = static_cast<double>(Skip());
    EXPECT_NEAR(pause, (0.75 + random / 2) * kSecond, 2);
  }
}

TEST_F(CosigningTest, RetryAfterIsHeededWithinAnHour) {
  for (const auto& [asked, waited] :
       {std::pair<uint64_t, int64_t>{120, 120}, {1'000'000'000'000, 3600}}) {
    Begin(1, "quorum w0");
    Grow(1);
    const WitnessEffect effect = cosigning_->Answered(
        One(), {.status = 429, .retry_after_s = asked}, now_, NowS());
    EXPECT_EQ(effect.failure, WitnessFailure::kBusy);
    EXPECT_NEAR(static_cast<double>(Skip()), static_cast<double>(waited * kSecond), 1);
  }
}

TEST_F(CosigningTest, EachBadAnswerIsAFailureAndIsNotKept) {
  struct Case {
    long status;
    std::function<std::string(const WitnessRequest&)> body;
    WitnessFailure failure;
  };
  const auto text = [](std::string body) {
    return [body](const WitnessRequest&) { return body; };
  };
  const std::vector<Case> cases = {
      {200, text(""), WitnessFailure::kMalformed},
      {200, text("<html>\n"), WitnessFailure::kMalformed},
      {200, [](const auto& request) { return request.note; },
       WitnessFailure::kMalformed},
      {200, [&](const auto& request) { return Line(request, 1); },
       WitnessFailure::kNoCosignature},
      {200,
       [](const auto& request) {
         return request.note.substr(request.note.find("\n\n") + 2);
       },
       WitnessFailure::kNoCosignature},  // the log's own line
      {200,
       [&](WitnessRequest request) {
         request.note = NoteOf(HeadOf(999));
         return Line(request, 0);
       },
       WitnessFailure::kWrongSignature},
      {200,
       [&](const auto& request) {
         NoteSignature line = (*ParseSignatureLines(Line(request, 0)))[0];
         line.signature.replace(0, 8, std::string(8, '\0'));
         return FormatSignatureLine(line);
       },
       WitnessFailure::kWrongSignature},
      {500, text("oops"), WitnessFailure::kServerError},
      {503, text(""), WitnessFailure::kBusy},
      {429, text(""), WitnessFailure::kBusy},
      {302, text(""), WitnessFailure::kRefused},
      {403, text("who?"), WitnessFailure::kRefused},
      {422, text(""), WitnessFailure::kRefused},
      {204, text(""), WitnessFailure::kRefused},
      {0, text(""), WitnessFailure::kRefused},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    Begin(1, "quorum w0");
    Grow(7);
    const WitnessRequest request = One();
    const WitnessEffect effect =
        Answer(request, cases[i].status, cases[i].body(request));
    EXPECT_EQ(effect.failure, cases[i].failure) << "case " << i;
    EXPECT_FALSE(effect.gathered || effect.quorum || effect.hint) << "case " << i;
    EXPECT_EQ(cosigning_->gathered(kLog)->note, NoteOf(HeadOf(7)));
    EXPECT_FALSE(cosigning_->quorum(kLog).has_value());
    EXPECT_TRUE(Take().empty());
    EXPECT_GE(Skip(), kSecond / 2);  // it is asked again, but not at once
    EXPECT_TRUE(Cosign(One()).quorum);
  }
}

TEST_F(CosigningTest, WhatWasKnownBeforeARestartIsNotAskedForAgain) {
  Begin(2, "group any any w0 w1\nquorum any");
  Grow(9);
  std::vector<WitnessRequest> requests = Take();
  Cosign(requests[0]);
  const CosignedHead kept = *cosigning_->quorum(kLog);

  now_ += 600 * kSecond;
  Begin(2, "group any any w0 w1\nquorum any");
  cosigning_->SetQuorum(kLog, kept);
  Grow(9);
  EXPECT_EQ(QuorumSize(), 9u);
  EXPECT_EQ(cosigning_->gathered(kLog)->note, kept.note);
  requests = Take();
  ASSERT_EQ(requests.size(), 1u);  // w1 only
  EXPECT_EQ(requests[0].witness, 1u);
  Cosign(requests[0]);
  EXPECT_EQ(Skip(), 3000 * kSecond);  // w0's hour has gone on
  EXPECT_EQ(One().witness, 0u);
}

TEST_F(CosigningTest, AfterAFailureOneLogFindsOutForAllWhetherAWitnessIsBack) {
  Begin(1, "quorum w0");
  for (LogNumber log = 2; log <= 40; ++log) cosigning_->AddLog(log);
  for (LogNumber log = 1; log <= 40; ++log) {
    cosigning_->NewHead(log, HeadOf(log), NoteOf(HeadOf(log)), now_);
  }
  const std::vector<WitnessRequest> first = Take();
  EXPECT_EQ(first.size(), 16u);  // and no more at a time
  int turned = 0;
  for (const WitnessRequest& request : first) {
    turned += Fail(request, Outcome::kTimedOut).turned;
  }
  EXPECT_EQ(turned, 1);
  EXPECT_NEAR(static_cast<double>(Skip()), kSecond, 1);  // they failed as one
  const WitnessRequest probe = One();
  EXPECT_GT(probe.log, 16u);  // another log's turn
  Fail(probe, Outcome::kTimedOut);
  EXPECT_NEAR(static_cast<double>(Skip()), 2 * kSecond, 1);
  Cosign(One());
  EXPECT_EQ(Take().size(), 16u);
}

TEST_F(CosigningTest, ALogThatAWitnessRefusesHoldsUpNoOtherLog) {
  Begin(1, "quorum w0");
  cosigning_->AddLog(2);
  Grow(1);
  cosigning_->NewHead(2, HeadOf(2), NoteOf(HeadOf(2)), now_);
  for (const WitnessRequest& request : Take()) {
    if (request.log == kLog) {
      const WitnessEffect effect = Answer(request, 404, "unknown log");
      EXPECT_EQ(effect.failure, WitnessFailure::kRefused);
      EXPECT_FALSE(effect.whole_witness);
    } else {
      Cosign(request);
    }
  }
  now_ += kSecond / 2;
  EXPECT_TRUE(cosigning_->quorum(2).has_value());
  EXPECT_TRUE(Take().empty());
}

TEST_F(CosigningTest, AThousandHeadsLeaveNothingBehind) {
  Begin(3, "group two 2 w0 w1 w2\nquorum two");
  const auto in_use = [] { return mallinfo2().uordblks; };
  size_t after_hundred = 0, met = 0;
  for (uint64_t size = 1; size <= 1100; ++size, now_ += kSecond) {
    Grow(size);
    for (const WitnessRequest& request : Take()) {
      if (request.witness == 2 && size % 3 == 0) {
        Fail(request, Outcome::kTimedOut);
      } else {
        met += Cosign(request).quorum;
      }
    }
    if (size == 100) after_hundred = in_use();
  }
  EXPECT_GE(met, 1100u);
  EXPECT_EQ(QuorumSize(), 1100u);
  // Some notes' worth (a sanitizer's allocator says nothing of this).
  EXPECT_LT(in_use(), after_hundred + 16384);
}

TEST_F(CosigningTest, FiguresSayHowFarEachIsBehind) {
  Begin(2, "group any any w0 w1\nquorum any");
  Grow(10);
  Cosign(Take()[0]);
  Grow(25);
  EXPECT_EQ(cosigning_->QuorumLag(kLog), 15u);
  EXPECT_EQ(cosigning_->Figures(0).lag, 15u);
  EXPECT_EQ(cosigning_->Figures(0).last_success_us, now_);
  EXPECT_EQ(cosigning_->Figures(1).lag, 25u);
  EXPECT_EQ(cosigning_->Figures(1).last_success_us, 0);
}

TEST_F(CosigningTest, WithoutAQuorumCosignaturesAreGatheredAllTheSame) {
  Begin(1, "quorum none");
  Grow(10);
  const WitnessEffect effect = Cosign(One());
  EXPECT_TRUE(effect.gathered);
  EXPECT_FALSE(effect.quorum);
  EXPECT_EQ(ParseNote(cosigning_->gathered(kLog)->note)->signatures.size(), 2u);
}

TEST(CheckQuorumReachableTest, AQuorumNeedsWitnessesThatCanBeAsked) {
  const auto vkey = [](size_t i) {
    return FormatVkey(WitnessKeyOf(i).Verifier(SignatureType::kCosignature));
  };
  const auto check = [&](const std::string& rest) {
    return CheckQuorumReachable(
        ParsePolicy(absl::StrFormat("witness w0 %s https://w0.test\nwitness w1 %s\n"
                                    "witness w2 %s\n%s\n",
                                    vkey(0), vkey(1), vkey(2), rest))
            .value());
  };
  EXPECT_OK(check("quorum none"));
  EXPECT_OK(check("quorum w0"));
  EXPECT_OK(check("group g any w1 w0\nquorum g"));
  EXPECT_STATUS(check("quorum w1"), absl::StatusCode::kInvalidArgument, "w1, w2");
  EXPECT_STATUS(check("group g 2 w0 w1\nquorum g"), absl::StatusCode::kInvalidArgument,
                "URL");
  EXPECT_STATUS(check("group g any w1 w2\ngroup h all g w0\nquorum h"),
                absl::StatusCode::kInvalidArgument, "URL");
}

}  // namespace
}  // namespace setlog
