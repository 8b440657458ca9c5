#include "tools/append_session.h"

#include <sys/stat.h>

#include <fstream>

#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

class AppendSessionTest : public testing::Test {
 protected:
  AppendSessionTest() : input_(dir_.path() + "/input") { WriteInput("one"); }

  void WriteInput(const std::string& text) {
    std::ofstream(input_, std::ios::binary) << text;
  }
  AppendCommand Command() const {
    return {.command = "add",
            .origin = "example.org/a",
            .vkey = "example.org/a+00000000+key",
            .form = "files",
            .inputs = {input_},
            .records = 3};
  }
  absl::StatusOr<AppendSession> Find(const AppendCommand& command,
                                     bool restart = false) {
    return AppendSession::Find(dir_.path() + "/home", command, restart);
  }
  // Its session's id; the command is then interrupted.
  std::string IdOf(const AppendCommand& command, bool restart = false) {
    return Find(command, restart).value().id();
  }

  TempDir dir_;
  const std::string input_;
};

TEST_F(AppendSessionTest, AnInterruptedCommandFindsItsSessionAgain) {
  const std::string id = IdOf(Command());
  EXPECT_EQ(id.size(), 16u);
  absl::StatusOr<AppendSession> again = Find(Command());
  ASSERT_OK(again);
  EXPECT_EQ(again->id(), id);
  EXPECT_FALSE(again->is_new());
}

TEST_F(AppendSessionTest, AFinishedCommandBeginsAnew) {
  const std::string id = IdOf(Command());
  ASSERT_OK(Find(Command())->Forget());
  absl::StatusOr<AppendSession> next = Find(Command());
  ASSERT_OK(next);
  EXPECT_NE(next->id(), id);
  EXPECT_TRUE(next->is_new());
  EXPECT_OK(next->Forget());
  EXPECT_OK(next->Forget()) << "there is nothing left to forget";
}

TEST_F(AppendSessionTest, OtherKeysCommandsFormsAndInputsAreOtherSessions) {
  const std::string id = IdOf(Command());
  AppendCommand other = Command();
  other.vkey += "x";
  EXPECT_NE(IdOf(other), id);
  other = Command();
  other.command = "remove";
  EXPECT_NE(IdOf(other), id);
  other = Command();
  other.form = "packed";
  other.records = 4;
  EXPECT_NE(IdOf(other), id);
  other = Command();
  other.inputs.push_back("-");
  other.records = 5;
  EXPECT_NE(IdOf(other), id);
  EXPECT_EQ(IdOf(Command()), id);
}

TEST_F(AppendSessionTest, ChangedInputsAreRefusedUntilRestart) {
  const std::string id = IdOf(Command());
  WriteInput("another");
  EXPECT_STATUS(Find(Command()), absl::StatusCode::kFailedPrecondition, "--restart");
  const std::string restarted = IdOf(Command(), /*restart=*/true);
  EXPECT_NE(restarted, id);
  EXPECT_EQ(IdOf(Command()), restarted);
}

TEST_F(AppendSessionTest, OtherRecordsOfTheSameFileAreRefusedToo) {
  IdOf(Command());
  AppendCommand other = Command();
  other.records = 4;
  EXPECT_STATUS(Find(other), absl::StatusCode::kFailedPrecondition, "--restart");
  other = Command();
  other.digest.bytes[0] = 1;
  EXPECT_STATUS(Find(other), absl::StatusCode::kFailedPrecondition, "--restart");
}

TEST_F(AppendSessionTest, TheSameRecordsUnderAnotherNameAreRefusedUntilRestart) {
  IdOf(Command());
  AppendCommand moved = Command();
  moved.inputs = {dir_.path() + "/moved"};
  EXPECT_STATUS(Find(moved), absl::StatusCode::kFailedPrecondition, input_);
  EXPECT_STATUS(Find(moved), absl::StatusCode::kFailedPrecondition, "--restart");
  moved.form = "packed";  // the same hashes, in another form
  EXPECT_STATUS(Find(moved), absl::StatusCode::kFailedPrecondition, input_);
  EXPECT_OK(Find(moved, /*restart=*/true));
}

TEST_F(AppendSessionTest, OfAnotherKeyOrCommandOrWhileItRunsTheSameRecordsAreLegal) {
  const absl::StatusOr<AppendSession> running = Find(Command());
  ASSERT_OK(running);
  AppendCommand copy = Command();
  copy.inputs = {dir_.path() + "/copy"};
  EXPECT_OK(Find(copy));
  AppendCommand other = copy;
  other.vkey += "x";
  EXPECT_OK(Find(other));
  other = copy;
  other.command = "remove";
  EXPECT_OK(Find(other));
}

TEST_F(AppendSessionTest, StandardInputIsKnownByItsContent) {
  AppendCommand piped = Command();
  piped.inputs = {"-"};
  piped.digest.bytes[0] = 1;
  const std::string id = IdOf(piped);
  EXPECT_EQ(IdOf(piped), id);
  piped.digest.bytes[0] = 2;
  EXPECT_STATUS(Find(piped), absl::StatusCode::kFailedPrecondition, "--restart");
}

TEST_F(AppendSessionTest, PadsOnceKeptGoWithTheSessionToItsEnd) {
  {
    absl::StatusOr<AppendSession> session = Find(Command());
    ASSERT_OK(session);
    EXPECT_EQ(session->pads(), std::nullopt);
    ASSERT_OK(session->KeepPads({12, 3}));
  }
  {
    absl::StatusOr<AppendSession> again = Find(Command());
    ASSERT_OK(again);
    EXPECT_FALSE(again->is_new());
    ASSERT_TRUE(again->pads());
    EXPECT_EQ(again->pads()->first, 12u);
    EXPECT_EQ(again->pads()->count, 3u);
  }
  // The same records under other names are found out with pads, too.
  AppendCommand moved = Command();
  moved.inputs = {dir_.path() + "/moved"};
  EXPECT_STATUS(Find(moved), absl::StatusCode::kFailedPrecondition, input_);
  absl::StatusOr<AppendSession> restarted = Find(Command(), /*restart=*/true);
  ASSERT_OK(restarted);
  EXPECT_EQ(restarted->pads(), std::nullopt);
  EXPECT_FALSE(restarted->is_forgotten());
  ASSERT_OK(restarted->Forget());
  EXPECT_TRUE(restarted->is_forgotten());
}

TEST_F(AppendSessionTest, ADamagedFileIsNamedAndNeverTakenForNone) {
  IdOf(Command());
  std::string path;
  for (const auto& entry :
       std::filesystem::directory_iterator(dir_.path() + "/home/sessions")) {
    if (entry.path().extension() == ".json") path = entry.path().string();
  }
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (const char* damage :
       {"", "{}", "[", "{\"session\":7}", "{\"session\":\"aa\"}",
        "{\"session\":\"00112233445566778899aabbccddeeff\",\"pads\":1}",
        "{\"session\":\"00112233445566778899aabbccddeeff\",\"pads\":1,"
        "\"first_pad\":-1}"}) {
    std::ofstream(path, std::ios::trunc) << damage;
    EXPECT_STATUS(Find(Command()), absl::StatusCode::kFailedPrecondition, path);
  }
  EXPECT_OK(Find(Command(), /*restart=*/true));
}

}  // namespace
}  // namespace setlog
