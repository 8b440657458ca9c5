// client/pads_file.h -- the bytes of a .pads file.
//
//   absl::StatusOr<PadOpening> file = ParsePadsFile(bytes);
//   absl::StatusOr<Version> version = VerifyVersion(file->version, trust, demands);
//   absl::StatusOr<OpenedPads> opened = VerifyPads(*version, file->proofs);
//   std::string bytes = FormatPadsFile(opening);
//
// One setlog.v1.PadOpening message in one of the two forms of client/proof_file.h, as
// strictly read. Pure functions; thread-safe.
#ifndef SETLOG_CLIENT_PADS_FILE_H_
#define SETLOG_CLIENT_PADS_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/pad_opening.h"

namespace setlog {

inline constexpr std::string_view kPadsExtension = ".pads";

// A file opens at most so many pads: with 600 bytes each, as in a set of 10^8 members,
// it stays below kMaxPadsFileBytes in its binary form.
inline constexpr size_t kMaxOpenedPads = size_t{1} << 18;
inline constexpr size_t kMaxPadsFileBytes = size_t{256} << 20;

// InvalidArgument unless `bytes` is as above. Verifies nothing. O(size), in four times
// its memory.
absl::StatusOr<PadOpening> ParsePadsFile(std::string_view bytes);

// JSON if it is of at most 4,096 pads, else the binary form. `opening` must be what a
// parse could give.
std::string FormatPadsFile(const PadOpening& opening);
std::string FormatJsonPadsFile(const PadOpening& opening);
std::string FormatBinaryPadsFile(const PadOpening& opening);

}  // namespace setlog

#endif  // SETLOG_CLIENT_PADS_FILE_H_
