// `setlog model verify` as a process: whatever is tampered with is refused, and named.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <functional>

#include "model_fixture.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CliModelTamperingTest : public ModelCliTest {
 protected:
  CliModelTamperingTest() {
    const ProcessResult made = Sign();
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(Verify().exit_code, 0);
    payload_ = Payload();
  }

  // Refused before any file is looked at, for what `why` says; however it is asked.
  void ExpectSignatureRefused(const std::string& why) {
    for (const Arguments& how : {Arguments{}, Arguments{"--ignore-unsigned-files"}}) {
      const json report = Report(1, how);
      EXPECT_EQ(report["verdict"], "REFUSED");
      ASSERT_EQ(report["problems"].size(), 1u) << report;
      EXPECT_EQ(report["problems"][0]["kind"], "signature");
      EXPECT_THAT(report["problems"][0]["detail"].get<std::string>(), HasSubstr(why));
      EXPECT_FALSE(report.contains("files"));
    }
    const ProcessResult text = Verify();
    EXPECT_THAT(text.out, StartsWith("REFUSED " + Path("demo.sig") + ": "));
    EXPECT_THAT(text.out, Not(HasSubstr("VERIFIED")));
  }
  // The statement, with one thing replaced, signed by the right key.
  std::string Replaced(const std::string& from, const std::string& to) const {
    const size_t at = payload_.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    std::string text = payload_;
    return text.replace(at, from.size(), to);
  }

  std::string payload_;
};

TEST_F(CliModelTamperingTest, AChangedByteIsNamed) {
  Write("demo/weights.bin", "weights-0002");
  EXPECT_EQ(Problems(), json::array({Problem("changed", "weights.bin")}));
  const ProcessResult text = Verify();
  EXPECT_THAT(text.out, StartsWith("REFUSED " + Path("demo")));
  EXPECT_THAT(text.out, HasSubstr("\n  changed  weights.bin\n"));
}

TEST_F(CliModelTamperingTest, EveryKindOfDifferenceIsToldAtOnce) {
  Write("demo/weights.bin", "weights-0002");
  Write("demo/evil.py", "import os");
  std::filesystem::remove(Path("demo/config.json"));
  std::filesystem::rename(Path("demo/sub/a.bin"), Path("demo/sub/b.bin"));
  std::filesystem::create_symlink("weights.bin", Path("demo/link"));
  ASSERT_EQ(mkfifo(Path("demo/pipe").c_str(), 0600), 0);
  json names = json::array();
  for (json& problem : Problems()) {
    names.push_back({problem["kind"], problem["name"]});
  }
  EXPECT_EQ(names, json::parse(R"([["missing","config.json"],["added","evil.py"],
      ["odd","link"],["odd","pipe"],["renamed","sub/a.bin"],
      ["changed","weights.bin"]])"));
}

TEST_F(CliModelTamperingTest, AnAddedFileIsRefusedUnlessUnsignedOnesAreIgnored) {
  Write("demo/evil.py", "");
  EXPECT_EQ(Problems(), json::array({Problem("added", "evil.py")}));
  EXPECT_EQ(Verify({"--ignore-unsigned-files"}).exit_code, 0);
  EXPECT_EQ(Verify({"--ignore_unsigned_files"}).exit_code, 0);
  EXPECT_EQ(Verify({"--ignore-paths", Path("demo/evil.py")}).exit_code, 0);
  // What was signed is still asked for.
  std::filesystem::remove(Path("demo/config.json"));
  EXPECT_EQ(Problems({"--ignore-unsigned-files"}),
            json::array({Problem("missing", "config.json")}));
}

