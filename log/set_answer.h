// log/set_answer.h -- what goes into an index of the set, and what it answers.
#ifndef SETLOG_LOG_SET_ANSWER_H_
#define SETLOG_LOG_SET_ANSWER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "log/set_proof.h"

namespace setlog {

// An add or remove entry of the log.
struct SetChange {
  Hash key;  // SetKey(value)
  uint64_t position = 0;
  bool add = true;
  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// A change that had an effect: an add of an absent value, a remove of a present one.
struct SetEvent {
  uint64_t position = 0;
  bool add = true;
  friend bool operator==(const SetEvent&, const SetEvent&) = default;
};

// A lookup proof but for the terminal value, which stands in the add entry at
// `terminal_position`.
struct SetAnswer {
  bool present = false;
  uint64_t terminal_position = 0;  // unused if the set is empty
  Hash terminal_key;               // as above
  LookupProof proof;               // without `terminal`
};

struct SetBatchAnswer {
  std::string proof;  // LEAF values are zero bytes, to be filled in from the log
  struct Leaf {
    size_t offset;  // of the value within `proof`
    uint64_t position;
    Hash key;  // of the value: if it is a query's, so is the value
  };
  std::vector<Leaf> leaves;
};

}  // namespace setlog

#endif  // SETLOG_LOG_SET_ANSWER_H_
