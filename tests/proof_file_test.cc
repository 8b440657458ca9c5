#include "client/proof_file.h"

#include "fakes/fake_server.h"
#include "log/jcs.h"
#include "log/json.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using nlohmann::json;

// A log in which HashN(1) is present, HashN(2) removed and HashN(3) never was.
class ProofFileTest : public testing::Test {
 protected:
  ProofFileTest() : log_(ManifestFor("example.org/a")) {
    for (uint64_t i : {1, 2, 4, 5, 6}) log_.Add(HashN(i));
    log_.Remove(HashN(2));
    log_.Index();
    log_.Tag("v1");
  }

  ProofFile FileFor(const Hash& record, bool with_tag) {
    const uint64_t size = log_.size();
    const uint64_t index = *log_.IndexBelow(size);
    const uint64_t m = log_.IndexAt(index).m;
    ProofFile file{{log_.NoteAt(size), log_.Prove(0, size), log_.Prove(index, size)},
                   {record, log_.Lookup(record, m)}};
    if (with_tag) file.version.tag = log_.Prove(log_.tags()[0], size);
    for (const SetEvent& event : log_.Events(record, m)) {
      (event.add ? file.answer.added : file.answer.removed) =
          log_.Prove(event.position, size);
    }
    return file;
  }
  std::vector<ProofFile> AllFiles() {
    return {FileFor(HashN(1), true), FileFor(HashN(2), false),
            FileFor(HashN(3), false)};
  }
  absl::StatusOr<Answer> Verify(const ProofFile& file) {
    const absl::StatusOr<Version> version =
        VerifyVersion(file.version, {.log_key = log_.key()}, {});
    if (!version.ok()) return version.status();
    return VerifyAnswer(*version, file.answer);
  }

  FakeLog log_;
};

std::string Canonical(std::string_view text) {
  return CanonicalJson(ParseJson(text).value());
}

TEST_F(ProofFileTest, BothFormsOfEveryVerdictComeBackAndVerify) {
  for (const ProofFile& file : AllFiles()) {
    ASSERT_OK(Verify(file));
    for (const std::string& bytes :
         {FormatProofFile(file), FormatBinaryProofFile(file)}) {
      const absl::StatusOr<ProofFile> parsed = ParseProofFile(bytes);
      ASSERT_OK(parsed);
      EXPECT_EQ(*parsed, file);
    }
  }
}

TEST_F(ProofFileTest, TheJsonFormIsReadableAndEndsInOneLineFeed) {
  const std::string text = FormatProofFile(FileFor(HashN(1), true));
  EXPECT_EQ(text.substr(0, 2), "{\n");
  EXPECT_EQ(text.substr(text.size() - 3), "\n}\n");
  const json value = json::parse(text);
  EXPECT_TRUE(
      value["checkpoint"].get<std::string>().starts_with("example.org/a\n10\n"));
  EXPECT_EQ(value["index"]["position"], "8");
  EXPECT_EQ(value["lookup"]["count"], "4");
}

TEST_F(ProofFileTest, WhiteSpaceBetweenTokensMeansNothing) {
  const ProofFile file = FileFor(HashN(1), true);
  const std::string text = FormatProofFile(file);
  for (const std::string& same : {json::parse(text).dump(), json::parse(text).dump(7),
                                  " \r\n\t" + text, text.substr(0, text.size() - 1)}) {
    const absl::StatusOr<ProofFile> parsed = ParseProofFile(same);
    ASSERT_OK(parsed);
    EXPECT_EQ(*parsed, file);
  }
}

TEST_F(ProofFileTest, ADamagedJsonFormIsRefusedOrSaysExactlyWhatItSays) {
  const std::string text = json::parse(FormatProofFile(FileFor(HashN(1), true))).dump();
  int accepted = 0;
  for (const std::string& mutant : Mutants(text)) {
    const absl::StatusOr<ProofFile> parsed = ParseProofFile(mutant);
    if (!parsed.ok()) {
      ASSERT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << mutant;
      continue;
    }
    ++accepted;
    ASSERT_EQ(Canonical(FormatProofFile(*parsed)), Canonical(mutant));
    // The file is one of PRESENT, which no other bytes can say.
    ASSERT_EQ(Verify(*parsed).ok(), Canonical(mutant) == Canonical(text));
  }
  // Most letters of base64 may be changed to others.
  EXPECT_GT(accepted, 0);
}

