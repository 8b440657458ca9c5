#include "client/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "testing.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public ::testing::Test {
 protected:
  AtomicFileTest() : directory_(::testing::TempDir() + "atomic_file.XXXXXX") {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  ~AtomicFileTest() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::string Read(const std::string& name) const {
    return ReadSmallFile(Path(name), 1 << 20).value();
  }
  size_t Files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

 private:
  std::string directory_;
};

TEST_F(AtomicFileTest, ReplacesTheWholeContentAndLeavesNothingBesideIt) {
  ASSERT_OK(ReplaceFile(Path("a"), "a long first text", 0644));
  ASSERT_OK(ReplaceFile(Path("a"), "second", 0600));
  EXPECT_EQ(Read("a"), "second");
  EXPECT_EQ(fs::status(Path("a")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(AtomicFileTest, ALinkStaysAndWhatItPointsToIsReplaced) {
  ASSERT_OK(ReplaceFile(Path("target"), "old", 0644));
  fs::create_symlink("target", Path("link"));
  ASSERT_OK(ReplaceFile(Path("link"), "new", 0644));
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read("target"), "new");
  fs::create_symlink("nowhere", Path("dangling"));
  EXPECT_STATUS(ReplaceFile(Path("dangling"), "new", 0644), absl::StatusCode::kNotFound,
                "dangling");
  EXPECT_TRUE(fs::is_symlink(Path("dangling")));
}

TEST_F(AtomicFileTest, APipeIsWrittenToAndStays) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = Read("pipe"); });
  EXPECT_OK(ReplaceFile(Path("pipe"), "through", 0644));
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(Path("pipe")));
}

TEST_F(AtomicFileTest, ADirectoryIsNoFileAndIsNamed) {
  fs::create_directory(Path("folder"));
  const absl::Status refused = ReplaceFile(Path("folder"), "text", 0644);
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("folder"));
  EXPECT_TRUE(fs::is_directory(Path("folder")));
}

}  // namespace
}  // namespace setlog
