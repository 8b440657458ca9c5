// `setlog handover`, `init --parent` and `trust follow`: real programs, real servers,
// and logs that claim what is not so.

#include "cli_fixture.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "golden_notes.h"
#include "log/successor.h"
#include "server/server.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOld[] = "example.org/pets";
constexpr char kNew[] = "example.org/pets.2";

class CliHandoverTest : public CliTest {
 protected:
  CliHandoverTest() {
    server_ = Start("a");
    for (const char* record : {"cat", "dog", "fish", "bird"}) Write(record, record);
  }
  std::unique_ptr<Server> Start(const std::string& name) {
    return Server::Start({.data_dir = Path(name),
                          .listen = "unix:" + Path(name + ".socket"),
                          .http = "127.0.0.1:0",
                          .memory_bytes = kMinMemoryBytes})
        .value();
  }
  // On the first server, by its owner.
  ProcessResult Do(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("a.socket"), "--retry-for", "2s",
                      "--token-file", Path("a/admin.token")});
    return Setlog(std::move(arguments));
  }
  json Done(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const ProcessResult result = Do(arguments);
    EXPECT_EQ(result.exit_code, 0) << arguments[0] << ": " << result.err << result.out;
    const std::vector<json> lines = Lines(result.out);
    return lines.empty() ? json() : lines[0];
  }
  // A log with two members, one that was removed, one that came twice, and tags.
  json MakeOld(const std::string& origin = kOld) {
    json made = Done(
        {"init", origin, "--scheme", "bytes/1", "--title", "Pets", "--license", "MIT"});
    Done({"add", origin, Path("cat"), Path("fish"), Path("dog")});
    Done({"tag", origin, "v1"});
    Done({"remove", origin, Path("fish")});
    Done({"add", origin, Path("cat")});
    Done({"tag", origin, "v2"});
    return made;
  }
  // Somebody else, who has pinned this key.
  void AsUserWith(const json& log) {
    home_ = "user";
    Done({"trust", "add", log["origin"], "--key", log["vkey"]});
  }
  void AsOwner() { home_ = "home"; }
  ProcessResult Follow(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"trust", "follow"});
    return Do(std::move(arguments));
  }
  void ExpectRefused(std::vector<std::string> arguments, const std::string& why) {
    const ProcessResult refused = Follow(arguments);
    EXPECT_EQ(refused.exit_code, 3) << refused.out << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(why));
    EXPECT_EQ(
        Do({"trust", "list", arguments.size() > 1 ? arguments[1] : kNew}).exit_code, 2)
        << "nothing is remembered of it";
  }

  static Manifest ManifestWith(ParentVersion parent) {
    Manifest manifest;
    manifest.origin = kNew;
    manifest.scheme = "bytes/1";
    manifest.parent = std::move(parent);
    return manifest;
  }
  // A log of any manifest; its key.
  std::string Create(const Manifest& manifest, const std::string& server = "a") {
    const Connection connection =
        Connection::Open({.address = "unix:" + Path(server + ".socket"),
                          .token_file = Path(server + "/admin.token")})
            .value();
    const StateDirectory state = StateDirectory::Open(Path("forger")).value();
    LogClient log(&connection, &state,
                  {.origin = manifest.origin, .trust_on_first_use = true});
    return FormatVkey(log.CreateLog(FormatManifest(manifest).value())->version.log_key);
  }
  ParentVersion ParentAt(const std::string& version) {
    // Every tag and every m of these logs is indexed.
    const json lines = Lines(Do({"entries", kOld, "--json"}).out);
    uint64_t m = 0;
    for (const json& line : lines) {
      if (line.value("name", "") == version) m = line["m"];
    }
    for (const json& line : lines) {
      if (line["type"] != "index" || line["m"] != m) continue;
      return {kOld, Lines(Do({"trust", "list", kOld, "--json"}).out).at(0)["vkey"], m,
              *HashFromHex(line["set_root"].get<std::string>())};
    }
    ADD_FAILURE() << "no version " << version;
    return {};
  }

  std::unique_ptr<Server> server_;
};

