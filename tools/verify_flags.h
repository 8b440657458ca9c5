// tools/verify_flags.h -- what `setlog verify` was asked, shared by its file forms.
//
//   if (IsTlogProof(bytes)) return VerifyTlogProofFile(bytes, question, out);
//   if (IsEvidence(file, bytes)) return VerifyEvidenceFile(bytes, question, out);
//   if (IsPadsFile(file, bytes)) return VerifyPadsFile(bytes, question, out);
//   return VerifySetProofFile(bytes, question, out);
//
// A file that does not verify, for whatever reason, is UNVERIFIED (exit 3): only what
// was typed wrong is exit 2.
#ifndef SETLOG_TOOLS_VERIFY_FLAGS_H_
#define SETLOG_TOOLS_VERIFY_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/scheme.h"
#include "log/verify.h"
#include "tools/offline_trust.h"
#include "tools/output.h"
#include "tools/record_flags.h"

namespace setlog {

// The set that a signed model names; which head shows it does not matter.
struct NamedSet {
  std::string origin;
  IndexEntry index;
};

struct VerifyQuestion {
  std::string file;
  std::string record_file;   // the record itself, or
  std::vector<Hash> hashes;  // its hash (one at most), or neither
  ReadFlags read;            // how the record stands in its file
  SchemeFlags scheme;        // .tlog-proof: its log's scheme, which is not in the file
  Trust named;               // --key, --policy
  Demands demands;           // --at, --max-lag, --max-age, --require-replay
  std::optional<NamedSet> set;  // a .setproof: must be for just this one
  bool expect_absent = false;
};

// The hash of the record asked about: that of --hash, or of the only record in
// --record; nothing if neither was given. InvalidArgument if the file has none or more.
absl::StatusOr<std::optional<Hash>> AskedHash(const VerifyQuestion& question,
                                              const RecordScheme& scheme);

// UNVERIFIED or UNSUPPORTED, with `json` holding the fields that are known anyhow.
ExitCode PrintUnverified(Json json, const absl::Status& why, Output& out);

// MISBEHAVIOUR: what the file shows and what this machine knows convict the log.
ExitCode PrintMemoryConviction(const MemoryConviction& found, Json json, Output& out);

bool IsTlogProof(std::string_view bytes);
ExitCode VerifyTlogProofFile(const std::string& bytes, const VerifyQuestion& question,
                             Output& out);

// By its name, or because it is one under another name.
bool IsEvidence(std::string_view file, std::string_view bytes);
// MISBEHAVIOUR is exit 4; evidence that proves nothing is exit 3.
ExitCode VerifyEvidenceFile(const std::string& bytes, const VerifyQuestion& question,
                            Output& out);

// By its name, or because it is one under another name.
bool IsPadsFile(std::string_view file, std::string_view bytes);
// OPENED is exit 0. Demands are those of a proof file; there is no record in it.
ExitCode VerifyPadsFile(const std::string& bytes, const VerifyQuestion& question,
                        Output& out);

ExitCode VerifySetProofFile(const std::string& bytes, const VerifyQuestion& question,
                            Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_VERIFY_FLAGS_H_