TEST_F(CliModelTamperingTest, AMissingOrRenamedFileIsNamed) {
  std::filesystem::rename(Path("demo/weights.bin"), Path("demo/other.bin"));
  const json renamed = {
      {"kind", "renamed"}, {"name", "weights.bin"}, {"other", "other.bin"}};
  EXPECT_EQ(Problems(), json::array({renamed}));
  // With the new one ignored, it is not looked for.
  EXPECT_EQ(Problems({"--ignore-unsigned-files"}),
            json::array({Problem("missing", "weights.bin")}));
  std::filesystem::remove(Path("demo/other.bin"));
  EXPECT_EQ(Problems(), json::array({Problem("missing", "weights.bin")}));
}

TEST_F(CliModelTamperingTest, ASignedFileCannotBeIgnored) {
  Write("demo/weights.bin", "weights-0002");
  const json problems = Problems({"--ignore-paths", Path("demo/weights.bin")});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0]["kind"], "missing");
  EXPECT_THAT(problems[0]["detail"].get<std::string>(), HasSubstr("paths to ignore"));
}

TEST_F(CliModelTamperingTest, AnEmptyFileCountsAndSoDoesAChangeOfCase) {
  Write("demo/sub/__init__.py", "");
  EXPECT_EQ(Problems(), json::array({Problem("added", "sub/__init__.py")}));
  std::filesystem::remove(Path("demo/sub/__init__.py"));
  std::filesystem::rename(Path("demo/config.json"), Path("demo/Config.json"));
  EXPECT_EQ(Problems().at(0)["kind"], "renamed");
}

TEST_F(CliModelTamperingTest, WhatNamesAndSizesDecideIsNotRead) {
  constexpr uintmax_t kHoursToRead = uintmax_t{1} << 42;
  Write("demo/evil.bin", "");
  std::filesystem::resize_file(Path("demo/evil.bin"), kHoursToRead);
  EXPECT_EQ(Problems(), json::array({Problem("added", "evil.bin")}));
  std::filesystem::remove(Path("demo/evil.bin"));

  ASSERT_EQ(Sign({"--shards", "--shard-size", "4"}).exit_code, 0);
  Write("demo/evil.bin", "");
  for (const char* file : {"demo/evil.bin", "demo/weights.bin"}) {
    std::filesystem::resize_file(Path(file), kHoursToRead);
  }
  json changed = Problem("changed", "weights.bin");
  changed["detail"] = "4398046511104 bytes, 12 were signed";
  EXPECT_EQ(Problems(), json::array({Problem("added", "evil.bin"), changed}));
}

TEST_F(CliModelTamperingTest, AnEmptyFileThatShardsDoNotSignIsNamed) {
  ASSERT_EQ(Sign({"--shards"}).exit_code, 0);
  Write("demo/sub/__init__.py", "");
  const json report = Report(0);
  EXPECT_EQ(report["files"], 4);
  ASSERT_EQ(report["warnings"].size(), 1u);
  EXPECT_THAT(report["warnings"][0].get<std::string>(),
              StartsWith("sub/__init__.py has no bytes: "));
}

TEST_F(CliModelTamperingTest, WhatIsNoFileInAFilesPlaceIsOdd) {
  const auto put = [&](const std::function<void(const std::string&)>& make) {
    const std::string path = Path("demo/weights.bin");
    std::filesystem::remove_all(path);
    make(path);
    for (const Arguments& how : {Arguments{}, Arguments{"--ignore-unsigned-files"}}) {
      const json problems = Problems(how);
      EXPECT_EQ(problems.at(0)["name"], "weights.bin");
      EXPECT_EQ(problems.at(0)["kind"], "odd");
    }
  };
  // The very bytes that were signed, but elsewhere.
  Write("weights.bin", "weights-0001");
  put([&](const std::string& path) {
    std::filesystem::create_symlink(Path("weights.bin"), path);
  });
  put([&](const std::string& path) {
    std::filesystem::create_symlink("nowhere", path);
  });
  put([](const std::string& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); });
  put([](const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {.sun_family = AF_UNIX};
    ASSERT_LT(path.size(), sizeof(address.sun_path));
    path.copy(address.sun_path, path.size());
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    close(fd);
  });
}

