// VRF keys in files, encrypted.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "client/atomic_file.h"
#include "client/key_file.h"
#include "log/vrf_skey.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

constexpr PassphraseCost kCheap = {.passes = 1, .mebibytes = 1};

LockedBytes Locked(const std::string& text) {
  LockedBytes bytes = LockedBytes::Allocate(text.size()).value();
  for (const char c : text) EXPECT_TRUE(bytes.Append(static_cast<uint8_t>(c)));
  return bytes;
}

class VrfKeyFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string Content(const std::string& name) const {
    return ReadSmallFile(Path(name), 8192).value();
  }
  absl::StatusOr<VrfSecretKey> Read(const std::string& name,
                                    const std::string& passphrase) {
    return ReadVrfKeyFile(Path(name), [&]() -> absl::StatusOr<LockedBytes> {
      ++asked_;
      return Locked(passphrase);
    });
  }
  // A file with a new key, encrypted under `passphrase`.
  VrfSecretKey Create(const std::string& name, const std::string& passphrase) {
    return CreateVrfKeyFile(Path(name), Locked(passphrase), kCheap).value();
  }

  int asked_ = 0;
  TempDir dir_;
};

TEST_F(VrfKeyFileTest, OpensWithItsPassphraseAndNoOther) {
  const VrfSecretKey made = Create("a", "open sesame");
  struct stat info = {};
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Content("a").find(ToHex(made.Scalar())), std::string::npos);

  const auto read = Read("a", "open sesame");
  ASSERT_OK(read);
  EXPECT_EQ(ToHex(read->Scalar()), ToHex(made.Scalar()));
  EXPECT_EQ(asked_, 1);
  EXPECT_STATUS(Read("a", "open Sesame"), StatusCode::kFailedPrecondition,
                Path("a") + ": wrong passphrase");
  EXPECT_EQ(asked_, 2);
}

TEST_F(VrfKeyFileTest, WhoeverIsAskedMayRefuse) {
  Create("a", "p");
  EXPECT_STATUS(
      ReadVrfKeyFile(
          Path("a"),
          [] { return absl::Status(absl::UnavailableError("nobody there")); }),
      StatusCode::kUnavailable, "nobody there");
}

TEST_F(VrfKeyFileTest, NobodyIsAskedForWhatCannotBeOpened) {
  EXPECT_STATUS(Read("none", "p"), StatusCode::kNotFound, "none");
  Create("a", "p");
  const std::string good = Content("a");
  for (const unsigned mode : {0644u, 0640u, 0604u, 0620u}) {
    ASSERT_OK(ReplaceFile(Path("a"), good, mode));
    EXPECT_STATUS(Read("a", "p"), StatusCode::kFailedPrecondition, "chmod 600");
    EXPECT_STATUS(ShowKeyFile(Path("a")), StatusCode::kFailedPrecondition, "chmod 600");
  }
  const size_t numbers = good.find("+1+1+");
  ASSERT_NE(numbers, good.npos);
  std::string hostile = good;
  hostile.replace(numbers, 5, "+1+102400+");
  for (const std::string& bad :
       {good + "x", good + "\n", good.substr(1), good.substr(0, good.size() - 2) + "\n",
        hostile, good + std::string(5000, 'x')}) {
    ASSERT_OK(ReplaceFile(Path("a"), bad, 0600));
    EXPECT_STATUS(Read("a", "p"), StatusCode::kFailedPrecondition, "no key file");
    EXPECT_STATUS(ShowKeyFile(Path("a")), StatusCode::kFailedPrecondition,
                  "no key file");
  }
  EXPECT_EQ(asked_, 0);
  // The owner's alone, in whatever way.
  ASSERT_OK(ReplaceFile(Path("a"), good, 0400));
  EXPECT_OK(Read("a", "p"));
}

