// `setlog key` as a process: files, passphrases, and a terminal that shows none of
// them.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli_fixture.h"
#include "client/key_file.h"
#include "log/sealed_vrf_skey.h"
#include "log/vrf_skey.h"
#include "terminal_process.h"
#include "testing.h"
#include "tools/vrf_key_flags.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr PassphraseCost kCheap = {.passes = 1, .mebibytes = 1};

class CliKeyTest : public CliTest {
 protected:
  // The path of a file that only its owner can read.
  std::string Secret(const std::string& name, const std::string& bytes) {
    const std::string path = Write(name, bytes);
    EXPECT_EQ(chmod(path.c_str(), 0600), 0);
    return path;
  }
  // The path of a new key's file, encrypted at a price that tests can pay.
  std::string SealedKey(const std::string& name, const std::string& passphrase) {
    const VrfSecretKey key = VrfSecretKey::Generate().value();
    const auto sealed = SealVrfSkey(key, AsBytes(passphrase), kCheap);
    EXPECT_OK(sealed);
    return Secret(name, FormatSealedVrfSkey(*sealed) + "\n");
  }
  static std::string Content(const std::string& path) {
    std::ifstream stream(path);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  // The public key if `passphrase` opens the file, else what is wrong.
  static std::string OpenedBy(const std::string& path, const std::string& passphrase) {
    std::string line = Content(path);
    if (line.ends_with('\n')) line.pop_back();
    const auto parsed = ParseSealedVrfSkey(line);
    if (!parsed.ok()) return std::string(parsed.status().message());
    const auto key = OpenVrfSkey(*parsed, AsBytes(passphrase));
    if (!key.ok()) return std::string(key.status().message());
    return ToHex(key->PublicKey().bytes());
  }
  // As `setlog` on a terminal, without the variable of whoever runs the test.
  static TerminalProcess OnTerminal(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SETLOG_BINARY);
    return TerminalProcess(std::move(arguments), {{"SETLOG_VRF_PASSPHRASE_FILE", ""}});
  }
};

