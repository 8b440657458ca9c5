// Spot checks against a server that may lie about what was drawn.
#include "client/sample_audit.h"

#include <filesystem>
#include <numeric>

#include "log_client_fixture.h"

namespace setlog {
namespace {

class SampleAuditTest : public LogClientTest {
 protected:
  SampleAuditTest() { Extend(); }

  void Start() {
    std::filesystem::remove_all(dir_.path() + "/logs");
    std::filesystem::remove_all(dir_.path() + "/seen");
    state_ = StateDirectory::Open(dir_.path()).value();
    FakeLog& log = server_.Create(kOrigin);
    for (uint64_t i = 1; i <= 50; ++i) log.Add(HashN(i));
    log.Remove(HashN(7));
    log.Remove(HashN(8));
    log.Index();
    Extend();
  }
  void Extend() {
    // Removed and added again, added twice, and removed without having been in.
    log().Add(HashN(7));
    log().Add(HashN(1));
    log().Remove(HashN(500));
    log().Index();
    log().Add(HashN(600));
  }

  // All entries, drawn at once.
  absl::StatusOr<bool> RunAll() {
    client_.emplace(Pinned());
    const absl::StatusOr<VerifiedHead> head = client_->Head();
    if (!head.ok()) return head.status();
    head_ = *head;
    std::vector<uint64_t> all(head_->version.checkpoint.size);
    std::iota(all.begin(), all.end(), 0);
    return Run(all);
  }
  absl::StatusOr<bool> Run(const std::vector<uint64_t>& positions) {
    audit_.emplace(connection_.get(), &*client_, &*head_);
    return audit_->Run(positions, [](uint64_t) { return absl::OkStatus(); });
  }
  // The fault convicts the log, to anybody with the key.
  void ExpectEvidence(std::string_view kind) {
    ASSERT_TRUE(audit_->fault());
    ASSERT_OK(audit_->fault()->evidence);
    const auto proven =
        VerifyEvidence(*audit_->fault()->evidence, {.log_key = log().key()});
    ASSERT_OK(proven);
    EXPECT_EQ(proven->kind, kind);
  }
  // The next index entry is another log's, whose set all lookups are then answered of.
  void LieBy(FakeLog& other) {
    other.Index();
    const IndexEntry lie = other.IndexAt(*other.IndexBelow(other.size()));
    log().IndexAs(lie.n, lie.set_root);
    server_.other_set = {&other, lie.m};
    server_.on_batch = [this, &other, m = lie.m](v1::BatchLookupResponse& answer) {
      answer.set_proof(other.Batch(Drawn(), m));
    };
  }
  // The values of all adds and removes of the log.
  std::vector<Hash> Drawn() {
    std::vector<Hash> values;
    for (uint64_t i = 0; i < log().size(); ++i) {
      const auto entry = DecodeEntry(AsBytes(log().entry(i)));
      if (!entry.ok()) continue;
      if (auto* add = std::get_if<AddEntry>(&*entry)) values.push_back(add->value);
      if (auto* remove = std::get_if<RemoveEntry>(&*entry)) {
        values.push_back(remove->value);
      }
    }
    return values;
  }

