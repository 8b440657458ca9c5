#include "log/witness_request.h"

#include "golden_notes.h"
#include "gtest/gtest.h"
#include "log/base64.h"
#include "log/cosignature.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
const std::string kProof3To7 =
    "BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=\n"
    "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=\n"
    "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=\n"
    "5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=\n";
const std::string kBody = "old 3\n" + kProof3To7 + "\n" + kNote7;

TEST(WitnessRequestTest, IsWhatAnotherImplementationWrites) {
  const absl::StatusOr<AddCheckpoint> request = ParseAddCheckpoint(kBody);
  ASSERT_OK(request);
  EXPECT_EQ(request->old_size, 3u);
  ASSERT_EQ(request->proof.size(), 4u);
  EXPECT_EQ(ToBase64(request->proof[0]), kProof3To7.substr(0, 44));
  EXPECT_EQ(request->note, kNote7);
  EXPECT_EQ(*FormatAddCheckpoint(*request), kBody);
}

TEST(WitnessRequestTest, FirstContactHasNoProof) {
  EXPECT_EQ(*FormatAddCheckpoint({0, {}, kNote7}), "old 0\n\n" + kNote7);
}

TEST(WitnessRequestTest, WhatIsSentEndsInACheckpoint) {
  EXPECT_STATUS(FormatAddCheckpoint({0, {}, kText7}), kInvalid, "blank line");
  EXPECT_STATUS(FormatAddCheckpoint({0, {}, "x\n\n" + kLogLine7}), kInvalid,
                "three lines");
}

TEST(WitnessRequestTest, WhatParsesIsWrittenTheSameWay) {
  for (size_t i = 0; i < kBody.size(); ++i) {
    for (int flip : {1, 2, 0x20, 0x80}) {
      std::string body = kBody;
      body[i] = static_cast<char>(body[i] ^ flip);
      const absl::StatusOr<AddCheckpoint> request = ParseAddCheckpoint(body);
      if (request.ok()) {
        EXPECT_EQ(*FormatAddCheckpoint(*request), body) << "byte " << i;
      } else {
        EXPECT_STATUS(request, kInvalid, "");
      }
    }
    EXPECT_STATUS(ParseAddCheckpoint(kBody.substr(0, i)), kInvalid, "");
  }
}

TEST(WitnessRequestTest, OtherFormsAreRefused) {
  for (const std::string head :
       {"old 03\n\n", "old -1\n\n", "old 18446744073709551616\n\n", "Old 3\n\n",
        "old 3 \n\n", "old\n\n", "\nold 3\n\n", "old 3\r\n\n", "old 3\nAAAA\n\n"}) {
    EXPECT_STATUS(ParseAddCheckpoint(head + kNote7), kInvalid, "");
  }
}

TEST(WitnessRequestTest, AProofHasAtMost63Hashes) {
  AddCheckpoint request{1, std::vector<Hash>(63), kNote7};
  const absl::StatusOr<std::string> body = FormatAddCheckpoint(request);
  ASSERT_OK(body);
  EXPECT_OK(ParseAddCheckpoint(*body));
  request.proof.emplace_back();
  EXPECT_STATUS(FormatAddCheckpoint(request), kInvalid, "at most 63");
  const std::string longer = "old 1\n" + ToBase64(Hash()) + body->substr(5);
  EXPECT_STATUS(ParseAddCheckpoint(longer), kInvalid, "at most 63");
}

TEST(TreeSizeTest, IsReadFromItsMediaTypeAlone) {
  EXPECT_EQ(FormatTreeSize(7), "7\n");
  EXPECT_EQ(ParseTreeSize("text/x.tlog.size", "7\n"), 7u);
  EXPECT_EQ(ParseTreeSize("Text/X.tlog.size ; charset=utf-8", "7"), 7u);
  EXPECT_EQ(ParseTreeSize("text/plain", "7\n"), std::nullopt);
  EXPECT_EQ(ParseTreeSize("", "7\n"), std::nullopt);
  for (const char* body : {"", "\n", "07\n", "7\n\n", " 7\n", "seven\n", "-7\n"}) {
    EXPECT_EQ(ParseTreeSize("text/x.tlog.size", body), std::nullopt) << body;
  }
}

TEST(ReadCosignatureTest, FindsTheWitnessAmongOthers) {
  const std::string other =
      FormatSignatureLine(*SignCosignature(kText7, KeyOfByte("w.test/other", 3), 5));
  for (const std::string& reply :
       {kWitnessLine7, other + kWitnessLine7, kWitnessLine7 + other}) {
    const absl::StatusOr<WitnessCosignature> read =
        ReadCosignature(kText7, reply, Vkey(kWitnessVkey));
    ASSERT_OK(read);
    EXPECT_EQ(read->time_s, kCosignedAt);
    EXPECT_EQ(FormatSignatureLine(read->line), kWitnessLine7);
  }
  EXPECT_STATUS(ReadCosignature(kText7, other, Vkey(kWitnessVkey)),
                absl::StatusCode::kNotFound, "not cosigned");
}

TEST(ReadCosignatureTest, AnyChangedOrMissingByteIsRefused) {
  for (size_t i = 0; i < kWitnessLine7.size(); ++i) {
    std::string reply = kWitnessLine7;
    reply[i] = static_cast<char>(reply[i] ^ 1);
    EXPECT_FALSE(ReadCosignature(kText7, reply, Vkey(kWitnessVkey)).ok()) << i;
    EXPECT_STATUS(
        ReadCosignature(kText7, kWitnessLine7.substr(0, i), Vkey(kWitnessVkey)),
        kInvalid, "line");
  }
}

TEST(ReadCosignatureTest, OfAnotherCheckpointOrWithoutTimeIsRefused) {
  const std::string text8 = "example.com/dataset-log\n8\n" + kText7.substr(26);
  EXPECT_STATUS(ReadCosignature(text8, kWitnessLine7, Vkey(kWitnessVkey)),
                absl::StatusCode::kDataLoss, "is wrong");

  NoteSignature timeless = *SignCosignature(kText7, WitnessKey(), 1);
  timeless.signature.replace(0, 8, std::string(8, '\0'));
  EXPECT_STATUS(
      ReadCosignature(kText7, FormatSignatureLine(timeless), Vkey(kWitnessVkey)),
      absl::StatusCode::kDataLoss, "no time");
}

TEST(ReadCosignatureTest, RepliesThatAreNoSignatureLinesAreMalformed) {
  for (const std::string& reply :
       {std::string(), std::string("\n"), "\n" + kWitnessLine7, kWitnessLine7 + "\n",
        std::string("<html>no</html>\n"), kNote7, kWitnessLine7 + "x\n"}) {
    EXPECT_STATUS(ReadCosignature(kText7, reply, Vkey(kWitnessVkey)), kInvalid, "");
  }
}

}  // namespace
}  // namespace setlog
