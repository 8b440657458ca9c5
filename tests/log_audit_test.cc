// Audits against a server in this process: what it finds, and that it can be shown.
#include "client/log_audit.h"

#include "client/covering.h"
#include "client/fault_evidence.h"
#include "client/log_client.h"
#include "fakes/fake_server.h"
#include "log/proof.h"
#include "log/set_tree.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

constexpr char kLog[] = "example.org/a";

class LogAuditTest : public testing::Test {
 protected:
  LogAuditTest() : connection_(server_.Channel(), "", milliseconds(500)) { Start(); }

  // A log with members 0..9, of which 3 was removed.
  void Start() {
    server_.Create(kLog);
    for (int i = 0; i < 10; ++i) log().Add(HashN(i));
    log().Index();
    log().Tag("v1");
    log().Remove(HashN(3));
    log().Index();
  }
  FakeLog& log() { return server_.log(); }

  VerifiedHead Head() {
    const TempDir dir;
    const StateDirectory state = StateDirectory::Open(dir.path()).value();
    LogClient client(&connection_, &state, {.origin = kLog, .key = log().key()});
    return client.Head({}, {}).value();
  }

  // Replays the log, expects the fault at `position`, and that its evidence convicts.
  void ExpectConviction(uint64_t position, ReplayFault::Rule rule,
                        std::string_view kind) {
    // Something comes after it, and its place in the tree is ragged.
    log().Add(HashN(100));
    log().Index();
    const VerifiedHead head = Head();
    LogAudit audit(&connection_, &head, Replay(kLog));
    const absl::StatusOr<bool> finished = audit.Run(nothing_);
    ASSERT_OK(finished);
    EXPECT_FALSE(*finished);
    ASSERT_TRUE(audit.fault());
    EXPECT_EQ(audit.fault()->position, position);
    EXPECT_EQ(audit.fault()->rule, rule) << audit.fault()->reason;
    const absl::StatusOr<Evidence> evidence = audit.MakeEvidence();
    ASSERT_OK(evidence);
    const auto proven = VerifyEvidence(*evidence, {.log_key = log().key()});
    ASSERT_OK(proven);
    EXPECT_EQ(proven->kind, kind) << proven->what;
    EXPECT_EQ(proven->origin, kLog);
  }

  std::vector<Hash> Members() const {
    std::vector<Hash> members;
    for (int i = 0; i < 10; ++i) {
      if (i != 3) members.push_back(HashN(i));
    }
    return members;
  }

  const std::function<absl::Status()> nothing_ = [] { return absl::OkStatus(); };
  FakeServer server_;
  Connection connection_;
};

TEST_F(LogAuditTest, AnHonestLogIsCheckedUpToItsHead) {
  const VerifiedHead head = Head();
  log().Add(HashN(50));  // it grows meanwhile
  LogAudit audit(&connection_, &head, Replay(kLog));
  const absl::StatusOr<bool> finished = audit.Run(nothing_);
  ASSERT_OK(finished);
  EXPECT_TRUE(*finished);
  EXPECT_EQ(audit.replay().size(), head.version.checkpoint.size);
  EXPECT_EQ(audit.replay().state().last_index->entry, head.version.index);
  EXPECT_OK(audit.CheckPrefix());
}

