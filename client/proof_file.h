// client/proof_file.h -- the bytes of a .setproof file.
//
//   absl::StatusOr<ProofFile> file = ParseProofFile(bytes);
//   absl::StatusOr<Version> version = VerifyVersion(file->version, trust, demands);
//   absl::StatusOr<Answer> answer = VerifyAnswer(*version, file->answer);
//   std::string bytes = FormatProofFile({version_proof, answer_proof});
//
// One setlog.v1.Proof message, in one of two forms:
//
//   {                                     protobuf's JSON mapping of the message:
//    "checkpoint": "data.example.org/a\n7\n...",     text as it is
//    "index": {"position": "6", "entry": "AwAAAA...", "path": "..."},
//    ...                                  u64 in quotes, bytes in padded base64
//   }
//   0A D5 01 64 61 74 ...                 or its deterministic binary form
//
// A file that parses has one meaning for every reader: JSON must be strict RFC 8259
// without a key twice, and the message printed again must be the same JSON value (so no
// number where protobuf prints a string, no null, no base64url, no second name of a
// field); the binary form must be exactly what the message serialises to. Unknown
// fields are refused in both. Pure functions; thread-safe.
#ifndef SETLOG_CLIENT_PROOF_FILE_H_
#define SETLOG_CLIENT_PROOF_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/forms.h"

namespace setlog {

// The largest honest file has a checkpoint of 1 MiB, of which protobuf's JSON makes up
// to 6 MiB ('<' becomes \u003c), and a manifest of 32 KiB.
inline constexpr size_t kMaxProofFileBytes = size_t{8} << 20;

// InvalidArgument unless `bytes` is as above. Verifies
// nothing. The form is told by the first byte that is no white space: '{' is JSON. (A
// binary form cannot begin so: it begins with 0A and the length of a checkpoint, which
// is over 127 bytes long, so that byte has its high bit set.) O(size).
absl::StatusOr<ProofFile> ParseProofFile(std::string_view bytes);

// JSON with line breaks and a final line feed. `proof` must be what a parse could
// give: a checkpoint that is a note.
std::string FormatProofFile(const ProofFile& proof);
std::string FormatBinaryProofFile(const ProofFile& proof);

}  // namespace setlog

#endif  // SETLOG_CLIENT_PROOF_FILE_H_
