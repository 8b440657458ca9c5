// client/evidence_file.h -- the bytes of an .evidence file.
//
//   absl::StatusOr<Evidence> evidence = ParseEvidenceFile(bytes);
//   absl::StatusOr<Misbehaviour> proven = VerifyEvidence(*evidence, trust);
//   std::string bytes = FormatEvidenceFile(*evidence);
//
// One setlog.v1.Evidence message, as strict and in the same two forms as a .setproof
// file (proto/message_file.h):
//
//   {
//    "twoRoots": {"first": "data.example.org/a\n7\n...", "second": "..."}
//   }
//
// (The binary form cannot begin with '{' or white space and then '{': it begins with
// the number of its kind and a length of over 127.) Pure functions; thread-safe.
#ifndef SETLOG_CLIENT_EVIDENCE_FILE_H_
#define SETLOG_CLIENT_EVIDENCE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/evidence.h"

namespace setlog {

inline constexpr std::string_view kEvidenceExtension = ".evidence";

// Evidence that holds many entries is large: this is room for about five million.
inline constexpr size_t kMaxEvidenceFileBytes = size_t{256} << 20;

// InvalidArgument unless `bytes` is as above. Verifies nothing. O(size).
absl::StatusOr<Evidence> ParseEvidenceFile(std::string_view bytes);

// ResourceExhausted if FormatEvidenceFile gives more than `max_bytes`: nobody could
// read that. Formats only what could be near it.
absl::Status CheckEvidenceFits(const Evidence& evidence,
                               size_t max_bytes = kMaxEvidenceFileBytes);

// JSON with line breaks and a final line feed. Checkpoints must be notes.
std::string FormatEvidenceFile(const Evidence& evidence);
std::string FormatBinaryEvidenceFile(const Evidence& evidence);

}  // namespace setlog

#endif  // SETLOG_CLIENT_EVIDENCE_FILE_H_
