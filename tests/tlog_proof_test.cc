#include "log/tlog_proof.h"

#include "golden_notes.h"
#include "log/base64.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"
#include "log/note.h"
#include "log/sha256.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kHash[] = "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=\n";

TEST(TlogProofTest, MatchesAnotherProgramByteForByte) {
  const absl::StatusOr<TlogProof> proof = ParseTlogProof(kTlogProof2Of7);
  ASSERT_OK(proof);
  EXPECT_EQ(proof->extra, "demo");
  EXPECT_EQ(proof->index, 2);
  ASSERT_EQ(proof->path.size(), 3);
  EXPECT_EQ(ToBase64(proof->path[0]) + "\n", kHash);
  EXPECT_EQ(proof->checkpoint, kNote7 + kWitnessLine7);
  ASSERT_OK(FormatTlogProof(*proof));
  EXPECT_EQ(*FormatTlogProof(*proof), kTlogProof2Of7);
}

TEST(TlogProofTest, ItsPathLeadsFromTheEntryToTheRoot) {
  const TlogProof proof = *ParseTlogProof(kTlogProof2Of7);
  const auto node = [](const Hash& left, const Hash& right) {
    return Sha256({AsBytes("\x01"), left, right});
  };
  const Hash leaf = Sha256({AsBytes(std::string_view("\0", 1)), AsBytes("entry-2")});
  const Hash pair = node(leaf, proof.path[0]);
  EXPECT_EQ(node(node(proof.path[1], pair), proof.path[2]), HashOf(kRoot7));
}

TEST(TlogProofTest, WhatParsesFormatsToTheSameBytes) {
  for (const std::string& mutant : Mutants(kTlogProof2Of7)) {
    const absl::StatusOr<TlogProof> proof = ParseTlogProof(mutant);
    if (!proof.ok()) continue;
    EXPECT_EQ(FormatTlogProof(*proof).value(), mutant);
    EXPECT_NE(*proof, *ParseTlogProof(kTlogProof2Of7));
  }
}

TEST(TlogProofTest, ExtraAndPathMayBeAbsent) {
  const std::string text = "c2sp.org/tlog-proof@v1\nindex 0\n\n" + kNote7;
  const absl::StatusOr<TlogProof> proof = ParseTlogProof(text);
  ASSERT_OK(proof);
  EXPECT_EQ(*proof, (TlogProof{"", 0, {}, kNote7}));
  EXPECT_EQ(FormatTlogProof(*proof).value(), text);
}

TEST(TlogProofTest, RefusesMalformedText) {
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  const std::string rest = kHash + std::string("\n") + kNote7;
  ASSERT_OK(ParseTlogProof(first + "index 2\n" + rest));
  EXPECT_STATUS(ParseTlogProof(""), kInvalid, "first line");
  EXPECT_STATUS(ParseTlogProof("c2sp.org/tlog-proof@v2\nindex 2\n" + rest), kInvalid,
                "first line");
  EXPECT_STATUS(ParseTlogProof(first + rest), kInvalid, "index line");
  EXPECT_STATUS(ParseTlogProof(first + "index 02\n" + rest), kInvalid, "the index");
  EXPECT_STATUS(ParseTlogProof(first + "index  2\n" + rest), kInvalid, "the index");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\r\n" + rest), kInvalid, "the index");
  EXPECT_STATUS(ParseTlogProof(first + "index 18446744073709551616\n" + rest), kInvalid,
                "the index");
  EXPECT_STATUS(ParseTlogProof(first + "extra \nindex 2\n" + rest), kInvalid, "extra");
  EXPECT_STATUS(ParseTlogProof(first + "extra Zg\nindex 2\n" + rest), kInvalid,
                "extra");
  EXPECT_STATUS(ParseTlogProof(first + "extra Zg==\nextra Zg==\nindex 2\n" + rest),
                kInvalid, "index line");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\nextra Zg==\n" + rest), kInvalid,
                "path");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\nAAAA\n" + rest), kInvalid, "path");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\n" + kHash), kInvalid, "blank line");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\n\n\n" + kNote7), kInvalid, "");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\n\n"), kInvalid, "blank line");
  EXPECT_STATUS(ParseTlogProof(first + "index 2\n\nhello\n\n" + kLogLine7), kInvalid,
                "three lines");
}

// As witnesses add them: several cosignatures, lines of unknown keys and types.
TEST(TlogProofTest, TheNoteKeepsEveryLineThatOthersAdded) {
  std::string text = kTlogProof2Of7;
  Note note = *ParseNote(kNote7 + kWitnessLine7);
  note.signatures.push_back({"w6.test", 6, std::string(2428, 's')});
  note.signatures.push_back({"w9.test", 9, "x"});
  note.signatures.push_back(*SignCosignature(note.text, WitnessKey(), 5));
  text.resize(text.size() - kNote7.size() - kWitnessLine7.size());
  text += FormatNote(note);
  const absl::StatusOr<TlogProof> proof = ParseTlogProof(text);
  ASSERT_OK(proof);
  EXPECT_EQ(proof->extra, "demo");
  EXPECT_EQ(proof->checkpoint, FormatNote(note));
  EXPECT_EQ(FormatTlogProof(*proof).value(), text);
  EXPECT_OK(OpenCheckpoint(proof->checkpoint, Vkey(kLogVkey)));
  EXPECT_EQ(
      VerifyCosignature(*ParseNote(proof->checkpoint), Vkey(kWitnessVkey)).value(),
      kCosignedAt);
}

TEST(TlogProofTest, APathHasAtMost64Hashes) {
  TlogProof proof{"", 1, std::vector<Hash>(64), kNote7};
  ASSERT_OK(FormatTlogProof(proof));
  EXPECT_EQ(*ParseTlogProof(*FormatTlogProof(proof)), proof);
  proof.path.emplace_back();
  EXPECT_STATUS(FormatTlogProof(proof), kInvalid, "too long");
}

TEST(TlogProofTest, IsCapped) {
  const TlogProof proof{std::string(kMaxTlogProofBytes, 'x'), 1, {}, kNote7};
  EXPECT_STATUS(FormatTlogProof(proof), kInvalid, "2 MiB");
}

}  // namespace
}  // namespace setlog
