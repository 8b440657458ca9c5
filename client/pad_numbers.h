// client/pad_numbers.h -- which pads of a private log are in its set.
//
//   absl::StatusOr<VerifiedHead> head = CoveredHead(client, connection, progress);
//   absl::StatusOr<uint64_t> next =
//       NextFreePad(connection, head->version, source, remembered);
//
// Pads are numbered through the log, so the next batch has to know how many there are.
// Whoever appended all of them remembers (client/vrf_key_uses.h); who does not, because
// it was done from another machine or the memory is lost, finds out by looking for
// their labels in the set, as everything is found there: with a verified batch proof.
#ifndef SETLOG_CLIENT_PAD_NUMBERS_H_
#define SETLOG_CLIENT_PAD_NUMBERS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/vrf_source.h"
#include "log/verify.h"

namespace setlog {

// The key that the manifest names. InvalidArgument for a plain log, and for a key that
// is none.
absl::StatusOr<VrfPublicKey> LabelKeyOf(const Manifest& manifest);

// A head whose newest index entry covers every add and remove under the newest head;
// waits for it. A stream for the entries behind the index entry, and those of Head and
// WaitIndexed.
absl::StatusOr<VerifiedHead> CoveredHead(
    LogClient& client, const Connection& connection,
    const std::function<void(uint64_t index_size)>& progress);

// A number >= `first` above every pad of the set that was found. What is looked for are
// the next 64 numbers, and beyond them numbers that lie a 16th of the way apart, up to
// 2^40: so a gap, as an interrupted session may leave one, is looked over if there are
// more pads behind it than a 16th of its length. Looks on from what it finds, until it
// finds nothing. Each time about 450 labels, most of them proven and verified (0.1 s),
// in three calls; eight times at most for 2^30 unknown pads.
absl::StatusOr<uint64_t> NextFreePad(const Connection& connection,
                                     const Version& version, const VrfSource& source,
                                     uint64_t first);

// The pads of the set below `end`, rising; at most `most` of them, the first. One label
// a number, a call for each 4,096. `progress` gets how many numbers were looked up.
absl::StatusOr<std::vector<uint64_t>> FindPads(
    const Connection& connection, const Version& version, const VrfSource& source,
    uint64_t end, uint64_t most, const std::function<void(uint64_t done)>& progress);

}  // namespace setlog

#endif  // SETLOG_CLIENT_PAD_NUMBERS_H_
