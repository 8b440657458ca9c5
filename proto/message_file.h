// proto/message_file.h -- protobuf messages as files that have one meaning only.
//
//   absl::StatusOr<v1::Proof> proof =
//       ParseMessageFile<v1::Proof>(bytes, {"a proof file", kMaxProofFileBytes});
//   std::string json = FormatMessageFile(*proof);
//
// Two forms: protobuf's JSON mapping, or the deterministic binary form. JSON must be
// strict RFC 8259 without a key twice, and the message printed again must be the same
// JSON value (so no number where protobuf prints a string, no null, no base64url, no
// second name of a field); the binary form must be exactly what the message serialises
// to. Unknown fields are refused in both, at every depth. The form is told by the first
// byte that is no white space: '{' is JSON, so a binary form must not begin so.
// Pure functions; thread-safe.
#ifndef SETLOG_PROTO_MESSAGE_FILE_H_
#define SETLOG_PROTO_MESSAGE_FILE_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

struct MessageFileKind {
  const char* name;  // for errors: "not <name>: ..."
  size_t max_bytes;
};

// ParseMessageFile for a message of any type. `message` is unspecified on errors.
absl::Status ReadMessageFile(std::string_view bytes, const MessageFileKind& kind,
                             google::protobuf::Message& message);

// InvalidArgument unless `bytes` is as above. Verifies nothing. O(size).
template <typename Message>
absl::StatusOr<Message> ParseMessageFile(std::string_view bytes,
                                         const MessageFileKind& kind) {
  Message message;
  if (absl::Status s = ReadMessageFile(bytes, kind, message); !s.ok()) return s;
  return message;
}

// JSON with line breaks and a final line feed. Text fields must be UTF-8.
std::string FormatMessageFile(const google::protobuf::Message& message);
std::string FormatBinaryMessageFile(const google::protobuf::Message& message);

}  // namespace setlog

#endif  // SETLOG_PROTO_MESSAGE_FILE_H_
