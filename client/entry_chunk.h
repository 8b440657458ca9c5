// client/entry_chunk.h -- the entries of one message of GetEntries.
//
//   absl::StatusOr<std::vector<Bytes>> entries =
//       ParseChunk(AsBytes(chunk.bundle()), end - position);   // views into the chunk
//
//   (u16be length | entry)*
//
// As a bundle of C2SP tlog-tiles (log/tile.h), but with any number of whole entries:
// how many go into a message is up to the server. Pure; thread-safe.
#ifndef SETLOG_CLIENT_ENTRY_CHUNK_H_
#define SETLOG_CLIENT_ENTRY_CHUNK_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

// What a client asks for: more gain nothing.
inline constexpr uint32_t kEntryChunkBytes = uint32_t{1} << 20;
// And if the line did not carry that in time: one bundle, the least a server sends.
inline constexpr uint32_t kLeastChunkBytes = 0;

// What a line of 16 kB/s carries while one message is waited for, and no more than
// kEntryChunkBytes: what a call that was given up has under way holds up the next one.
uint32_t ChunkBytesFor(std::chrono::milliseconds patience);

// InvalidArgument if an entry is cut short, or there are more than `most`: what was not
// asked for takes no memory. No copy.
absl::StatusOr<std::vector<Bytes>> ParseChunk(Bytes chunk, uint64_t most);

}  // namespace setlog

#endif  // SETLOG_CLIENT_ENTRY_CHUNK_H_
