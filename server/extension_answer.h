// server/extension_answer.h -- the batch proof that leads an auditor from one index
// entry to later ones.
//
//   ExtensionAnswers answers(&reader, &logs, store, limits.extension_values);
//   absl::StatusOr<std::string> proof = answers.Prove(request, [&] { return gone; });
//
// The values are read from the log; the set is asked for some thousands of them at a
// time, so that nobody waits long behind it, and the proofs are laid over each other.
// Memory: about 200 bytes a value and the proof, some hundred bytes a value: so there
// is a limit, above what one index entry covers, and few are made at a time.
// Thread-safe.
#ifndef SETLOG_SERVER_EXTENSION_ANSWER_H_
#define SETLOG_SERVER_EXTENSION_ANSWER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "server/log_directory.h"
#include "server/tree_reader.h"
#include "setlog/v1/reader.pb.h"
#include "storage/store.h"

namespace setlog {

class ExtensionAnswers {
 public:
  // What it is given must outlive it.
  ExtensionAnswers(const Store* store, const TreeReader* reader,
                   const LogDirectory* logs, uint64_t max_values)
      : store_(store), reader_(reader), logs_(logs), max_values_(max_values) {}

  // The statuses are in proto/setlog/v1/reader.proto. `gone` is asked now and then:
  // then it is Cancelled. O(entries + values * path length), and a pass over all rows
  // if the set at `begin` is not among the newest (LogIndex::Ready).
  absl::StatusOr<std::string> Prove(const v1::GetExtensionProofRequest& request,
                                    const std::function<bool()>& gone) const;

 private:
  // The values that the entries [begin, end) name, by key, each once.
  absl::StatusOr<std::vector<Hash>> Touched(LogNumber log, uint64_t begin, uint64_t end,
                                            const std::function<bool()>& gone) const;

  const Store* const store_;
  const TreeReader* const reader_;
  const LogDirectory* const logs_;
  const uint64_t max_values_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_EXTENSION_ANSWER_H_
