#include "log/note.h"

#include "golden_notes.h"
#include "log/base64.h"
#include "log/note_text.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string Line(const std::string& name, const std::string& blob) {
  return "\xE2\x80\x94 " + name + " " + ToBase64(AsBytes(blob)) + "\n";
}

TEST(NoteTest, ReadsWhatAnotherProgramSigned) {
  const absl::StatusOr<Note> note = ParseNote(kNote7 + kWitnessLine7);
  ASSERT_OK(note);
  EXPECT_EQ(note->text, kText7);
  ASSERT_EQ(note->signatures.size(), 2);
  EXPECT_EQ(note->signatures[0].key_name, kLogName);
  EXPECT_EQ(note->signatures[0].key_id, 0xa87f1415);
  EXPECT_EQ(note->signatures[0].signature.size(), 64);
  EXPECT_EQ(note->signatures[1].signature.size(), 72);
  EXPECT_OK(VerifyNote(*note, Vkey(kLogVkey)));
  EXPECT_EQ(FormatNote(*note), kNote7 + kWitnessLine7);
}

TEST(NoteTest, WritesWhatAnotherProgramSigned) {
  const absl::StatusOr<NoteSignature> signature = SignNote(kText7, LogKey());
  ASSERT_OK(signature);
  EXPECT_EQ(FormatSignatureLine(*signature), kLogLine7);
  EXPECT_EQ(FormatNote({kText7, {*signature}}), kNote7);
}

TEST(NoteTest, NoSmallDamageVerifies) {
  ASSERT_OK(VerifyNote(*ParseNote(kNote7), Vkey(kLogVkey)));
  for (const std::string& mutant : Mutants(kNote7)) {
    const absl::StatusOr<Note> note = ParseNote(mutant);
    if (!note.ok()) continue;
    EXPECT_EQ(FormatNote(*note), mutant);
    EXPECT_FALSE(VerifyNote(*note, Vkey(kLogVkey)).ok()) << mutant;
  }
}

TEST(NoteTest, TextEndsAtTheLastBlankLine) {
  const std::string line = Line("a", "ID..s");
  EXPECT_EQ(ParseNote("\n\n" + line)->text, "\n");
  EXPECT_EQ(ParseNote("a\n\nb\n\n" + line)->text, "a\n\nb\n");
  EXPECT_EQ(ParseNote("a\n\n\n" + line)->text, "a\n\n");
  EXPECT_EQ(ParseNote("a\n\n" + line + "\n" + line)->text, "a\n\n" + line);
}

TEST(NoteTest, RefusesMalformedNotes) {
  const std::string line = Line("a", "ID..s");
  ASSERT_OK(ParseNote("a\n\n" + line));
  EXPECT_STATUS(ParseNote(""), kInvalid, "blank line");
  EXPECT_STATUS(ParseNote("a\n" + line), kInvalid, "blank line");
  EXPECT_STATUS(ParseNote("a\n\n"), kInvalid, "no signature line");
  EXPECT_STATUS(ParseNote("a\n\n" + line + "\n"), kInvalid, "no signature line");
  EXPECT_STATUS(ParseNote("a\n\n" + line + "x"), kInvalid, "no line feed");
  EXPECT_STATUS(ParseNote("a\n\n" + line + "x\n"), kInvalid, "em dash");
  EXPECT_STATUS(ParseNote("a\n\n- a SUQuLnM=\n"), kInvalid, "em dash");
  EXPECT_STATUS(ParseNote("a\n\n— a\n"), kInvalid, "no signature");
  EXPECT_STATUS(ParseNote("a\n\n—  SUQuLnM=\n"), kInvalid, "key name is empty");
  EXPECT_STATUS(ParseNote("a\n\n— a  SUQuLnM=\n"), kInvalid, "base64");
  EXPECT_STATUS(ParseNote("a\n\n— a SUQuLnM= \n"), kInvalid, "base64");
  EXPECT_STATUS(ParseNote("a\n\n— a SUQuLnM\n"), kInvalid, "base64");
  EXPECT_STATUS(ParseNote("a\n\n— a+ SUQuLnM=\n"), kInvalid, "'+'");
  EXPECT_STATUS(ParseNote("a\n\n" + Line("a", "ID..")), kInvalid, "key ID");
  EXPECT_STATUS(ParseNote("a\r\n\n" + line), kInvalid, "control character 0x0d");
  EXPECT_STATUS(ParseNote("a\t\n\n" + line), kInvalid, "control character 0x09");
  EXPECT_STATUS(ParseNote(std::string("\0\n\n", 3) + line), kInvalid, "0x00 at byte 0");
}

