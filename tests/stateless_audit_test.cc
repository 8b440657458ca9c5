#include "client/stateless_audit.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include "client/evidence_file.h"
#include "client/log_audit.h"
#include "client/stateless_store.h"
#include "fakes/fake_server.h"
#include "mutants.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using Rule = ReplayFault::Rule;

constexpr char kOrigin[] = "example.org/a";

class StatelessAuditTest : public testing::Test {
 protected:
  StatelessAuditTest() { Create(); }

  FakeLog& log() { return server_.log(); }
  // A new log, of which nobody knows anything.
  void Create() {
    server_.Create(kOrigin);
    home_ = std::make_unique<TempDir>();
    states_ =
        std::make_unique<StateDirectory>(StateDirectory::Open(home_->path()).value());
    connection_ = std::make_unique<Connection>(server_.Channel(), "",
                                               std::chrono::milliseconds(0));
    client_ = std::make_unique<LogClient>(
        connection_.get(), states_.get(),
        TrustOptions{.origin = kOrigin, .key = log().key()});
  }
  // Under the first index entry, which is sound: like the command, if the newest is
  // not.
  VerifiedHead Head() { return client_->Head({.size = 2}).value(); }

  StatelessAudit Audit(const VerifiedHead* head, StatelessState state,
                       uint64_t window) {
    return StatelessAudit(
        connection_.get(), head, [this](const At& at) { return client_->Head(at); },
        std::move(state), window);
  }
  static absl::Status Go() { return absl::OkStatus(); }

  FakeServer server_;
  std::unique_ptr<TempDir> home_;
  std::unique_ptr<StateDirectory> states_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<LogClient> client_;
};

// Adds, duplicates, removes of what is there and of what is not, tags, index entries
// that lag behind: as an honest log, but for one lie if `lie` is set.
void Grow(FakeLog& log, std::mt19937_64& random, int steps, bool lie, int* tags) {
  const int lie_at =
      lie ? static_cast<int>(random() % static_cast<uint64_t>(steps)) : -1;
  for (int i = 0; i < steps; ++i) {
    if (i == lie_at) {
      const IndexEntry last = log.IndexAt(log.indexes().back());
      switch (random() % 8) {
        case 0:
          log.IndexAs(last.n + 1, HashN(random()));
          break;
        case 1:
          log.IndexAs(last.n, last.set_root);  // wrong, if anything has changed
          break;
        case 2:
          log.Append(IndexEntry{last.m, last.n, last.set_root});
          break;
        case 3:
          log.AppendBytes("\x09junk");
          break;
        case 4:
          log.Append(TagEntry{log.size(), "of-nothing"});
          break;
        case 5:
          log.Append(TagEntry{last.m, "twice"});
          log.Append(TagEntry{last.m, "twice"});
          break;
        case 6:
          log.Append(IndexEntry{log.size() + 5, 1, HashN(1)});
          break;
        default:
          log.Append(ManifestEntry{ManifestFor(kOrigin)});
          break;
      }
      continue;
    }
    switch (random() % 10) {
      case 0:
        log.Index();
        break;
      case 1:
        log.Tag("v" + std::to_string((*tags)++));
        break;
      case 2:
      case 3:
        log.Remove(HashN(random() % 30));
        break;
      default:
        log.Add(HashN(random() % 30));
        break;
    }
  }
}