TEST_F(CliModelTamperingTest, ADirectoryThatIsALinkIsNotFollowed) {
  std::filesystem::rename(Path("demo/sub"), Path("sub"));
  std::filesystem::create_directory_symlink(Path("sub"), Path("demo/sub"));
  for (const Arguments& how :
       {Arguments{}, Arguments{"--ignore-unsigned-files"},
        Arguments{"--allow-symlinks"},
        Arguments{"--allow-symlinks", "--ignore-unsigned-files"}}) {
    EXPECT_EQ(Problems(how),
              json::array({Problems(how)[0], Problem("missing", "sub/a.bin")}));
    EXPECT_EQ(Problems(how)[0]["name"], "sub");
  }
}

TEST_F(CliModelTamperingTest, AnotherModelsSignatureIsRefused) {
  std::filesystem::create_directories(Path("other"));
  Write("other/a", "1");
  ASSERT_EQ(Setlog({"model", "sign", "key", Path("other"), "--signature",
                    Path("demo.sig"), "--private-key", Path("key.pem")})
                .exit_code,
            0);
  EXPECT_EQ(Problems().size(), 5u);
}

TEST_F(CliModelTamperingTest, AnotherSignatureOfTheSameKeyIsRefused) {
  const std::string first = Content("demo.sig");
  Write("demo/weights.bin", "weights-0002");
  ASSERT_EQ(Sign().exit_code, 0);
  json bundle = Bundle();
  bundle["dsseEnvelope"]["signatures"] =
      json::parse(first)["dsseEnvelope"]["signatures"];
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("signature");
}

TEST_F(CliModelTamperingTest, AnotherKeyIsRefusedWithAndWithoutItsName) {
  const std::string other = NewEcKey("prime256v1");
  Write("pub.pem", PublicHalf(other));
  ExpectSignatureRefused("the key that was given is");
  json bundle = Bundle();
  bundle["verificationMaterial"]["publicKey"] = json::object();
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("signature");
}

TEST_F(CliModelTamperingTest, AChangedPayloadIsRefused) {
  json bundle = Bundle();
  bundle["dsseEnvelope"]["payload"] = ToBase64(AsBytes(Replaced("demo", "Demo")));
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("signature");
}

TEST_F(CliModelTamperingTest, AFileThatIsNotWholeOrHasMoreIsRefused) {
  const std::string whole = Content("demo.sig");
  for (const size_t size : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 2}) {
    Write("demo.sig", whole.substr(0, size));
    ExpectSignatureRefused("signature file");
  }
  for (const char* more : {"{}", "x", "\n[1]", "\xef\xbb\xbf"}) {
    Write("demo.sig", whole + more);
    ExpectSignatureRefused("signature file");
  }
}

TEST_F(CliModelTamperingTest, AKeyOfJsonTwiceIsRefused) {
  const std::string whole = Content("demo.sig");
  std::string twice = whole;
  twice.replace(0, 1, "{\"mediaType\":\"x\",");
  Write("demo.sig", twice);
  ExpectSignatureRefused("mediaType");
  SignPayload(Replaced("{\"_type\"", "{\"_type\":\"x\",\"_type\""));
  ExpectSignatureRefused("_type");
}

TEST_F(CliModelTamperingTest, Base64IsReadInItsOneSpelling) {
  const json whole = Bundle();
  const std::string payload = whole["dsseEnvelope"]["payload"];
  for (const std::string& other :
       {payload.substr(0, 8) + "\n" + payload.substr(8), payload + "=", payload + "%",
        " " + payload, payload.substr(0, payload.size() - 1)}) {
    json bundle = whole;
    bundle["dsseEnvelope"]["payload"] = other;
    Write("demo.sig", bundle.dump());
    ExpectSignatureRefused("payload");
  }
  json bundle = whole;
  const std::string signature = whole["dsseEnvelope"]["signatures"][0]["sig"];
  bundle["dsseEnvelope"]["signatures"][0]["sig"] = signature + "\n";
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("sig");
}

