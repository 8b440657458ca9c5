// client/conviction.h -- a client that met a lie keeps the proof of it.
//
//   std::vector<Evidence> candidates = ContradictionsIn(offered, remembered);
//   std::optional<Conviction> found = Convict(state, trust, candidates);
//   if (found) ...   // exit 4, and found->path is for anybody else
//
// Candidates are what might be evidence; whether one is decides VerifyEvidence, and
// nobody else. So an honest server cannot be accused by a mistake here. Thread-safe.
#ifndef SETLOG_CLIENT_CONVICTION_H_
#define SETLOG_CLIENT_CONVICTION_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/state.h"
#include "log/evidence.h"
#include "log/verify.h"

namespace setlog {

struct Conviction {
  Misbehaviour misbehaviour;
  Evidence evidence;
  std::string path;         // of the .evidence file; empty if it could not be saved
  bool remembered = false;  // the state says from now on that the log was convicted
};

// The first candidate that is evidence, saved in the state directory, where the log is
// marked as convicted from then on (KnownLog::convicted). What is too large
// for an evidence file is none: nobody else could be shown it. One signature
// check a head until one is found.
std::optional<Conviction> Convict(const StateDirectory& state, const Trust& trust,
                                  std::span<const Evidence> candidates);

// Entries of `offered` that no log may hold where they stand.
std::vector<Evidence> MalformedEntriesIn(const VersionProof& offered);

// What `offered` and an earlier answer contradict each other in: one position with two
// entries, an m that does not grow, a tag name that stands for something else. Nothing
// of this is verified here. Cheap, and nearly always nothing.
std::vector<Evidence> ContradictionsIn(const VersionProof& offered,
                                       const VersionProof& earlier);

}  // namespace setlog

#endif  // SETLOG_CLIENT_CONVICTION_H_
