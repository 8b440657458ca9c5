#include "server/backup_manifest.h"

#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

BackupManifest Example() {
  BackupManifest manifest{.created = 1767225600, .keys = true};
  manifest.store.fill(7);
  manifest.commit = {78, Sha256(AsBytes("chain"))};
  manifest.logs = {
      {"example.org/a", 639, Sha256(AsBytes("root")), "example.org/a+12+AQ=="}};
  manifest.files = {{"anchor", 8192, Sha256(AsBytes("anchor"))},
                    {"store/CURRENT", 16, Sha256(AsBytes("current"))}};
  return manifest;
}

TEST(BackupManifestTest, ReadsWhatItWrote) {
  const std::string text = FormatBackupManifest(Example());
  absl::StatusOr<BackupManifest> back = ParseBackupManifest(text);
  ASSERT_OK(back);
  EXPECT_EQ(FormatBackupManifest(*back), text);
  EXPECT_EQ(back->commit, Example().commit);
  EXPECT_EQ(back->store, Example().store);
  EXPECT_EQ(back->logs, Example().logs);
  EXPECT_EQ(back->files, Example().files);
  EXPECT_TRUE(back->keys);
  EXPECT_EQ(back->created, 1767225600);
}

TEST(BackupManifestTest, AnyFlippedBitIsRefused) {
  const std::string text = FormatBackupManifest(Example());
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ParseBackupManifest(flipped).ok()) << "bit " << bit;
  }
}

TEST(BackupManifestTest, AnyOtherLengthIsRefused) {
  const std::string text = FormatBackupManifest(Example());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseBackupManifest(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ParseBackupManifest(text + "\n").ok());
}

}  // namespace
}  // namespace setlog
