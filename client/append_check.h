// client/append_check.h -- that acknowledged records stand in the log, and where.
//
//   absl::StatusOr<AppendResult> result = appender.Finish();     // the server's word
//   TreeClient tree(&connection, head.version.checkpoint);       // signed
//   absl::Status stands = CheckAppended(tree, Operation::kAdd, *result, read);
//
// Where nobody else's entry stands between the records their leaf hashes are computed
// here, and must lead to the head: complete, without fetching an entry, two hashes a
// record. Else the entries are fetched and the records must be among them, in order;
// of very many, the first, the last and some others, chosen at random, so that a server
// that left out a part p of them is caught with probability 1 - (1 - p)^32 (fewer
// samples if others' entries are many, and none of more than may be fetched).
// Thread-safe.
#ifndef SETLOG_CLIENT_APPEND_CHECK_H_
#define SETLOG_CLIENT_APPEND_CHECK_H_

#include <cstdint>
#include <functional>
#include <span>

#include "absl/status/status.h"
#include "client/appender.h"
#include "client/tree_client.h"
#include "log/bytes.h"

namespace setlog {

// Calls back with the session's records from number `begin` on, in order, in pieces; an
// error of the callback ends it and is returned.
using RecordPieces = std::function<absl::Status(std::span<const Hash>)>;
using RecordSourceFn =
    std::function<absl::Status(uint64_t begin, const RecordPieces& callback)>;

struct AppendCheckLimits {
  uint64_t fetched = uint64_t{1} << 18;  // entries, in all; more are sampled
  int samples = 32;
};

// DataLoss if they do not stand there. `tree.head()` must be at least as large as
// result.end (else DataLoss: they are not in the signed head).
absl::Status CheckAppended(const TreeClient& tree, Operation operation,
                           const AppendResult& result, const RecordSourceFn& records,
                           const AppendCheckLimits& limits = {});

}  // namespace setlog

#endif  // SETLOG_CLIENT_APPEND_CHECK_H_
