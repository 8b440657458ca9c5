// What was answered once is kept, and what contradicts it later is noticed.

#include "client/seen_versions.h"

#include "client/atomic_file.h"
#include "client/conviction.h"
#include "client/proof_file.h"
#include "evidence_samples.h"
#include "log/note.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

class SeenVersionsTest : public testing::Test {
 protected:
  SeenVersionsTest()
      : state_(StateDirectory::Open(dir_.path() + "/home").value()),
        seen_(&state_, "example.org/a") {}

  VersionProof At(FakeLog& log, size_t index, std::optional<size_t> tag = {}) {
    const uint64_t size = log.size();
    VersionProof proof{log.NoteAt(size), log.Prove(0, size),
                       log.Prove(log.indexes()[index], size), std::nullopt};
    if (tag) proof.tag = log.Prove(log.tags()[*tag], size);
    return proof;
  }

  absl::Status Keep(const VersionProof& version,
                    const std::optional<std::string>& tag) {
    return seen_.Keep(version, tag, honest_.log.key());
  }

  TempDir dir_;
  StateDirectory state_;
  SeenVersions seen_;
  HonestLog honest_;
};

TEST_F(SeenVersionsTest, TheNewestVersionAndTheFirstAnswerForATagAreKept) {
  EXPECT_TRUE(seen_.Load("v1")->empty());
  const VersionProof second = At(honest_.log, 1);
  const VersionProof third = At(honest_.log, 2);
  const VersionProof tagged = At(honest_.log, 1, 0);
  ASSERT_OK(Keep(third, {}));
  ASSERT_OK(Keep(second, {}));  // older
  EXPECT_EQ(seen_.Load({}).value(), std::vector{third});
  ASSERT_OK(Keep(tagged, "v1"));
  ASSERT_OK(Keep(At(honest_.log, 2, 1), "v1"));
  EXPECT_EQ(seen_.Load("v1").value(), (std::vector{third, tagged}));
  EXPECT_EQ(seen_.Load("v2").value(), std::vector{third});
  // Another log's are others.
  EXPECT_TRUE(SeenVersions(&state_, "example.org/b").Load("v1")->empty());
}

TEST_F(SeenVersionsTest, ADamagedFileIsRefusedAndNamed) {
  ASSERT_OK(Keep(At(honest_.log, 1), {}));
  const std::string path = state_.SeenFile("example.org/a", "");
  ASSERT_OK(ReplaceFile(path, "{}", 0600));
  EXPECT_STATUS(seen_.Load({}), absl::StatusCode::kDataLoss, path);
  // Nor is it overwritten by what comes next.
  EXPECT_STATUS(Keep(At(honest_.log, 2), {}), absl::StatusCode::kDataLoss, path);
  EXPECT_EQ(ReadSmallFile(path, 100).value(), "{}");
}

TEST_F(SeenVersionsTest, ADamagedAnswerForATagIsRefusedAndNamed) {
  ASSERT_OK(Keep(At(honest_.log, 1, 0), "v1"));
  const std::string path = state_.SeenFile("example.org/a", "v1");
  ASSERT_OK(ReplaceFile(path, "{}", 0600));
  EXPECT_OK(seen_.Load({}));
  EXPECT_STATUS(seen_.Load("v1"), absl::StatusCode::kDataLoss, path);
  EXPECT_STATUS(Keep(At(honest_.log, 1, 0), "v1"), absl::StatusCode::kDataLoss, path);
  EXPECT_EQ(ReadSmallFile(path, 100).value(), "{}");
}

TEST_F(SeenVersionsTest, AFileThatCannotBeReadIsNotTakenForNone) {
  std::filesystem::create_directory(state_.SeenFile("example.org/a", ""));
  EXPECT_FALSE(seen_.Load({}).ok());
}

TEST_F(SeenVersionsTest, AHeadThatIsNoNoteIsNotKept) {
  VersionProof version = At(honest_.log, 1);
  version.checkpoint = "rubbish";
  EXPECT_STATUS(Keep(version, {}), absl::StatusCode::kInvalidArgument, "");
  EXPECT_TRUE(seen_.Load({})->empty());
}

// Lines of keys that nobody knows are no reason for a file that is never read again.
TEST_F(SeenVersionsTest, OfANoteTheLogsOwnSignatureIsKept) {
  const VersionProof plain = At(honest_.log, 1);
  VersionProof crowded = plain;
  Note note = ParseNote(plain.checkpoint).value();
  const NoteSignature own = note.signatures.front();
  note.signatures.clear();
  for (uint32_t id = 0; id < 10; ++id) {
    note.signatures.push_back({std::string(100'000, '<'), id, "x"});
  }
  note.signatures.push_back(own);
  crowded.checkpoint = FormatNote(note);
  ASSERT_OK(ParseNote(crowded.checkpoint));
  ASSERT_OK(Keep(crowded, "v1"));
  EXPECT_EQ(seen_.Load("v1").value(), (std::vector{plain, plain}));
  const VerifierKey other = FakeLog(ManifestFor("example.org/a"), "other").key();
  EXPECT_STATUS(seen_.Keep(crowded, {}, other), absl::StatusCode::kInvalidArgument,
                "did not sign");
}

TEST_F(SeenVersionsTest, WhatCouldNotBeReadAgainIsNotWritten) {
  VersionProof huge = At(honest_.log, 1);
  huge.manifest.entry.resize(kMaxProofFileBytes);
  EXPECT_STATUS(Keep(huge, {}), absl::StatusCode::kDataLoss, "too large");
  EXPECT_TRUE(seen_.Load({})->empty());
}

TEST_F(SeenVersionsTest, TwoTrueAnswersNeverContradictEachOther) {
  for (size_t i = 0; i < honest_.log.indexes().size(); ++i) {
    for (size_t j = 0; j < honest_.log.indexes().size(); ++j) {
      for (size_t tag : {0, 1}) {
        EXPECT_TRUE(
            ContradictionsIn(At(honest_.log, i, tag), At(honest_.log, j, 0)).empty());
      }
    }
  }
}

TEST_F(SeenVersionsTest, WhatIsNoEvidenceAccusesNobody) {
  // A false head says anything; it is signed by another key.
  FakeLog other(ManifestFor("example.org/a"), "other");
  const std::vector<Evidence> candidates =
      ContradictionsIn(At(other, 0), At(honest_.log, 2));
  EXPECT_FALSE(Convict(state_, honest_.trust(), candidates).has_value());
  LyingLog liar;
  const auto found = Convict(state_, liar.trust(), liar.RealEvidence());
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->path.ends_with(".evidence"));
}

}  // namespace
}  // namespace setlog
