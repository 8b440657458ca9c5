// tests/index_testing.h -- what the tests of index/ share: whole files, and disks that
// are full.
#ifndef SETLOG_TESTS_INDEX_TESTING_H_
#define SETLOG_TESTS_INDEX_TESTING_H_

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "index/file_tag.h"

namespace setlog {

inline IndexIdentity TestIdentity(uint8_t partition_bits = 6) {
  IndexIdentity identity;
  for (size_t i = 0; i < identity.store.size(); ++i) {
    identity.store[i] = static_cast<uint8_t>(0xa0 + i);
  }
  identity.log = 0x01020304;
  identity.partition_bits = partition_bits;
  return identity;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) std::abort();
  return content.str();
}

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  if (!file.flush()) std::abort();
}

inline void FlipBit(const std::string& path, uint64_t offset, unsigned bit) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 1 << bit));
  if (!file.flush()) std::abort();
}

// While it lives, no file grows beyond `bytes`: a write beyond fails with EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &before_) != 0) std::abort();
    const rlimit limit = {bytes, before_.rlim_max};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) std::abort();
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_INDEX_TESTING_H_
