// A server that lies in one way, and what `setlog` says to it: never an answer. Where
// the log's own signatures convict it there is a file which convinces a third person,
// who has nothing but the key, offline.

#include <functional>

#include "cli_server_fixture.h"
#include "client/evidence_file.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// Positions: 0 manifest, 1 index m = 1, 2 add one, 3 add two, 4 remove two, 5 index
// m = 5 (n = 1), 6 tag v1.
class LiarTest : public CliServerTest {
 public:
  using CliServerTest::log;
  FakeServer& server() { return server_; }
  using CliServerTest::Path;
  using CliServerTest::Write;

  // The head shows this entry of the log as its newest index entry.
  void ShowAsIndex(uint64_t position) {
    server_.on_head = [this, position](v1::Head& head) {
      *head.mutable_index() = EntryToProto(log().Prove(position, log().size()));
    };
  }
  // Another history under the same key.
  void Rewrite(uint64_t size) {
    server_.Create(kOrigin);
    while (log().size() < size) log().Add(RecordHash("other"));
  }
  // The newest index entry is of a set with "never" in the place of "one".
  void ShowWrongSet() {
    shadow_ = std::make_unique<FakeLog>(ManifestFor(kOrigin));
    while (shadow_->size() < log().size()) shadow_->Add(RecordHash("never"));
    const IndexEntry shown = shadow_->IndexAt(shadow_->Index());
    server_.other_set = {shadow_.get(), shown.m};
    ShowAsIndex(log().Append(shown));
  }

  std::unique_ptr<FakeLog> shadow_;
};

struct Lie {
  std::string name;
  std::function<void(LiarTest&)> tell;
  std::vector<std::string> command;  // a name of a record is its file
  int exit_code;
  std::string words;
  std::string kind;  // of evidence
};
void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.name; }

using Commands = std::vector<std::string>;
const Commands kHead = {"head", kOrigin};
const Commands kIn = {"in", kOrigin, "one", "--out", "out.setproof"};
const Commands kBatch = {"in", kOrigin, "one", "never"};
const Commands kAtV1 = {"in", kOrigin, "one", "--at", "v1"};
const Commands kTags = {"tags", kOrigin};
const Commands kEntries = {"entries", kOrigin};
const Commands kInclusion = {"inclusion", kOrigin, "2"};
const Commands kAdd = {"add", kOrigin, "one", "two", "never", "--no-wait"};

template <typename T>
std::function<void(LiarTest&)> OnHead(T lie) {
  return [lie](LiarTest& t) { t.server().on_head = lie; };
}
template <typename T>
std::function<void(LiarTest&)> OnLookup(T lie) {
  return [lie](LiarTest& t) { t.server().on_lookup = lie; };
}
void Flip(std::string* bytes) { bytes->back() = static_cast<char>(bytes->back() ^ 1); }