TEST_F(ProofFileTest, EveryTruncationIsRefused) {
  const ProofFile file = FileFor(HashN(2), false);
  std::string text = FormatProofFile(file);
  text.pop_back();  // the line feed may go
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_STATUS(ParseProofFile(text.substr(0, size)), StatusCode::kInvalidArgument,
                  "not a proof file");
  }
}

TEST_F(ProofFileTest, ADamagedBinaryFormIsRefusedOrIsTheFormOfItsMessage) {
  for (const ProofFile& file : AllFiles()) {
    const std::string bytes = FormatBinaryProofFile(file);
    int still_verify = 0;
    for (const std::string& mutant : Mutants(bytes)) {
      const absl::StatusOr<ProofFile> parsed = ParseProofFile(mutant);
      if (!parsed.ok()) continue;
      ASSERT_EQ(FormatBinaryProofFile(*parsed), mutant);
      const absl::StatusOr<Answer> answer = Verify(*parsed);
      if (!answer.ok()) continue;
      // Then it says something else that is true: REMOVED without its two entries is
      // ABSENT, and one path shows the absence of every record that would walk it.
      ++still_verify;
      ASSERT_EQ(answer->verdict, SetVerdict::kAbsent);
      ASSERT_EQ(parsed->version, file.version);
      const std::vector<SetEvent> events = log_.Events(parsed->answer.record, 8);
      ASSERT_TRUE(events.empty() || !events.back().add);
    }
    EXPECT_EQ(still_verify > 0, !file.answer.added || file.answer.removed);
  }
}

TEST_F(ProofFileTest, EveryFieldLeftOutIsFound) {
  const json whole = json::parse(FormatProofFile(FileFor(HashN(2), true)));
  int fields = 0;
  for (const auto& [name, value] : whole.items()) {
    json without = whole;
    without.erase(name);
    std::vector<json> cases = {without};
    if (value.is_object()) {
      for (const auto& [inner, unused] : value.items()) {
        json inner_without = whole;
        inner_without[name].erase(inner);
        cases.push_back(inner_without);
      }
    }
    for (const json& c : cases) {
      ++fields;
      const absl::StatusOr<ProofFile> parsed = ParseProofFile(c.dump());
      // The tag is for those who asked for it; all else is needed.
      if (parsed.ok() && name == "tag" && c == without) continue;
      EXPECT_FALSE(parsed.ok() && Verify(*parsed).ok()) << c.dump();
    }
  }
  EXPECT_EQ(fields, 8 + 2 + 4 * 3 + 4);
}

TEST_F(ProofFileTest, OtherSpellingsOfTheSameMessageAreRefused) {
  const std::string text = json::parse(FormatProofFile(FileFor(HashN(2), true))).dump();
  const std::string hash = json::parse(text)["recordHash"];
  const auto replaced = [&](const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.substr(0, at) + to + text.substr(at + from.size());
  };
  std::string url_safe = json::parse(text)["index"]["path"];
  ASSERT_NE(url_safe.find_first_of("+/"), url_safe.npos);
  const std::string path = url_safe;
  std::replace(url_safe.begin(), url_safe.end(), '+', '-');
  std::replace(url_safe.begin(), url_safe.end(), '/', '_');
  const std::vector<std::string> spellings = {
      replaced("\"position\":\"8\"", "\"position\":8"),
      replaced("\"position\":\"8\"", "\"position\":8.0"),
      replaced("\"position\":\"8\"", "\"position\":\"08\""),
      replaced("\"position\":\"8\"", "\"position\":\" 8\""),
      replaced("\"position\":\"8\"", "\"position\":\"8.0\""),
      replaced("\"position\":\"8\"", "\"position\":\"8e0\""),
      replaced("\"recordHash\"", "\"record_hash\""),
      replaced("\"recordHash\"", "\"unknown\":1,\"recordHash\""),
      replaced("\"recordHash\"", "\"vrfProof\":null,\"recordHash\""),
      replaced("\"recordHash\"", "\"vrfProof\":\"\",\"recordHash\""),
      replaced("\"recordHash\"", "\"recordHash\":\"" + hash + "\",\"recordHash\""),
      replaced("\"recordHash\"", "\"record_hash\":\"" + hash + "\",\"recordHash\""),
      replaced("\"manifest\":{", "\"manifest\":{\"position\":\"0\","),
      replaced(hash, hash.substr(0, hash.size() - 1)),
      replaced(hash, hash + "="),
      replaced(hash, " " + hash),
      replaced(hash, hash.substr(0, 8) + "\\n" + hash.substr(8)),
      replaced(path, url_safe),
      text + "{}",
      text + "x",
      "\xef\xbb\xbf" + text,
      "[" + text + "]",
      text.substr(0, text.size() - 1) + ",}",
      text + " // comment",
      std::string(text).replace(0, 1, "{'a':1,"),
  };
  for (const std::string& spelling : spellings) {
    EXPECT_STATUS(ParseProofFile(spelling), StatusCode::kInvalidArgument,
                  "not a proof file");
  }
}

