// server/doctor.h -- the quick checks that a person wants first.
//
//   for (const Symptom& symptom : Examine({.data_dir = "/var/lib/setlog"}, ports)) ...
//
// Seconds, whatever the store's size: whether files are there and private, the disk has
// room, the store opens and stands where its anchor says, the heads follow from the
// logs' right edges. What it does not read, `setlogd fsck` does.
#ifndef SETLOG_SERVER_DOCTOR_H_
#define SETLOG_SERVER_DOCTOR_H_

#include <string>
#include <vector>

#include "server/store_check.h"

namespace setlog {

struct Symptom {
  bool ok = true;
  std::string what;    // "space", "lock", "anchor", ...
  std::string result;  // what was found
  std::string remedy;  // if it is not ok
};

// `addresses`: HOST:PORT that a server is to listen on, IP addresses only.
std::vector<Symptom> Examine(const DataDirectory& where,
                             const std::vector<std::string>& addresses);

}  // namespace setlog

#endif  // SETLOG_SERVER_DOCTOR_H_
