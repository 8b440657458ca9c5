// client/logged_value.h -- what stands in a log for a record.
//
//   absl::StatusOr<std::vector<LoggedValue>> values =
//       LoggedValues(version, vrf, records, WithProofs::kYes);
//   AnswerProof{.record = values->front().record, ...,
//               .vrf_proof = values->front().vrf_proof};
//
// In a plain log the record's hash, in a private one its label. Pure, but for what the
// VrfSource does; starts threads for the verification of many.
#ifndef SETLOG_CLIENT_LOGGED_VALUE_H_
#define SETLOG_CLIENT_LOGGED_VALUE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/vrf_source.h"
#include "log/bytes.h"
#include "log/verify.h"

namespace setlog {

struct LoggedValue {
  Hash record;
  Hash value;
  // What ties them together, verified: 80 bytes. None in a plain log.
  std::string vrf_proof;
};

// kUnlessOwn: a source that holds the log's secret key in this process is believed.
enum class WithProofs { kYes, kUnlessOwn };

// Of each record, in order. Of a plain log the source is not asked; else 0.2 ms of
// verification for each record, on all threads. DataLoss for a proof that does not
// verify under the manifest's public key, else the source's status.
absl::StatusOr<std::vector<LoggedValue>> LoggedValues(const Version& version,
                                                      const VrfSource& vrf,
                                                      std::span<const Hash> records,
                                                      WithProofs with_proofs);

}  // namespace setlog

#endif  // SETLOG_CLIENT_LOGGED_VALUE_H_