TEST_F(CliHandoverTest, AUserOfTheOldKeyFollowsToTheNewOneAndFindsEveryMember) {
  const json old = MakeOld();
  AsUserWith(old);
  EXPECT_EQ(Done({"in", kOld, Path("cat")})["verdict"], "PRESENT");
  AsOwner();
  const json tagged = Done({"tag", kOld, "v2"});
  const json moved = Done({"handover", kOld, kNew});
  EXPECT_EQ(moved["origin"], kNew);
  EXPECT_EQ(moved["parent"], kOld);
  EXPECT_EQ(moved["index_size"], tagged["index_size"]);
  EXPECT_EQ(moved["set_root"], tagged["set_root"]);
  EXPECT_EQ(moved["set_count"], 2);
  EXPECT_EQ(moved["added"], 2);
  EXPECT_EQ(moved["left_behind"], 0);
  EXPECT_EQ(moved["tag"], "successor/" + moved["vkey"].get<std::string>());
  EXPECT_NE(moved["vkey"].get<std::string>().substr(std::string(kNew).size()),
            old["vkey"].get<std::string>().substr(std::string(kOld).size()));
  // The manifest is that of the old log; the two sets have one root.
  const json manifest =
      Lines(Do({"entries", kNew, "--to", "1", "--json"}).out).at(0)["manifest"];
  EXPECT_EQ(manifest["title"], "Pets");
  EXPECT_EQ(manifest["license"], "MIT");
  EXPECT_EQ(manifest["scheme"], "bytes/1");
  EXPECT_EQ(manifest["parent"], (json{{"origin", kOld},
                                      {"vkey", old["vkey"]},
                                      {"m", tagged["index_size"]},
                                      {"set_root", tagged["set_root"]}}));
  EXPECT_EQ(Done({"head", kNew})["set_root"], Done({"head", kOld})["set_root"]);
  Done({"audit", kOld});
  Done({"audit", kNew});

  home_ = "user";
  const json followed = Lines(Follow({kOld, "--json"}).out).at(0);
  EXPECT_EQ(followed["origin"], kNew);
  EXPECT_EQ(followed["vkey"], moved["vkey"]);
  EXPECT_EQ(followed["pinned"], true);
  EXPECT_EQ(followed["handed_over"], true);
  EXPECT_EQ(followed["set_root"], tagged["set_root"]);
  EXPECT_EQ(Follow({kOld, kNew}).exit_code, 0) << "again, by name";
  const json found = Done({"in", kNew, Path("cat")});
  EXPECT_EQ(found["verdict"], "PRESENT");
  EXPECT_EQ(found["pinned"], true);
  EXPECT_EQ(Do({"in", kNew, Path("fish")}).exit_code, 1);
  EXPECT_EQ(Done({"in", kOld, Path("fish"), "--at", "v1"})["verdict"], "PRESENT");
}

TEST_F(CliHandoverTest, WhoReadsTheTagsOfASealedLogIsToldWhereItGoesOn) {
  AsUserWith(MakeOld());
  AsOwner();
  const std::vector<std::vector<std::string>> readers = {
      {"audit", kOld}, {"tags", kOld}, {"watch", kOld, Path("cat"), "--once"}};
  const std::string note =
      absl::StrFormat("goes on as %s (setlog trust follow %s)", kNew, kOld);
  for (const auto& reader : readers) {
    EXPECT_THAT(Do(reader).err, Not(HasSubstr("goes on"))) << reader[0];
  }
  Done({"handover", kOld, kNew});
  home_ = "user";
  for (const auto& reader : readers) {
    const ProcessResult told = Do(reader);
    EXPECT_EQ(told.exit_code, 0) << told.err;
    EXPECT_THAT(told.err, HasSubstr(note)) << reader[0];
  }
  EXPECT_EQ(Do({"audit", kOld, "--quiet"}).err, "");
}

TEST_F(CliHandoverTest, AnOldLogTakesNothingMoreAlsoAfterARestart) {
  MakeOld();
  Done({"handover", kOld, kNew});
  for (int i = 0; i < 2; ++i) {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"add", kOld, Path("bird")},
             {"remove", kOld, Path("cat")},
             {"tag", kOld, "v9"},
             {"handover", kOld, "example.org/pets.3"}}) {
      EXPECT_EQ(Do(command).exit_code, 2) << command[0];
    }
    const ProcessResult add = Do({"add", kOld, Path("bird")});
    EXPECT_THAT(add.err, HasSubstr("handed over for good"));
    EXPECT_THAT(add.err, HasSubstr(kNew));
    EXPECT_EQ(Lines(Do({"logs", "--json"}).out).size(), 2u);
    // It is read and audited as ever, and the one after it goes on.
    EXPECT_EQ(Done({"audit", kOld})["verdict"], "CLEAN");
    Done({"add", kNew, Path("bird")});
    // What was done stays done.
    EXPECT_EQ(Done({"handover", kOld, kNew})["added"], 0);
    server_.reset();
    server_ = Start("a");
  }
}

