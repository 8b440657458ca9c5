#include "client/state.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "client/atomic_file.h"
#include "fakes/fake_server.h"
#include "mutants.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

class StateTest : public testing::Test {
 protected:
  StateTest()
      : state_(StateDirectory::Open(dir_.path() + "/home").value()),
        log_(ManifestFor("example.org/a")) {
    known_ = KnownLog{.key = log_.key(), .pinned = true, .highest_m = UINT64_MAX};
    known_->head = KnownHead{log_.NoteAt(2), {"example.org/a", 2, log_.RootAt(2), {}}};
    known_->cosigned =
        KnownHead{log_.NoteAt(1), {"example.org/a", 1, log_.RootAt(1), {}}};
    known_->cosigned_m = 1;
  }

  absl::Status Store(const std::optional<KnownLog>& value) {
    return state_.Update("example.org/a", [&](std::optional<KnownLog>& log) {
      log = value;
      return absl::OkStatus();
    });
  }
  std::string OnlyFile() {
    std::string only;
    for (const auto& file :
         std::filesystem::directory_iterator(dir_.path() + "/home/logs")) {
      if (file.path().extension() == ".json") only = file.path().string();
    }
    return only;
  }

  TempDir dir_;
  StateDirectory state_;
  FakeLog log_;
  std::optional<KnownLog> known_;
};

