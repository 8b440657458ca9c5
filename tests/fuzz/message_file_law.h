// tests/fuzz/message_file_law.h -- what the files of one message promise, of any bytes.
//
//   auto file = MessageFileRoundTrip(bytes, ParseProofFile, FormatProofFile,
//                                    FormatBinaryProofFile);
#ifndef SETLOG_TESTS_FUZZ_MESSAGE_FILE_LAW_H_
#define SETLOG_TESTS_FUZZ_MESSAGE_FILE_LAW_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "fuzz/law.h"
#include "log/jcs.h"
#include "log/json.h"

namespace setlog {

// A strict codec in both forms. Returns what was parsed.
template <typename Parse, typename Format, typename FormatBinary>
auto MessageFileRoundTrip(std::string_view bytes, Parse parse, Format format,
                          FormatBinary format_binary) {
  auto message = parse(bytes);
  if (!message.ok()) {
    Law(absl::IsInvalidArgument(message.status()), "malformed is InvalidArgument");
    return message;
  }
  const std::string text = format(*message);
  const std::string binary = format_binary(*message);
  if (const absl::StatusOr<JsonValue> json = ParseJson(bytes); json.ok()) {
    Law(CanonicalJson(*json) == CanonicalJson(ParseJson(text).value()),
        "a file is the JSON value that its message has");
  } else {
    Law(bytes == binary, "or the binary form that it has");
  }
  for (const std::string& form : {text, binary}) {
    const auto again = parse(form);
    Law(again.ok() && *again == *message, "both forms come back");
  }
  return message;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_MESSAGE_FILE_LAW_H_