TEST_F(CliKeyTest, AVrfKeyIsEncryptedWithTheFirstLineOfAFile) {
  const std::string passphrase = Secret("pass", "open sesame\nand a second line\n");
  const std::string file = Path("pets.vrf");
  const ProcessResult made =
      Setlog({"key", "vrf", "--out", file, "--passphrase-file", passphrase, "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string public_key = OpenedBy(file, "open sesame");
  EXPECT_EQ(
      Lines(made.out),
      std::vector({json{{"public", public_key}, {"encrypted", true}, {"file", file}}}));
  EXPECT_EQ(made.err, "");
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_THAT(Content(file),
              AllOf(StartsWith("ENCRYPTED+VRF+" + public_key + "+3+256+"),
                    Not(HasSubstr("PRIVATE"))));

  // Never overwritten, and nobody is asked for a passphrase in vain.
  const std::string before = Content(file);
  for (const char* how : {"--no-passphrase", "--json"}) {
    const ProcessResult again = Setlog({"key", "vrf", "--out", file, how});
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_THAT(again.err, HasSubstr(file + " is there already"));
  }
  EXPECT_EQ(Content(file), before);
}

TEST_F(CliKeyTest, APlainVrfKeyIsMadeOnlyOnRequest) {
  const std::string file = Path("pets.vrf");
  const ProcessResult refused = Setlog({"key", "vrf", "--out", file});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("--passphrase-file"), HasSubstr("--no-passphrase")));
  EXPECT_FALSE(std::filesystem::exists(file));

  const ProcessResult made =
      Setlog({"key", "vrf", "--out", file, "--no-passphrase", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(ModeOf(file), 0600u);
  std::string skey = Content(file);
  ASSERT_TRUE(skey.ends_with('\n'));
  skey.pop_back();
  const absl::StatusOr<VrfSecretKey> key = ParseVrfSkey(skey);
  ASSERT_OK(key);
  const std::string public_key = ToHex(key->PublicKey().bytes());
  EXPECT_EQ(Lines(made.out),
            std::vector(
                {json{{"public", public_key}, {"encrypted", false}, {"file", file}}}));

  const ProcessResult other =
      Setlog({"key", "vrf", "--out", Path("other.vrf"), "--no-passphrase"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.out, AllOf(Not(StartsWith(public_key)), HasSubstr("keep a copy"),
                               HasSubstr("not encrypted"), Not(HasSubstr("PRIVATE"))));
  EXPECT_EQ(other.err, "");
}

// Opening is cheap here, so it is `passwd --no-passphrase` that shows what was read.
TEST_F(CliKeyTest, APassphraseComesFromAFileAPipeOrTheVariable) {
  const auto opens = [&](const ProcessResult& result, const std::string& file) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(Content(file), StartsWith("PRIVATE+VRF+"));
  };
  for (const std::string line : {"p w", "p w\n", "p w\r\n", "p w\nmore"}) {
    const std::string file = SealedKey("a", "p w");
    opens(Setlog({"key", "passwd", file, "--no-passphrase", "--passphrase-file",
                  Secret("pass", line)}),
          file);
    for (const char* stdin_name : {"-", "/dev/stdin"}) {
      const std::string piped = SealedKey("a", "p w");
      opens(Setlog({"key", "passwd", piped, "--no-passphrase", "--passphrase-file",
                    stdin_name},
                   line),
            piped);
    }
  }
  const std::string file = SealedKey("a", "p w");
  const ProcessOptions variable = {
      .environment = {{"SETLOG_VRF_PASSPHRASE_FILE", Secret("pass", "p w\n")}},
      .no_terminal = true};
  opens(RunProcess({SETLOG_BINARY, "key", "passwd", file, "--no-passphrase"}, variable),
        file);
}

TEST_F(CliKeyTest, WhatIsNoPassphraseOrNoSecretIsRefused) {
  const std::string file = SealedKey("a", "p");
  const std::string before = Content(file);
  const auto refused = [&](const std::string& passphrase_file, const std::string& why) {
    const ProcessResult result = Setlog({"key", "passwd", file, "--no-passphrase",
                                         "--passphrase-file", passphrase_file});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_EQ(Content(file), before);
  };
  refused(Path("none"), "none");
  refused(Secret("wrong", "q\n"), "wrong passphrase");
  refused(Secret("empty", "\np\n"), "empty");
  refused(Secret("long", std::string(1025, 'p')), "longer than 1024");
  refused(Secret("control", "p\x01\n"), "one line of text");
  refused(Secret("random", "\xff\xfe\n"), "one line of text");
  const std::string open = Secret("open", "p\n");
  for (const unsigned mode : {0644u, 0604u}) {
    ASSERT_EQ(chmod(open.c_str(), mode), 0);
    refused(open, "chmod 600");
  }
  // As a service manager lends it to one more user.
  ASSERT_EQ(chmod(open.c_str(), 0440), 0);
  EXPECT_EQ(
      Setlog({"key", "passwd", file, "--no-passphrase", "--passphrase-file", open})
          .exit_code,
      0);

  const std::string longest = SealedKey("b", std::string(1024, 'p'));
  EXPECT_EQ(
      Setlog({"key", "passwd", longest, "--no-passphrase", "--passphrase-file", "-"},
             std::string(1024, 'p'))
          .exit_code,
      0);
}

TEST_F(CliKeyTest, APassphraseIsChangedInPlace) {
  const std::string file = SealedKey("a", "old");
  const std::string public_key = OpenedBy(file, "old");
  ASSERT_EQ(chmod(file.c_str(), 0400), 0);
  // Both from standard input: a line each.
  const ProcessResult changed = Setlog({"key", "passwd", file, "--passphrase-file", "-",
                                        "--new-passphrase-file", "-", "--json"},
                                       "old\nnew\n");
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_EQ(
      Lines(changed.out),
      std::vector({json{{"public", public_key}, {"encrypted", true}, {"file", file}}}));
  EXPECT_EQ(ModeOf(file), 0400u);
  EXPECT_EQ(OpenedBy(file, "new"), public_key);
  EXPECT_THAT(OpenedBy(file, "old"), HasSubstr("wrong passphrase"));
  EXPECT_THAT(Content(file), HasSubstr("+3+256+"));

  // Nobody to ask for the new one, or the old one.
  const std::string before = Content(file);
  const std::string passphrase = Secret("pass", "new\n");
  const ProcessResult no_new =
      Setlog({"key", "passwd", file, "--passphrase-file", passphrase});
  EXPECT_EQ(no_new.exit_code, 2);
  EXPECT_THAT(no_new.err, HasSubstr("--new-passphrase-file"));
  const ProcessResult no_old = RunProcess(
      {SETLOG_BINARY, "key", "passwd", file, "--no-passphrase"},
      {.environment = {{"SETLOG_VRF_PASSPHRASE_FILE", ""}}, .no_terminal = true});
  EXPECT_EQ(no_old.exit_code, 2);
  EXPECT_THAT(no_old.err, AllOf(HasSubstr("is encrypted"),
                                HasSubstr("with --passphrase-file or "
                                          "SETLOG_VRF_PASSPHRASE_FILE")));
  EXPECT_EQ(Content(file), before);
}

TEST_F(CliKeyTest, TheFirstPassphraseNeedsNoOldOne) {
  const std::string file = Path("a");
  const auto made = CreateVrfKeyFile(file, std::nullopt);
  ASSERT_OK(made);
  const ProcessResult changed = Setlog(
      {"key", "passwd", file, "--new-passphrase-file", Secret("pass", "first\n")});
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_EQ(OpenedBy(file, "first"), ToHex(made->PublicKey().bytes()));
}

TEST_F(CliKeyTest, ShowTellsThePublicHalfOfEveryKey) {
  const std::string sealed = SealedKey("a.vrf", "p");
  const std::string public_key = OpenedBy(sealed, "p");
  const ProcessResult shown = Setlog({"key", "show", sealed, "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(Lines(shown.out), std::vector({json{{"kind", "vrf"},
                                                {"public", public_key},
                                                {"encrypted", true},
                                                {"file", sealed}}}));
  EXPECT_THAT(Setlog({"key", "show", sealed}).out,
              AllOf(StartsWith(public_key + "\n"), HasSubstr("encrypted")));

  const std::string plain = Path("b.vrf");
  const auto made = CreateVrfKeyFile(plain, std::nullopt);
  ASSERT_OK(made);
  EXPECT_THAT(Setlog({"key", "show", plain}).out,
              AllOf(StartsWith(ToHex(made->PublicKey().bytes())),
                    HasSubstr("not encrypted"), Not(HasSubstr(ToHex(made->Scalar())))));

  const std::string signing = Path("w1.key");
  const ProcessResult created =
      Setlog({"key", "signing", "--out", signing, "--name", "a.example/w", "--json"});
  ASSERT_EQ(created.exit_code, 0) << created.err;
  const json key = Lines(created.out).at(0);
  const ProcessResult of_signing = Setlog({"key", "show", signing, "--json"});
  ASSERT_EQ(of_signing.exit_code, 0) << of_signing.err;
  EXPECT_EQ(Lines(of_signing.out), std::vector({json{{"kind", "signing"},
                                                     {"name", "a.example/w"},
                                                     {"public", key["public"]},
                                                     {"cosigner", key["cosigner"]},
                                                     {"encrypted", false},
                                                     {"file", signing}}}));
  EXPECT_THAT(of_signing.out + Setlog({"key", "show", signing}).out,
              Not(HasSubstr("PRIVATE")));
  const ProcessResult refused = Setlog({"key", "passwd", signing, "--no-passphrase"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("signing key"));
  EXPECT_EQ(Setlog({"key", "show", Write("text", "hello\n")}).exit_code, 2);
}

TEST_F(CliKeyTest, ATerminalIsAskedTwiceAndShowsNothing) {
  const std::string file = Path("a.vrf");
  TerminalProcess setlog = OnTerminal({"key", "vrf", "--out", file});
  ASSERT_TRUE(setlog.Shows("new passphrase for " + file)) << setlog.screen();
  ASSERT_TRUE(setlog.Shows(": "));
  EXPECT_FALSE(setlog.Echoes());
  setlog.Type("s\xC3\xA9same ouvre-toi\n");
  ASSERT_TRUE(setlog.Shows("the same again: ")) << setlog.screen();
  EXPECT_FALSE(setlog.Echoes());
  EXPECT_FALSE(std::filesystem::exists(file));
  setlog.Type("s\xC3\xA9same ouvre-toi\n");
  ASSERT_EQ(setlog.Wait(), 0) << setlog.screen();
  EXPECT_TRUE(setlog.Echoes());
  EXPECT_THAT(setlog.screen(), Not(HasSubstr("ouvre")));
  EXPECT_THAT(setlog.screen(), HasSubstr(OpenedBy(file, "s\xC3\xA9same ouvre-toi")));
}

TEST_F(CliKeyTest, ATerminalIsAskedForTheOldPassphraseToo) {
  const std::string file = SealedKey("a.vrf", "old");
  TerminalProcess setlog = OnTerminal({"key", "passwd", file});
  ASSERT_TRUE(setlog.Shows("passphrase of " + file + ": ")) << setlog.screen();
  EXPECT_FALSE(setlog.Echoes());
  setlog.Type("old\n");
  ASSERT_TRUE(setlog.Shows("none): ")) << setlog.screen();
  setlog.Type("new\n");
  ASSERT_TRUE(setlog.Shows("again: ")) << setlog.screen();
  setlog.Type("new\n");
  ASSERT_EQ(setlog.Wait(), 0) << setlog.screen();
  EXPECT_EQ(OpenedBy(file, "new").size(), 64u);
}

TEST_F(CliKeyTest, WhatIsTypedWronglyMakesNoKey) {
  struct Case {
    std::string first;
    std::string second;
    std::string says;
  };
  for (const auto& [first, second, says] :
       {Case{"one\n", "other\n", "not the same"},
        Case{"one\n", "ones\n", "not the same"}, Case{"\n", "", "empty passphrase"},
        Case{"\x04", "", "closed"},
        Case{std::string(1025, 'p') + "\n", "", "longer than 1024"}}) {
    const std::string file = Path("a.vrf");
    TerminalProcess setlog = OnTerminal({"key", "vrf", "--out", file});
    ASSERT_TRUE(setlog.Shows("none): ")) << setlog.screen();
    setlog.Type(first);
    if (!second.empty()) {
      ASSERT_TRUE(setlog.Shows("again: ")) << setlog.screen();
      setlog.Type(second);
    }
    EXPECT_EQ(setlog.Wait(), 2) << setlog.screen();
    EXPECT_THAT(setlog.screen(), HasSubstr(says));
    EXPECT_TRUE(setlog.Echoes());
    EXPECT_FALSE(std::filesystem::exists(file));
  }
}

TEST_F(CliKeyTest, ASignalEndsItAndTheTerminalIsAsItWas) {
  const std::string file = Path("a.vrf");
  const auto prompted = [&](TerminalProcess& setlog) {
    EXPECT_TRUE(setlog.Shows("none): ")) << setlog.screen();
    EXPECT_FALSE(setlog.Echoes());
    setlog.Type("half of it");
  };
  for (const auto& [key, signal] :
       {std::pair{"\x03", SIGINT}, std::pair{"\x1c", SIGQUIT}}) {
    TerminalProcess setlog = OnTerminal({"key", "vrf", "--out", file});
    prompted(setlog);
    setlog.Type(key);
    EXPECT_EQ(setlog.Wait(), -signal);
    EXPECT_TRUE(setlog.Echoes());
    EXPECT_THAT(setlog.screen(), Not(HasSubstr("half")));
  }
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
    TerminalProcess setlog = OnTerminal({"key", "vrf", "--out", file});
    prompted(setlog);
    setlog.Signal(signal);
    EXPECT_EQ(setlog.Wait(), -signal);
    EXPECT_TRUE(setlog.Echoes());
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

// A shell that sees a stopped job gets a terminal that echoes; back in the foreground
// the job asks again.
TEST_F(CliKeyTest, AStoppedPromptGivesTheTerminalBackAndAsksAgain) {
  const std::string file = SealedKey("a.vrf", "p");
  TerminalProcess shell(
      {"/bin/bash", "--norc", "-m", "-c",
       "'" SETLOG_BINARY "' key passwd --no-passphrase '" + file +
           "'; echo stopped with $?; stty -a; read -r; fg; echo ended with $?"},
      {{"SETLOG_VRF_PASSPHRASE_FILE", ""}});
  ASSERT_TRUE(shell.Shows("passphrase of " + file + ": ")) << shell.screen();
  EXPECT_FALSE(shell.Echoes());
  shell.Type("\x1a");
  ASSERT_TRUE(shell.Shows("stopped with 148")) << shell.screen();
  ASSERT_TRUE(shell.Shows(" echo ")) << shell.screen();
  EXPECT_TRUE(shell.Echoes());
  shell.Type("\n");
  ASSERT_TRUE(shell.Shows("passphrase of " + file + ": ")) << shell.screen();
  EXPECT_FALSE(shell.Echoes());
  shell.Type("p\n");
  EXPECT_TRUE(shell.Shows("ended with 0")) << shell.screen();
  EXPECT_EQ(shell.Wait(), 0);
  EXPECT_TRUE(shell.Echoes());
  EXPECT_THAT(Content(file), StartsWith("PRIVATE+VRF+"));
}

// Records come by standard input, and a key is opened all the same; but who makes a key
// in a script may not sit at its terminal.
TEST_F(CliKeyTest, WhoIsAskedDependsOnStandardInputOnlyForANewKey) {
  const std::string made = Path("new.vrf");
  const std::string file = SealedKey("a.vrf", "p");
  TerminalProcess shell(
      {"/bin/bash", "--norc", "-c",
       "'" SETLOG_BINARY "' key vrf --out '" + made + "' </dev/null; echo made: $?; '" +
           SETLOG_BINARY + "' key passwd --no-passphrase '" + file + "' </dev/null"},
      {{"SETLOG_VRF_PASSPHRASE_FILE", ""}});
  ASSERT_TRUE(shell.Shows("made: 2")) << shell.screen();
  EXPECT_THAT(shell.screen(), HasSubstr("no terminal to ask for a passphrase"));
  ASSERT_TRUE(shell.Shows("passphrase of " + file + ": ")) << shell.screen();
  shell.Type("p\n");
  EXPECT_EQ(shell.Wait(), 0) << shell.screen();
  EXPECT_FALSE(std::filesystem::exists(made));
  EXPECT_THAT(Content(file), StartsWith("PRIVATE+VRF+"));
}

TEST_F(CliKeyTest, ASignalThatIsIgnoredStaysIgnored) {
  const std::string file = SealedKey("a.vrf", "p");
  TerminalProcess setlog(
      {"/bin/bash", "--norc", "-c",
       "trap '' HUP; exec '" SETLOG_BINARY "' key passwd --no-passphrase '" + file +
           "'"},
      {{"SETLOG_VRF_PASSPHRASE_FILE", ""}});
  ASSERT_TRUE(setlog.Shows("passphrase of " + file + ": ")) << setlog.screen();
  setlog.Signal(SIGHUP);
  setlog.Type("p\n");
  EXPECT_EQ(setlog.Wait(), 0) << setlog.screen();
}

// What is wrong with a key keeps a server from starting; with the right passphrase it
// is the next thing that does, here its directory.
TEST_F(CliKeyTest, AServerOpensEncryptedKeysWithAPassphraseFromAFile) {
  const std::string first = SealedKey("a.vrf", "p");
  const std::string second = SealedKey("b.vrf", "q");
  const std::string no_directory = Write("file", "") + "/data";
  const auto says = [&](std::vector<std::string> flags, const std::string& input) {
    flags.insert(flags.begin(), {SETLOGD_BINARY, "--data", no_directory, "--vrf-key",
                                 first, "--vrf-key", second});
    const ProcessResult result =
        RunProcess(flags, {.input = input,
                           .environment = {{"SETLOG_VRF_PASSPHRASE_FILE", ""}},
                           .no_terminal = true});
    EXPECT_NE(result.exit_code, 0);
    return result.err;
  };
  EXPECT_THAT(says({}, ""), AllOf(HasSubstr("--vrf-key: " + first + " is encrypted"),
                                  HasSubstr("with --vrf-passphrase-file or ")));
  EXPECT_THAT(says({"--vrf-passphrase-file", Secret("pass", "p\n")}, ""),
              HasSubstr("--vrf-key: " + second + ": wrong passphrase"));
  EXPECT_THAT(says({"--vrf-passphrase-file", "-"}, "p\nq\n"),
              AllOf(Not(HasSubstr("--vrf-key")), HasSubstr(no_directory)));
}

// What other commands declare.
TEST_F(CliKeyTest, TheFlagsOfAVrfKeyLoadItWhereverItsPassphraseIs) {
  const std::string file = SealedKey("a.vrf", "p");
  const std::string public_key = OpenedBy(file, "p");
  const std::string passphrase = Secret("pass", "p\n");
  const std::string wrong = Secret("wrong", "q\n");
  const auto load = [](std::vector<std::string> arguments) {
    CLI::App app;
    VrfKeyFlags flags;
    AddVrfKeyFlags(app, flags, "the key");
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    return LoadVrfKey(flags);
  };
  unsetenv("SETLOG_VRF_PASSPHRASE_FILE");
  EXPECT_STATUS(load({}), absl::StatusCode::kInvalidArgument, "--vrf-key");
  EXPECT_THROW(load({"--vrf-passphrase-file", passphrase}), CLI::RequiresError);
  const auto named = load({"--vrf-key", file, "--vrf-passphrase-file", passphrase});
  ASSERT_OK(named);
  EXPECT_EQ(ToHex(named->PublicKey().bytes()), public_key);
  EXPECT_STATUS(load({"--vrf-key", file, "--vrf-passphrase-file", wrong}),
                absl::StatusCode::kFailedPrecondition, "wrong passphrase");
  setenv("SETLOG_VRF_PASSPHRASE_FILE", passphrase.c_str(), 1);
  EXPECT_OK(load({"--vrf-key", file}));
  // The flag counts more than the variable.
  EXPECT_STATUS(load({"--vrf-key", file, "--vrf-passphrase-file", wrong}),
                absl::StatusCode::kFailedPrecondition, "wrong passphrase");
  unsetenv("SETLOG_VRF_PASSPHRASE_FILE");

  const auto plain = CreateVrfKeyFile(Path("b.vrf"), std::nullopt);
  ASSERT_OK(plain);
  const auto loaded = load({"--vrf-key", Path("b.vrf")});
  ASSERT_OK(loaded);
  EXPECT_EQ(loaded->PublicKey(), plain->PublicKey());
  ASSERT_EQ(chmod(Path("b.vrf").c_str(), 0644), 0);
  EXPECT_STATUS(load({"--vrf-key", Path("b.vrf")}),
                absl::StatusCode::kFailedPrecondition, "chmod 600");
}

}  // namespace
}  // namespace setlog