// The law: whatever the log did, in whatever portions it is audited, the answer is that
// of the audit that holds the set; and a fault convicts.
TEST_F(StatelessAuditTest, SaysWhatAReplaySaysOfRandomLogs) {
  std::mt19937_64 random(7);
  int clean = 0;
  std::map<Rule, int> faults;
  for (int round = 0; round < 80; ++round) {
    Create();
    StatelessState state = EmptyStatelessState();
    const uint64_t window = 1 + random() % 20;
    int tags = 0;
    for (int portion = 0; portion < 4; ++portion) {
      const bool lie = portion == 3 && round % 3 != 0;
      Grow(log(), random, 1 + static_cast<int>(random() % 40), lie, &tags);
      const VerifiedHead head = Head();
      Replay replay(kOrigin);
      std::vector<Bytes> entries;
      for (uint64_t i = 0; i < log().size(); ++i) {
        entries.push_back(AsBytes(log().entry(i)));
      }
      const std::optional<ReplayFault> expected = replay.Feed(entries);

      StatelessAudit audit = Audit(&head, state, window);
      const absl::StatusOr<bool> finished = audit.Run(Go);
      ASSERT_OK(finished);
      ASSERT_EQ(*finished, !expected) << round;
      if (expected) {
        ASSERT_EQ(audit.fault()->position, expected->position) << expected->reason;
        EXPECT_EQ(audit.fault()->rule, expected->rule);
        EXPECT_EQ(audit.fault()->reason, expected->reason);
        const absl::StatusOr<Evidence> evidence = audit.MakeEvidence();
        ASSERT_OK(evidence);
        EXPECT_OK(VerifyEvidence(*evidence, {.log_key = log().key()}));
        ++faults[expected->rule];
        break;
      }
      ++clean;
      EXPECT_EQ(audit.position(), log().size());
      EXPECT_EQ(audit.last(), *replay.state().last_index);
      EXPECT_EQ(audit.tags(), replay.tags());
      const absl::StatusOr<StatelessState> next = audit.State();
      ASSERT_OK(next);
      EXPECT_EQ(next->size, log().size());
      EXPECT_EQ(next->peaks, log().Cover(0, next->last.entry.m));
      state = *next;
    }
  }
  EXPECT_GT(clean, 150);
  for (Rule rule : {Rule::kForm, Rule::kIndexOrder, Rule::kIndexSet, Rule::kTagIndex,
                    Rule::kTagName}) {
    EXPECT_GT(faults[rule], 0) << static_cast<int>(rule);
  }
}

// One proof for all index entries since the last audit, however many.
TEST_F(StatelessAuditTest, OneProofServesAWindowOfIndexEntries) {
  for (uint64_t i = 0; i < 20; ++i) {
    log().Add(HashN(i));
    log().Index();
  }
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 1000);
  ASSERT_TRUE(first.Run(Go).value());
  EXPECT_EQ(server_.extensions_asked, 0) << "the empty set needs none";
  for (uint64_t i = 0; i < 50; ++i) {
    log().Add(HashN(i));
    log().Remove(HashN(i / 2));
    log().Index();
  }
  log().Add(HashN(99));  // not indexed yet
  const StatelessState state = first.State().value();
  const VerifiedHead later = Head();
  StatelessAudit second = Audit(&later, state, 1000);
  ASSERT_TRUE(second.Run(Go).value());
  EXPECT_EQ(server_.extensions_asked, 1);
  EXPECT_EQ(second.last().entry, log().IndexAt(log().indexes().back()));
  // What no index entry covered is covered the next time.
  log().Index();
  const VerifiedHead last = Head();
  StatelessAudit third = Audit(&last, second.State().value(), 1000);
  ASSERT_TRUE(third.Run(Go).value());
  EXPECT_EQ(third.last().entry.n, log().IndexAt(log().indexes().back()).n);
}

// Its index entry was before the state, which does not remember them all.
TEST_F(StatelessAuditTest, ATagOfAnOlderVersionIsAskedForAndOneOfNoneConvicts) {
  log().Add(HashN(1));
  const uint64_t old = log().IndexAt(log().Index()).m;
  log().Add(HashN(2));
  log().Index();
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 1);
  ASSERT_TRUE(first.Run(Go).value());
  log().TagAs(old, "old");
  const VerifiedHead later = Head();
  StatelessAudit second = Audit(&later, first.State().value(), 1);
  ASSERT_TRUE(second.Run(Go).value());
  EXPECT_EQ(second.tags().at("old").m, old);
  const StatelessState state = second.State().value();
  // The server does not show it: nothing is known, so nobody is convicted.
  server_.on_head = [&](v1::Head& shown) { shown.clear_tag(); };
  StatelessAudit blind = Audit(&later, first.State().value(), 1);
  ASSERT_FALSE(blind.Run(Go).value());
  EXPECT_FALSE(blind.MakeEvidence().ok());
  server_.on_head = nullptr;
  log().TagAs(old + 1, "none");
  const VerifiedHead last = Head();
  StatelessAudit third = Audit(&last, state, 1);
  ASSERT_FALSE(third.Run(Go).value());
  EXPECT_EQ(third.fault()->rule, Rule::kTagIndex);
  const absl::StatusOr<Evidence> evidence = third.MakeEvidence();
  ASSERT_OK(evidence);
  EXPECT_OK(VerifyEvidence(*evidence, {.log_key = log().key()}));
}

