// SHA-256 of short messages, three of them in flight.
#include <immintrin.h>
#include <string.h>

#include "log/sha256_kernels.h"
#include "log/sha256_sha_ni_rounds.h"

namespace setlog::sha256 {
namespace {

// The last four bytes of a message's length in bits, where the padding has them.
[[gnu::always_inline]] inline Vector LengthVector(size_t bytes) {
  return _mm_set_epi32(
      static_cast<int>(__builtin_bswap32(static_cast<uint32_t>(8 * bytes))), 0, 0, 0);
}

template <int kMessages>
[[gnu::always_inline]] inline void Start(State* state) {
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    state[m].feba = _mm_set_epi32(
        static_cast<int>(kInitialState[0]), static_cast<int>(kInitialState[1]),
        static_cast<int>(kInitialState[4]), static_cast<int>(kInitialState[5]));
    state[m].hgdc = _mm_set_epi32(
        static_cast<int>(kInitialState[2]), static_cast<int>(kInitialState[3]),
        static_cast<int>(kInitialState[6]), static_cast<int>(kInitialState[7]));
  }
}

// One function for all blocks: more code would not fit into the instruction cache.
template <int kMessages>
[[gnu::noinline]] void Compress(State* state, const Vector (*blocks)[4]) {
  CompressBlock<kMessages, false>(state, [&](int m, int i) { return blocks[m][i]; });
}

template <int kMessages>
[[gnu::always_inline]] inline void Store(const State* state, uint8_t* out) {
  const Vector swap =
      _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    const Vector abef = _mm_shuffle_epi32(state[m].feba, 0x1b);
    const Vector cdgh = _mm_shuffle_epi32(state[m].hgdc, 0x1b);
    Vector* to = reinterpret_cast<Vector*>(out + 32 * m);
    _mm_storeu_si128(to, _mm_shuffle_epi8(_mm_unpacklo_epi64(abef, cdgh), swap));
    _mm_storeu_si128(to + 1, _mm_shuffle_epi8(_mm_unpackhi_epi64(abef, cdgh), swap));
  }
}

// The usual messages, prefix | 32 bytes or prefix | 32 bytes | 32 bytes, are moved into
// place in registers: written to memory first, each would be read across the seams of
// what was just written, which costs as much as the hash.
struct Parts {
  Vector prefix;  // in its last bytes
  const uint8_t* left;
  const uint8_t* right;  // unused if there is one part
};

// The message's bytes from 16 i on, when `before` and `here` are those before and of
// the i-th vector of its parts.
template <int kPrefixBytes>
[[gnu::always_inline]] inline Vector Shift(Vector before, Vector here) {
  return _mm_alignr_epi8(here, before, 16 - kPrefixBytes);
}

template <int kMessages, int kPrefixBytes, int kParts>
[[gnu::always_inline]] inline void HashParts(const Parts* parts, uint8_t* out) {
  State state[kMessages];
  Vector block[kMessages][4];
  Vector last[kMessages];
  const Vector end = _mm_cvtsi32_si128(0x80);
  const Vector length = LengthVector(kPrefixBytes + 32 * kParts);
  Start<kMessages>(state);
#pragma GCC unroll 4
  for (int m = 0; m < kMessages; ++m) {
    const Vector a = Load(parts[m].left), b = Load(parts[m].left + 16);
    block[m][0] = Shift<kPrefixBytes>(parts[m].prefix, a);
    block[m][1] = Shift<kPrefixBytes>(a, b);
    if (kParts == 1) {
      block[m][2] = Shift<kPrefixBytes>(b, end);
      block[m][3] = length;
    } else {
      const Vector c = Load(parts[m].right), d = Load(parts[m].right + 16);
      block[m][2] = Shift<kPrefixBytes>(b, c);
      block[m][3] = Shift<kPrefixBytes>(c, d);
      last[m] = d;
    }
  }
  Compress<kMessages>(state, block);
  if (kParts == 2) {
#pragma GCC unroll 4
    for (int m = 0; m < kMessages; ++m) {
      block[m][0] = Shift<kPrefixBytes>(last[m], end);
      block[m][1] = block[m][2] = _mm_setzero_si128();
      block[m][3] = length;
    }
    Compress<kMessages>(state, block);
  }
  Store<kMessages>(state, out);
}

