// `setlog model` as a process: what is signed verifies, and says what it is.
#include <sys/stat.h>

#include "model_fixture.h"
#include "terminal_process.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CliModelTest : public ModelCliTest {
 protected:
  std::vector<std::string> SignedNames() const {
    std::vector<std::string> names;
    const json statement = Statement();
    for (const json& resource : statement["predicate"]["resources"]) {
      names.push_back(resource["name"]);
    }
    return names;
  }
};

TEST_F(CliModelTest, WhatIsSignedVerifies) {
  const ProcessResult made = Sign({"--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const json signed_as = Lines(made.out).at(0);
  EXPECT_EQ(signed_as["signature"], Path("demo.sig"));
  EXPECT_EQ(signed_as["files"], 4);
  EXPECT_EQ(signed_as["bytes"], 30);
  EXPECT_EQ(SignedNames(), (std::vector<std::string>{"config.json", "sub-b.bin",
                                                     "sub/a.bin", "weights.bin"}));

  const ProcessResult verified = Verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out, StartsWith("VERIFIED " + Path("demo")));
  EXPECT_THAT(verified.out, HasSubstr("as \"demo\": 4 files"));
  const json report = Report(0);
  EXPECT_EQ(report["verdict"], "VERIFIED");
  EXPECT_EQ(report["method"], "key");
  EXPECT_EQ(report["subject"], "demo");
  EXPECT_EQ(report["files"], 4);
  EXPECT_EQ(report["bytes"], 30);
  EXPECT_EQ(report["signer"]["curve"], "P-256");
  EXPECT_EQ(report["signer"]["key"], signed_as["key"]);
  EXPECT_EQ(report["problems"], json::array());
  EXPECT_EQ(report["warnings"], json::array());
}

TEST_F(CliModelTest, EveryCurveDigestAndMethodVerifies) {
  Write("demo/long.bin", std::string(2500, 'w'));
  for (const char* curve : {"prime256v1", "secp384r1", "secp521r1"}) {
    const std::string key = NewEcKey(curve);
    Write("key.pem", key);
    Write("pub.pem", PublicHalf(key));
    for (const Arguments& how :
         {Arguments{}, Arguments{"--hash", "blake2b"},
          Arguments{"--shards", "--shard-size", "1000"}, Arguments{"--shards"},
          Arguments{"--shards", "--shard-size", "7", "--hash", "blake2b"}}) {
      ASSERT_EQ(Sign(how).exit_code, 0);
      EXPECT_EQ(Verify().exit_code, 0);
      Write("demo/long.bin", std::string(2499, 'w') + "v");
      const json problems = Problems();
      ASSERT_EQ(problems.size(), 1u);
      EXPECT_EQ(problems[0]["name"], "long.bin");
      Write("demo/long.bin", std::string(2500, 'w'));
    }
  }
}

TEST_F(CliModelTest, AChangedShardIsNamedByItsBytes) {
  Write("demo/long.bin", std::string(2500, 'w'));
  ASSERT_EQ(Sign({"--shards", "--shard-size", "1000"}).exit_code, 0);
  Write("demo/long.bin", std::string(1500, 'w') + "v" + std::string(999, 'w'));
  EXPECT_EQ(Problems(), json::array({{{"kind", "changed"},
                                      {"name", "long.bin"},
                                      {"detail", "bytes 1000:2000"}}}));
}

TEST_F(CliModelTest, AModelMayBeOneFile) {
  const auto sign = [&](const Arguments& more) {
    return Setlog(
        Joined({"model", "sign", "key", Path("demo/weights.bin"), "--signature",
                Path("demo.sig"), "--private-key", Path("key.pem")},
               more));
  };
  const auto verify = [&](const std::string& file) {
    return Setlog({"model", "verify", "key", Path(file), "--signature",
                   Path("demo.sig"), "--public-key", Path("pub.pem")});
  };
  ASSERT_EQ(sign({}).exit_code, 0);
  EXPECT_EQ(SignedNames(), std::vector<std::string>{"weights.bin"});
  EXPECT_EQ(verify("demo/weights.bin").exit_code, 0);
  EXPECT_EQ(verify("demo/config.json").exit_code, 1);

  ASSERT_EQ(sign({"--compat", "python-1.1"}).exit_code, 0);
  EXPECT_EQ(SignedNames(), std::vector<std::string>{"."});
  EXPECT_EQ(verify("demo/weights.bin").exit_code, 0);
  EXPECT_EQ(verify("demo/config.json").exit_code, 1);
  EXPECT_EQ(verify("demo").exit_code, 1);
}

TEST_F(CliModelTest, WhatIsLeftOutIsRecordedAndIgnoredAgain) {
  std::filesystem::create_directories(Path("demo/.git"));
  Write("demo/.git/HEAD", "ref");
  Write("demo/notes.txt", "mine");
  ASSERT_EQ(Setlog({"model", "sign", "key", Path("demo"), "--signature",
                    Path("demo/model.sig"), "--private-key", Path("key.pem"),
                    "--ignore-paths", Path("demo/notes.txt")})
                .exit_code,
            0);
  EXPECT_EQ(Statement("demo/model.sig")["predicate"]["serialization"]["ignore_paths"],
            (json{".git", ".gitattributes", ".github", ".gitignore", "model.sig",
                  "notes.txt"}));
  Write("demo/notes.txt", "changed");
  Write("demo/.git/index", "new");
  const Arguments verify = {"model",        "verify",       "key",
                            Path("demo"),   "--signature",  Path("demo/model.sig"),
                            "--public-key", Path("pub.pem")};
  const ProcessResult verified = Setlog(verify);
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("as the signer chose: model.sig, notes.txt"));
  // Below the root it is a file as any other.
  std::filesystem::create_directories(Path("demo/sub/.git"));
  Write("demo/sub/.git/HEAD", "ref");
  EXPECT_EQ(Setlog(verify).exit_code, 1);
}

