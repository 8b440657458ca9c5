#include "log/checkpoint.h"

#include "golden_notes.h"
#include "log/base64.h"
#include "log/cosignature.h"
#include "log/decimal.h"
#include "log/sha256.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

Checkpoint Head7() { return {kLogName, 7, HashOf(kRoot7), {}}; }

const std::string kRootLine = ToBase64(HashOf(kRoot7));

std::string Signed(const std::string& text) {
  return FormatNote({text, {SignNote(text, LogKey()).value()}});
}

TEST(CheckpointTest, MatchesOtherProgramsByteForByte) {
  const absl::StatusOr<std::string> seven = SignCheckpoint(Head7(), LogKey());
  ASSERT_OK(seven);
  EXPECT_EQ(*seven, kNote7);
  const absl::StatusOr<std::string> thousand =
      SignCheckpoint({kLogName, 1000, HashOf(kRoot1000), {}}, LogKey());
  ASSERT_OK(thousand);
  EXPECT_THAT(*thousand,
              ::testing::EndsWith("— " + kLogName + " " + kSignature1000 + "\n"));
  ASSERT_OK(OpenCheckpoint(kNote7, Vkey(kLogVkey)));
  EXPECT_EQ(*OpenCheckpoint(kNote7, Vkey(kLogVkey)), Head7());
}

// The witness's line is not the log's: damage to it may pass, but never another head.
TEST(CheckpointTest, NoSmallDamageOpensAsAnotherHead) {
  for (const std::string& mutant : Mutants(kNote7)) {
    EXPECT_FALSE(OpenCheckpoint(mutant, Vkey(kLogVkey)).ok()) << mutant;
  }
  for (const std::string& mutant : Mutants(kNote7 + kWitnessLine7)) {
    const absl::StatusOr<Checkpoint> head = OpenCheckpoint(mutant, Vkey(kLogVkey));
    if (head.ok()) {
      EXPECT_EQ(*head, Head7()) << mutant;
    }
  }
}

TEST(CheckpointTest, ParsedTextFormatsToTheSameBytes) {
  for (const std::string& text :
       {kText7, "any origin at all +\n0\n" + kRootLine + "\n",
        "o\n18446744073709551615\n" + kRootLine + "\nextension 1\nextension 2\n"}) {
    const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(text);
    ASSERT_OK(checkpoint);
    ASSERT_OK(FormatCheckpoint(*checkpoint));
    EXPECT_EQ(*FormatCheckpoint(*checkpoint), text);
  }
  for (const std::string& mutant : Mutants(kText7)) {
    const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(mutant);
    if (!checkpoint.ok()) continue;
    EXPECT_EQ(FormatCheckpoint(*checkpoint).value(), mutant);
  }
}

TEST(CheckpointTest, RefusesMalformedText) {
  const std::string root = kRootLine + "\n";
  EXPECT_STATUS(ParseCheckpoint(""), kInvalid, "three lines");
  EXPECT_STATUS(ParseCheckpoint("o\n7\n"), kInvalid, "three lines");
  EXPECT_STATUS(ParseCheckpoint("o\n7\n" + kRootLine), kInvalid, "three lines");
  EXPECT_STATUS(ParseCheckpoint("o\n7\n" + root + "ext"), kInvalid, "three lines");
  EXPECT_STATUS(ParseCheckpoint("\n7\n" + root), kInvalid, "empty line");
  EXPECT_STATUS(ParseCheckpoint("o\n7\n" + root + "\n"), kInvalid, "empty line");
  EXPECT_STATUS(ParseCheckpoint("o\n7\n" + root + "\next\n"), kInvalid, "empty line");
  EXPECT_STATUS(ParseCheckpoint("o\r\n7\n" + root), kInvalid, "control");
  for (const std::string size :
       {"07", "00", "+7", "-7", " 7", "7 ", "0x7", "7.0", "18446744073709551616",
        "99999999999999999999999", "seven"}) {
    EXPECT_STATUS(ParseCheckpoint("o\n" + size + "\n" + root), kInvalid, "the size");
  }
  for (const std::string bad :
       {"AAAA", "x", "kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0"}) {
    EXPECT_STATUS(ParseCheckpoint("o\n7\n" + bad + "\n"), kInvalid, "the root");
  }
}

