// Commands with --from: a log's files in the place of its server.
#include <filesystem>
#include <fstream>

#include "cli_server_fixture.h"
#include "fakes/fake_files.h"
#include "golden_notes.h"
#include "http/http_server.h"
#include "log/cosignature.h"
#include "log/set_tree.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class FromTest : public CliServerTest {
 protected:
  // The log's files as they are, in a directory.
  std::string Export(const std::string& name) {
    return Store(PublishedOf(log(), log().size()), name);
  }
  std::string Store(const Published& files, const std::string& name) {
    for (const auto& [file, bytes] : files) {
      const std::filesystem::path path = Path(name) + "/" + file;
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << bytes;
    }
    return Path(name);
  }
  std::string Key() { return FormatVkey(log().key()); }
};

TEST_F(FromTest, EveryCommandSaysWhatItSaysOfTheServer) {
  for (uint64_t i = 0; i < 300; ++i) log().Add(HashN(i));
  log().Index();
  const std::string files = Export("files");
  const std::vector<std::vector<std::string>> commands = {
      {"head", kOrigin},
      {"inclusion", kOrigin, "2"},
      {"inclusion", kOrigin, "270", "--size", "290"},
      {"consistency", kOrigin, "5"},
      {"consistency", kOrigin, "5", "258"},
      {"entries", kOrigin},
      {"entries", kOrigin, "--from", "250", "--to", "260"},
      {"audit", kOrigin},
  };
  for (std::vector<std::string> command : commands) {
    command.insert(command.end(), {"--key", Key(), "--json", "--quiet"});
    home_ = "of-server";
    ProcessResult asked = Ask(command);
    command.insert(command.end(), {"--from", files});
    home_ = "of-files";
    ProcessResult read = Setlog(command);
    EXPECT_EQ(read.exit_code, 0) << command[0] << read.err;
    EXPECT_EQ(asked.exit_code, 0) << asked.err;
    std::vector<json> expected = Lines(asked.out);
    std::vector<json> lines = Lines(read.out);
    for (json& line : expected) line.erase("state");
    for (json& line : lines) line.erase("state");
    EXPECT_EQ(lines, expected) << command[0];
  }
}

TEST_F(FromTest, AKeyMustBeKnownAndIsNeverTakenFromFiles) {
  const std::string files = Export("files");
  for (const char* command : {"head", "entries", "audit"}) {
    const ProcessResult unknown = Setlog({command, kOrigin, "--from", files});
    EXPECT_EQ(unknown.exit_code, 3) << command;
    EXPECT_THAT(unknown.out + unknown.err, HasSubstr("give --key"));
  }
  EXPECT_EQ(Setlog({"trust", "add", kOrigin, "--key", Key()}).exit_code, 0);
  EXPECT_EQ(Setlog({"head", kOrigin, "--from", files}).exit_code, 0);
}

TEST_F(FromTest, FilesAndServerAreNotBothAsked) {
  const std::string files = Export("files");
  for (const char* command : {"head", "entries", "audit"}) {
    const ProcessResult both = Ask({command, kOrigin, "--key", Key(), "--from", files});
    EXPECT_EQ(both.exit_code, 2) << command;
    EXPECT_THAT(both.err, HasSubstr("--from and --server"));
  }
  const ProcessResult set =
      Setlog({"audit", kOrigin, "--key", Key(), "--from", files, "--stateless"});
  EXPECT_EQ(set.exit_code, 2);
  EXPECT_THAT(set.err, HasSubstr("--stateless"));
  EXPECT_EQ(Setlog({"in", kOrigin, "--from", files, Path("one")}).exit_code, 2);
}

