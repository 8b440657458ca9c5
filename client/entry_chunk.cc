#include "client/entry_chunk.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/entry.h"

namespace setlog {

uint32_t ChunkBytesFor(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds::rep kBytesPerMs = 16;
  return static_cast<uint32_t>(
      std::clamp<std::chrono::milliseconds::rep>(patience.count(), 0,
                                                 kEntryChunkBytes / kBytesPerMs) *
      kBytesPerMs);
}

absl::StatusOr<std::vector<Bytes>> ParseChunk(Bytes chunk, uint64_t most) {
  std::vector<Bytes> entries;
  // Nearly all are adds.
  entries.reserve(std::min<uint64_t>(most, chunk.size() / (2 + kValueEntryBytes) + 1));
  while (!chunk.empty()) {
    if (entries.size() == most) {
      return absl::InvalidArgumentError(
          absl::StrFormat("more than the %d entries that were asked for", most));
    }
    const size_t length = chunk.size() < 2 ? 0 : size_t{chunk[0]} << 8 | chunk[1];
    if (chunk.size() < 2 || chunk.size() - 2 < length) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a chunk ends within its entry %d", entries.size()));
    }
    entries.push_back(chunk.subspan(2, length));
    chunk = chunk.subspan(2 + length);
  }
  return entries;
}

}  // namespace setlog
