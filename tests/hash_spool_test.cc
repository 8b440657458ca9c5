#include "tools/hash_spool.h"

#include <random>

#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

std::vector<Hash> SomeHashes(size_t count) {
  std::mt19937_64 random(count);
  std::vector<Hash> hashes(count);
  for (Hash& hash : hashes) {
    for (uint8_t& byte : hash.bytes) byte = static_cast<uint8_t>(random());
  }
  return hashes;
}

std::vector<Hash> ReadFrom(const HashSpool& spool, uint64_t begin) {
  std::vector<Hash> read;
  EXPECT_OK(spool.Read(begin, [&read](std::span<const Hash> piece) {
    read.insert(read.end(), piece.begin(), piece.end());
    return absl::OkStatus();
  }));
  return read;
}

// In memory, exactly full, one too many, many times spilled: the caller sees no
// difference.
TEST(HashSpoolTest, WhatGoesInComesOutFromAnyPlaceHoweverLittleMemoryThereIs) {
  for (size_t count : {0, 1, 7, 8, 9, 16, 17, 100}) {
    const std::vector<Hash> hashes = SomeHashes(count);
    HashSpool spool(8);
    std::string all;
    for (const Hash& hash : hashes) {
      ASSERT_OK(spool.Append(hash));
      all += AsText(hash);
    }
    EXPECT_EQ(spool.size(), count);
    EXPECT_EQ(spool.Finish(), Sha256(AsBytes(all)));
    for (size_t begin = 0; begin <= count; ++begin) {
      const std::vector<Hash> rest(hashes.begin() + begin, hashes.end());
      ASSERT_EQ(ReadFrom(spool, begin), rest) << count << " from " << begin;
    }
  }
}

TEST(HashSpoolTest, PiecesThatCrossTheReadBufferStayInOrder) {
  const std::vector<Hash> hashes = SomeHashes(70'000);
  HashSpool spool(50'000);
  for (const Hash& hash : hashes) ASSERT_OK(spool.Append(hash));
  EXPECT_EQ(ReadFrom(spool, 0), hashes);
}

TEST(HashSpoolTest, AnErrorOfTheCallbackEndsTheReadingAndIsReturned) {
  HashSpool spool(4);
  for (const Hash& hash : SomeHashes(100)) ASSERT_OK(spool.Append(hash));
  int calls = 0;
  EXPECT_STATUS(spool.Read(0,
                           [&calls](std::span<const Hash>) {
                             ++calls;
                             return absl::UnavailableError("lost");
                           }),
                absl::StatusCode::kUnavailable, "lost");
  EXPECT_EQ(calls, 1);
}

TEST(HashSpoolTest, WhereItCannotSpillItNamesTmpdir) {
  setenv("TMPDIR", "/nonexistent/directory", 1);
  HashSpool spool(1);
  ASSERT_OK(spool.Append(Hash()));
  const absl::Status status = spool.Append(Hash());
  unsetenv("TMPDIR");
  EXPECT_STATUS(status, absl::StatusCode::kNotFound, "TMPDIR");
}

}  // namespace
}  // namespace setlog