TEST_F(FromTest, PositionsAndPlacesAreToldApart) {
  const std::string files = Export("files");
  const auto entries = [&](std::vector<std::string> from) {
    std::vector<std::string> arguments = {"entries", kOrigin, "--key", Key(), "--json"};
    for (const std::string& value : from) {
      arguments.insert(arguments.end(), {"--from", value});
    }
    return Setlog(arguments);
  };
  EXPECT_EQ(Lines(entries({"5", files}).out).size(), log().size() - 5);
  EXPECT_EQ(Lines(entries({files, "5"}).out).size(), log().size() - 5);
  EXPECT_EQ(Lines(entries({files}).out).size(), log().size());
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"5", "6", files}, {files, files}, {"05", files}, {"", files}}) {
    EXPECT_EQ(entries(wrong).exit_code, 2) << wrong[0];
  }
}

TEST_F(FromTest, WhatIsNoLogIsNamedWithARemedy) {
  const auto head = [&](const std::string& from) {
    return Setlog(
        {"head", kOrigin, "--key", Key(), "--retry-for", "100ms", "--from", from});
  };
  ProcessResult result = head(Path("nothing"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(Path("nothing/checkpoint")));
  EXPECT_THAT(result.err, HasSubstr("setlog export"));
  result = head(Store({{"checkpoint", "rubbish\n"}}, "rubbish"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr(Path("rubbish/checkpoint")));
  FakeLog other(ManifestFor("example.org/b"));
  result = head(Store(PublishedOf(other, other.size()), "other"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("is of example.org/b"));
  result = head("http://127.0.0.1:1/nobody");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("http://127.0.0.1:1/nobody/checkpoint"));
}

// Whatever a mirror answers, nobody here has made a mistake.
TEST_F(FromTest, NothingThatAMirrorAnswersIsAUsageError) {
  FakeLog other(ManifestFor("example.org/b"));
  const std::string foreign = other.NoteAt(other.size());
  const auto mirror =
      HttpServer::Start("127.0.0.1", 0, {.pages = [&](const HttpRequest& request) {
                          if (request.path == "/b/checkpoint") {
                            return HttpAnswer(HttpReply{.body = foreign});
                          }
                          const unsigned status =
                              static_cast<unsigned>(std::stoul(request.path.substr(1)));
                          return HttpAnswer(HttpReply{.status = status});
                        }});
  ASSERT_OK(mirror);
  const std::string url = absl::StrFormat("http://127.0.0.1:%d/", (*mirror)->port());
  for (const char* prefix : {"404", "410", "401", "403", "301", "400", "503", "b"}) {
    for (const char* command : {"head", "audit"}) {
      const ProcessResult result = Setlog({command, kOrigin, "--key", Key(), "--from",
                                           url + prefix, "--retry-for", "10ms"});
      EXPECT_EQ(result.exit_code, 3) << prefix << result.err;
      EXPECT_THAT(result.out + result.err, HasSubstr(url + prefix + "/checkpoint"));
      EXPECT_THAT(result.out + result.err, HasSubstr("another "));
    }
  }
  // What was typed: neither a directory that is there, nor a URL.
  for (const std::string& typed :
       {Path("nothing"), std::string("http://"), std::string("ftp://127.0.0.1/a")}) {
    EXPECT_EQ(Setlog({"head", kOrigin, "--key", Key(), "--from", typed}).exit_code, 2)
        << typed;
  }
}

TEST_F(FromTest, ASignedHeadBelowAnyIndexEntryIsALogThatWentBack) {
  ASSERT_EQ(
      Setlog({"head", kOrigin, "--key", Key(), "--from", Export("files")}).exit_code,
      0);
  for (const uint64_t size : {0, 1, 2}) {
    const Hash root = size == 0 ? Sha256(Bytes()) : HashN(size);
    const std::string files =
        Store({{"checkpoint", log().NoteFor(size, root)}}, "back");
    for (const char* command : {"head", "audit"}) {
      const ProcessResult back = Setlog({command, kOrigin, "--from", files});
      EXPECT_EQ(back.exit_code, 3) << command << size << back.err;
      EXPECT_THAT(back.out + back.err, HasSubstr("went back from size 7"));
      EXPECT_THAT(back.out + back.err, HasSubstr("the notes are "));
    }
  }
  // The known head's, and three others'.
  size_t notes = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(Path(home_) + "/evidence")) {
    notes += file.path().extension() == ".note";
  }
  EXPECT_EQ(notes, 4u);
}

TEST_F(FromTest, ALogThatLiesIsConvictedFromItsFilesAlone) {
  const uint64_t at =
      log().IndexAs(2, SetRootOfValues({RecordHash("one"), RecordHash("never")}));
  log().Add(RecordHash("later"));
  log().Index();
  const ProcessResult audit =
      Setlog({"audit", kOrigin, "--key", Key(), "--from", Export("files"), "--json"});
  EXPECT_EQ(audit.exit_code, 4) << audit.err;
  const json verdict = Lines(audit.out).at(0);
  EXPECT_EQ(verdict["verdict"], "MISBEHAVIOUR");
  EXPECT_THAT(verdict.dump(), HasSubstr(std::to_string(at)));
  const std::string evidence = verdict["evidence"][0];
  EXPECT_EQ(Setlog({"verify", evidence, "--key", Key()}).exit_code, 4);
}

TEST_F(FromTest, AnotherHistoryUnderTheSameKeyConvicts) {
  const std::string before = Export("before");
  EXPECT_EQ(Setlog({"head", kOrigin, "--key", Key(), "--from", before}).exit_code, 0);
  server_.Create(kOrigin);
  for (int i = 0; i < 20; ++i) log().Add(RecordHash("other"));
  const ProcessResult fork =
      Setlog({"head", kOrigin, "--key", Key(), "--from", Export("fork")});
  EXPECT_EQ(fork.exit_code, 4) << fork.err;
}

TEST_F(FromTest, AnOlderCopyIsNotTaken) {
  const std::string old = Export("old");
  log().Add(RecordHash("later"));
  const std::string newer = Export("newer");
  EXPECT_EQ(Setlog({"head", kOrigin, "--key", Key(), "--from", newer}).exit_code, 0);
  for (const char* command : {"head", "entries", "audit"}) {
    const ProcessResult back =
        Setlog({command, kOrigin, "--key", Key(), "--from", old});
    EXPECT_EQ(back.exit_code, 3) << command;
    EXPECT_THAT(back.out + back.err, HasSubstr("went back"));
  }
}

TEST_F(FromTest, DamagedFilesAreUnverified) {
  for (const char* name : {"tile/0/000.p/7", "tile/entries/000.p/7", "checkpoint"}) {
    Published files = PublishedOf(log(), log().size());
    ASSERT_TRUE(files.contains(name));
    files[name][40] ^= 1;
    const std::string place = Store(files, std::string("damaged-") + name[5]);
    const ProcessResult audit =
        Setlog({"audit", kOrigin, "--key", Key(), "--from", place});
    EXPECT_EQ(audit.exit_code, 3) << name;
    EXPECT_THAT(audit.out, HasSubstr("UNVERIFIED")) << name;
  }
}

TEST_F(FromTest, AQuorumIsMetByTheCosignaturesInTheFiles) {
  const SigningKey witness =
      MakeSigningKey("w.example",
                     Ed25519PrivateKey::FromSeed(Sha256(AsBytes("witness"))).value())
          .value();
  const std::string policy =
      Write("policy", "log " + Key() + "\nwitness w " +
                          FormatVkey(witness.Verifier(SignatureType::kCosignature)) +
                          "\nquorum w\n");
  Published files = PublishedOf(log(), log().size());
  const std::vector<std::string> command = {
      "head", kOrigin, "--policy", policy, "--from", Store(files, "files"), "--json"};
  const ProcessResult without = Setlog(command);
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.out + without.err, HasSubstr("cosigned by nobody"));
  const Note note = ParseNote(files["checkpoint"]).value();
  files["checkpoint"] = FormatNote(
      WithSignature(note, SignCosignature(note.text, witness, 1700000000).value()));
  Store(files, "files");
  const ProcessResult with = Setlog(command);
  EXPECT_EQ(with.exit_code, 0) << with.err;
  EXPECT_EQ(Lines(with.out).at(0)["cosigned_at"], 1700000000);
}

}  // namespace
}  // namespace setlog
