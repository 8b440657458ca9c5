// index/event_row.h -- a row of the index: an event that had an effect on the set.
//
//   EventRow row{key, EventWord(position, /*add=*/true)};
//   bool live_after = row.add();
//
// A value added once has one row; removing it appends a second one with the same key.
// Rows are in order of (key, position) and are never dropped, so a value is in the set
// at m if its key's last row with position < m is an add. On disk a row is 37 bytes:
//
//   key 32 | word 5, big endian: position << 1 | add
#ifndef SETLOG_INDEX_EVENT_ROW_H_
#define SETLOG_INDEX_EVENT_ROW_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>

#include "log/bytes.h"

namespace setlog {

// Positions at or beyond this have no place in a row.
inline constexpr uint64_t kMaxPositions = uint64_t{1} << 39;

inline uint64_t EventWord(uint64_t position, bool add) { return position << 1 | add; }

struct EventRow {
  Hash key;
  uint64_t word = 0;

  uint64_t position() const { return word >> 1; }
  bool add() const { return word & 1; }

  friend bool operator==(const EventRow&, const EventRow&) = default;
  // Positions are distinct, so ordering by word is ordering by position.
  friend std::strong_ordering operator<=>(const EventRow&, const EventRow&) = default;
};

// The first 8 bytes of a key as a number: what rows are found by.
inline uint64_t PrefixOf(const Hash& key) {
  uint64_t bytes;
  std::memcpy(&bytes, key.data(), 8);
  return __builtin_bswap64(bytes);
}

// The order of rows, found from the keys' first 8 bytes where they differ.
inline bool RowBefore(const EventRow& a, const EventRow& b) {
  const uint64_t left = PrefixOf(a.key);
  const uint64_t right = PrefixOf(b.key);
  return left != right ? left < right : a < b;
}

// The word of a row as it is stored.
struct PackedWord {
  std::array<uint8_t, 5> bytes;

  uint64_t value() const {
    uint32_t low;
    std::memcpy(&low, bytes.data() + 1, 4);
    return uint64_t{bytes[0]} << 32 | __builtin_bswap32(low);
  }
  static PackedWord From(uint64_t word) {
    PackedWord packed;
    packed.bytes[0] = static_cast<uint8_t>(word >> 32);
    const uint32_t low = __builtin_bswap32(static_cast<uint32_t>(word));
    std::memcpy(packed.bytes.data() + 1, &low, 4);
    return packed;
  }
};

// A row as journals store it; alignment 1, so a file's bytes can be read in place.
struct PackedRow {
  Hash key;
  PackedWord packed_word;

  uint64_t word() const { return packed_word.value(); }
  EventRow row() const { return {key, word()}; }
};
static_assert(sizeof(PackedRow) == 37 && alignof(PackedRow) == 1);

}  // namespace setlog

#endif  // SETLOG_INDEX_EVENT_ROW_H_
