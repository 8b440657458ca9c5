#include "client/export_directory.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

class ExportDirectoryTest : public ::testing::Test {
 protected:
  std::string Path() const { return temporary_.path() + "/a/b"; }
  bool Exists(const std::string& name) const {
    return std::filesystem::exists(Path() + "/" + name);
  }
  TempDir temporary_;
};

TEST_F(ExportDirectoryTest, FilesAreThereAfterFlushAndNotBefore) {
  absl::StatusOr<ExportDirectory> out = ExportDirectory::Open(Path() + "/");
  ASSERT_OK(out);
  ASSERT_OK(out->Put("tile/0/x001/000", "old"));
  EXPECT_FALSE(Exists("tile"));
  EXPECT_STATUS(out->Read("tile/0/x001/000", 9), absl::StatusCode::kNotFound, "tile");
  ASSERT_OK(out->Flush());
  EXPECT_EQ(*out->Read("tile/0/x001/000", 9), "old");
  ASSERT_OK(out->Put("tile/0/x001/000", "new"));
  ASSERT_OK(out->Put("checkpoint", ""));
  EXPECT_EQ(*out->Read("tile/0/x001/000", 9), "old");
  ASSERT_OK(out->Flush());
  EXPECT_EQ(*out->Read("tile/0/x001/000", 9), "new");
  EXPECT_EQ(*out->Read("checkpoint", 9), "");
  EXPECT_EQ(out->files(), 3u);
  EXPECT_STATUS(out->Read("tile/0/x001/000", 2), absl::StatusCode::kInvalidArgument,
                "larger");
}

TEST_F(ExportDirectoryTest, AnyNumberOfFilesIsTaken) {
  absl::StatusOr<ExportDirectory> out = ExportDirectory::Open(Path());
  ASSERT_OK(out);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_OK(out->Put("tile/" + std::to_string(i), std::to_string(i)));
  }
  ASSERT_OK(out->Flush());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(*out->Read("tile/" + std::to_string(i), 9), std::to_string(i));
  }
}

TEST_F(ExportDirectoryTest, WhatWasNotFlushedIsForgotten) {
  {
    absl::StatusOr<ExportDirectory> killed = ExportDirectory::Open(Path());
    ASSERT_OK(killed);
    ASSERT_OK(killed->Put("checkpoint", "half"));
  }
  absl::StatusOr<ExportDirectory> out = ExportDirectory::Open(Path());
  ASSERT_OK(out);
  ASSERT_OK(out->Flush());
  EXPECT_FALSE(Exists("checkpoint"));
  EXPECT_FALSE(Exists(".export/0"));
}

TEST_F(ExportDirectoryTest, TwoWaitForEachOther) {
  absl::StatusOr<ExportDirectory> opened = ExportDirectory::Open(Path());
  ASSERT_OK(opened);
  std::optional<ExportDirectory> first(*std::move(opened));
  ASSERT_OK(first->Put("checkpoint", "first"));
  auto second = std::async(std::launch::async, [&] {
    absl::StatusOr<ExportDirectory> out = ExportDirectory::Open(Path());
    return out.ok() ? out->Read("checkpoint", 9) : out.status();
  });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  ASSERT_OK(first->Flush());
  first.reset();
  EXPECT_EQ(*second.get(), "first");
}

TEST_F(ExportDirectoryTest, ErrorsNameTheFile) {
  std::filesystem::create_directories(Path());
  std::ofstream(Path() + "/tile") << "in the way";
  absl::StatusOr<ExportDirectory> out = ExportDirectory::Open(Path());
  ASSERT_OK(out);
  ASSERT_OK(out->Put("tile/0/000", "x"));
  const absl::Status status = out->Flush();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find(Path() + "/tile/0"), std::string::npos)
      << status;
  EXPECT_FALSE(ExportDirectory::Open(Path() + "/tile").ok());
}

}  // namespace
}  // namespace setlog
