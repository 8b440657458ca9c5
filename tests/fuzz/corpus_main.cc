// tests/fuzz/corpus_main.cc -- a fuzz target as a plain test, without libFuzzer: every
// file of a corpus, then mutations of them. The same seed gives the same inputs.
//
//   note_fuzz DIRECTORY [MUTATIONS [SEED]]      a directory of seeds
//   note_fuzz FILE                              one input, such as a crash
//
// An input that breaks a law, or crashes, is written to fuzz-crash in the working
// directory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/law.h"

namespace {

std::string current;  // what the target is looking at

extern "C" void KeepInput(int signal) {
  const int file = ::open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file >= 0) (void)!::write(file, current.data(), current.size());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Run(std::string input) {
  current = std::move(input);
  // An array of its own size, so that a sanitizer sees one byte read too far.
  const std::vector<uint8_t> bytes(current.begin(), current.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string ReadInput(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, uint64_t seed)
      : seeds_(std::move(seeds)), random_(seed) {}

  std::string Next() {
    std::string input = Pick();
    for (uint64_t i = 0, changes = 1 + Below(4); i < changes; ++i) Change(&input);
    return input;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  const std::string& Pick() { return seeds_[Below(seeds_.size())]; }

  void Change(std::string* input) {
    // With the NUL in front.
    static constexpr char kLetters[] = "\0\1\n\r \"\\'+-=.,:/09aAzZ{}[]\xff";
    static constexpr std::string_view kTelling(kLetters, sizeof(kLetters) - 1);
    const size_t at = input->empty() ? 0 : Below(input->size());
    const auto letter = [&] {
      return Below(2) == 0 ? kTelling[Below(kTelling.size())]
                           : static_cast<char>(Below(256));
    };
    switch (Below(8)) {
      case 0:
        if (!input->empty()) (*input)[at] ^= static_cast<char>(1 << Below(8));
        break;
      case 1:
        if (!input->empty()) (*input)[at] = letter();
        break;
      case 2:
        input->insert(at, 1, letter());
        break;
      case 3:
        input->erase(at, 1 + Below(8));
        break;
      case 4:
        input->resize(at);
        break;
      case 5:  // a piece of it twice
        input->insert(at, input->substr(at, 1 + Below(64)));
        break;
      case 6: {  // the end of another one
        const std::string& other = Pick();
        input->replace(at, input->npos, other.substr(std::min(at, other.size())));
        break;
      }
      default: {  // a piece of another one
        const std::string& other = Pick();
        if (!other.empty()) {
          input->insert(at, other.substr(Below(other.size()), 1 + Below(64)));
        }
      }
    }
  }

  const std::vector<std::string> seeds_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "use: %s DIRECTORY|FILE [MUTATIONS [SEED]]\n", argv[0]);
    return 2;
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, KeepInput);
  const std::filesystem::path path = argv[1];
  std::vector<std::string> seeds;
  if (std::filesystem::is_directory(path)) {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
      files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) seeds.push_back(ReadInput(file));
  } else {
    seeds.push_back(ReadInput(path));
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "%s: no seeds\n", path.c_str());
    return 2;
  }
  Run("");
  for (const std::string& seed : seeds) Run(seed);
  const uint64_t mutations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  Mutator mutator(seeds, seed);
  for (uint64_t i = 0; i < mutations; ++i) Run(mutator.Next());
  std::printf("%zu seeds, %llu mutations of them with seed %llu\n", seeds.size(),
              static_cast<unsigned long long>(mutations),
              static_cast<unsigned long long>(seed));
  return 0;
}