TEST(NoteTest, TextIsValidUtf8) {
  for (const std::string text : {"\x7F", "\xC2\x80", "\xEF\xBF\xBD", "\xEF\xBF\xBE",
                                 "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_OK(CheckNoteText(text)) << ToHex(AsBytes(text));
  }
  for (const std::string text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x80\x80", "\xE2\x80",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xFF"}) {
    EXPECT_STATUS(CheckNoteText("ok" + text), kInvalid, "no UTF-8 at byte 2");
  }
}

TEST(NoteTest, CarriesHundredsOfSignaturesOfAnyLengthUpToTheCap) {
  Note note{"text\n", {}};
  for (int i = 0; i < 200; ++i) {
    note.signatures.push_back({"w" + std::to_string(i), 7, std::string(2432, 's')});
  }
  const std::string bytes = FormatNote(note);
  ASSERT_OK(ParseNote(bytes));
  EXPECT_EQ(*ParseNote(bytes), note);
  const std::string line = Line("a", "ID..s");
  const std::string longest(kMaxNoteBytes - 2 - line.size(), 'x');
  EXPECT_OK(ParseNote(longest + "\n\n" + line));
  EXPECT_STATUS(ParseNote(longest + "x\n\n" + line), kInvalid, "at most 1048576 bytes");
}

TEST(NoteTest, OnlyNameAndIdTogetherMakeAKeyKnown) {
  const std::string other_name = "— example.com/other" + kLogLine7.substr(26);
  const std::string other_id = Line(kLogName, "ID.." + std::string(64, 's'));
  const Note note = *ParseNote(kText7 + "\n" + other_name + other_id);
  EXPECT_STATUS(VerifyNote(note, Vkey(kLogVkey)), absl::StatusCode::kNotFound,
                "not signed by " + kLogVkey);
  const Note also = *ParseNote(kText7 + "\n" + other_name + other_id + kLogLine7);
  EXPECT_OK(VerifyNote(also, Vkey(kLogVkey)));
}

TEST(NoteTest, AWrongSignatureOfAKnownKeyIsDataLossWhateverItsLength) {
  for (const size_t length : {1, 63, 64, 65}) {
    const Note note{kText7, {{kLogName, 0xa87f1415, std::string(length, 's')}}};
    EXPECT_STATUS(VerifyNote(note, Vkey(kLogVkey)), absl::StatusCode::kDataLoss,
                  "wrong");
  }
}

TEST(NoteTest, OfTwoLinesOfOneKeyTheFirstCounts) {
  const std::string wrong = Line(kLogName, "\xA8\x7F\x14\x15" + std::string(64, 's'));
  EXPECT_OK(VerifyNote(*ParseNote(kNote7 + wrong), Vkey(kLogVkey)));
  EXPECT_STATUS(
      VerifyNote(*ParseNote(kText7 + "\n" + wrong + kLogLine7), Vkey(kLogVkey)),
      absl::StatusCode::kDataLoss, "wrong");
}

TEST(NoteTest, ANewLineReplacesTheOneOfItsKey) {
  const Note note = *ParseNote(kNote7);
  const NoteSignature old_line{"w", 7, "old"};
  const NoteSignature new_line{"w", 7, "new"};
  const Note twice = WithSignature(WithSignature(note, old_line), new_line);
  ASSERT_EQ(twice.signatures.size(), 2);
  EXPECT_EQ(twice.signatures[0], note.signatures[0]);
  EXPECT_EQ(twice.signatures[1], new_line);
  EXPECT_EQ(WithSignature(twice, {"w", 8, "x"}).signatures.size(), 3);
  EXPECT_EQ(WithSignature(twice, {"v", 7, "x"}).signatures.size(), 3);
}

TEST(NoteTest, SignsOnlyWhatANoteCanHold) {
  EXPECT_STATUS(SignNote("no line feed", LogKey()), kInvalid, "line feed");
  EXPECT_STATUS(SignNote("", LogKey()), kInvalid, "line feed");
  EXPECT_STATUS(SignNote("tab\t\n", LogKey()), kInvalid, "control");
}

TEST(NoteTest, ACosignersKeyVerifiesNoNote) {
  EXPECT_STATUS(VerifyNote(*ParseNote(kNote7), Vkey(kLogCosignerVkey)), kInvalid,
                "cosigner");
}

}  // namespace
}  // namespace setlog
