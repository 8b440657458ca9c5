// tests/mutants.h -- all small damages of a byte string.
//
//   for (const std::string& mutant : Mutants(bytes)) EXPECT_FALSE(Parse(mutant).ok());
#ifndef SETLOG_TESTS_MUTANTS_H_
#define SETLOG_TESTS_MUTANTS_H_

#include <string>
#include <vector>

namespace setlog {

// Every truncation; and at every place each bit flipped, all bits flipped, the byte
// left out, the byte doubled (unless that gives `bytes` back).
inline std::vector<std::string> Mutants(const std::string& bytes) {
  std::vector<std::string> mutants;
  const auto add = [&](std::string mutant) {
    if (mutant != bytes) mutants.push_back(std::move(mutant));
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    add(bytes.substr(0, i));
    add(bytes.substr(0, i) + bytes.substr(i + 1));
    add(bytes.substr(0, i + 1) + bytes.substr(i));
    for (int mask : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string mutant = bytes;
      mutant[i] = static_cast<char>(mutant[i] ^ mask);
      add(std::move(mutant));
    }
  }
  return mutants;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_MUTANTS_H_
