#include "client/key_file.h"

#include <sys/stat.h>

#include "client/atomic_file.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

class KeyFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  TempDir dir_;
};

std::string Vkey(const SigningKey& key) {
  return FormatVkey(key.Verifier(SignatureType::kCosignature));
}

TEST_F(KeyFileTest, AKeyIsReadAsItWasMadeAndOnlyItsOwnerCan) {
  const auto made = CreateKeyFile(Path("a.key"), "witness.example/a");
  ASSERT_OK(made);
  struct stat info = {};
  ASSERT_EQ(stat(Path("a.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto read = ReadKeyFile(Path("a.key"));
  ASSERT_OK(read);
  EXPECT_EQ(Vkey(*read), Vkey(*made));
  const auto other = CreateKeyFile(Path("b.key"), "witness.example/a");
  ASSERT_OK(other);
  EXPECT_NE(Vkey(*other), Vkey(*made));
}

TEST_F(KeyFileTest, NoKeyIsEverOverwritten) {
  ASSERT_OK(CreateKeyFile(Path("a.key"), "a"));
  const std::string before = ReadSmallFile(Path("a.key"), 4096).value();
  EXPECT_STATUS(CreateKeyFile(Path("a.key"), "a"), absl::StatusCode::kAlreadyExists,
                "a.key");
  EXPECT_EQ(ReadSmallFile(Path("a.key"), 4096).value(), before);
  EXPECT_STATUS(CreateKeyFile(Path("c.key"), "no name"),
                absl::StatusCode::kInvalidArgument, "");
}

TEST_F(KeyFileTest, WhatOthersCanReadOrIsNoKeyIsRefused) {
  EXPECT_STATUS(ReadKeyFile(Path("none")), absl::StatusCode::kNotFound, "none");
  ASSERT_OK(CreateKeyFile(Path("a.key"), "a"));
  const std::string good = ReadSmallFile(Path("a.key"), 4096).value();
  chmod(Path("a.key").c_str(), 0640);
  EXPECT_STATUS(ReadKeyFile(Path("a.key")), absl::StatusCode::kFailedPrecondition,
                "chmod 600");
  for (const std::string& bad : {std::string(), good + "x", good.substr(1),
                                 good.substr(0, good.size() - 2) + "\n"}) {
    ASSERT_OK(ReplaceFile(Path("a.key"), bad, 0600));
    const auto read = ReadKeyFile(Path("a.key"));
    EXPECT_STATUS(read, absl::StatusCode::kFailedPrecondition, "no key file");
    // Never the secret.
    EXPECT_EQ(std::string(read.status().message()).find(good.substr(30, 20)),
              std::string::npos);
  }
}

absl::StatusOr<LockedBytes> NobodyIsAsked() {
  ADD_FAILURE() << "asked for a passphrase";
  return absl::InternalError("asked");
}

TEST_F(KeyFileTest, AVrfKeyIsKeptInTheSameWay) {
  const auto made = CreateVrfKeyFile(Path("a.vrf"), std::nullopt);
  ASSERT_OK(made);
  struct stat info = {};
  ASSERT_EQ(stat(Path("a.vrf").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto read = ReadVrfKeyFile(Path("a.vrf"), NobodyIsAsked);
  ASSERT_OK(read);
  EXPECT_EQ(ToHex(read->Scalar()), ToHex(made->Scalar()));
  EXPECT_STATUS(CreateVrfKeyFile(Path("a.vrf"), std::nullopt),
                absl::StatusCode::kAlreadyExists, "a.vrf");
  EXPECT_STATUS(ReadVrfKeyFile(Path("none"), NobodyIsAsked),
                absl::StatusCode::kNotFound, "none");

  // The other kind of key is none.
  EXPECT_STATUS(ReadKeyFile(Path("a.vrf")), absl::StatusCode::kFailedPrecondition,
                "PRIVATE+KEY+");
  ASSERT_OK(CreateKeyFile(Path("a.key"), "a"));
  EXPECT_STATUS(ReadVrfKeyFile(Path("a.key"), NobodyIsAsked),
                absl::StatusCode::kFailedPrecondition, "PRIVATE+VRF+");

  const std::string good = ReadSmallFile(Path("a.vrf"), 4096).value();
  EXPECT_EQ(good, "PRIVATE+VRF+" + ToHex(made->PublicKey().bytes()) + "+" +
                      ToHex(made->Scalar()) + "\n");
  for (const std::string& bad : {std::string(), good + "x", good + "\n", good.substr(1),
                                 good.substr(0, good.size() - 2) + "\n"}) {
    ASSERT_OK(ReplaceFile(Path("a.vrf"), bad, 0600));
    const auto damaged = ReadVrfKeyFile(Path("a.vrf"), NobodyIsAsked);
    EXPECT_STATUS(damaged, absl::StatusCode::kFailedPrecondition, "no key file");
    EXPECT_EQ(std::string(damaged.status().message()).find(good.substr(90, 8)),
              std::string::npos);
  }
  ASSERT_OK(ReplaceFile(Path("a.vrf"), good, 0644));
  EXPECT_STATUS(ReadVrfKeyFile(Path("a.vrf"), NobodyIsAsked),
                absl::StatusCode::kFailedPrecondition, "chmod 600");
}

TEST_F(KeyFileTest, ALockThatIsHeldIsNotWaitedFor) {
  {
    const auto held = FileLock::Acquire(Path("lock"));
    ASSERT_OK(held);
    EXPECT_STATUS(FileLock::TryAcquire(Path("lock")),
                  absl::StatusCode::kFailedPrecondition, "another process");
  }
  EXPECT_OK(FileLock::TryAcquire(Path("lock")));
}

}  // namespace
}  // namespace setlog