const Lie kLies[] = {
    // Tree proofs.
    {"IndexPosition", OnHead([](v1::Head& h) { h.mutable_index()->set_position(4); }),
     kHead, 3, "leads to root", ""},
    {"IndexPath", OnHead([](v1::Head& h) { Flip(h.mutable_index()->mutable_path()); }),
     kHead, 3, "leads to root", ""},
    {"IndexPathCutShort",
     OnHead([](v1::Head& h) { h.mutable_index()->mutable_path()->resize(32); }), kHead,
     3, "hashes instead of", ""},
    {"IndexEntry",
     OnHead([](v1::Head& h) { Flip(h.mutable_index()->mutable_entry()); }), kHead, 3,
     "leads to root", ""},
    {"Manifest",
     OnHead([](v1::Head& h) { Flip(h.mutable_manifest()->mutable_entry()); }), kHead, 3,
     "leads to root", ""},
    {"InclusionOfAnotherLeaf",
     [](LiarTest& t) {
       t.server().on_inclusion = [](v1::InclusionProof& p) {
         Flip(p.mutable_leaf_hash());
       };
     },
     kInclusion, 3, "leads to root", ""},
    {"InclusionUnderAnotherRoot",
     [](LiarTest& t) {
       t.server().on_inclusion = [&t](v1::InclusionProof& p) {
         FakeLog other(ManifestFor(kOrigin));
         while (other.size() < 7) other.Add(HashN(other.size()));
         const ProvenEntry proof = other.Prove(2, 7);
         p.set_leaf_hash(std::string(AsText(LeafHash(AsBytes(proof.entry)))));
         p.set_path(ConcatHashes(proof.path));
         p.set_root(std::string(AsText(other.RootAt(7))));
         (void)t;
       };
     },
     kInclusion, 3, "root", ""},
    {"EntriesChanged",
     [](LiarTest& t) {
       t.server().on_chunk = [](v1::EntriesChunk& c) { Flip(c.mutable_bundle()); };
     },
     kEntries, 3, "root", ""},
    {"EntriesCutShort",
     [](LiarTest& t) {
       t.server().on_chunk = [](v1::EntriesChunk& c) {
         c.mutable_bundle()->resize(c.bundle().size() - 5);
       };
     },
     kEntries, 3, "", ""},

    // Lookups.
    {"TerminalValue", OnLookup([](v1::LookupResponse& r) {
       Flip(r.mutable_lookup()->mutable_terminal());
     }),
     kIn, 3, "does not verify", ""},
    {"BranchBits", OnLookup([](v1::LookupResponse& r) {
       r.mutable_lookup()->set_branch_bits(std::string(1, 3));
     }),
     kIn, 3, "does not verify", ""},
    {"Count", OnLookup([](v1::LookupResponse& r) { r.mutable_lookup()->set_count(2); }),
     kIn, 3, "number of members", ""},
    {"NoProofAtAll", OnLookup([](v1::LookupResponse& r) { r.clear_lookup(); }), kIn, 3,
     "UNVERIFIED", ""},
    {"AnotherVersion", OnLookup([](v1::LookupResponse& r) { r.set_index_size(1); }),
     kIn, 3, "another version", ""},
    {"AddOfAnotherRecord",
     [](LiarTest& t) {
       t.server().on_lookup = [&t](v1::LookupResponse& r) {
         *r.mutable_added() = EntryToProto(t.log().Prove(3, 7));
       };
     },
     kIn, 3, "another record", ""},
    {"PresentWithoutItsEntry", OnLookup([](v1::LookupResponse& r) { r.clear_added(); }),
     kIn, 3, "without the entry", ""},
    {"BatchOfAnotherSplit",
     [](LiarTest& t) {
       t.server().on_batch = [&t](v1::BatchLookupResponse& r) {
         const Hash other[] = {RecordHash("two")};
         r.set_proof(t.log().Batch(other, 1));
       };
     },
     kBatch, 3, "does not verify", ""},
    {"BatchWithAByteMore",
     [](LiarTest& t) {
       t.server().on_batch = [](v1::BatchLookupResponse& r) {
         r.mutable_proof()->push_back(0);
       };
     },
     kBatch, 3, "bytes after the last item", ""},
    {"WithheldEverything",
     [](LiarTest& t) {
       t.server().failures.assign(50, {grpc::StatusCode::UNAVAILABLE, "no"});
     },
     kIn, 3, "no answer", ""},

    // Heads.
    {"AnotherKey", OnHead([](v1::Head& h) {
       FakeLog other(ManifestFor(kOrigin), "another");
       h.set_checkpoint(other.NoteAt(2));
     }),
     kHead, 3, "not signed by the known key", ""},
    {"AnotherOrigin", OnHead([](v1::Head& h) {
       FakeLog other(ManifestFor("example.org/b"));
       h.set_checkpoint(other.NoteAt(2));
       *h.mutable_manifest() = EntryToProto(other.Prove(0, 2));
       *h.mutable_index() = EntryToProto(other.Prove(1, 2));
     }),
     kHead, 3, "not signed by the known key", ""},
    {"Rollback", [](LiarTest& t) { t.server().shown_size = 6; }, kHead, 3,
     "went back from size 7 to 6", ""},
    {"StaleIndex", [](LiarTest& t) { t.ShowAsIndex(1); }, kHead, 3,
     "went back from m = 5 to 1", ""},
    {"CosignatureOfAnotherHead",
     OnHead([](v1::Head& h) {
       Note note = ParseNote(h.checkpoint()).value();
       note = WithSignature(
           note, SignCosignature("example.org/a\n1\n" + std::string(43, 'A') + "=\n",
                                 WitnessKey(), 1)
                     .value());
       h.set_checkpoint(FormatNote(note));
     }),
     {"head", kOrigin, "--policy", "policy"},
     3,
     "",
     ""},
    {"TwoRoots", [](LiarTest& t) { t.Rewrite(7); }, kIn, 4, "two heads of size 7",
     "two_roots"},
    {"Fork", [](LiarTest& t) { t.Rewrite(12); }, kIn, 4, "does not continue", "fork"},
    {"ForkWithoutProofs",
     [](LiarTest& t) {
       t.Rewrite(12);
       t.server().on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
     },
     kIn, 3, "no evidence", ""},
    {"ForkWithoutProofsThatShowsAnotherEntry",
     [](LiarTest& t) {
       t.Rewrite(12);
       t.server().on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
       t.ShowAsIndex(5);
     },
     kIn, 4, "two entries", "two_leaves"},

    // Entries.
    {"MBeyondItsPosition",
     [](LiarTest& t) {
       t.ShowAsIndex(t.log().Append(IndexEntry{9, 1, HashN(1)}));
     },
     kHead, 4, "malformed", "malformed_entry"},
    {"NNotBelowM",
     [](LiarTest& t) {
       t.ShowAsIndex(t.log().Append(IndexEntry{7, 7, HashN(1)}));
     },
     kHead, 4, "malformed", "malformed_entry"},
    {"UnknownType", [](LiarTest& t) { t.ShowAsIndex(t.log().AppendBytes("\x07")); },
     kHead, 4, "malformed", "malformed_entry"},
    {"MTwice",
     [](LiarTest& t) {
       t.ShowAsIndex(t.log().Append(IndexEntry{5, 0, HashN(1)}));
     },
     kHead, 4, "m = 5, after one for m = 5", "index_not_growing"},
    {"MFalls",
     [](LiarTest& t) {
       t.ShowAsIndex(t.log().Append(IndexEntry{4, 0, HashN(1)}));
     },
     kHead, 4, "m = 4, after one for m = 5", "index_not_growing"},
    {"TagOfAnotherVersion",
     [](LiarTest& t) {
       t.log().Index();
       t.log().Tag("v2");
       t.server().on_head = [&t](v1::Head& h) {
         *h.mutable_tag() = EntryToProto(t.log().Prove(8, t.log().size()));
       };
     },
     kAtV1, 3, "version v2", ""},
    {"TagMoved",
     [](LiarTest& t) {
       t.log().Index();
       t.log().Tag("v1");
     },
     kAtV1, 4, "used twice", "tag_twice"},
    {"TagsWithOneName",
     [](LiarTest& t) {
       t.log().Index();
       t.log().Tag("v1");
     },
     kTags, 4, "used twice", "tag_twice"},
    {"WrongCountInTheIndexEntry",
     [](LiarTest& t) {
       t.ShowAsIndex(t.log().Append(IndexEntry{7, 2, t.log().IndexAt(5).set_root}));
       t.server().other_set = {&t.log(), 5};
     },
     kIn, 4, "its set root is one of 1 members", "wrong_count"},
    {"AbsentWithTheEntryThatAddedIt", [](LiarTest& t) { t.ShowWrongSet(); }, kIn, 4,
     "absent at m = 7, but it was added at position 2", "wrong_answer"},

    // Appends.
    {"AcknowledgedButAnotherRecordStored",
     [](LiarTest& t) {
       t.server().on_record = [](const Hash& sent) {
         return sent == RecordHash("two") ? HashN(1) : sent;
       };
     },
     kAdd, 3, "other entries stand there", ""},
    {"AcknowledgedAmongOthersButAnotherRecordStored",
     [](LiarTest& t) {
       t.server().on_record = [&t](const Hash& sent) {
         t.log().Index();
         return sent == RecordHash("two") ? HashN(1) : sent;
       };
     },
     kAdd, 3, "record number 1 is not there", ""},
    {"AcknowledgedAtAnotherPlace",
     [](LiarTest& t) {
       t.server().on_append = [](v1::AppendResponse& r) {
         if (r.acknowledged() == 0) return;
         r.set_first(r.first() - 1);
         r.set_end(r.end() - 1);
       };
     },
     kAdd, 3, "other entries stand there", ""},
};