// A server that sends on and on is left when no honest one would have sent so much.
TEST_F(StatelessAuditTest, AProofIsReadNoFurtherThanOneOfThatSetCanReach) {
  constexpr uint64_t kMembers = 3000;
  for (uint64_t i = 0; i < kMembers; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 1);
  ASSERT_TRUE(first.Run(Go).value());
  // All of the set: no proof in it is longer.
  for (uint64_t i = 0; i < kMembers; ++i) log().Remove(HashN(i));
  log().Index();
  const VerifiedHead later = Head();
  const size_t longest = 35 * (kMembers - 1) + 33;
  for (const size_t size : {longest, longest + 1, 20 * longest}) {
    server_.on_extension = [&](const v1::GetExtensionProofRequest&,
                               std::string& proof) {
      EXPECT_EQ(proof.size(), longest);
      proof.resize(size);
    };
    const auto finished =
        Audit(&later, first.State().value(), uint64_t{1} << 20).Run(Go);
    if (size == longest) {
      EXPECT_TRUE(finished.value());
    } else {
      EXPECT_STATUS(finished, absl::StatusCode::kDataLoss, "has no end");
    }
  }
}

TEST_F(StatelessAuditTest, AProofThatIsChangedConvictsNobody) {
  for (uint64_t i = 0; i < 9; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 1);
  ASSERT_TRUE(first.Run(Go).value());
  const StatelessState state = first.State().value();
  log().Add(HashN(20));
  log().Remove(HashN(3));
  log().Index();
  const VerifiedHead later = Head();
  std::string good;
  server_.on_extension = [&](const v1::GetExtensionProofRequest&, std::string& proof) {
    good = proof;
  };
  ASSERT_TRUE(Audit(&later, state, 1).Run(Go).value());
  const auto answer = [&](const std::string& bytes) {
    server_.on_extension = [&](const v1::GetExtensionProofRequest&,
                               std::string& proof) { proof = bytes; };
    StatelessAudit audit = Audit(&later, state, 1);
    const absl::Status status = audit.Run(Go).status();
    EXPECT_FALSE(audit.fault());
    return status;
  };
  EXPECT_OK(answer(good));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_STATUS(answer(bad), absl::StatusCode::kDataLoss, kOrigin);
    EXPECT_STATUS(answer(good.substr(0, i)), absl::StatusCode::kDataLoss, kOrigin);
  }
  EXPECT_STATUS(answer(good + '\0'), absl::StatusCode::kDataLoss, kOrigin);
  EXPECT_STATUS(answer(std::string(100'000, 'x')), absl::StatusCode::kDataLoss,
                "has no end");
}

TEST_F(StatelessAuditTest, OtherEntriesThanTheHeadsConvictNobody) {
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 1);
  ASSERT_TRUE(first.Run(Go).value());
  const StatelessState state = first.State().value();
  for (uint64_t i = 0; i < 9; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead later = Head();
  uint64_t length = 0;
  server_.on_chunk = [&](v1::EntriesChunk& chunk) { length = chunk.bundle().size(); };
  ASSERT_TRUE(Audit(&later, state, 1).Run(Go).value());
  for (uint64_t i = 0; i < length; ++i) {
    server_.on_chunk = [&](v1::EntriesChunk& chunk) {
      (*chunk.mutable_bundle())[i] = static_cast<char>(chunk.bundle()[i] ^ 1);
    };
    StatelessAudit audit = Audit(&later, state, 1);
    EXPECT_STATUS(audit.Run(Go), absl::StatusCode::kDataLoss, "");
    EXPECT_FALSE(audit.fault());
  }
}

// The small piece needs a proof of the server; the audit's own will do.
TEST_F(StatelessAuditTest, ALiarThatGivesNoMoreProofsIsConvictedAllTheSame) {
  for (bool refuses : {false, true}) {
    Create();
    for (uint64_t i = 0; i < 9; ++i) log().Add(HashN(i));
    log().Index();
    const VerifiedHead head = Head();
    StatelessAudit first = Audit(&head, EmptyStatelessState(), 100);
    ASSERT_TRUE(first.Run(Go).value());
    const uint64_t m0 = first.last().entry.m;
    log().Add(HashN(20));
    const uint64_t m1 = log().IndexAt(log().Index()).m;
    log().Add(HashN(21));
    log().IndexAs(11, HashN(1));
    const VerifiedHead later = Head();
    StatelessAudit audit = Audit(&later, first.State().value(), 100);
    const absl::StatusOr<bool> finished = audit.Run(Go);
    ASSERT_OK(finished);
    ASSERT_FALSE(*finished);
    if (refuses) {
      server_.on_extension = [](const v1::GetExtensionProofRequest&,
                                std::string& proof) { proof.clear(); };
    }
    const absl::StatusOr<Evidence> evidence = audit.MakeEvidence();
    ASSERT_OK(evidence);
    EXPECT_EQ(std::get<WrongExtension>(*evidence).range.begin, refuses ? m0 : m1);
    EXPECT_OK(VerifyEvidence(*evidence, {.log_key = log().key()}));
  }
}

// Interrupted anywhere, it goes on to the same end.
TEST_F(StatelessAuditTest, WhatIsKeptOnTheWayLeadsToTheSameEnd) {
  std::mt19937_64 random(3);
  int tags = 0;
  Grow(log(), random, 1500, false, &tags);  // several messages
  const VerifiedHead head = Head();
  StatelessAudit whole = Audit(&head, EmptyStatelessState(), 50);
  ASSERT_TRUE(whole.Run(Go).value());
  StatelessState state = EmptyStatelessState();
  for (bool finished = false; !finished;) {
    StatelessAudit audit = Audit(&head, state, 1 + random() % 400);
    const uint64_t begin = state.size;
    const absl::StatusOr<bool> ran = audit.Run([&]() -> absl::Status {
      const absl::StatusOr<StatelessState> kept = audit.State();
      if (!kept.ok()) return kept.status();
      state = *kept;
      return state.size > begin ? absl::CancelledError("enough") : absl::OkStatus();
    });
    finished = ran.ok();
    if (!finished) EXPECT_STATUS(ran, absl::StatusCode::kCancelled, "enough");
    if (state.size == log().size()) break;
  }
  EXPECT_EQ(state, whole.State().value());
}

TEST_F(StatelessAuditTest, AStateOfAnotherLogDoesNotFit) {
  for (uint64_t i = 0; i < 9; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  StatelessAudit first = Audit(&head, EmptyStatelessState(), 100);
  ASSERT_TRUE(first.Run(Go).value());
  const StatelessState good = first.State().value();
  ASSERT_OK(Audit(&head, good, 100).CheckStart());
  StatelessState bad = good;
  bad.peaks.back() = HashN(1);
  EXPECT_STATUS(Audit(&head, bad, 100).CheckStart(), absl::StatusCode::kDataLoss, "");
  bad = good;
  bad.peaks.pop_back();
  EXPECT_STATUS(Audit(&head, bad, 100).CheckStart(), absl::StatusCode::kDataLoss, "");
  bad = good;
  bad.size = bad.last.position;
  EXPECT_STATUS(Audit(&head, bad, 100).CheckStart(), absl::StatusCode::kDataLoss, "");
  bad = good;
  bad.size = log().size() + 1;
  EXPECT_STATUS(Audit(&head, bad, 100).CheckStart(), absl::StatusCode::kDataLoss, "");
  // A base that nobody audited is caught, or leads nowhere.
  bad = good;
  bad.last.entry.set_root = HashN(1);
  log().Add(HashN(20));
  log().Index();
  const VerifiedHead later = Head();
  EXPECT_STATUS(Audit(&later, bad, 100).Run(Go), absl::StatusCode::kDataLoss, "");
}

TEST_F(StatelessAuditTest, AStateIsKeptAndADamagedOneRefused) {
  log().Index();
  log().Tag("v1");
  for (uint64_t i = 0; i < 9; ++i) log().Add(HashN(i));
  log().Index();
  log().Tag("v2");
  StatelessState state{.note = log().NoteAt(log().size()),
                       .size = log().size(),
                       .last = {log().IndexAt(log().indexes().back()), 13},
                       .peaks = log().Cover(0, 13),
                       .tags = {{"v1", {3, 4}}, {"v2", {13, 14}}}};
  const StatelessStore store(home_->path(), kOrigin);
  EXPECT_EQ(store.Load().value(), std::nullopt);
  ASSERT_OK(store.Save(state));
  EXPECT_EQ(store.Load().value(), state);
  std::ifstream file(store.path());
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  const auto load = [&](const std::string& bytes) {
    std::ofstream(store.path(), std::ios::binary) << bytes;
    return store.Load().status();
  };
  EXPECT_OK(load(good));
  for (size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_STATUS(load(bad), absl::StatusCode::kDataLoss, store.path());
    EXPECT_STATUS(load(good.substr(0, i)), absl::StatusCode::kDataLoss, store.path());
  }
  EXPECT_STATUS(load(good + "\n"), absl::StatusCode::kDataLoss, "--restart");
  const StatelessStore other(home_->path(), "example.org/b");
  ASSERT_OK(load(good));
  std::filesystem::copy(store.path(), other.path());
  EXPECT_STATUS(other.Load(), absl::StatusCode::kDataLoss, "another log's");
}

}  // namespace
}  // namespace setlog