TEST(CheckpointTest, FormatsOnlyWhatParsesBack) {
  Checkpoint head = Head7();
  head.origin = "a\nb";
  EXPECT_FALSE(FormatCheckpoint(head).ok());
  head.origin = "a\n1\n" + kRootLine;  // parses, as another checkpoint
  EXPECT_STATUS(FormatCheckpoint(head), kInvalid, "line feed");
  head = Head7();
  head.extensions = {""};
  EXPECT_STATUS(FormatCheckpoint(head), kInvalid, "empty line");
  EXPECT_STATUS(SignCheckpoint(head, LogKey()), kInvalid, "empty line");
  head.extensions = {"a\nb"};
  EXPECT_STATUS(FormatCheckpoint(head), kInvalid, "line feed");
  EXPECT_STATUS(SignCheckpoint(head, LogKey()), kInvalid, "line feed");
}

TEST(CheckpointTest, AKeySpeaksOnlyForTheOriginOfItsName) {
  Checkpoint head = Head7();
  head.origin = "example.com/other";
  EXPECT_STATUS(SignCheckpoint(head, LogKey()), kInvalid, "may not sign");
  EXPECT_STATUS(OpenCheckpoint(Signed(*FormatCheckpoint(head)), Vkey(kLogVkey)),
                kDataLoss, "whose origin is example.com/other");
}

TEST(CheckpointTest, AnotherKeyIsNotFound) {
  const SigningKey other = KeyOfByte(kLogName, 1);
  EXPECT_STATUS(OpenCheckpoint(kNote7, other.Verifier(SignatureType::kEd25519)),
                absl::StatusCode::kNotFound, "not signed by");
}

TEST(CheckpointTest, TheEmptyTreeHasTheRootOfNothing) {
  const Checkpoint empty{kLogName, 0, Sha256(Bytes()), {}};
  ASSERT_OK(SignCheckpoint(empty, LogKey()));
  EXPECT_EQ(*OpenCheckpoint(*SignCheckpoint(empty, LogKey()), Vkey(kLogVkey)), empty);
  const Checkpoint wrong{kLogName, 0, HashOf(kRoot7), {}};
  EXPECT_STATUS(SignCheckpoint(wrong, LogKey()), kInvalid, "empty tree");
  EXPECT_STATUS(OpenCheckpoint(Signed(*FormatCheckpoint(wrong)), Vkey(kLogVkey)),
                kDataLoss, "size 0");
}

TEST(CheckpointTest, ASignedNoteThatIsNoCheckpointDoesNotOpen) {
  EXPECT_STATUS(OpenCheckpoint(Signed("hello\n"), Vkey(kLogVkey)), kInvalid,
                "three lines");
}

TEST(CosignatureTest, MatchesAnotherProgramByteForByte) {
  const absl::StatusOr<NoteSignature> line =
      SignCosignature(kText7, WitnessKey(), kCosignedAt);
  ASSERT_OK(line);
  EXPECT_EQ(FormatSignatureLine(*line), kWitnessLine7);
  const absl::StatusOr<uint64_t> time_s =
      VerifyCosignature(*ParseNote(kNote7 + kWitnessLine7), Vkey(kWitnessVkey));
  ASSERT_OK(time_s);
  EXPECT_EQ(*time_s, kCosignedAt);
}

TEST(CosignatureTest, NoSmallDamageVerifies) {
  for (const std::string& mutant : Mutants(kText7 + "\n" + kWitnessLine7)) {
    const absl::StatusOr<Note> note = ParseNote(mutant);
    if (!note.ok()) continue;
    EXPECT_FALSE(VerifyCosignature(*note, Vkey(kWitnessVkey)).ok()) << mutant;
  }
}

