// log/comparable.h -- whether what two sets have in common can be seen by their hashes.
//
//   absl::Status ok = CheckComparable(train.manifest, exclusion.manifest);
//
// A set has hashes, not records, and a record has the same hash in two logs only if
// both hash it in the same way. Of logs that do not, nothing in common means nothing:
// the same image is another hash under row/1 than under bytes/1, and any label of a
// private log is one that only its own key makes. What counts is what goes into the
// hash: the scheme, the members that json/1 keeps, the names and types of the columns
// of row/1; not their order, for canonical JSON sorts them, and not whether a column
// may be null. Pure; thread-safe.
#ifndef SETLOG_LOG_COMPARABLE_H_
#define SETLOG_LOG_COMPARABLE_H_

#include <string>

#include "absl/status/status.h"
#include "log/manifest.h"

namespace setlog {

// "bytes/1", "json/1 of answer, question", "row/1 of id:int, name:str".
std::string DescribeScheme(const Manifest& manifest);

// InvalidArgument, naming both logs and what they differ in.
absl::Status CheckComparable(const Manifest& a, const Manifest& b);

}  // namespace setlog

#endif  // SETLOG_LOG_COMPARABLE_H_
