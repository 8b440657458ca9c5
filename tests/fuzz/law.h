// tests/fuzz/law.h -- what a fuzz target says must hold for every input.
//
//   Law(Encode(*entry) == bytes, "an entry that decodes is its own encoding");
//   RoundTrip(text, ParseVkey, FormatVkey);  // the same bytes again, or refused
//
// A broken law ends the program: libFuzzer then keeps the input, and so does the driver
// of the corpus tests (corpus_main.cc).
#ifndef SETLOG_TESTS_FUZZ_LAW_H_
#define SETLOG_TESTS_FUZZ_LAW_H_

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/status/status.h"
#include "log/bytes.h"

namespace setlog {

inline void Law(bool holds, std::string_view law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %.*s\n", static_cast<int>(law.size()), law.data());
  std::abort();
}

// What every strict parser promises of `text`.
template <typename Parse, typename Format>
void RoundTrip(std::string_view text, Parse parse, Format format) {
  const auto value = parse(text);
  if (value.ok()) {
    Law(format(*value) == text, "what parses is formatted as the same bytes");
  } else {
    Law(absl::IsInvalidArgument(value.status()), "malformed is InvalidArgument");
    Law(!value.status().message().empty(), "a refusal says why");
  }
}

}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // SETLOG_TESTS_FUZZ_LAW_H_