  std::optional<LogClient> client_;
  std::optional<VerifiedHead> head_;
  std::optional<SampleAudit> audit_;
};

TEST_F(SampleAuditTest, AnHonestLogHasNoFaultWhateverIsDrawn) {
  const absl::StatusOr<bool> clean = RunAll();
  ASSERT_OK(clean);
  EXPECT_TRUE(*clean);
  EXPECT_EQ(audit_->count(EntryType::kManifest), 1u);
  EXPECT_EQ(audit_->count(EntryType::kAdd), 53u);
  EXPECT_EQ(audit_->count(EntryType::kRemove), 3u);
  EXPECT_EQ(audit_->count(EntryType::kIndex), 4u);
  EXPECT_EQ(audit_->count(EntryType::kTag), 1u);
  EXPECT_EQ(audit_->looked_up(), 55u);
  EXPECT_EQ(audit_->not_indexed(), 1u);
  for (uint64_t i = 0; i < log().size(); ++i) EXPECT_TRUE(Run({i}).value()) << i;
}

TEST_F(SampleAuditTest, AMalformedEntryIsEvidence) {
  const uint64_t wrong = log().AppendBytes("\x09rubbish");
  log().Add(HashN(601));
  EXPECT_FALSE(RunAll().value());
  ExpectEvidence("malformed_entry");
  EXPECT_TRUE(Run({wrong - 1, wrong + 1}).value()) << "it is seen only if it is drawn";
}

TEST_F(SampleAuditTest, ASetThatDeniesAMemberOrKeepsARemovedOneIsEvidence) {
  // Kept: 8, which was in, and 500, which never was.
  for (const uint64_t kept : {0, 8, 500}) {
    const bool denies = kept == 0;
    // With the entry that the set contradicts, or without: then it is looked for.
    for (const bool shown : {true, false}) {
      SCOPED_TRACE(testing::Message() << kept << " " << shown);
      server_.on_batch = nullptr;
      server_.on_lookup = nullptr;
      server_.other_set.reset();
      Start();
      FakeLog other(ManifestFor(kOrigin), "other");
      for (const Hash& value : Drawn()) other.Add(value);
      // 8 and 500 left, and 3 never did.
      for (const uint64_t i : {8, 500}) {
        if (denies || i != kept) other.Remove(HashN(i));
      }
      if (denies) other.Remove(HashN(3));
      LieBy(other);
      if (!shown) {
        server_.on_lookup = [](v1::LookupResponse& answer) {
          answer.clear_removed();
          // A member without the entry that added it is no answer.
          if (answer.added().entry().empty()) return;
          if (answer.lookup().terminal() != answer.added().entry().substr(1)) {
            answer.clear_added();
          }
        };
      }
      const absl::StatusOr<bool> clean = RunAll();
      if (clean.ok()) {
        EXPECT_FALSE(*clean);
        ExpectEvidence("wrong_answer");
      } else {
        // What the server showed with its answer convicts it already.
        EXPECT_EQ(clean.status().code(), absl::StatusCode::kDataLoss);
        ExpectConviction(*client_, "wrong_answer");
      }
    }
  }
}

TEST_F(SampleAuditTest, ALaterEntryThatIsNotShownIsLookedFor) {
  // The set is right, and the server does not say why.
  server_.on_lookup = [](v1::LookupResponse& answer) {
    answer.clear_added();
    answer.clear_removed();
  };
  client_.emplace(Pinned());
  head_ = client_->Head().value();
  std::optional<uint64_t> add_of_8;
  for (uint64_t i = 0; i < log().size(); ++i) {
    if (log().entry(i) == Encode(AddEntry{HashN(8)})) add_of_8 = i;
  }
  EXPECT_TRUE(Run({*add_of_8}).value()) << "a later entry removed it";
}

TEST_F(SampleAuditTest, WhatDoesNotVerifyIsNoSample) {
  server_.on_chunk = [](v1::EntriesChunk& chunk) {
    chunk.mutable_bundle()->back() ^= 1;
  };
  EXPECT_STATUS(RunAll(), absl::StatusCode::kDataLoss, "entry ");
  server_.on_chunk = nullptr;
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  EXPECT_STATUS(RunAll(), absl::StatusCode::kDataLoss, "");
  server_.on_batch = nullptr;
  server_.on_inclusion = [](v1::InclusionProof& proof) {
    if (!proof.path().empty()) proof.mutable_path()->back() ^= 1;
  };
  EXPECT_STATUS(RunAll(), absl::StatusCode::kDataLoss, "entry ");
}

TEST_F(SampleAuditTest, AStepThatFailsEndsIt) {
  client_.emplace(Pinned());
  head_ = client_->Head().value();
  SampleAudit audit(connection_.get(), &*client_, &*head_);
  const std::vector<uint64_t> positions = {0, 1, 2};
  EXPECT_STATUS(
      audit.Run(positions, [](uint64_t) { return absl::CancelledError("stop"); }),
      absl::StatusCode::kCancelled, "stop");
}

}  // namespace
}  // namespace setlog
