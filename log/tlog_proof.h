// log/tlog_proof.h -- the text of an offline inclusion proof (file.tlog-proof).
//
//   absl::StatusOr<TlogProof> proof = ParseTlogProof(file);
//   absl::StatusOr<Checkpoint> head = OpenCheckpoint(proof->checkpoint, vkey);
//   // then the path, from the leaf hash that the reader computes, to head->root
//
//   c2sp.org/tlog-proof@v1 LF
//   [ extra SP base64 LF ]          not authenticated by anything
//   index SP decimal LF
//   *(base64(32-byte hash) LF)      the leaf's sibling first
//   LF
//   the checkpoint's note, byte for byte
//
// Only the format is here: neither signatures nor the path are verified.
// Source: C2SP tlog-proof. Thread-safe: pure functions.
#ifndef SETLOG_LOG_TLOG_PROOF_H_
#define SETLOG_LOG_TLOG_PROOF_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

inline constexpr size_t kMaxTlogProofBytes = size_t{2} << 20;
// The longest path of a tree whose size fits in 64 bits.
inline constexpr size_t kMaxTlogProofPath = 64;

struct TlogProof {
  std::string extra;  // decoded; "" = no such line
  uint64_t index;
  std::vector<Hash> path;
  std::string checkpoint;  // a whole note, with its signatures

  friend bool operator==(const TlogProof&, const TlogProof&) = default;
};

// InvalidArgument unless FormatTlogProof gives back exactly `text`.
absl::StatusOr<TlogProof> ParseTlogProof(std::string_view text);

// InvalidArgument if it would not parse: `checkpoint` is no note of a checkpoint, or
// the path or the whole is longer than the bounds above.
absl::StatusOr<std::string> FormatTlogProof(const TlogProof& proof);

}  // namespace setlog

#endif  // SETLOG_LOG_TLOG_PROOF_H_
