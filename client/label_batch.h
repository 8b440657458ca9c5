// client/label_batch.h -- what a private log gets in the place of a batch of records:
// their labels, each once, with pads among them, rising.
//
//   absl::StatusOr<std::vector<Hash>> labels =
//       LabelsOf(source, std::move(records), [](uint64_t done) { ... });
//   PadRange pads{next, PadCount(labels->size())};
//   labels = WithPads(source, *std::move(labels), pads);       // to be appended
//
// Order and number then say nothing of the records: labels are as good as random. The
// same records and the same pads are the same labels again, so an append that was
// interrupted goes on where it stopped. Thread-safe, as far as the source is.
#ifndef SETLOG_CLIENT_LABEL_BATCH_H_
#define SETLOG_CLIENT_LABEL_BATCH_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/vrf_source.h"
#include "log/bytes.h"
#include "log/vrf.h"

namespace setlog {

// Each once, rising; in the memory of `hashes`.
std::vector<Hash> Distinct(std::vector<Hash> hashes);

// The labels of `records`, which must be distinct; rising. They take the place of the
// records in their memory, piece by piece; `progress` gets how many are made. DataLoss
// if the source gives two records one label, which no key does; else its errors.
absl::StatusOr<std::vector<Hash>> LabelsOf(
    const VrfSource& source, std::vector<Hash> records,
    const std::function<void(uint64_t done)>& progress);

// `labels`, which are distinct, and those of the pads, rising. The errors of LabelsOf.
absl::StatusOr<std::vector<Hash>> WithPads(const VrfSource& source,
                                           std::vector<Hash> labels, PadRange pads);

// OK if the source makes labels of this key, as far as one pad shows: its label must be
// the one that it proves. DataLoss if not; else the source's errors.
absl::Status CheckSource(const VrfSource& source, const VrfPublicKey& public_key);

}  // namespace setlog

#endif  // SETLOG_CLIENT_LABEL_BATCH_H_
