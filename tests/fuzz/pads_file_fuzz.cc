// Openings of pads: a strict codec in both forms, and none that shows what is not true.
//
// What verifies is a sample's opening, or a part of what it shows: of each pad that is
// taken for a member the sample knows better.
#include <set>

#include "client/pads_file.h"
#include "fuzz/law.h"
#include "fuzz/message_file_law.h"
#include "pad_opening_sample.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static PadOpeningSample sample;
  const absl::StatusOr<PadOpening> file = MessageFileRoundTrip(
      AsText({data, size}), ParsePadsFile, FormatJsonPadsFile, FormatBinaryPadsFile);
  if (!file.ok()) return 0;
  const absl::StatusOr<Version> version =
      VerifyVersion(file->version, {.log_key = sample.log.key()}, {});
  if (!version.ok()) return 0;
  const absl::StatusOr<OpenedPads> opened = VerifyPads(*version, file->proofs);
  if (!opened.ok()) return 0;
  const std::set<uint64_t> pads(file->proofs.pads.begin(), file->proofs.pads.end());
  Law(pads.size() == opened->pads, "no pad counts twice");
  const bool second = version->index_position != sample.first_index;
  for (uint64_t pad : pads) {
    Law(pad < 10 || (pad == 12 && second), "only pads of this version are members");
  }
  Law(opened->set_count == (second ? 31 : 30), "n is the version's");
  Law(opened->records_at_most == opened->set_count - opened->pads, "a bound");
  return 0;
}
