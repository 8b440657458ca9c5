// log/witness_request.h -- what a log asks of a witness, and what comes back.
//
//   absl::StatusOr<std::string> body = FormatAddCheckpoint({3, proof, note});
//   // POST <submission prefix>/add-checkpoint
//   absl::StatusOr<WitnessCosignature> line = ReadCosignature(text, reply, witness);
//   *note = WithSignature(*note, line->line);
//
//   request = "old " decimal LF      the size that the witness cosigned last, 0 = none
//             *(base64(hash) LF)     0..63, the consistency proof from it
//             LF
//             note                   the checkpoint with the log's signature
//   200     = 1*signature-line       the witness's, perhaps others'
//   409     = decimal LF             what it cosigned last; type text/x.tlog.size
//
// Only forms are judged here: whether the proof holds, or fits the sizes, is for
// whoever cosigns. Source: C2SP tlog-witness. Thread-safe: pure functions.
#ifndef SETLOG_LOG_WITNESS_REQUEST_H_
#define SETLOG_LOG_WITNESS_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/note.h"
#include "log/vkey.h"

namespace setlog {

inline constexpr size_t kMaxWitnessProof = 63;
inline constexpr std::string_view kTreeSizeType = "text/x.tlog.size";

struct AddCheckpoint {
  uint64_t old_size = 0;
  std::vector<Hash> proof;
  std::string note;
  friend bool operator==(const AddCheckpoint&, const AddCheckpoint&) = default;
};

// InvalidArgument unless FormatAddCheckpoint gives back exactly `body`.
absl::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view body);
// InvalidArgument for more than kMaxWitnessProof hashes, or a note that is no
// checkpoint's.
absl::StatusOr<std::string> FormatAddCheckpoint(const AddCheckpoint& request);

std::string FormatTreeSize(uint64_t size);
// The size in an answer of this media type (parameters do not matter), or nothing. A
// missing line feed is let pass: the number is only a hint to whoever asked.
std::optional<uint64_t> ParseTreeSize(std::string_view content_type,
                                      std::string_view body);

struct WitnessCosignature {
  NoteSignature line;
  uint64_t time_s = 0;
};
// The cosignature by `witness` of the checkpoint with this text, out of a reply of
// signature lines; lines of other keys do not matter. InvalidArgument if the reply is
// anything else, NotFound without a line of this key, DataLoss if that does not verify
// or claims time 0.
absl::StatusOr<WitnessCosignature> ReadCosignature(std::string_view text,
                                                   std::string_view reply,
                                                   const VerifierKey& witness);

}  // namespace setlog

#endif  // SETLOG_LOG_WITNESS_REQUEST_H_
