// tools/verdict.h -- the words of a verdict, the same from `in` and from `verify`.
//
//   WordOf(SetVerdict::kAbsent);     // "ABSENT"
//   VerdictSentence(version, answer);
//   // " from the set that example.org/a committed to at size 12 (version v1, json/1);
//   //  set root not audited"
//
// ABSENT is absent from a set that somebody committed to, and never more than that: in
// a private log that its owner committed no label for the record.
// Pure functions; thread-safe.
#ifndef SETLOG_TOOLS_VERDICT_H_
#define SETLOG_TOOLS_VERDICT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "log/verify.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace setlog {

inline constexpr std::string_view kVerified = "VERIFIED";
inline constexpr std::string_view kRefused = "REFUSED";
inline constexpr std::string_view kUnverified = "UNVERIFIED";
inline constexpr std::string_view kClaimed = "CLAIMED";
inline constexpr std::string_view kUnsupported = "UNSUPPORTED";
inline constexpr std::string_view kLogged = "LOGGED";
inline constexpr std::string_view kOpened = "OPENED";
inline constexpr std::string_view kMisbehaviour = "MISBEHAVIOUR";

std::string_view WordOf(SetVerdict verdict);
ExitCode CodeOf(SetVerdict verdict);
// The word for an answer that could not be checked: UNSUPPORTED if this code does not
// know the kind of log, else UNVERIFIED. Both are ExitCode::kUnverified.
std::string_view WordOf(const absl::Status& failure);

// What follows the word, with the space between; see above.
std::string VerdictSentence(const Version& version, SetVerdict verdict);
// "the set that example.org/a committed to at size 12 (version v1, json/1)".
std::string SetPhrase(const Version& version);
// "set recomputed by 2 of replay" or "set root not audited".
std::string AuditWords(const Version& version);
// "at size 12; the head has size 20, ...", and whether `seen_size`, of the largest head
// that was seen, is beyond the version's.
std::string VersionDetail(const Version& version, uint64_t seen_size = 0);
// Freshness, as far as witnesses show it.
std::string FreshnessDetail(std::optional<uint64_t> cosigned_at_s);

// What a verdict on a record of a private log does not say.
std::string PrivateDetail();

std::string KeyDetail(const VerifierKey& key, bool pinned);

// An integer, or null.
Json OrNull(std::optional<uint64_t> number);

}  // namespace setlog

#endif  // SETLOG_TOOLS_VERDICT_H_
