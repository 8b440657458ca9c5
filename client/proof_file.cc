#include "client/proof_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_format.h"
#include "log/jcs.h"
#include "log/json.h"

namespace setlog {
namespace {

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("not a proof file: %s", what));
}

std::string Printed(const v1::Proof& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string json;
  // Fails only for text that is no UTF-8, which no note is.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

std::string Serialized(const v1::Proof& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::StatusOr<v1::Proof> ParseJsonForm(std::string_view text) {
  const absl::StatusOr<JsonValue> value = ParseJson(text);
  if (!value.ok()) return Malformed(std::string(value.status().message()));
  const std::string canonical = CanonicalJson(*value);

  v1::Proof message;
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
  return message;
}

absl::StatusOr<v1::Proof> ParseBinaryForm(std::string_view bytes) {
  // The status says it all; protobuf would print lines of its own to stderr.
  const google::protobuf::LogSilencer quiet;
  v1::Proof message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("neither JSON nor the binary form of a proof");
  }
  if (Serialized(message) != bytes) {
    return Malformed("the binary form is not the one that its message has");
  }
  return message;
}

}  // namespace

absl::StatusOr<ProofFile> ParseProofFile(std::string_view bytes) {
  if (bytes.size() > kMaxProofFileBytes) {
    return Malformed(absl::StrFormat("over %d bytes", kMaxProofFileBytes));
  }
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == bytes.npos) return Malformed("it is empty");
  const absl::StatusOr<v1::Proof> message =
      bytes[first] == '{' ? ParseJsonForm(bytes) : ParseBinaryForm(bytes);
  if (!message.ok()) return message.status();
  absl::StatusOr<ProofFile> proof = ProofFromProto(*message);
  if (!proof.ok()) return Malformed(std::string(proof.status().message()));
  return proof;
}

std::string FormatProofFile(const ProofFile& proof) {
  std::string json = Printed(ProofToProto(proof), true);
  if (json.empty() || json.back() != '\n') json.push_back('\n');
  return json;
}

std::string FormatBinaryProofFile(const ProofFile& proof) {
  return Serialized(ProofToProto(proof));
}

}  // namespace setlog
