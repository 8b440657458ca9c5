// log/checkpoint.h -- tree heads: the text of a note that says how far a log has come.
//
//   absl::StatusOr<std::string> note = SignCheckpoint({origin, 7, root, {}}, key);
//   absl::StatusOr<Checkpoint> head = OpenCheckpoint(*note, vkey);  // verified
//   head->size;                                                     // 7
//
//   origin LF                       not empty
//   size LF                         decimal
//   base64(32-byte root hash) LF
//   *(extension LF)                 not empty; setlog itself writes none
//
// Source: C2SP tlog-checkpoint. Any origin that the format allows is accepted, so that
// heads of other logs can be read too; what setlog's own logs may be called is
// CheckOrigin's. Thread-safe: pure functions.
#ifndef SETLOG_LOG_CHECKPOINT_H_
#define SETLOG_LOG_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/note.h"

namespace setlog {

struct Checkpoint {
  std::string origin;
  uint64_t size;
  Hash root;
  std::vector<std::string> extensions;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// InvalidArgument unless FormatCheckpoint gives back exactly `text`, the text of a
// note. Verifies nothing; an empty tree may have any root here (see CheckEmptyRoot).
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

// The text; InvalidArgument if it would not parse as the same checkpoint (an origin
// with a line feed, an empty extension line, ...).
absl::StatusOr<std::string> FormatCheckpoint(const Checkpoint& checkpoint);

// DataLoss if the size is 0 and the root is not that of the empty tree, H("").
absl::Status CheckEmptyRoot(const Checkpoint& checkpoint);

// The whole note, signed by the log. InvalidArgument if the key's name is not the
// origin, or the checkpoint does not format, or is empty with a wrong root. The caller
// answers for never signing two checkpoints that contradict each other.
absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint,
                                           const SigningKey& key);

// The checkpoint of a note that `key` signed and whose origin is the key's name.
// InvalidArgument = malformed; NotFound = not signed by this key; DataLoss = the
// signature is wrong, the origin is another, or the tree is empty and the root is not.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note,
                                          const VerifierKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_CHECKPOINT_H_
