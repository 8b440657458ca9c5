// tests/fuzz/corpus.h -- the directory of seeds that make_fuzz_corpus writes.
//
// Files have the hash of their content as name; nothing is deleted.
#ifndef SETLOG_TESTS_FUZZ_CORPUS_H_
#define SETLOG_TESTS_FUZZ_CORPUS_H_

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "log/sha256.h"

namespace setlog {

class Corpus {
 public:
  explicit Corpus(std::filesystem::path directory) : directory_(std::move(directory)) {}

  void Add(const std::string& target, std::string_view seed) {
    std::filesystem::create_directories(directory_ / target);
    const std::string name = ToHex(Sha256(AsBytes(seed))).substr(0, 12);
    std::ofstream(directory_ / target / name, std::ios::binary) << seed;
  }
  void AddRandom(const std::string& target, int files, size_t bytes) {
    std::mt19937_64 random(files * 1000 + bytes);
    for (int i = 0; i < files; ++i) {
      std::string seed(1 + random() % bytes, '\0');
      for (char& c : seed) c = static_cast<char>(random());
      seed[0] = static_cast<char>(i);  // both modes of each target
      Add(target, seed);
    }
  }

 private:
  const std::filesystem::path directory_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_CORPUS_H_
