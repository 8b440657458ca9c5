// log/witness_judge.h -- what a witness answers to a request, as a pure function.
//
//   std::variant<SubmittedHead, WitnessRefusal> read = ReadSubmission(body, keys_of);
//   WitnessVerdict verdict = JudgeSubmission(std::get<SubmittedHead>(read), last);
//   if (verdict.status == 200) ...   // store, sign, answer: in this order
//
// The checks, in their order, and HTTP's status for what fails:
//
//   400  the body is malformed            409  old is not the size cosigned last
//   404  nobody's origin                  422  size 0 with another root than H("")
//   403  no signature by a key of the     422  old = 0 with a proof
//        log, or a wrong one              422  the proof does not lead from the head
//   400  old is beyond the head                cosigned last to this one
//
// Two functions, because the second is called again under the lock that is held while
// the head is stored. Source: C2SP tlog-witness. Thread-safe: pure functions.
#ifndef SETLOG_LOG_WITNESS_JUDGE_H_
#define SETLOG_LOG_WITNESS_JUDGE_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "log/checkpoint.h"
#include "log/note.h"
#include "log/vkey.h"
#include "log/witness_request.h"

namespace setlog {

// A head that one of the log's keys signed, and how it is said to continue another.
struct SubmittedHead {
  AddCheckpoint request;
  Note note;
  Checkpoint head;
  VerifierKey log_key;  // the first of the log's keys that signed
};

struct WitnessRefusal {
  int status;
  std::string why;  // for people: a sentence without full stop
};

// The keys that a log signs with; none for an origin that the witness does not know.
using KeysOf = std::function<std::span<const VerifierKey>(std::string_view origin)>;

std::variant<SubmittedHead, WitnessRefusal> ReadSubmission(std::string_view body,
                                                           const KeysOf& keys_of);

// The note of a head with the log's own lines and nobody else's, however many there
// are: what a witness keeps.
Note WithoutStrangers(const Note& note, std::span<const VerifierKey> keys);

struct WitnessVerdict {
  int status;       // 200: to be cosigned
  std::string why;  // "" for 200
  // The log's key signed two heads of one size: the one cosigned last, and this.
  // Whatever the status is.
  bool two_roots = false;
};

// `last`: the head that was cosigned last, if any was.
WitnessVerdict JudgeSubmission(const SubmittedHead& submitted,
                               const std::optional<Checkpoint>& last);

}  // namespace setlog

#endif  // SETLOG_LOG_WITNESS_JUDGE_H_