// HashParts of all messages; `part(i)` are those of message i.
template <int kPrefixBytes, int kParts, typename Part>
[[gnu::always_inline]] inline void HashAllParts(size_t count, uint8_t* out, Part part) {
  Parts parts[kMaxMessages];
  for (; count >= kMaxMessages; count -= kMaxMessages, out += 32 * kMaxMessages) {
    for (int m = 0; m < kMaxMessages; ++m) parts[m] = part();
    HashParts<kMaxMessages, kPrefixBytes, kParts>(parts, out);
  }
  if (count == 2) {
    parts[0] = part();
    parts[1] = part();
    HashParts<2, kPrefixBytes, kParts>(parts, out);
  } else if (count == 1) {
    parts[0] = part();
    HashParts<1, kPrefixBytes, kParts>(parts, out);
  }
}

template <int kPrefixBytes, int kParts>
void HashManyParts(const Batch& batch) {
  alignas(16) uint8_t prefix[16] = {};
  memcpy(prefix + 16 - kPrefixBytes, batch.prefix, kPrefixBytes);
  const Vector prefix_vector = Load(prefix);
  const uint8_t* body = batch.bodies;
  HashAllParts<kPrefixBytes, kParts>(batch.count, batch.out, [&] {
    const Parts parts = {prefix_vector, body, body + 32};
    body += 32 * kParts;
    return parts;
  });
}

// Messages of any other shape: padded copies of them.
template <int kMessages>
void HashCopies(const Batch& batch, size_t blocks, size_t first, Vector* scratch) {
  State state[kMessages];
  Start<kMessages>(state);
  for (int m = 0; m < kMessages; ++m) {
    uint8_t* message = reinterpret_cast<uint8_t*>(scratch + 4 * kMaxBlocks * m);
    if (batch.body_bytes == 0) continue;  // The bodies may be null then.
    memcpy(message + batch.prefix_bytes, batch.bodies + (first + m) * batch.body_bytes,
           batch.body_bytes);
  }
  for (size_t b = 0; b < blocks; ++b) {
    Vector block[kMessages][4];
    for (int m = 0; m < kMessages; ++m) {
      for (int i = 0; i < 4; ++i) {
        block[m][i] = scratch[4 * (kMaxBlocks * m + b) + i];
      }
    }
    Compress<kMessages>(state, block);
  }
  Store<kMessages>(state, batch.out + 32 * first);
}

void HashAllCopies(const Batch& batch) {
  const size_t length = batch.prefix_bytes + batch.body_bytes;
  const size_t blocks = (length + 9 + 63) / 64;
  Vector scratch[kMaxMessages * 4 * kMaxBlocks];
  for (size_t m = 0; m < kMaxMessages && m < batch.count; ++m) {
    Vector* message = scratch + 4 * kMaxBlocks * m;
    for (size_t i = 0; i < 4 * blocks - 1; ++i) message[i] = _mm_setzero_si128();
    message[4 * blocks - 1] = LengthVector(length);
    uint8_t* bytes = reinterpret_cast<uint8_t*>(message);
    for (size_t i = 0; i < batch.prefix_bytes; ++i) bytes[i] = batch.prefix[i];
    bytes[length] = 0x80;
  }
  size_t i = 0;
  for (; batch.count - i >= kMaxMessages; i += kMaxMessages) {
    HashCopies<kMaxMessages>(batch, blocks, i, scratch);
  }
  if (batch.count - i == 2) HashCopies<2>(batch, blocks, i, scratch);
  if (batch.count - i == 1) HashCopies<1>(batch, blocks, i, scratch);
}

}  // namespace

void HashManyShaNi(const Batch& batch) {
  if (batch.prefix_bytes == 1 && batch.body_bytes == 64) {
    HashManyParts<1, 2>(batch);
  } else if (batch.prefix_bytes == 1 && batch.body_bytes == 32) {
    HashManyParts<1, 1>(batch);
  } else if (batch.prefix_bytes == 2 && batch.body_bytes == 32) {
    HashManyParts<2, 1>(batch);
  } else {
    HashAllCopies(batch);
  }
}

void HashPairsShaNi(uint8_t prefix, const Pair* pairs, size_t count, uint8_t* out) {
  HashAllParts<2, 2>(count, out, [&] {
    const Pair& pair = *pairs++;
    const uint32_t head = uint32_t{pair.tag} << 24 | uint32_t{prefix} << 16;
    return Parts{_mm_set_epi32(static_cast<int>(head), 0, 0, 0), pair.left, pair.right};
  });
}

}  // namespace setlog::sha256
