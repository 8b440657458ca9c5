// witness/cosigned_heads.h -- what a witness cosigned last, of each log: its memory.
//
//   absl::StatusOr<CosignedHeads> heads = CosignedHeads::Open("state");
//   absl::StatusOr<std::optional<CosignedHead>> last = heads->Load(origin, keys, vkey);
//   absl::Status kept = heads->Store(origin, note);       // then, and only then,
//   answer
//
//   DIR/lock                    held while one is open
//   DIR/cosigned/<hex>.note     the head: its text, the log's lines, the witness's own
//   DIR/cosigned/<hex>.refused  what the log was convicted of, and by which heads if
//                               there is no evidence yet; <hex> = SHA-256(origin)
//
// A witness that forgets may cosign a second history. So a file that does not verify is
// refused (DataLoss, which says what to do) and never taken for a first contact; every
// byte of it stands under a signature of the log or of the witness. Files are replaced
// whole and synced. Thread-safe for different logs.
#ifndef SETLOG_WITNESS_COSIGNED_HEADS_H_
#define SETLOG_WITNESS_COSIGNED_HEADS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/atomic_file.h"
#include "log/checkpoint.h"
#include "log/vkey.h"

namespace setlog {

struct CosignedHead {
  std::string note;
  Checkpoint checkpoint;
  uint64_t time_s = 0;  // of the cosignature
};

// Why a log is never cosigned again.
struct Refusal {
  std::string kind;      // of evidence: log/evidence.h
  std::string what;      // a sentence without full stop
  std::string evidence;  // the file; "" if none could be made or kept
  // Without evidence: the signed notes that it is to be made of, if there are any.
  std::vector<std::string> heads = {};
};

class CosignedHeads {
 public:
  // Creates what is missing, with mode 0700. FailedPrecondition if another process uses
  // the directory.
  static absl::StatusOr<CosignedHeads> Open(const std::string& directory);

  // Nothing if the log was never cosigned. DataLoss unless one of `keys` and `witness`
  // signed the note, and every other line is of none of them.
  absl::StatusOr<std::optional<CosignedHead>> Load(std::string_view origin,
                                                   std::span<const VerifierKey> keys,
                                                   const VerifierKey& witness) const;
  // Durable on OK. After an error the file holds the old note or the new one.
  absl::Status Store(std::string_view origin, std::string_view note) const;

  // Nothing for a log that may be cosigned. A file that cannot be understood is a
  // refusal all the same.
  absl::StatusOr<std::optional<Refusal>> LoadRefusal(std::string_view origin) const;
  // Durable on OK.
  absl::Status StoreRefusal(std::string_view origin, const Refusal& refusal) const;

 private:
  CosignedHeads(std::string directory, FileLock lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}
  std::string File(std::string_view origin, std::string_view extension) const;

  std::string directory_;
  FileLock lock_;
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_COSIGNED_HEADS_H_
