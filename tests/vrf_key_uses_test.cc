#include "client/vrf_key_uses.h"

#include <sys/stat.h>

#include <fstream>

#include "fakes/fake_log.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

class VrfKeyUsesTest : public testing::Test {
 protected:
  std::string File(const Hash& key) const {
    return dir_.path() + "/vrf/" + ToHex(key) + ".json";
  }
  static VerifierKey LogKey(const std::string& origin, const char* seed = "key") {
    return FakeLog(ManifestFor(origin), seed).key();
  }
  VrfKeyUse Use(const Hash& key) { return uses_.Load(key).value().value(); }

  TempDir dir_;
  const VrfKeyUses uses_{dir_.path()};
  const Hash key_ = HashN(1);
};

TEST_F(VrfKeyUsesTest, AKeyIsForOneLogFromBeforeItIsCreated) {
  EXPECT_EQ(uses_.Load(key_).value(), std::nullopt);
  EXPECT_TRUE(uses_.Begin(key_, "example.org/a", HashN(9), false).value());
  // Interrupted: the same log may go on, no other.
  EXPECT_FALSE(uses_.Begin(key_, "example.org/a", HashN(9), false).value());
  EXPECT_STATUS(uses_.Begin(key_, "example.org/b", HashN(9), true),
                StatusCode::kFailedPrecondition, "example.org/a");
  EXPECT_STATUS(uses_.Begin(key_, "example.org/a", HashN(8), true),
                StatusCode::kFailedPrecondition, "setlog key vrf");
  EXPECT_TRUE(uses_.Begin(HashN(2), "example.org/b", HashN(9), false).value())
      << "another key";
}

TEST_F(VrfKeyUsesTest, OnceTheLogExistsOnlyTheInterruptedCommandGoesOn) {
  ASSERT_OK(uses_.Begin(key_, "example.org/a", HashN(9), false));
  ASSERT_OK(uses_.Settle(key_, LogKey("example.org/a")));
  EXPECT_OK(uses_.Begin(key_, "example.org/a", HashN(9), true));
  // It would make a second log, on another server.
  EXPECT_STATUS(uses_.Begin(key_, "example.org/a", HashN(9), false),
                StatusCode::kFailedPrecondition, FormatVkey(LogKey("example.org/a")));
  EXPECT_OK(uses_.Settle(key_, LogKey("example.org/a")));
  EXPECT_STATUS(uses_.Settle(key_, LogKey("example.org/b")),
                StatusCode::kFailedPrecondition, "example.org/a");
  EXPECT_STATUS(uses_.Settle(key_, LogKey("example.org/a", "another")),
                StatusCode::kFailedPrecondition, File(key_));
}

TEST_F(VrfKeyUsesTest, ALogThatWasNotMadeFreesItsKeyAndOneThatWasDoesNot) {
  ASSERT_OK(uses_.Begin(key_, "example.org/a", HashN(9), false));
  ASSERT_OK(uses_.Withdraw(key_));
  EXPECT_EQ(uses_.Load(key_).value(), std::nullopt);
  ASSERT_OK(uses_.Begin(key_, "example.org/b", HashN(9), false));
  ASSERT_OK(uses_.Settle(key_, LogKey("example.org/b")));
  ASSERT_OK(uses_.Withdraw(key_));
  EXPECT_EQ(Use(key_).origin, "example.org/b");
}

TEST_F(VrfKeyUsesTest, PadsAreGivenOnceWhateverBecomesOfThem) {
  ASSERT_OK(uses_.Settle(key_, LogKey("example.org/a")));
  const auto take = [&](uint64_t seen, uint64_t count) {
    // As another process would, which knows only what is on the disk.
    const PadRange pads = VrfKeyUses(dir_.path()).TakePads(key_, seen, count).value();
    EXPECT_EQ(pads.count, count);
    return pads.first;
  };
  EXPECT_EQ(take(0, 5), 0u);
  EXPECT_EQ(take(0, 5), 5u) << "the first five may have been sent";
  EXPECT_EQ(take(7, 1), 10u);
  EXPECT_EQ(take(100, 3), 100u) << "more of them were seen in the log";
  EXPECT_EQ(take(0, 1), 103u);
  // Given back, but for others that were taken since.
  ASSERT_OK(uses_.ReturnPads(key_, {100, 3}));
  EXPECT_EQ(Use(key_).next_pad, 104u);
  ASSERT_OK(uses_.ReturnPads(key_, {103, 1}));
  EXPECT_EQ(Use(key_).next_pad, 103u);
  EXPECT_STATUS(uses_.TakePads(key_, UINT64_MAX, 2), StatusCode::kOutOfRange, "");
  EXPECT_EQ(Use(key_).next_pad, 103u);
  EXPECT_STATUS(uses_.TakePads(HashN(2), 0, 1), StatusCode::kFailedPrecondition, "");
}

TEST_F(VrfKeyUsesTest, TheFileIsPrivateAndADamagedOneIsNamed) {
  ASSERT_OK(uses_.Begin(key_, "example.org/a", HashN(9), false));
  ASSERT_OK(uses_.Settle(key_, LogKey("example.org/a")));
  ASSERT_OK(uses_.TakePads(key_, 0, 12));
  struct stat info;
  ASSERT_EQ(stat(File(key_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::string good;
  std::getline(std::ifstream(File(key_)), good, '\0');
  EXPECT_EQ(good,
            "{\"manifest\":\"" + ToHex(HashN(9)) +
                "\",\"next_pad\":\"12\",\"origin\":\"example.org/a\",\"vkey\":\"" +
                FormatVkey(LogKey("example.org/a")) + "\"}\n");
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 1;
    std::ofstream(File(key_), std::ios::trunc) << bad;
    const auto use = uses_.Load(key_);
    if (use.ok()) {
      // Another digit, or letter of the origin, is another file that is well-formed.
      EXPECT_NE((*use)->next_pad == 12 && (*use)->origin == "example.org/a" &&
                    (*use)->manifest == HashN(9),
                true);
    } else {
      EXPECT_STATUS(use, StatusCode::kDataLoss, File(key_));
    }
  }
  for (const std::string& bad : {std::string(), good.substr(0, good.size() - 1),
                                 good + " ", std::string("{}\n")}) {
    std::ofstream(File(key_), std::ios::trunc) << bad;
    EXPECT_STATUS(uses_.TakePads(key_, 0, 1), StatusCode::kDataLoss, "damaged");
  }
}

}  // namespace
}  // namespace setlog