TEST_F(CliModelTest, APathToIgnoreMustBeInTheModel) {
  const ProcessResult result = Sign({"--ignore-paths", Path("key.pem")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("from the current directory"));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
}

TEST_F(CliModelTest, WhatCannotBeSignedIsNamedAndNothingIsWritten) {
  std::filesystem::create_symlink("weights.bin", Path("demo/link"));
  ASSERT_EQ(mkfifo(Path("demo/pipe").c_str(), 0600), 0);
  Write("demo/bad\xff.bin", "");
  const ProcessResult refused = Sign();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("odd      link"), HasSubstr("odd      pipe"),
                                 HasSubstr("odd      bad\\xff.bin")));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
}

TEST_F(CliModelTest, LinksAreSignedAndFollowedOnlyOnRequest) {
  std::filesystem::create_symlink("weights.bin", Path("demo/link"));
  ASSERT_EQ(Sign({"--allow-symlinks"}).exit_code, 0);
  EXPECT_EQ(Problems().at(0)["name"], "link");
  EXPECT_EQ(Verify({"--allow-symlinks"}).exit_code, 0);
  EXPECT_EQ(Verify({"--allow_symlinks"}).exit_code, 0);  // as Python has it
  // A link where a file was signed is none, whatever the reader allows.
  std::filesystem::remove(Path("demo/link"));
  ASSERT_EQ(Sign().exit_code, 0);
  std::filesystem::rename(Path("demo/weights.bin"), Path("weights.bin"));
  std::filesystem::create_symlink(Path("weights.bin"), Path("demo/weights.bin"));
  EXPECT_EQ(Problems({"--allow-symlinks"}).at(0)["kind"], "odd");
}

TEST_F(CliModelTest, NothingToSignIsRefused) {
  std::filesystem::create_directories(Path("empty"));
  Write("empty/.gitignore", "*");
  const auto sign = [&](const std::string& model) {
    return Setlog({"model", "sign", "key", Path(model), "--signature", Path("e.sig"),
                   "--private-key", Path("key.pem")});
  };
  EXPECT_EQ(sign("empty").exit_code, 2);
  EXPECT_EQ(sign("nowhere").exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(Path("e.sig")));
}

