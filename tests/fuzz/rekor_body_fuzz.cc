// Bodies of log entries: one that is about an envelope is about no other.
#include <array>

#include "fuzz/law.h"
#include "log/json.h"
#include "model/rekor_body.h"

namespace setlog {
namespace {

struct Kind {
  std::string_view kind;
  std::string_view version;
};
constexpr std::array<Kind, 5> kKinds = {{{"dsse", "0.0.1"},
                                         {"intoto", "0.0.2"},
                                         {"dsse", "0.0.2"},
                                         {"hashedrekord", "0.0.2"},
                                         {"hashedrekord", "0.0.1"}}};
// That of the seeds.
constexpr SignedEnvelope kEnvelope = {"payload", "signature", "certificate"};

}  // namespace
}  // namespace setlog

// The first byte says what the entry says of its body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  if (size == 0) return 0;
  const Kind kind = kKinds[data[0] % kKinds.size()];
  TlogEntry entry{.kind = std::string(kind.kind), .version = std::string(kind.version)};
  entry.canonicalized_body = std::string(AsText({data + 1, size - 1}));
  const absl::Status status = CheckEntryDescribes(entry, kEnvelope);
  Law(absl::IsUnimplemented(status) == (kind.version == "0.0.1" && kind.kind != "dsse"),
      "the kinds known here are four");
  if (absl::IsUnimplemented(status)) return 0;
  if (!status.ok()) {
    Law(absl::IsInvalidArgument(status) || absl::IsDataLoss(status),
        "a body is malformed, or about another envelope");
    Law(!status.message().empty(), "a refusal says why");
    return 0;
  }
  Law(ParseJson(entry.canonicalized_body).ok(), "a body is strict JSON");
  for (const SignedEnvelope& other :
       {SignedEnvelope{"payloae", "signature", "certificate"},
        SignedEnvelope{"payload", "signaturf", "certificate"},
        SignedEnvelope{"payload", "signature", "certificatf"}}) {
    Law(absl::IsDataLoss(CheckEntryDescribes(entry, other)),
        "a body is about one envelope");
  }
  return 0;
}