TEST_F(VrfKeyFileTest, APublicKeyIsShownWithoutAPassphrase) {
  const VrfSecretKey made = Create("a.vrf", "p");
  const auto sealed = ShowKeyFile(Path("a.vrf"));
  ASSERT_OK(sealed);
  EXPECT_EQ(sealed->kind, "vrf");
  EXPECT_EQ(sealed->public_key, ToHex(made.PublicKey().bytes()));
  EXPECT_TRUE(sealed->encrypted);

  const auto plain = CreateVrfKeyFile(Path("b.vrf"), std::nullopt);
  ASSERT_OK(plain);
  const auto shown = ShowKeyFile(Path("b.vrf"));
  ASSERT_OK(shown);
  EXPECT_EQ(shown->public_key, ToHex(plain->PublicKey().bytes()));
  EXPECT_FALSE(shown->encrypted);

  const auto signing = CreateKeyFile(Path("w1.key"), "witness.example/w1");
  ASSERT_OK(signing);
  const auto note_key = ShowKeyFile(Path("w1.key"));
  ASSERT_OK(note_key);
  EXPECT_EQ(note_key->kind, "signing");
  EXPECT_EQ(note_key->name, "witness.example/w1");
  EXPECT_EQ(note_key->public_key,
            FormatVkey(signing->Verifier(SignatureType::kEd25519)));
  EXPECT_EQ(note_key->cosigner,
            FormatVkey(signing->Verifier(SignatureType::kCosignature)));
}

TEST_F(VrfKeyFileTest, AnotherPassphraseOpensTheSameKeyInAFileOfTheSameMode) {
  const VrfSecretKey made = Create("a", "old");
  ASSERT_EQ(chmod(Path("a").c_str(), 0400), 0);
  ASSERT_OK(RewriteVrfKeyFile(Path("a"), made, Locked("new"), kCheap));
  EXPECT_STATUS(Read("a", "old"), StatusCode::kFailedPrecondition, "wrong passphrase");
  EXPECT_EQ(ToHex(Read("a", "new").value().Scalar()), ToHex(made.Scalar()));
  struct stat info = {};
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);

  ASSERT_OK(RewriteVrfKeyFile(Path("a"), made, std::nullopt));
  EXPECT_EQ(Content("a"), FormatVrfSkey(made) + "\n");
  ASSERT_OK(RewriteVrfKeyFile(Path("a"), made, Locked("third"), kCheap));
  EXPECT_OK(Read("a", "third"));
  // Nothing is left of the files in between.
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    files += entry.is_regular_file();
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(VrfKeyFileTest, ALinkToAKeyStaysOne) {
  const VrfSecretKey made = Create("a", "old");
  std::filesystem::create_symlink("a", Path("link"));
  ASSERT_OK(RewriteVrfKeyFile(Path("link"), made, Locked("new"), kCheap));
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_OK(Read("a", "new"));
}

TEST_F(VrfKeyFileTest, WhatCannotBeEncryptedLeavesTheFileAlone) {
  const VrfSecretKey made = Create("a", "old");
  const std::string before = Content("a");
  EXPECT_STATUS(RewriteVrfKeyFile(Path("a"), made, Locked("x"), {1, 1'000'000}),
                StatusCode::kInvalidArgument, "at most");
  EXPECT_EQ(Content("a"), before);
  EXPECT_STATUS(RewriteVrfKeyFile(Path("none"), made, Locked("x"), kCheap),
                StatusCode::kNotFound, "none");
  EXPECT_STATUS(CreateVrfKeyFile(Path("b"), Locked("x"), {0, 0}),
                StatusCode::kInvalidArgument, "at most");
  EXPECT_FALSE(std::filesystem::exists(Path("b")));
}

// It would be a file of whoever runs this, root mostly, and 0600: its owner could not
// read his key any more.
TEST_F(VrfKeyFileTest, AnothersFileIsNotReplaced) {
  const VrfSecretKey made = Create("a", "old");
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chown(Path("a").c_str(), 1, 1), 0);
  }
  const std::string before = Content("a");
  EXPECT_STATUS(RewriteVrfKeyFile(root ? Path("a") : "/", made, Locked("new"), kCheap),
                StatusCode::kFailedPrecondition, "another user");
  EXPECT_EQ(Content("a"), before);
}

// Whoever reads while it is replaced gets one or the other, whole.
TEST_F(VrfKeyFileTest, AReaderNeverMeetsHalfAFile) {
  const VrfSecretKey made = Create("a", "p");
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::thread reader([&] {
    const auto locked = [] { return absl::StatusOr<LockedBytes>(Locked("p")); };
    while (!done || reads == 0) {
      const auto key = ReadVrfKeyFile(Path("a"), locked);
      EXPECT_OK(key);
      if (key.ok()) {
        EXPECT_EQ(key->PublicKey(), made.PublicKey());
      }
      ++reads;
    }
  });
  for (int i = 0; i < 30; ++i) {
    const auto passphrase =
        i % 2 == 0 ? std::optional<LockedBytes>() : std::make_optional(Locked("p"));
    EXPECT_OK(RewriteVrfKeyFile(Path("a"), made, passphrase, kCheap));
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace setlog