TEST_F(CliHandoverTest, AHandoverGoesOnFromWhereverItStopped) {
  MakeOld();
  // Made, and some members copied, of which one is sent again: that changes nothing.
  Done({"init", kNew, "--parent", kOld});
  Done({"add", kNew, Path("dog")});
  EXPECT_EQ(Done({"handover", kOld, kNew})["left_behind"], 0);

  MakeOld("example.org/b");
  Done({"init", "example.org/b2", "--parent", "example.org/b", "--at", "v1"});
  const ProcessResult other =
      Do({"handover", "example.org/b", "example.org/b2", "--at", "v2"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("was made for m ="));
  // The old log went on after v1: said, and nothing is closed.
  const ProcessResult grown = Do({"handover", "example.org/b", "example.org/b2"});
  EXPECT_EQ(grown.exit_code, 2);
  EXPECT_THAT(grown.err, HasSubstr("2 more entries since m ="));
  const json moved =
      Done({"handover", "example.org/b", "example.org/b2", "--at", "v1"});
  EXPECT_EQ(moved["left_behind"], 2);
  EXPECT_EQ(moved["set_count"], 3);

  // Somebody wrote to the new log in between.
  MakeOld("example.org/c");
  Done({"init", "example.org/c2", "--parent", "example.org/c"});
  Done({"add", "example.org/c2", Path("bird")});
  const ProcessResult mixed = Do({"handover", "example.org/c", "example.org/c2"});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("somebody else has written to it"));
  EXPECT_EQ(Do({"tags", "example.org/c"}).out.find("successor"), std::string::npos);
  Done({"remove", "example.org/c2", Path("bird")});
  Done({"handover", "example.org/c", "example.org/c2"});
}

