#include "proto/message_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <vector>

#include "absl/strings/str_format.h"
#include "log/jcs.h"
#include "log/json.h"

namespace setlog {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status Malformed(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("%s", why));
}

std::string Printed(const Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string json;
  // Fails only for text that is no UTF-8, which no note is.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

bool HasUnknownFields(const Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    // None of our messages repeats another one.
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        HasUnknownFields(reflection.GetMessage(message, field))) {
      return true;
    }
  }
  return false;
}

absl::Status ReadJsonForm(std::string_view text, Message& message) {
  const absl::StatusOr<JsonValue> value = ParseJson(text);
  if (!value.ok()) return value.status();
  const std::string canonical = CanonicalJson(*value);

  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  // The canonical text and not the one read: what protobuf's own JSON parser takes
  // beyond RFC 8259 must not matter.
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(canonical, &message, options);
  if (!parsed.ok()) return Malformed(parsed.ToString());

  const absl::StatusOr<JsonValue> again = ParseJson(Printed(message, false));
  if (!again.ok() || CanonicalJson(*again) != canonical) {
    return Malformed(
        "a value is not in the form in which protobuf prints it (integers in quotes, "
        "padded base64, lowerCamelCase names, nothing that is null or zero)");
  }
  return absl::OkStatus();
}

absl::Status ReadBinaryForm(std::string_view bytes, Message& message) {
  // The status says it all; protobuf would print lines of its own to stderr.
  const google::protobuf::LogSilencer quiet;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("neither JSON nor the binary form");
  }
  if (FormatBinaryMessageFile(message) != bytes) {
    return Malformed("the binary form is not the one that its message has");
  }
  if (HasUnknownFields(message)) return Malformed("a field that is not known here");
  return absl::OkStatus();
}

absl::Status ReadForm(std::string_view bytes, size_t max_bytes, Message& message) {
  if (bytes.size() > max_bytes) {
    return Malformed(absl::StrFormat("over %d bytes", max_bytes));
  }
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == bytes.npos) return Malformed("it is empty");
  return bytes[first] == '{' ? ReadJsonForm(bytes, message)
                             : ReadBinaryForm(bytes, message);
}

}  // namespace

absl::Status ReadMessageFile(std::string_view bytes, const MessageFileKind& kind,
                             google::protobuf::Message& message) {
  const absl::Status read = ReadForm(bytes, kind.max_bytes, message);
  if (read.ok()) return read;
  return absl::InvalidArgumentError(
      absl::StrFormat("not %s: %s", kind.name, std::string(read.message())));
}

std::string FormatMessageFile(const Message& message) {
  std::string json = Printed(message, true);
  if (json.empty() || json.back() != '\n') json.push_back('\n');
  return json;
}

std::string FormatBinaryMessageFile(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace setlog