TEST_F(StateTest, WhatWasStoredIsLoadedByAnotherProcess) {
  absl::StatusOr<std::optional<KnownLog>> loaded = state_.Load("example.org/a");
  ASSERT_OK(loaded);
  EXPECT_EQ(*loaded, std::nullopt);
  ASSERT_OK(Store(known_));
  loaded = StateDirectory::Open(dir_.path() + "/home")->Load("example.org/a");
  ASSERT_OK(loaded);
  EXPECT_EQ(*loaded, known_);
  // Also with as many lines of other keys as a note may have.
  Note note = ParseNote(known_->head->note).value();
  for (uint32_t id = 0; id < 10; ++id) {
    note.signatures.push_back({std::string(100'000, '"'), id, "x"});
  }
  known_->head->note = FormatNote(note);
  ASSERT_OK(Store(known_));
  EXPECT_EQ(state_.Load("example.org/a").value(), known_);
  known_->head.reset();
  known_->pinned = false;
  ASSERT_OK(Store(known_));
  EXPECT_EQ(state_.Load("example.org/a").value(), known_);
  EXPECT_EQ(state_.List()->size(), 1u);
  EXPECT_EQ(state_.List()->front(), *known_);
  ASSERT_OK(Store(std::nullopt));
  EXPECT_EQ(state_.Load("example.org/a").value(), std::nullopt);
  EXPECT_TRUE(state_.List()->empty());
}

TEST_F(StateTest, DirectoryIsForItsOwnerOnly) {
  ASSERT_OK(Store(known_));
  for (const std::string& path :
       {dir_.path() + "/home", dir_.path() + "/home/logs", OnlyFile()}) {
    struct stat info;
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0077, 0u) << path;
  }
}

TEST_F(StateTest, ADamagedFileIsRefusedAndNeverTakenForAnUnknownLog) {
  ASSERT_OK(Store(known_));
  const std::string file = OnlyFile();
  const std::string bytes = ReadSmallFile(file, 1 << 20).value();
  const auto overwrite = [&](const std::string& with) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << with;
  };
  int different_m = 0;
  for (const std::string& mutant : Mutants(bytes)) {
    overwrite(mutant);
    const absl::StatusOr<std::optional<KnownLog>> loaded = state_.Load("example.org/a");
    if (!loaded.ok()) {
      ASSERT_EQ(loaded.status().code(), StatusCode::kDataLoss) << mutant;
      continue;
    }
    // Nothing guards the number but its form.
    ASSERT_TRUE(loaded->has_value());
    ASSERT_TRUE((*loaded)->highest_m != known_->highest_m ||
                (*loaded)->cosigned_m != known_->cosigned_m)
        << mutant;
    ++different_m;
  }
  EXPECT_GT(different_m, 0);
  EXPECT_STATUS(state_.Load("example.org/a"), StatusCode::kDataLoss, "damaged");
  EXPECT_STATUS(Store(known_), StatusCode::kDataLoss, "damaged");
}

TEST_F(StateTest, AMemberOfAnotherTypeIsRefused) {
  ASSERT_OK(Store(known_));
  const std::string file = OnlyFile();
  const nlohmann::json whole =
      nlohmann::json::parse(ReadSmallFile(file, 1 << 20).value());
  for (const auto& [name, value] : whole.items()) {
    for (const char* other : {"1", "null", "[]", "{}", "\"x\"", "\"\""}) {
      nlohmann::json wrong = whole;
      wrong[name] = nlohmann::json::parse(other);
      std::ofstream(file, std::ios::binary | std::ios::trunc) << wrong.dump() << "\n";
      EXPECT_STATUS(state_.Load("example.org/a"), StatusCode::kDataLoss, "damaged");
      EXPECT_STATUS(state_.List(), StatusCode::kDataLoss, "damaged");
    }
  }
}

TEST_F(StateTest, AFileUnderAnotherLogsNameIsRefused) {
  ASSERT_OK(Store(known_));
  const std::string a = OnlyFile();
  const std::string b =
      dir_.path() + "/home/logs/" + ToHex(Sha256(AsBytes("example.org/b"))) + ".json";
  std::filesystem::copy_file(a, b);
  EXPECT_STATUS(state_.Load("example.org/b"), StatusCode::kDataLoss, "another log's");
}

TEST_F(StateTest, OriginsThatAreNoneNeverBecomePaths) {
  for (const char* origin : {"", "..", "a/../b", "A.example.org", "a\n", "/etc"}) {
    EXPECT_EQ(state_.Load(origin).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(StateTest, AnOriginThatIsNoneLeavesNoFile) {
  const auto change = [](std::optional<KnownLog>&) { return absl::OkStatus(); };
  EXPECT_EQ(state_.Update("a/../b", change).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() + "/home/logs"));
}

TEST_F(StateTest, WithoutTheLockNothingIsChanged) {
  ASSERT_OK(Store(known_));
  const std::string lock =
      std::filesystem::path(OnlyFile()).replace_extension(".lock").string();
  ASSERT_TRUE(std::filesystem::remove(lock));
  std::filesystem::create_directory(lock);
  bool asked = false;
  const absl::Status updated =
      state_.Update("example.org/a", [&](std::optional<KnownLog>& log) {
        asked = true;
        log.reset();
        return absl::OkStatus();
      });
  EXPECT_THAT(std::string(updated.message()), ::testing::HasSubstr(lock));
  EXPECT_FALSE(updated.ok());
  EXPECT_FALSE(asked);
  EXPECT_EQ(state_.Load("example.org/a").value(), known_);
}

TEST_F(StateTest, AFileInTheWayOfADirectoryIsAnError) {
  for (const char* part : {"/logs", "/seen", "/evidence"}) {
    const std::string home = dir_.path() + "/blocked";
    std::filesystem::create_directory(home);
    std::ofstream(home + part) << "x";
    EXPECT_FALSE(StateDirectory::Open(home).ok()) << part;
    std::filesystem::remove_all(home);
  }
}

TEST_F(StateTest, EvidenceThatCannotBeWrittenHasNoPath) {
  std::filesystem::remove(dir_.path() + "/home/evidence");
  EXPECT_STATUS(state_.SaveEvidence("example.org/a", "note"), StatusCode::kNotFound,
                "evidence");
}

TEST_F(StateTest, UpdatesOfManyThreadsAreAllKept) {
  known_->highest_m = 0;
  ASSERT_OK(Store(known_));
  constexpr int kThreads = 4, kUpdates = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const StateDirectory own = StateDirectory::Open(state_.path()).value();
      for (int j = 0; j < kUpdates; ++j) {
        EXPECT_OK(own.Update("example.org/a", [](std::optional<KnownLog>& log) {
          ++log->highest_m;
          return absl::OkStatus();
        }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(state_.Load("example.org/a").value()->highest_m, kThreads * kUpdates);
}

TEST_F(StateTest, AFailedChangeStoresNothing) {
  ASSERT_OK(Store(known_));
  EXPECT_STATUS(state_.Update("example.org/a",
                              [](std::optional<KnownLog>& log) {
                                log.reset();
                                return absl::AbortedError("no");
                              }),
                StatusCode::kAborted, "no");
  EXPECT_EQ(state_.Load("example.org/a").value(), known_);
}

TEST_F(StateTest, EvidenceIsKeptUnderANameOfItsContent) {
  const absl::StatusOr<std::string> a = state_.SaveEvidence("example.org/a", "note a");
  const absl::StatusOr<std::string> b = state_.SaveEvidence("example.org/a", "note b");
  ASSERT_OK(a);
  ASSERT_OK(b);
  EXPECT_NE(*a, *b);
  EXPECT_EQ(state_.SaveEvidence("example.org/a", "note a").value(), *a);
  EXPECT_EQ(ReadSmallFile(*a, 100).value(), "note a");
}

// A server can show new ones for ever: of each log so many are kept, and what is there
// stays.
TEST_F(StateTest, EvidenceOfOneLogIsBounded) {
  const std::string origin = "example.org/a";
  for (int i = 0; i < 64; ++i) {
    ASSERT_OK(state_.SaveEvidence(origin, "note " + std::to_string(i)));
  }
  EXPECT_STATUS(state_.SaveEvidence(origin, "one more"), StatusCode::kResourceExhausted,
                "no more than 64 are kept");
  EXPECT_OK(state_.SaveEvidence(origin, "note 7"));
  EXPECT_OK(state_.SaveEvidence(origin, "one more", ".evidence"));
  EXPECT_OK(state_.SaveEvidence("example.org/b", "one more"));
  EXPECT_OK(state_.SaveEvidence("example.org/a-b", "one more"));
}

// They need no key of the log, so they take no room from what does.
TEST_F(StateTest, OfTheHeadsThatWentBackTheNewestNotesStay) {
  const std::string origin = "example.org/a";
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    const auto path =
        state_.SaveEvidence(origin, "note " + std::to_string(i), kRollbackNote);
    ASSERT_OK(path);
    paths.push_back(*path);
    // As if they had been written some time ago.
    std::filesystem::last_write_time(
        *path,
        std::filesystem::file_time_type::clock::now() - std::chrono::seconds(1000 - i));
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(std::filesystem::exists(paths[i]), i >= 92) << i;
  }
  for (int i = 0; i < 64; ++i) {
    ASSERT_OK(state_.SaveEvidence(origin, "note " + std::to_string(i)));
  }
  ASSERT_OK(state_.SaveEvidence("example.org/b", "note", kRollbackNote));
  EXPECT_TRUE(std::filesystem::exists(paths[99]));
}

TEST_F(StateTest, NoFilesAreLeftBehindByReplacing) {
  for (int i = 0; i < 3; ++i) {
    known_->highest_m = i;
    ASSERT_OK(Store(known_));
  }
  size_t files = 0;
  for (const auto& unused :
       std::filesystem::directory_iterator(dir_.path() + "/home/logs")) {
    (void)unused;
    ++files;
  }
  EXPECT_EQ(files, 2u);  // the log and its lock
}

}  // namespace
}  // namespace setlog