class EveryLieTest : public LiarTest, public ::testing::WithParamInterface<Lie> {
 protected:
  // The command, with paths for names.
  Commands Command() {
    Commands command = GetParam().command;
    Write("policy", "log " + FormatVkey(log().key()) + "\nwitness w1 " + kWitnessVkey +
                        "\nquorum w1\n");
    for (std::string& word : command) {
      for (const char* file : {"one", "two", "never", "out.setproof", "policy"}) {
        if (word == file) word = Path(file);
      }
    }
    return command;
  }
};

TEST_P(EveryLieTest, IsRefusedAndConvictsWhereItCan) {
  const Lie& lie = GetParam();
  const std::string vkey = FormatVkey(log().key());
  // What the truth was.
  ASSERT_EQ(Ask({"head", kOrigin, "--key", vkey}).exit_code, 0);
  ASSERT_EQ(Ask({"in", kOrigin, Path("one"), "--at", "v1"}).exit_code, 0);
  lie.tell(*this);
  const ProcessResult result = Ask(Command());
  EXPECT_EQ(result.exit_code, lie.exit_code) << result.out << result.err;
  EXPECT_THAT(result.out + result.err, HasSubstr(lie.words));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("PRESENT")));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("ABSENT")));
  EXPECT_FALSE(std::filesystem::exists(Path("out.setproof")));

  Commands again = Command();
  again.push_back("--json");
  const std::vector<json> lines = Lines(Ask(again).out);
  if (lie.kind.empty()) {
    for (const json& line : lines) EXPECT_NE(line["verdict"], "MISBEHAVIOUR");
    return;
  }
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back()["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(lines.back()["kind"], lie.kind);
  const std::string file = lines.back()["evidence"].at(0).get<std::string>();
  ASSERT_TRUE(file.ends_with(".evidence"));

  // Somebody else, offline.
  home_ = "stranger";
  EXPECT_EQ(Setlog({"verify", file}).exit_code, 3);
  const std::string other = FormatVkey(FakeLog(ManifestFor(kOrigin), "other").key());
  EXPECT_EQ(Setlog({"verify", file, "--key", other}).exit_code, 3);
  const ProcessResult judged = Setlog({"verify", file, "--key", vkey, "--json"});
  EXPECT_EQ(judged.exit_code, 4) << judged.err;
  EXPECT_EQ(Lines(judged.out).at(0)["verdict"], "MISBEHAVIOUR");
  EXPECT_EQ(Lines(judged.out).at(0)["kind"], lie.kind);
  EXPECT_EQ(Lines(judged.out).at(0)["pinned"], true);
  // A policy names the key as well; who cosigned does not matter.
  home_ = "another";
  EXPECT_EQ(Setlog({"verify", file, "--policy", Path("policy")}).exit_code, 4);
  // The key is known now.
  home_ = "stranger";
  EXPECT_THAT(Setlog({"verify", file}).out,
              ::testing::StartsWith("MISBEHAVIOUR of example.org/a: "));
  EXPECT_EQ(Setlog({"verify", file, "--hash", ToHex(HashN(1))}).exit_code, 2);
}

