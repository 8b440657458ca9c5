// bench/ceilings.h -- what this machine allows, measured beside the figures.
//
//   double records = HashingCeiling();              // a second, one core
//   double syncs = SyncRate("/data");               // fdatasync a second, one after
//   other
//
// Each takes about a second. They end the program if something fails.
#ifndef SETLOG_BENCH_CEILINGS_H_
#define SETLOG_BENCH_CEILINGS_H_

#include <cstdint>
#include <string>

namespace setlog {

// Records a second through leaf, node, key and set node hashing, one after the other,
// on one core.
double HashingCeiling();

// Records a second of bundles committed to an empty store below `dir`, with nothing
// else to do.
double StoreCeiling(const std::string& dir, uint64_t records);

// How often a second 4 KiB can be appended to a file in `dir` and be made durable.
double SyncRate(const std::string& dir);

}  // namespace setlog

#endif  // SETLOG_BENCH_CEILINGS_H_