TEST_F(ProofFileTest, EveryFieldTwiceIsRefused) {
  const json whole = json::parse(FormatProofFile(FileFor(HashN(2), true)));
  for (const auto& [name, value] : whole.items()) {
    const std::string member = json(name).dump() + ":" + value.dump();
    const std::string text = whole.dump();
    EXPECT_STATUS(ParseProofFile("{" + member + "," + text.substr(1)),
                  StatusCode::kInvalidArgument, "duplicate key");
  }
}

TEST_F(ProofFileTest, UnknownFieldsOfTheBinaryFormAreRefusedAtEveryDepth) {
  const ProofFile file = FileFor(HashN(2), false);
  v1::Proof proto = ProofToProto(file);
  const auto add_unknown = [](google::protobuf::Message* message) {
    message->GetReflection()->MutableUnknownFields(message)->AddVarint(99, 1);
  };
  for (int i = 0; i < 4; ++i) {
    v1::Proof copy = proto;
    add_unknown(i == 0   ? static_cast<google::protobuf::Message*>(&copy)
                : i == 1 ? copy.mutable_lookup()
                : i == 2 ? static_cast<google::protobuf::Message*>(copy.mutable_index())
                         : copy.mutable_removed());
    EXPECT_STATUS(ParseProofFile(copy.SerializeAsString()),
                  StatusCode::kInvalidArgument, "not known here");
  }
}

TEST_F(ProofFileTest, AHugeFileIsRefusedThoughMostOfItIsWhiteSpace) {
  const std::string text = FormatProofFile(FileFor(HashN(1), true));
  EXPECT_OK(ParseProofFile(text + std::string(kMaxProofFileBytes - text.size(), ' ')));
  EXPECT_STATUS(
      ParseProofFile(text + std::string(kMaxProofFileBytes + 1 - text.size(), ' ')),
      StatusCode::kInvalidArgument, "not a proof file");
}

// JSON makes six bytes of a '<', and a note may hold nothing else.
TEST_F(ProofFileTest, TheLargestNoteIsReadAgain) {
  ProofFile file = FileFor(HashN(1), true);
  Note note = ParseNote(file.version.checkpoint).value();
  const size_t room = kMaxNoteBytes - file.version.checkpoint.size() - 20;
  note.signatures.push_back({std::string(room, '<'), 1, "x"});
  file.version.checkpoint = FormatNote(note);
  ASSERT_OK(ParseNote(file.version.checkpoint));
  const auto parsed = ParseProofFile(FormatProofFile(file));
  ASSERT_OK(parsed);
  EXPECT_EQ(*parsed, file);
}

TEST_F(ProofFileTest, EmptyHugeAndForeignFilesAreRefused) {
  for (const std::string& bytes :
       {std::string(), std::string(" \n"), std::string("{}"), std::string(1000, '{'),
        std::string(1000, '['), std::string(kMaxProofFileBytes + 1, ' '),
        std::string("c2sp.org/tlog-proof@v1\n"), std::string(100, '\0')}) {
    EXPECT_STATUS(ParseProofFile(bytes), StatusCode::kInvalidArgument,
                  "not a proof file");
  }
}

TEST_F(ProofFileTest, TheEmptySetsLookupIsAnEmptyMessageAndNeedsToBeThere) {
  FakeLog empty(ManifestFor("example.org/empty"));
  ProofFile file{{empty.NoteAt(2), empty.Prove(0, 2), empty.Prove(1, 2)},
                 {HashN(1), empty.Lookup(HashN(1), 1)}};
  for (const std::string& bytes :
       {FormatProofFile(file), FormatBinaryProofFile(file)}) {
    const absl::StatusOr<ProofFile> parsed = ParseProofFile(bytes);
    ASSERT_OK(parsed);
    EXPECT_EQ(*parsed, file);
  }
  json without = json::parse(FormatProofFile(file));
  without.erase("lookup");
  EXPECT_STATUS(ParseProofFile(without.dump()), StatusCode::kInvalidArgument,
                "lookup: missing");
}

}  // namespace
}  // namespace setlog
