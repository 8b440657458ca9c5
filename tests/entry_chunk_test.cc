// A message of entries: any number of whole ones, and nothing else.
#include "client/entry_chunk.h"

#include <string>

#include "log/tile.h"
#include "testing.h"

namespace setlog {
namespace {

std::string ChunkOf(const std::vector<std::string>& entries) {
  std::string chunk;
  for (const std::string& entry : entries) {
    EXPECT_OK(AppendToBundle(AsBytes(entry), &chunk));
  }
  return chunk;
}

TEST(EntryChunkTest, AnyNumberOfEntriesComesOutAsItWentIn) {
  for (const size_t count : {0u, 1u, 255u, 256u, 257u, 5000u}) {
    std::vector<std::string> entries;
    for (size_t i = 0; i < count; ++i) entries.push_back(std::string(i % 300, 'x'));
    const std::string chunk = ChunkOf(entries);
    const auto parsed = ParseChunk(AsBytes(chunk), count);
    ASSERT_OK(parsed);
    ASSERT_EQ(parsed->size(), count);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(AsText((*parsed)[i]), entries[i]);
    if (count > 0) {
      EXPECT_STATUS(ParseChunk(AsBytes(chunk), count - 1),
                    absl::StatusCode::kInvalidArgument, "asked for");
    }
  }
}

TEST(EntryChunkTest, EveryCutWithinAnEntryIsRefused) {
  const std::string chunk = ChunkOf({"one", "", "three"});
  for (size_t size = 0; size <= chunk.size(); ++size) {
    const bool whole = size == 0 || size == 5 || size == 7 || size == 14;
    EXPECT_EQ(ParseChunk(AsBytes(chunk).first(size), 9).ok(), whole) << size;
  }
}

TEST(EntryChunkTest, EntriesWithoutBytesTakeNoMoreMemoryThanWasAskedFor) {
  const std::string zeros(1 << 20, '\0');
  EXPECT_STATUS(ParseChunk(AsBytes(zeros), 10), absl::StatusCode::kInvalidArgument,
                "more than the 10 entries");
}

}  // namespace
}  // namespace setlog
