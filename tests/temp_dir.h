// tests/temp_dir.h -- a directory that lives as long as the object.
#ifndef SETLOG_TESTS_TEMP_DIR_H_
#define SETLOG_TESTS_TEMP_DIR_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace setlog {

class TempDir {
 public:
  TempDir() : path_(::testing::TempDir() + "setlog-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  TempDir(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_TEMP_DIR_H_