TEST_F(LogAuditTest, GoesOnFromEverySizeAndThroughLostServers) {
  for (int i = 200; i < 900; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  server_.messages_before_loss = 2;
  for (uint64_t cut = 0; cut <= log().size(); cut += 97) {
    Replay replay(kLog);
    for (uint64_t i = 0; i < cut; ++i) {
      const Bytes entry = AsBytes(log().entry(i));
      ASSERT_FALSE(replay.Feed(std::span(&entry, 1)));
    }
    LogAudit audit(&connection_, &head, std::move(replay));
    EXPECT_OK(audit.CheckPrefix());
    const absl::StatusOr<bool> finished = audit.Run(nothing_);
    ASSERT_OK(finished);
    EXPECT_TRUE(*finished);
  }
}

TEST_F(LogAuditTest, AWrongRootIsConvictedByAnExtensionProof) {
  log().Add(HashN(20));
  const uint64_t at = log().IndexAs(10, SetRootOfValues(Members()));
  ExpectConviction(at, ReplayFault::Rule::kIndexSet, "wrong_extension");
}

TEST_F(LogAuditTest, AWrongCountIsConvicted) {
  log().Add(HashN(20));
  std::vector<Hash> members = Members();
  members.push_back(HashN(20));
  const uint64_t at = log().IndexAs(9, SetRootOfValues(members));
  ExpectConviction(at, ReplayFault::Rule::kIndexSet, "wrong_extension");
}

TEST_F(LogAuditTest, ARemovalThatWasIgnoredIsConvicted) {
  log().Remove(HashN(5));
  const uint64_t at = log().IndexAs(9, SetRootOfValues(Members()));
  ExpectConviction(at, ReplayFault::Rule::kIndexSet, "wrong_extension");
}

TEST_F(LogAuditTest, GoesOnFromBeforeTheFirstIndexEntry) {
  const VerifiedHead head = Head();
  Replay replay(kLog);
  const Bytes manifest = AsBytes(log().entry(0));
  ASSERT_FALSE(replay.Feed(std::span(&manifest, 1)));
  EXPECT_FALSE(replay.state().last_index);
  LogAudit audit(&connection_, &head, std::move(replay));
  const absl::StatusOr<bool> finished = audit.Run(nothing_);
  ASSERT_OK(finished);
  EXPECT_TRUE(*finished);
}

TEST_F(LogAuditTest, AnIndexEntryWhoseMDoesNotGrowIsConvicted) {
  const IndexEntry again = log().IndexAt(log().indexes().back());
  const uint64_t at = log().Append(again);
  ExpectConviction(at, ReplayFault::Rule::kIndexOrder, "index_not_growing");
}

TEST_F(LogAuditTest, ATagNameThatIsUsedAgainIsConvicted) {
  const uint64_t at = log().Append(TagEntry{log().indexes().back(), "v1"});
  ExpectConviction(at, ReplayFault::Rule::kTagName, "tag_twice");
}

TEST_F(LogAuditTest, ATagWithoutItsIndexEntryIsConvicted) {
  const uint64_t at = log().Append(TagEntry{5, "v2"});
  ExpectConviction(at, ReplayFault::Rule::kTagIndex, "tag_without_index");
}

TEST_F(LogAuditTest, AMalformedEntryIsConvicted) {
  for (const Entry& bad :
       {Entry(IndexEntry{7, 9, EmptySetRoot()}), Entry(TagEntry{1, "12"}),
        Entry(ManifestEntry{"{}"}), Entry(TagEntry{1000, "far"})}) {
    Start();
    const uint64_t at = log().Append(bad);
    ExpectConviction(at, ReplayFault::Rule::kForm, "malformed_entry");
  }
}

// What is not in the log convicts nobody, wherever it would be a fault.
TEST_F(LogAuditTest, EntriesThatAServerMadeUpAreNoFault) {
  for (int i = 200; i < 600; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  const std::function<void(std::vector<std::string>&)> lies[] = {
      [](std::vector<std::string>& entries) { entries[5] = "\x05"; },
      [](std::vector<std::string>& entries) { entries[5][7] ^= 1; },
      [](std::vector<std::string>& entries) { std::swap(entries[3], entries[4]); },
      [](std::vector<std::string>& entries) { entries[7] = entries[0]; },
  };
  for (const auto& lie : lies) {
    server_.on_chunk = [&](v1::EntriesChunk& chunk) {
      std::vector<std::string> entries;
      const std::vector<Bytes> views = ParseBundle(AsBytes(chunk.bundle())).value();
      for (Bytes entry : views) entries.emplace_back(AsText(entry));
      if (entries.size() < 8) return;
      lie(entries);
      chunk.clear_bundle();
      for (const std::string& entry : entries) {
        ASSERT_OK(AppendToBundle(AsBytes(entry), chunk.mutable_bundle()));
      }
    };
    LogAudit audit(&connection_, &head, Replay(kLog));
    EXPECT_STATUS(audit.Run(nothing_), absl::StatusCode::kDataLoss,
                  "are not those of the signed head");
    EXPECT_FALSE(audit.fault());
  }
}

// Neither is what cannot be compared with the head; nor does it ever become one.
TEST_F(LogAuditTest, AFaultThatCannotBeComparedIsNotTakenUpAgain) {
  for (int i = 200; i < 600; ++i) log().Add(HashN(i));
  log().Index();
  const VerifiedHead head = Head();
  server_.on_chunk = [&](v1::EntriesChunk& chunk) {
    chunk.clear_bundle();
    ASSERT_OK(AppendToBundle(AsBytes("\x07made up"), chunk.mutable_bundle()));
    server_.failures.assign(20, {grpc::StatusCode::NOT_FOUND, "no proof today"});
  };
  Replay replay(kLog);
  const Bytes manifest = AsBytes(log().entry(0));
  ASSERT_FALSE(replay.Feed(std::span(&manifest, 1)));
  LogAudit audit(&connection_, &head, std::move(replay));
  EXPECT_STATUS(audit.Run(nothing_), absl::StatusCode::kNotFound, "no proof today");
  EXPECT_FALSE(audit.fault());
  EXPECT_TRUE(audit.replay().faulted());
  server_.on_chunk = nullptr;
  server_.failures.clear();
  LogAudit again(&connection_, &head, std::move(audit).TakeReplay());
  EXPECT_STATUS(again.Run(nothing_), absl::StatusCode::kFailedPrecondition, "fault");
  EXPECT_FALSE(again.fault());
}

TEST_F(LogAuditTest, MalformedStreamsAreRefused) {
  const VerifiedHead head = Head();
  const std::function<void(v1::EntriesChunk&)> lies[] = {
      [](v1::EntriesChunk& chunk) { chunk.set_begin(chunk.begin() + 1); },
      [](v1::EntriesChunk& chunk) { chunk.clear_bundle(); },
      [](v1::EntriesChunk& chunk) { chunk.mutable_bundle()->pop_back(); },
      [](v1::EntriesChunk& chunk) {
        *chunk.mutable_bundle() += std::string("\0\1x", 3);
      },
  };
  for (const auto& lie : lies) {
    server_.on_chunk = lie;
    LogAudit audit(&connection_, &head, Replay(kLog));
    EXPECT_STATUS(audit.Run(nothing_), absl::StatusCode::kDataLoss, kLog);
  }
}

TEST_F(LogAuditTest, TheCallersErrorEndsIt) {
  const VerifiedHead head = Head();
  LogAudit audit(&connection_, &head, Replay(kLog));
  EXPECT_STATUS(audit.Run([] { return absl::CancelledError("enough"); }),
                absl::StatusCode::kCancelled, "enough");
}

TEST_F(LogAuditTest, AServerThatIsLostIsUnavailable) {
  const VerifiedHead head = Head();
  server_.messages_before_loss = 0;
  LogAudit audit(&connection_, &head, Replay(kLog));
  EXPECT_STATUS(audit.Run(nothing_), absl::StatusCode::kUnavailable, "lost");
}

TEST_F(LogAuditTest, EveryRangeUpToSize34StandsInItsPlace) {
  while (log().size() < 34) log().Add(HashN(log().size()));
  for (uint64_t size : {1u, 2u, 3u, 16u, 21u, 31u, 32u, 33u, 34u}) {
    const Checkpoint head{kLog, size, log().RootAt(size), {}};
    const TreeClient tree(&connection_, head);
    for (uint64_t end = 1; end <= size; ++end) {
      for (uint64_t begin = 0; begin < end; begin += 1 + begin / 4) {
        const absl::StatusOr<EntryRange> range = FetchRange(tree, begin, end);
        ASSERT_OK(range);
        EXPECT_EQ(range->entries.size(), end - begin);
        EXPECT_OK(VerifyRange(*range, head)) << begin << " " << end << " of " << size;
      }
    }
    const absl::StatusOr<std::vector<Hash>> whole = HashesBefore(tree, size);
    ASSERT_OK(whole);
    EXPECT_EQ(whole->size(), CoveringNodes(0, size).size());
  }
}

// Another log under the same key: its head cannot continue this one's.
TEST_F(LogAuditTest, AForkIsShownUnderTheLargerHead) {
  const uint64_t seen_size = log().size();
  const std::string seen = log().NoteAt(seen_size);
  server_.Create(kLog);
  while (log().size() < seen_size + 7) log().Add(HashN(1000 + log().size()));
  for (uint64_t size : {seen_size, seen_size + 1, seen_size + 7}) {
    const TreeClient tree(&connection_, {kLog, size, log().RootAt(size), {}});
    const auto evidence = MakeForkEvidence(tree, seen, seen_size, log().NoteAt(size));
    ASSERT_OK(evidence);
    const auto proven = VerifyEvidence(*evidence, {.log_key = log().key()});
    ASSERT_OK(proven);
    EXPECT_EQ(proven->kind, size == seen_size ? "two_roots" : "fork");
    // An older head of the same log is no fork.
    const auto honest = MakeForkEvidence(tree, log().NoteAt(5), 5, log().NoteAt(size));
    ASSERT_OK(honest);
    EXPECT_FALSE(VerifyEvidence(*honest, {.log_key = log().key()}).ok());
  }
}

}  // namespace
}  // namespace setlog