INSTANTIATE_TEST_SUITE_P(All, EveryLieTest, ::testing::ValuesIn(kLies),
                         [](const auto& info) { return info.param.name; });

// The honest limit: who asks for one answer and for no replay is fooled by a set root
// that is not the log's. The extension from the last index entry convicts it for ever.
TEST_F(LiarTest, AWrongSetFoolsAClientAndConvictsTheLogAfterwards) {
  ShowWrongSet();
  server_.on_lookup = [](v1::LookupResponse& r) { r.clear_added(); };
  const ProcessResult fooled =
      Ask({"in", kOrigin, Path("one"), "--out", Path("lie.setproof")});
  EXPECT_EQ(fooled.exit_code, 1) << fooled.err;
  EXPECT_THAT(fooled.out, HasSubstr("ABSENT"));
  EXPECT_THAT(fooled.out, HasSubstr("set root not audited"));

  const uint64_t size = log().size();
  const uint64_t wrong = size - 1;
  const uint64_t m = log().IndexAt(wrong).m;
  WrongExtension evidence{log().NoteAt(size),      log().Prove(0, size),
                          log().Prove(5, size),    log().Prove(wrong, size),
                          log().Range(5, m, size), ""};
  // Nothing is touched between the two, so the batch proof is one SIBLING: the top.
  evidence.batch_proof =
      std::string(1, '\0') + std::string(AsText(SetKey(RecordHash("one"))));
  const std::string file = Write("x.evidence", FormatEvidenceFile(evidence));
  home_ = "stranger";
  const ProcessResult judged =
      Setlog({"verify", file, "--key", FormatVkey(log().key())});
  EXPECT_EQ(judged.exit_code, 4) << judged.out << judged.err;
  EXPECT_THAT(judged.out, HasSubstr("does not follow"));
}