TEST_F(CliHandoverTest, WhatCannotBeHandedOverIsRefusedBeforeAnythingIsMade) {
  MakeOld();
  const auto refused = [&](std::vector<std::string> command, const std::string& why) {
    const ProcessResult result = Do(command);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refused({"handover", kOld, kOld}, "another origin");
  refused({"handover", kOld, "example.org/a~b"}, "no `~`");
  refused({"handover", kOld, "example.org/" + std::string(180, 'a')}, "191 bytes");
  refused({"handover", kOld, kNew, "--at", "v7"}, "v7");
  Done({"init", "example.org/other", "--scheme", "bytes/1"});
  refused({"handover", kOld, "example.org/other"}, "does not name example.org/pets");
  Done({"init", "example.org/words", "--scheme", "text/1", "--parent", kOld});
  refused({"handover", kOld, "example.org/words"}, "another hash there");
  // The key is never taken from the server.
  home_ = "stranger";
  refused({"handover", kOld, kNew}, "no key of this log is known");
  refused({"init", kNew, "--parent", kOld}, "no key of this log is known");
  AsOwner();
  EXPECT_EQ(Lines(Do({"logs", "--json"}).out).size(), 3u);
}

TEST_F(CliHandoverTest, WhoMayOnlyTagCannotNameASuccessor) {
  MakeOld();
  const std::string vkey = Create(ManifestWith(ParentAt("v2")));
  Done({"token", "create", "example.org/*", "--verbs", "create,add,remove,tag,read",
        "--expires", "1h", "--out", Path("ci.token")});
  const json made = Done({"token", "create", kOld, "--verbs", "handover", "--expires",
                          "1h", "--out", Path("handover.token")});
  EXPECT_EQ(made["verbs"], json({"handover"}));
  const auto tag = [&](const std::string& token, const std::string& name) {
    return Setlog({"tag", kOld, name, "--server", "unix:" + Path("a.socket"),
                   "--token-file", Path(token)});
  };
  EXPECT_EQ(tag("ci.token", "v3").exit_code, 0);
  const ProcessResult denied = tag("ci.token", "successor/" + vkey);
  EXPECT_EQ(denied.exit_code, 2);
  EXPECT_THAT(denied.err, HasSubstr("does not allow `handover`"));
  EXPECT_EQ(Do({"tags", kOld}).out.find("successor"), std::string::npos);
  EXPECT_EQ(tag("handover.token", "v4").exit_code, 2) << "a version is not a successor";
  // Nor can anybody name what is no key of another log.
  for (const std::string& name : std::vector<std::string>{
           "successor/", "successor/v1", "successor/" + vkey.substr(0, vkey.size() - 1),
           "successor/" + Done({"trust", "list", kOld})["vkey"].get<std::string>()}) {
    EXPECT_EQ(tag("a/admin.token", name).exit_code, 2) << name;
  }
  EXPECT_EQ(tag("handover.token", "successor/" + vkey).exit_code, 0);
}

TEST_F(CliHandoverTest, AHandoverTakesItsOwnVerbOnTheOldLogAndThoseOfAWriterOnTheNew) {
  MakeOld();
  const auto handover = [&](const std::string& token) {
    return Setlog({"handover", kOld, kNew, "--server", "unix:" + Path("a.socket"),
                   "--token-file", Path(token), "--to-server",
                   "unix:" + Path("a.socket"), "--to-token-file", Path("ci.token")});
  };
  Done({"token", "create", "*", "--verbs", "create,add,remove,tag", "--expires", "1h",
        "--out", Path("ci.token")});
  Done({"token", "create", kOld, "--verbs", "handover", "--expires", "1h", "--out",
        Path("handover.token")});
  const ProcessResult denied = handover("ci.token");
  EXPECT_EQ(denied.exit_code, 2);
  EXPECT_THAT(denied.err, HasSubstr("does not allow `handover`"));
  const ProcessResult done = handover("handover.token");
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(CliHandoverTest, WhatASealedLogLeftBehindIsNoSuccessUnlessAskedFor) {
  MakeOld();
  Done({"init", kNew, "--parent", kOld, "--at", "v1"});
  // Named by hand: the newest set is in the tag, and the new log goes on from v1.
  Done({"tag", kOld,
        "successor/" + Done({"trust", "list", kNew})["vkey"].get<std::string>()});
  const ProcessResult lost = Do({"handover", kOld, kNew});
  EXPECT_EQ(lost.exit_code, 2) << lost.out;
  EXPECT_THAT(lost.err, HasSubstr("2 entries since m ="));
  EXPECT_EQ(Done({"handover", kOld, kNew, "--at", "v1"})["left_behind"], 2);
}

TEST_F(CliHandoverTest, AVersionCalledParentThatIsNotTheParentsNeedsANewOrigin) {
  MakeOld();
  Done({"init", kNew, "--parent", kOld});
  Done({"add", kNew, Path("bird")});
  Done({"tag", kNew, "parent"});
  for (int i = 0; i < 2; ++i) {
    const ProcessResult mixed = Do({"handover", kOld, kNew});
    EXPECT_EQ(mixed.exit_code, 2);
    EXPECT_THAT(mixed.err, HasSubstr("choose a new origin"));
    EXPECT_EQ(mixed.err.find("Undo that"), std::string::npos) << mixed.err;
  }
  Done({"handover", kOld, "example.org/pets.3"});
}

TEST_F(CliHandoverTest, ALogThatTheOldOneDoesNotNameIsNotFollowed) {
  const json old = MakeOld();
  Done({"init", kNew, "--parent", kOld});
  AsUserWith(old);
  ExpectRefused({kOld, kNew}, "none of its 2 tags names a successor");
  ExpectRefused({kOld}, "none of its 2 tags names a successor");
  AsOwner();
  // It names another one.
  Done({"handover", kOld, "example.org/pets.3"});
  home_ = "user";
  ExpectRefused({kOld, kNew}, "it names example.org/pets.3+");
}

TEST_F(CliHandoverTest, AnotherKeyThanTheOneNamedIsNotFollowed) {
  const json old = MakeOld();
  const json moved = Done({"handover", kOld, kNew});
  // A server of somebody else, with a log of this name and this parent.
  const std::unique_ptr<Server> thief = Start("b");
  const ParentVersion parent{kOld, old["vkey"], moved["index_size"],
                             *HashFromHex(moved["set_root"].get<std::string>())};
  const std::string vkey = Create(ManifestWith(parent), "b");
  EXPECT_NE(vkey, moved["vkey"]);
  AsUserWith(old);
  ExpectRefused({kOld, kNew, "--to-server", "unix:" + Path("b.socket")},
                "under the key that example.org/pets names");
  // Met before, at the wrong server: both keys are named, and nothing changes.
  Setlog({"head", kNew, "--server", "unix:" + Path("b.socket")});
  const ProcessResult known = Follow({kOld, kNew});
  EXPECT_EQ(known.exit_code, 3);
  EXPECT_THAT(known.err, HasSubstr(vkey));
  EXPECT_THAT(known.err, HasSubstr(moved["vkey"].get<std::string>()));
  EXPECT_EQ(Done({"trust", "list", kNew})["vkey"], vkey);
}

TEST_F(CliHandoverTest, AParentThatTheOldLogDoesNotHaveIsNotFollowed) {
  struct Case {
    const char* what;
    std::function<void(Manifest&)> change;
    const char* why;
  };
  for (const Case& lie : {
           Case{"root", [](Manifest& m) { m.parent->set_root.bytes[0] ^= 1; },
                "where that log has"},
           Case{"m", [](Manifest& m) { m.parent->m += 1; },
                "has no version of the set"},
           Case{"beyond", [](Manifest& m) { m.parent->m = 1000; },
                "has no version of the set"},
           Case{"zero", [](Manifest& m) { m.parent->m = 0; },
                "has no version of the set"},
           Case{"origin", [](Manifest& m) { m.parent->origin = "example.org/x"; },
                "names example.org/x as its parent"},
           Case{"key", [](Manifest& m) { m.parent->vkey += "x"; }, "names the key"},
           Case{"none", [](Manifest& m) { m.parent.reset(); }, "names nobody"},
       }) {
    SCOPED_TRACE(lie.what);
    AsOwner();
    const std::string name = std::string("example.org/old-") + lie.what;
    const json old = MakeOld(name);
    const json tagged = Done({"tag", name, "v2"});
    Manifest manifest =
        ManifestWith({name, old["vkey"], tagged["index_size"],
                      *HashFromHex(tagged["set_root"].get<std::string>())});
    manifest.origin = std::string("example.org/new-") + lie.what;
    lie.change(manifest);
    Done({"tag", name, "successor/" + Create(manifest)});
    AsUserWith(old);
    ExpectRefused({name, manifest.origin}, lie.why);
  }
}

TEST_F(CliHandoverTest, AVersionCalledParentMustBeTheParents) {
  const json old = MakeOld();
  const std::string vkey = Create(ManifestWith(ParentAt("v1")));
  Done({"add", kNew, Path("bird")});
  Done({"tag", kNew, "parent"});
  Done({"tag", kOld, "successor/" + vkey});
  AsUserWith(old);
  ExpectRefused({kOld, kNew}, "its version `parent` is not the set");
  // Without one it is followed, and said that no set went over.
  AsOwner();
  const json b = MakeOld("example.org/b");
  const json b2 = Done({"init", "example.org/b2", "--parent", "example.org/b"});
  Done({"tag", "example.org/b", "successor/" + b2["vkey"].get<std::string>()});
  AsUserWith(b);
  EXPECT_EQ(Lines(Follow({"example.org/b", "--json"}).out).at(0)["handed_over"], false);
}

TEST_F(CliHandoverTest, AKeyThatIsNotPinnedAndAPolicyGoAlong) {
  const json old = MakeOld();
  const json moved = Done({"handover", kOld, kNew});
  home_ = "passer-by";
  Done({"head", kOld});
  const json followed = Lines(Follow({kOld, "--json"}).out).at(0);
  EXPECT_EQ(followed["pinned"], false);
  EXPECT_EQ(followed["policy"], nullptr);

  home_ = "careful";
  const std::string key = old["vkey"];
  Write("policy", "log " + key + "\nquorum none\n");
  Done({"trust", "add", kOld, "--policy", Path("policy")});
  const json careful = Lines(Follow({kOld, "--json"}).out).at(0);
  EXPECT_EQ(careful["pinned"], true);
  EXPECT_EQ(careful["policy"], "log " + moved["vkey"].get<std::string>() + "\nlog " +
                                   key + "\nquorum none\n");
  EXPECT_EQ(Done({"in", kNew, Path("cat")})["verdict"], "PRESENT");
  home_ = "none";
  Done({"trust", "add", kOld, "--policy", Path("policy")});
  EXPECT_EQ(Lines(Follow({kOld, "--no-policy", "--json"}).out).at(0)["policy"],
            nullptr);

  // Who wants a witness gets no way round it.
  home_ = "strict";
  const SigningKey witness = KeyOfByte("w.test", 7);
  Write("strict.policy", "log " + key + "\nwitness w " +
                             FormatVkey(witness.Verifier(SignatureType::kCosignature)) +
                             "\nquorum w\n");
  Done({"trust", "add", kOld, "--policy", Path("strict.policy")});
  ExpectRefused({kOld, kNew}, "quorum is not met");
}

}  // namespace
}  // namespace setlog