TEST(CosignatureTest, TimeZeroParsesButIsNeverAccepted) {
  const std::string message = "cosignature/v1\ntime 0\n" + kText7;
  const std::string blob = std::string(8, '\0') +
                           std::string(AsText(WitnessKey().key.Sign(AsBytes(message))));
  ASSERT_OK(ParseCosignature(AsBytes(blob)));
  EXPECT_EQ(ParseCosignature(AsBytes(blob))->time_s, 0);
  const Note note{kText7, {{"witness.test/w1", 0x00b85718, blob}}};
  EXPECT_STATUS(VerifyCosignature(note, Vkey(kWitnessVkey)), kDataLoss, "no time");
  EXPECT_STATUS(SignCosignature(kText7, WitnessKey(), 0), kInvalid, "[1, 2^63)");
}

TEST(CosignatureTest, TimeFitsIn63Bits) {
  const Note note{kText7,
                  {*SignCosignature(kText7, WitnessKey(), kMaxCosignatureTime)}};
  const absl::StatusOr<uint64_t> time_s = VerifyCosignature(note, Vkey(kWitnessVkey));
  ASSERT_OK(time_s);
  EXPECT_EQ(*time_s, kMaxCosignatureTime);
  EXPECT_STATUS(SignCosignature(kText7, WitnessKey(), kMaxCosignatureTime + 1),
                kInvalid, "2^63");
  // Signed all the same, by a witness that does not look.
  const std::string message = "cosignature/v1\ntime 9223372036854775808\n" + kText7;
  const std::string blob = "\x80" + std::string(7, '\0') +
                           std::string(AsText(WitnessKey().key.Sign(AsBytes(message))));
  EXPECT_STATUS(ParseCosignature(AsBytes(blob)), kInvalid, "2^63");
  const Note later{kText7, {{"witness.test/w1", 0x00b85718, blob}}};
  EXPECT_STATUS(VerifyCosignature(later, Vkey(kWitnessVkey)), kDataLoss, "2^63");
}

TEST(CosignatureTest, TheSignatureBindsTheTime) {
  NoteSignature line = *SignCosignature(kText7, WitnessKey(), kCosignedAt);
  line.signature[7] ^= 1;
  EXPECT_STATUS(VerifyCosignature({kText7, {line}}, Vkey(kWitnessVkey)), kDataLoss,
                "wrong");
}

TEST(CosignatureTest, CoversExtensionLines) {
  const std::string text = kText7 + "extension\n";
  const NoteSignature line = *SignCosignature(text, WitnessKey(), 5);
  EXPECT_OK(VerifyCosignature({text, {line}}, Vkey(kWitnessVkey)));
  EXPECT_STATUS(VerifyCosignature({kText7, {line}}, Vkey(kWitnessVkey)), kDataLoss, "");
}

TEST(CosignatureTest, SignsOnlyCheckpoints) {
  EXPECT_STATUS(SignCosignature("hello\n", WitnessKey(), 5), kInvalid, "three lines");
}

TEST(CosignatureTest, HasExactly72Bytes) {
  for (const size_t length : {0, 8, 64, 71, 73, 2428}) {
    const std::string blob(length, '\1');
    EXPECT_STATUS(ParseCosignature(AsBytes(blob)), kInvalid, "72 bytes");
  }
}

TEST(CosignatureTest, OtherKeysAreNotFoundAndLogKeysDoNotCosign) {
  EXPECT_STATUS(VerifyCosignature(*ParseNote(kNote7), Vkey(kWitnessVkey)),
                absl::StatusCode::kNotFound, "not cosigned by");
  EXPECT_STATUS(VerifyCosignature(*ParseNote(kNote7), Vkey(kLogVkey)), kInvalid,
                "not a cosigner's key");
}

TEST(DecimalTest, ANumberHasOneSpelling) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{7}, uint64_t{10}, ~uint64_t{0}}) {
    EXPECT_EQ(ParseDecimal(std::to_string(value)), value);
  }
  for (const std::string text : {"", "00", "01", "-0", "+1", " 1", "1 ", "1e3", "0x1",
                                 "18446744073709551616", "1,000"}) {
    EXPECT_EQ(ParseDecimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace setlog
