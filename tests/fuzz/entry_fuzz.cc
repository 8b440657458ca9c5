// Entries: a strict codec, and what a position fixes.
#include "fuzz/law.h"
#include "log/entry.h"

namespace setlog {
namespace {

// The rules of positions, written down once more: the manifest at 0 and nothing else
// there; 1 <= m <= position.
bool MayStandAt(Bytes bytes, uint64_t position) {
  if (bytes[0] == 0 || position == 0) return bytes[0] == 0 && position == 0;
  if (bytes[0] != 3 && bytes[0] != 4) return true;
  const uint64_t m = ReadU64(bytes.subspan(1));
  return m >= 1 && m <= position;
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const Bytes bytes(data, size);
  RoundTrip(
      AsText(bytes), [](std::string_view text) { return DecodeEntry(AsBytes(text)); },
      Encode);
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  if (!entry.ok()) return 0;
  static constexpr size_t kLengths[] = {0, 33, 33, 49, 0};
  Law(bytes[0] <= 4, "there are five types");
  Law(kLengths[bytes[0]] == 0 || size == kLengths[bytes[0]], "lengths are exact");
  Law(static_cast<uint8_t>(TypeOf(*entry)) == bytes[0], "the type is the first byte");
  for (uint64_t position : {uint64_t{0}, uint64_t{1}, uint64_t{7}, uint64_t{1} << 32,
                            UINT64_MAX - 1, UINT64_MAX}) {
    Law(CheckPosition(*entry, position).ok() == MayStandAt(bytes, position),
        "a position fixes what may stand there");
  }
  return 0;
}
