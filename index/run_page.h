// index/run_page.h -- the layout of one page of a run file (see run_file.h).
//
//   key(i) at 32 i | word(i) at 3,520 + 5 i | u16 rows at 4,070 | zeros | u64 checksum
//
// Keys stand together so that a search reads few cache lines and hashing finds them in
// place. Slots beyond `rows` are zero bytes.
#ifndef SETLOG_INDEX_RUN_PAGE_H_
#define SETLOG_INDEX_RUN_PAGE_H_

#include <cstdint>
#include <cstring>
#include <span>

#include "index/event_row.h"
#include "log/bytes.h"

namespace setlog {

inline constexpr size_t kRunPageBytes = 4096;
inline constexpr unsigned kRunPageRows = 110;
inline constexpr size_t kRunPageWords = kRunPageRows * Hash::kSize;
inline constexpr size_t kRunPageCount =
    kRunPageWords + kRunPageRows * sizeof(PackedWord);
inline constexpr size_t kRunPageChecksum = kRunPageBytes - 8;
inline constexpr size_t kRunFooterBytes = 72;
static_assert(kRunPageCount + 2 <= kRunPageChecksum);

inline const Hash& RunPageKey(const uint8_t* page, unsigned slot) {
  return reinterpret_cast<const Hash*>(page)[slot];
}
inline uint64_t RunPagePrefix(const uint8_t* page, unsigned slot) {
  uint64_t bytes;
  std::memcpy(&bytes, page + slot * Hash::kSize, 8);
  return __builtin_bswap64(bytes);
}
inline uint64_t RunPageWord(const uint8_t* page, unsigned slot) {
  return reinterpret_cast<const PackedWord*>(page + kRunPageWords)[slot].value();
}

// Some rows of a page, in place.
struct RunRows {
  std::span<const Hash> keys;
  const PackedWord* words;  // as many
};

}  // namespace setlog

#endif  // SETLOG_INDEX_RUN_PAGE_H_
