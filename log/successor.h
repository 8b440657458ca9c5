// log/successor.h -- how a log says which log goes on in its place, and from where.
//
//   absl::StatusOr<std::string> tag = SuccessorTag(new_key);  // an entry of the old
//   log std::optional<VerifierKey> key = SuccessorNamed(tag_name); Manifest next =
//   ManifestAfter(old, "example.org/pets.2", parent);
//
// A log's key is its own for life. What can be changed is the log: the next one, under
// another origin, names the last version of this one in its manifest (`parent`), and
// this one names the key of the next one in its last tag:
//
//   old log   04 | m | successor/example.org/pets.2+1a2b3c4d+AQ...
//   new log   {"origin":"example.org/pets.2",
//   "parent":{"m","origin":"example.org/pets",
//              "set_root","vkey"}, ...}, and a tag `parent` for its first full set
//
// Each direction stands in a log that every auditor reads: the old key vouches for the
// new one, and nobody can call himself the successor of a log that does not say so.
// docs/format.md, "Successors". Pure functions; thread-safe.
#ifndef SETLOG_LOG_SUCCESSOR_H_
#define SETLOG_LOG_SUCCESSOR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/manifest.h"
#include "log/verify.h"
#include "log/vkey.h"

namespace setlog {

inline constexpr std::string_view kSuccessorPrefix = "successor/";
// The version of a new log that has exactly the members of the parent's.
inline constexpr std::string_view kParentTag = "parent";

// The name of the tag that hands a log over to the log of `key`. InvalidArgument if
// that log's origin does not fit into the name of a tag: it has a `~`, or is longer
// than 191 bytes.
absl::StatusOr<std::string> SuccessorTag(const VerifierKey& key);

// The key in a tag's name; nothing if it is no successor's.
std::optional<VerifierKey> SuccessorNamed(std::string_view tag);

// OK for a name that has nothing to do with successors, and for one that SuccessorTag
// makes for another log than `origin`. InvalidArgument for what only looks like one.
absl::Status CheckSuccessorTag(std::string_view tag, std::string_view origin);

// The manifest of a log that goes on with the records of another one: what they are,
// and what is said of them, stays as it was.
Manifest ManifestAfter(const Manifest& old, std::string origin, ParentVersion parent);

// The four fields that name a version of a log for good.
ParentVersion ParentOf(const Version& version);

// Whether records have the same hashes in both.
bool SameRecords(const Manifest& a, const Manifest& b);

}  // namespace setlog

#endif  // SETLOG_LOG_SUCCESSOR_H_
