// log/vrf_pad.h -- the entries that hide how many records a batch of a private log has.
//
//   for (uint64_t i = next; i < next + PadCount(records.size()); ++i) {
//     labels.push_back(key.Label(PadInput(i)));
//   }
//
// A pad is a label like any other, of an input that no record has: it is not 32 bytes.
// So nobody can tell pads from records, but the owner can open them (log/vrf.h, Prove)
// and so show how many records there are; random values could not be told from records
// that are kept back. Pads are numbered through the log, not the batch: each has one
// label. Pure; thread-safe.
#ifndef SETLOG_LOG_VRF_PAD_H_
#define SETLOG_LOG_VRF_PAD_H_

#include <array>
#include <cstdint>

namespace setlog {

// ASCII "setlog/pad/1" | u64 i: the input of pad i.
std::array<uint8_t, 20> PadInput(uint64_t i);

// How many pads a batch of n records gets: up to the next multiple of
// 2^max(0, floor(log2 n) - 3), so fewer than n / 8; none below 16. Batch sizes that are
// seen have four significant bits.
uint64_t PadCount(uint64_t n);

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_PAD_H_
