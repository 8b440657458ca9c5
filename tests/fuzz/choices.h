// tests/fuzz/choices.h -- an input read as a list of decisions, for targets that build
// something honest first and then damage it.
//
//   Choices choices(data, size);
//   const uint64_t n = choices.Below(9);      // 0 when the input has ended
//   if (choices.Below(2)) bytes = choices.Damaged(bytes);
#ifndef SETLOG_TESTS_FUZZ_CHOICES_H_
#define SETLOG_TESTS_FUZZ_CHOICES_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/bytes.h"

namespace setlog {

class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool ended() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  uint64_t Below(uint64_t bound) { return Byte() % bound; }
  uint64_t U64() {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | Byte();
    return value;
  }
  // Of any magnitude: most numbers of 64 bits are large ones.
  uint64_t Number() { return U64() >> Below(64); }
  std::string Text(size_t bytes) {
    bytes = std::min(bytes, rest_.size());
    std::string text(AsText(rest_.first(bytes)));
    rest_ = rest_.subspan(bytes);
    return text;
  }
  std::string Rest() { return Text(rest_.size()); }

  // One small damage; may give the same bytes back.
  std::string Damaged(std::string bytes) {
    const size_t at = bytes.empty() ? 0 : U16() % bytes.size();
    switch (Below(5)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ Byte());
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.insert(at, Text(1 + Below(40)));
        break;
      case 3:
        bytes.erase(at, 1 + Below(40));
        break;
      default:
        bytes += Text(1 + Below(40));
    }
    return bytes;
  }
  Hash Damaged(Hash hash) {
    const uint8_t at = Byte();
    hash.bytes[at % Hash::kSize] ^= Byte();
    return hash;
  }
  template <typename T>
  std::vector<T> Damaged(std::vector<T> list, const T& other) {
    const size_t at = list.empty() ? 0 : U16() % list.size();
    switch (Below(5)) {
      case 0:
        if (!list.empty()) list[at] = other;
        break;
      case 1:
        list.resize(at);
        break;
      case 2:
        list.insert(list.begin() + static_cast<ptrdiff_t>(at), other);
        break;
      case 3:
        if (!list.empty()) list.erase(list.begin() + static_cast<ptrdiff_t>(at));
        break;
      default:
        if (!list.empty()) std::swap(list[at], list[Byte() % list.size()]);
    }
    return list;
  }

 private:
  size_t U16() {
    const size_t high = Byte();
    return high << 8 | Byte();
  }

  Bytes rest_;
};

// The whole of a target that has two sides: the input's first choice says which is run.
template <typename First, typename Second>
int RunEither(const uint8_t* data, size_t size, First first, Second second) {
  Choices choices(data, size);
  if (choices.Below(2) == 0) {
    first(choices);
  } else {
    second(choices);
  }
  return 0;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_CHOICES_H_