// The key's owner is wicked, or was made to sign this: the right key is no excuse.
TEST_F(CliModelTamperingTest, WhatASignedListMayNotSayIsRefused) {
  const std::string name = "\"name\":\"config.json\"";
  for (const char* other :
       {"../config.json", "/etc/passwd", "./config.json", "sub/../config.json", "", ".",
        "..", "config.json/", "sub//config.json", "sub-b.bin"}) {
    SignPayload(Replaced(name, "\"name\":\"" + std::string(other) + "\""));
    ExpectSignatureRefused("statement");
  }
  // A zero byte, a lone surrogate: no names of files.
  SignPayload(Replaced(name, "\"name\":\"config.json\\u0000\""));
  ExpectSignatureRefused("statement");
  SignPayload(Replaced(name, "\"name\":\"config\\ud800\""));
  ExpectSignatureRefused("statement");
}

TEST_F(CliModelTamperingTest, PathsToIgnoreAreHeldToTheirRules) {
  for (const char* other : {".", "..", "../x", "/", "/etc", "", "sub/", "a/../b"}) {
    SignPayload(Replaced("\".git\"", "\"" + std::string(other) + "\""));
    ExpectSignatureRefused("statement");
  }
  // A signed file among them is not left out of the comparison.
  SignPayload(Replaced("\".git\"", "\"sub\""));
  const json report = Report(1);
  EXPECT_FALSE(report["problems"].empty());
  // Everything left out, and nothing listed.
  json empty = json::parse(payload_);
  empty["predicate"]["resources"] = json::array();
  empty["subject"][0]["digest"]["sha256"] =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  SignPayload(empty.dump());
  ExpectSignatureRefused("statement");
}

TEST_F(CliModelTamperingTest, ARootDigestOfOtherFilesIsRefused) {
  json statement = json::parse(payload_);
  statement["subject"][0]["digest"]["sha256"] = std::string(64, '0');
  SignPayload(statement.dump());
  ExpectSignatureRefused("statement");
}

TEST_F(CliModelTamperingTest, AnotherKindOfStatementIsRefused) {
  SignPayload(Replaced("https://model_signing/signature/v1.0",
                       "https://model_signing/signature/v1.1"));
  ExpectSignatureRefused("statement");
  json bundle = Bundle();
  bundle["dsseEnvelope"]["payloadType"] = "text/plain";
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("payloadType");
}

TEST_F(CliModelTamperingTest, TheMethodAskedForMustBeTheSignatures) {
  Write("root.pem", PublicHalf(key_));
  json bundle = Bundle();
  bundle["verificationMaterial"] = {{"certificate", {{"rawBytes", "MAA="}}},
                                    {"tlogEntries", json::array()}};
  Write("demo.sig", bundle.dump());
  ExpectSignatureRefused("");
}

TEST_F(CliModelTamperingTest, ADigestThatIsNotKnownHereIsNoVerdict) {
  json statement = json::parse(payload_);
  statement["predicate"]["serialization"]["hash_type"] = "blake3";
  for (json& resource : statement["predicate"]["resources"]) {
    resource["algorithm"] = "blake3";
  }
  SignPayload(statement.dump());
  const ProcessResult result = Verify({"--json"});
  EXPECT_EQ(result.exit_code, 3) << result.out;
  EXPECT_EQ(Lines(result.out).at(0)["verdict"], "UNSUPPORTED");
}

TEST_F(CliModelTamperingTest, AFileNameWritesNoVerdict) {
  Write("demo/x\n  VERIFIED by \x1b[2J", "");
  const ProcessResult text = Verify();
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.out, HasSubstr("x\\n  VERIFIED by \\x1b[2J"));
}

}  // namespace
}  // namespace setlog
