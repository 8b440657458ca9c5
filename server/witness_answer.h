// server/witness_answer.h -- what a witness's answer to add-checkpoint says.
//
//   const WitnessAnswer answer = ReadWitnessAnswer(note, witness_key, response);
//   if (answer.cosignature) ...        // it verifies
//   else if (answer.conflict) ...      // 409: answer.conflict->size, if it said one
//   else ...                           // *answer.failure, answer.detail
//
// One answer alone: what it means for a witness that was asked before is for
// server/cosigning.h. Source: C2SP tlog-witness. Thread-safe: pure functions.
#ifndef SETLOG_SERVER_WITNESS_ANSWER_H_
#define SETLOG_SERVER_WITNESS_ANSWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/http_client.h"
#include "log/vkey.h"
#include "log/witness_request.h"

namespace setlog {

enum class WitnessFailure {
  kUnreachable,  // no connection, or it broke
  kTimedOut,
  kBusy,         // 429, 502, 503, 504
  kServerError,  // another 5xx
  kRefused,      // any other status: of this log or of this head
  kConflict,     // 409 without a size that helps
  kAhead,        // it cosigned a size that this log never had
  kMalformed,    // 200 with something else, or a long answer
  kWrongSignature,
  kNoCosignature,  // 200 without a line of the witness's key
  kStale,          // a cosignature, but no newer than the one before
  kClock,          // a cosignature of a time that our clock is far from
};
inline constexpr size_t kWitnessFailures = 12;
const char* NameOf(WitnessFailure failure);

// Whether it says something of the witness, not of one log.
bool IsOfWitness(WitnessFailure failure);

struct WitnessConflict {
  std::optional<uint64_t> size;  // that it cosigned last, if it says so
};

// Exactly one of the three is there.
struct WitnessAnswer {
  std::optional<WitnessCosignature> cosignature;
  std::optional<WitnessConflict> conflict;
  std::optional<WitnessFailure> failure;
  std::string detail;  // of the failure
};

// `note` is the one that was sent.
WitnessAnswer ReadWitnessAnswer(std::string_view note, const VerifierKey& witness,
                                const HttpResponse& answer);

}  // namespace setlog

#endif  // SETLOG_SERVER_WITNESS_ANSWER_H_
