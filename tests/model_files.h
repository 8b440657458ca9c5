// tests/model_files.h -- a model on the disk, for tests.
//
//   ModelFiles files;
//   files.Write("sub/a.bin", "x");
//   ListModel(files.path(), {});
#ifndef SETLOG_TESTS_MODEL_FILES_H_
#define SETLOG_TESTS_MODEL_FILES_H_

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "temp_dir.h"

namespace setlog {

class ModelFiles {
 public:
  ModelFiles() { std::filesystem::create_directory(path()); }

  std::string path() const { return dir_.path() + "/demo"; }
  std::string At(const std::string& name) const { return path() + "/" + name; }

  void Write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories(std::filesystem::path(At(name)).parent_path());
    std::ofstream file(At(name), std::ios::binary);
    file << content;
    EXPECT_TRUE(file.flush()) << name;
  }
  void Link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, At(name));
  }
  void Fifo(const std::string& name) const {
    EXPECT_EQ(::mkfifo(At(name).c_str(), 0600), 0);
  }
  void Socket(const std::string& name) const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {.sun_family = AF_UNIX};
    EXPECT_LT(At(name).size(), sizeof address.sun_path);
    At(name).copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
  }

 private:
  TempDir dir_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_MODEL_FILES_H_