TEST_F(LiarTest, AnHonestAppendAmongOthersEntriesIsAccepted) {
  server_.on_record = [this](const Hash& sent) {
    log().Index();
    return sent;
  };
  const ProcessResult added =
      Ask({"add", kOrigin, Path("one"), Path("two"), "--no-wait"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
}

// What is not escaped would be a second line of standard output, or steer the terminal.
TEST_F(LiarTest, WhatAServerSaysOfItselfIsNoVerdict) {
  const std::string evil =
      "x\nPRESENT: in example.org/a\r\x1B[2K\x7F\xC2\x9B" + std::string(2000, 'z');
  const Commands commands[] = {{"in", kOrigin, Path("one")},
                               {"in", kOrigin, Path("one"), Path("two")},
                               {"audit", kOrigin},
                               {"head", kOrigin},
                               {"tags", kOrigin},
                               {"logs"},
                               {"add", kOrigin, Path("one")},
                               {"tag", kOrigin, "v9"},
                               {"watch", kOrigin, Path("one"), "--once"}};
  ASSERT_EQ(Ask({"head", kOrigin, "--key", FormatVkey(log().key())}).exit_code, 0);
  for (const Commands& command : commands) {
    for (const auto code : {grpc::StatusCode::INTERNAL, grpc::StatusCode::DATA_LOSS}) {
      server_.failures.assign(50, {code, evil});
      const ProcessResult result = Ask(command);
      server_.failures.clear();
      EXPECT_EQ(result.exit_code, 3) << command[0];
      EXPECT_THAT(result.out + result.err, HasSubstr("x\\nPRESENT")) << command[0];
      EXPECT_LT(result.out.size() + result.err.size(), 2000u) << command[0];
      for (std::string_view text : {result.out, result.err}) {
        EXPECT_EQ(text.find("\nPRESENT"), text.npos) << text;
        EXPECT_EQ(text.find_first_of("\r\x1B\x7F\xC2"), text.npos) << text;
      }
    }
  }
}

TEST_F(LiarTest, AListedLogHasAnOriginAndAKey) {
  for (const bool origin : {true, false}) {
    server_.on_list = [origin](v1::ListLogsResponse& r) {
      const std::string evil = "a.example/x\nPRESENT\x1B[2K";
      origin ? r.mutable_logs(0)->set_origin(evil) : r.mutable_logs(0)->set_vkey(evil);
    };
    for (const Commands& command : {Commands{"logs"}, Commands{"logs", "--json"}}) {
      const ProcessResult result = Ask(command);
      EXPECT_EQ(result.exit_code, 3);
      EXPECT_EQ(result.out, "");
      EXPECT_THAT(result.err, HasSubstr("the server lists a log that none can be"));
      EXPECT_EQ(result.err.find('\x1B'), result.err.npos);
    }
  }
}

}  // namespace
}  // namespace setlog