TEST_F(CliModelTest, AMistypedSignatureDestroysNoFile) {
  const ProcessResult result =
      Setlog({"model", "sign", "key", Path("demo"), "--signature",
              Path("demo/weights.bin"), "--private-key", Path("key.pem")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(Content("demo/weights.bin"), "weights-0001");
  // A signature is replaced.
  ASSERT_EQ(Sign().exit_code, 0);
  Write("demo/weights.bin", "2");
  ASSERT_EQ(Sign().exit_code, 0);
  EXPECT_EQ(Verify().exit_code, 0);
}

TEST_F(CliModelTest, AnEncryptedKeyNeedsItsPassphrase) {
  Write("key.pem", Openssl({"pkcs8", "-topk8", "-passout", "pass:open sesame"}, key_));
  ASSERT_EQ(Sign({"--passphrase-file", Write("wrong", "sesame\n")}).exit_code, 2);
  const std::string right = Write("right", "open sesame\n");
  ASSERT_EQ(chmod(right.c_str(), 0600), 0);
  ASSERT_EQ(chmod(Path("wrong").c_str(), 0600), 0);
  const ProcessResult wrong = Sign({"--passphrase-file", Path("wrong")});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("key.pem"));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
  ASSERT_EQ(Sign({"--passphrase-file", right}).exit_code, 0);
  EXPECT_EQ(Verify().exit_code, 0);
  const ProcessResult nobody =
      RunProcess({SETLOG_BINARY, "model", "sign", "key", Path("demo"), "--signature",
                  Path("demo.sig"), "--private-key", Path("key.pem")},
                 {.no_terminal = true});
  EXPECT_EQ(nobody.exit_code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("with --passphrase-file"));
}

TEST_F(CliModelTest, WhatIsMissingOrNoKeyIsUsage) {
  ASSERT_EQ(Sign().exit_code, 0);
  const auto verify = [&](const std::string& model, const std::string& signature,
                          const std::string& key) {
    return Setlog({"model", "verify", "key", Path(model), "--signature",
                   Path(signature), "--public-key", Path(key)});
  };
  for (const ProcessResult& result :
       {verify("nowhere", "demo.sig", "pub.pem"), verify("demo", "no.sig", "pub.pem"),
        verify("demo", "demo.sig", "no.pem"), verify("demo", "demo.sig", "key.pem"),
        verify("demo", "demo.sig", "demo.sig"),
        Setlog(
            {"model", "verify", "key", Path("demo"), "--signature", Path("demo.sig")}),
        Setlog({"model", "verify", "key", Path("demo"), "--signature", Path("demo.sig"),
                "--public-key", ""}),
        Setlog({"model", "verify", Path("demo")}), Setlog({"model", "verify"}),
        Setlog({"model"})}) {
    EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
    EXPECT_THAT(result.out, Not(HasSubstr("VERIFIED")));
  }
  const std::string rsa = Openssl({"genpkey", "-algorithm", "RSA"});
  Write("rsa.pem", PublicHalf(rsa));
  EXPECT_EQ(verify("demo", "demo.sig", "rsa.pem").exit_code, 2);
}

TEST_F(CliModelTest, InspectSaysWhatItSaysAndThatNobodyVerifiedIt) {
  ASSERT_EQ(Sign().exit_code, 0);
  const ProcessResult text = Setlog({"model", "inspect", Path("demo.sig")});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(StartsWith("NOT VERIFIED: "), HasSubstr("weights.bin"),
                              HasSubstr("without  .git\n")));
  const json shown =
      Lines(Setlog({"model", "inspect", Path("demo.sig"), "--json"}).out).at(0);
  EXPECT_EQ(shown["verified"], false);
  EXPECT_EQ(shown["signed_with"], "key");
  EXPECT_EQ(shown["root_digest"],
            "202825c24c792def52526e42ed3e5df6c8775ec6bffea935b3452cc932eee128");
  EXPECT_EQ(shown["resources"].size(), 4u);

  const json model = Lines(Setlog({"model", "inspect", Path("demo"), "--json"}).out)[0];
  EXPECT_EQ(model["files"].size(), 4u);
  EXPECT_EQ(model["bytes"], 30);
  EXPECT_EQ(Setlog({"model", "inspect", Path("key.pem")}).exit_code, 2);
}

TEST_F(CliModelTest, DiffComparesSignaturesAndModels) {
  ASSERT_EQ(Sign().exit_code, 0);
  const auto diff = [&](const std::string& a, const std::string& b) {
    return Setlog({"model", "diff", Path(a), Path(b), "--json"});
  };
  EXPECT_EQ(diff("demo.sig", "demo").exit_code, 0);
  std::filesystem::copy(Path("demo"), Path("other"),
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(diff("demo", "other").exit_code, 0);
  Write("other/weights.bin", "weights-0002");
  Write("other/new", "");
  std::filesystem::rename(Path("other/sub/a.bin"), Path("other/sub/b.bin"));
  const std::vector<json> expected = {
      Problem("added", "new"),
      {{"kind", "renamed"}, {"name", "sub/a.bin"}, {"other", "sub/b.bin"}},
      Problem("changed", "weights.bin")};
  for (const char* a : {"demo", "demo.sig"}) {
    const ProcessResult result = diff(a, "other");
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(Lines(result.out), expected) << a;
  }
  std::filesystem::rename(Path("other"), Path("demo2"));
  ASSERT_EQ(Setlog({"model", "sign", "key", Path("demo2"), "--signature", Path("2.sig"),
                    "--private-key", Path("key.pem")})
                .exit_code,
            0);
  EXPECT_EQ(Lines(diff("demo.sig", "2.sig").out), expected);
  EXPECT_EQ(diff("demo.sig", "nowhere").exit_code, 2);
  ASSERT_EQ(Sign({"--hash", "blake2b"}).exit_code, 0);
  EXPECT_EQ(diff("demo.sig", "2.sig").exit_code, 2);
}

TEST_F(CliModelTest, AnInterruptedCommandDecidesAndWritesNothing) {
  Write("demo/huge.bin", "");
  std::filesystem::resize_file(Path("demo/huge.bin"), uint64_t{1} << 36);  // sparse
  TerminalProcess setlog({SETLOG_BINARY, "model", "sign", "key", Path("demo"),
                          "--signature", Path("demo.sig"), "--private-key",
                          Path("key.pem")});
  ASSERT_TRUE(setlog.Shows("GB a second")) << setlog.screen();
  setlog.Type("\x03");
  EXPECT_EQ(setlog.Wait(), 3) << setlog.screen();
  EXPECT_THAT(setlog.screen(), HasSubstr("interrupted"));
  EXPECT_FALSE(std::filesystem::exists(Path("demo.sig")));
}

}  // namespace
}  // namespace setlog
