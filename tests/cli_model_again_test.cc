// `setlog model sign --from-bundle` as a process: what is read again, and whose word is
// taken for the rest.
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "model_fixture.h"
#include "tools/model_earlier.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class CliModelAgainTest : public ModelCliTest {
 protected:
  CliModelAgainTest() {
    // Long ago: what is written from now on is newer than the signature.
    for (const char* file : {"config.json", "weights.bin", "sub/a.bin", "sub-b.bin"}) {
      SetTime(std::string("demo/") + file, 1'700'000'000);
    }
    // Until the clock of the file system, which has told when that was, has moved on.
    for (const int64_t now_ns = FileTimeNow(); FileTimeNow() == now_ns;) {
      std::this_thread::yield();
    }
    EXPECT_EQ(Sign().exit_code, 0);
    std::filesystem::copy_file(Path("demo.sig"), Path("old.sig"));
    std::filesystem::last_write_time(
        Path("old.sig"), std::filesystem::last_write_time(Path("demo.sig")));
  }
  void SetTime(const std::string& file, int64_t seconds) {
    const struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, Path(file).c_str(), times, 0), 0);
  }
  ProcessResult SignAgain(const Arguments& more = {}) {
    return Sign(
        Joined({"--from-bundle", Path("old.sig"), "--trust-mtime", "--json"}, more));
  }
  // Bytes that were read.
  int BytesRead(const Arguments& more = {}) {
    const ProcessResult result = SignAgain(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Lines(result.out).at(0)["bytes"];
  }
};

TEST_F(CliModelAgainTest, OnlyWhatIsNewIsReadAndAllOfItIsSigned) {
  EXPECT_EQ(BytesRead(), 0);
  EXPECT_EQ(Verify().exit_code, 0);
  Write("demo/weights.bin", "weights-0002!");
  Write("demo/new.bin", "12345");
  std::filesystem::remove(Path("demo/config.json"));
  EXPECT_EQ(BytesRead(), 18);
  const json report = Report(0);
  EXPECT_EQ(report["files"], 4);
  // The same as if all had been read.
  const std::string payload = Payload();
  ASSERT_EQ(Sign().exit_code, 0);
  EXPECT_EQ(Payload(), payload);
}

TEST_F(CliModelAgainTest, ASignatureIsAsOldAsTheReadingOfItsFiles) {
  struct stat signature = {};
  struct stat written = {};
  Write("demo/last.bin", "1");
  ASSERT_EQ(Sign().exit_code, 0);
  ASSERT_EQ(stat(Path("demo.sig").c_str(), &signature), 0);
  ASSERT_EQ(stat(Path("demo/last.bin").c_str(), &written), 0);
  EXPECT_GE(signature.st_mtim.tv_sec, written.st_mtim.tv_sec);
  // Dated back: the directory entry was made later than the file says.
  EXPECT_GE(std::pair(signature.st_ctim.tv_sec, signature.st_ctim.tv_nsec),
            std::pair(signature.st_mtim.tv_sec, signature.st_mtim.tv_nsec));
}

TEST_F(CliModelAgainTest, ATimeThatWasSetBackIsNotBelieved) {
  Write("demo/weights.bin", "weights-evil");
  SetTime("demo/weights.bin", 1'700'000'000);
  EXPECT_EQ(BytesRead(), 12);
  EXPECT_EQ(Verify().exit_code, 0);
}

TEST_F(CliModelAgainTest, AnEarlierSignatureMustBeOfTheSameModel) {
  std::filesystem::rename(Path("demo"), Path("other"));
  const ProcessResult result =
      Setlog({"model", "sign", "key", Path("other"), "--signature", Path("other.sig"),
              "--private-key", Path("key.pem"), "--from-bundle", Path("old.sig"),
              "--trust-mtime"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("of the model \"demo\", not of \"other\""));
}

TEST_F(CliModelAgainTest, TimesAreTrustedOnlyOnRequest) {
  const ProcessResult result = Sign({"--from-bundle", Path("old.sig")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--trust-mtime"));
  EXPECT_EQ(Sign({"--trust-mtime"}).exit_code, 2);
}

TEST_F(CliModelAgainTest, AnEarlierSignatureMustBeThisKeysOwn) {
  const std::string before = Content("demo.sig");
  Write("key.pem", NewEcKey("prime256v1"));
  EXPECT_NE(SignAgain().exit_code, 0);
  Write("key.pem", key_);
  EXPECT_EQ(SignAgain({"--hash", "blake2b"}).exit_code, 2);
  Write("old.sig", "{}");
  EXPECT_EQ(SignAgain().exit_code, 2);
  std::filesystem::remove(Path("old.sig"));
  EXPECT_EQ(SignAgain().exit_code, 2);
  EXPECT_EQ(Content("demo.sig"), before);
}

}  // namespace
}  // namespace setlog
