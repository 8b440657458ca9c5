// SHA-256 of 16 short messages at once.
#include <immintrin.h>
#include <string.h>

#include "log/sha256_avx512_rounds.h"
#include "log/sha256_kernels.h"

namespace setlog::sha256 {
namespace {

[[gnu::always_inline]] inline void Start(Vector* state) {
  for (int i = 0; i < 8; ++i) {
    state[i] = _mm512_set1_epi32(static_cast<int>(kInitialState[i]));
  }
}

// The digests of the first `count` <= 16 messages.
[[gnu::always_inline]] inline void Store(const Vector* state, size_t count,
                                         uint8_t* out) {
  Vector s[8];
  for (int i = 0; i < 8; ++i) s[i] = SwapBytes(state[i]);
  Transpose4(s[0], s[1], s[2], s[3]);
  Transpose4(s[4], s[5], s[6], s[7]);
  const Vector low = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
  const Vector high = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  __m256i digests[kLanes];
  for (int j = 0; j < 4; ++j) {
    const Vector first = _mm512_permutex2var_epi64(s[j], low, s[4 + j]);
    const Vector second = _mm512_permutex2var_epi64(s[j], high, s[4 + j]);
    digests[j] = _mm512_castsi512_si256(first);
    digests[4 + j] = _mm512_extracti64x4_epi64(first, 1);
    digests[8 + j] = _mm512_castsi512_si256(second);
    digests[12 + j] = _mm512_extracti64x4_epi64(second, 1);
  }
  for (size_t i = 0; i < count; ++i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), digests[i]);
  }
}

// What a block of messages of one length consists of: bytes of the body where `body`
// has a bit, and the bytes of `rest` elsewhere (prefix, padding, length).
struct BlockForm {
  __mmask64 body;
  alignas(64) uint8_t rest[64];
};

struct MessageForm {
  size_t blocks;
  BlockForm block[kMaxBlocks];
};

void FillForm(const Batch& batch, MessageForm* form) {
  const size_t length = batch.prefix_bytes + batch.body_bytes;
  form->blocks = (length + 9 + 63) / 64;
  for (size_t b = 0; b < form->blocks; ++b) {
    BlockForm& block = form->block[b];
    block.body = 0;
    for (size_t i = 0; i < 64; ++i) {
      const size_t at = 64 * b + i;
      block.rest[i] = 0;
      if (at < batch.prefix_bytes) {
        block.rest[i] = batch.prefix[at];
      } else if (at < length) {
        block.body |= __mmask64{1} << i;
      } else if (at == length) {
        block.rest[i] = 0x80;
      }
    }
  }
  uint8_t* end = form->block[form->blocks - 1].rest + 64;
  for (size_t i = 0, bits = 8 * length; i < 8; ++i, bits >>= 8) {
    *--end = static_cast<uint8_t>(bits);
  }
}

// One block of kGroups vectors of messages from body `first` on; beyond the last one
// it is read again.
template <int kGroups>
[[gnu::noinline]] void LoadBlock(const Batch& batch, const BlockForm& form, size_t b,
                                 size_t first, Vector (*w)[16]) {
  const Vector rest = _mm512_load_si512(form.rest);
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i) {
      size_t message = first + g * kLanes + i;
      if (kGroups == 1 && message >= batch.count) message = batch.count - 1;
      // Bytes that the mask leaves out are not touched, so they need not exist.
      const uint8_t* bytes = batch.bodies + message * batch.body_bytes + 64 * b;
      w[g][i] = _mm512_mask_loadu_epi8(rest, form.body, bytes - batch.prefix_bytes);
      // The next vectors' bodies, called from memory while these are hashed: the CPU's
      // own guesses end with the page, which is four of these bursts.
      _mm_prefetch(bytes + kGroups * kLanes * batch.body_bytes, _MM_HINT_T0);
    }
    RowsToWords(w[g]);
  }
}

// The second block of messages of 64 to 67 bytes: their last bytes and the padding.
template <int kGroups>
[[gnu::always_inline]] inline void LoadShortEnd(const Batch& batch, size_t first,
                                                Vector (*w)[16]) {
  const size_t length = batch.prefix_bytes + batch.body_bytes;
  const int bytes = static_cast<int>(length - 64);
  const uint8_t* last_word = batch.bodies + batch.body_bytes - 4;
  const Vector padding = _mm512_set1_epi32(static_cast<int>(0x80000000u >> 8 * bytes));
  const __m128i shift = _mm_cvtsi32_si128(32 - 8 * bytes);  // 32 leaves zero
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; ++g) {
    alignas(64) int words[kLanes];
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i) {
      size_t message = first + g * kLanes + i;
      if (kGroups == 1 && message >= batch.count) message = batch.count - 1;
      memcpy(&words[i], last_word + message * batch.body_bytes, 4);
    }
    const Vector tail = SwapBytes(_mm512_load_si512(words));
    w[g][0] = _mm512_or_si512(_mm512_sll_epi32(tail, shift), padding);
#pragma GCC unroll 14
    for (int i = 1; i < 15; ++i) w[g][i] = _mm512_setzero_si512();
    w[g][15] = _mm512_set1_epi32(static_cast<int>(8 * length));
  }
}

template <int kGroups>
[[gnu::noinline]] void HashGroups(const Batch& batch, const MessageForm& form,
                                  size_t first) {
  const size_t length = batch.prefix_bytes + batch.body_bytes;
  Vector state[kGroups][8];
  Vector w[kGroups][16];
  for (int g = 0; g < kGroups; ++g) Start(state[g]);
  LoadBlock<kGroups>(batch, form.block[0], 0, first, w);
  Compress<kGroups>(state, w);
  for (size_t b = 1; b < form.blocks; ++b) {
    if (length >= 64 && length < 68) {
      LoadShortEnd<kGroups>(batch, first, w);
    } else {
      LoadBlock<kGroups>(batch, form.block[b], b, first, w);
    }
    Compress<kGroups>(state, w);
  }
  for (int g = 0; g < kGroups; ++g) {
    const size_t left = batch.count - first - g * kLanes;
    Store(state[g], left < kLanes ? left : kLanes,
          batch.out + 32 * (first + g * kLanes));
  }
}

// The same for pairs: the words of left | right, moved two bytes back for the prefix
// and the tag.
template <int kGroups>
[[gnu::noinline]] void HashPairGroups(uint8_t prefix, const Pair* pairs, size_t count,
                                      uint8_t* out) {
  Vector state[kGroups][8];
  Vector w[kGroups][16];
  Vector last[kGroups];
  for (int g = 0; g < kGroups; ++g) {
    Start(state[g]);
    alignas(64) uint32_t heads[kLanes];
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i) {
      size_t at = g * kLanes + i;
      if (kGroups == 1 && at >= count) at = count - 1;
      const Pair& pair = pairs[at];
      const __m256i left =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pair.left));
      const __m256i right =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pair.right));
      w[g][i] = _mm512_inserti64x4(_mm512_castsi256_si512(left), right, 1);
      heads[i] = uint32_t{prefix} << 8 | pair.tag;
    }
    RowsToWords(w[g]);
    Vector before = _mm512_load_si512(heads);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const Vector word = w[g][i];
      w[g][i] =
          _mm512_or_si512(_mm512_slli_epi32(before, 16), _mm512_srli_epi32(word, 16));
      before = word;
    }
    last[g] = before;
  }
  Compress<kGroups>(state, w);
  for (int g = 0; g < kGroups; ++g) {
    w[g][0] =
        _mm512_or_si512(_mm512_slli_epi32(last[g], 16), _mm512_set1_epi32(0x8000));
#pragma GCC unroll 14
    for (int i = 1; i < 15; ++i) w[g][i] = _mm512_setzero_si512();
    w[g][15] = _mm512_set1_epi32(8 * 66);
  }
  Compress<kGroups>(state, w);
  for (int g = 0; g < kGroups; ++g) {
    const size_t left = count - g * kLanes;
    Store(state[g], left < kLanes ? left : kLanes, out + 32 * g * kLanes);
  }
}

}  // namespace

size_t HashManyAvx512(const Batch& batch) {
  if (batch.count < kWorthAVector) return 0;
  if (batch.body_bytes == 0) return 0;  // Null bodies have nothing before them.
  MessageForm form;
  FillForm(batch, &form);
  size_t done = 0;
  for (; batch.count - done >= 2 * kLanes; done += 2 * kLanes) {
    HashGroups<2>(batch, form, done);
  }
  for (; batch.count - done >= kWorthAVector; done += kLanes) {
    HashGroups<1>(batch, form, done);
    if (batch.count - done <= kLanes) return batch.count;
  }
  return done;
}

size_t HashPairsAvx512(uint8_t prefix, const Pair* pairs, size_t count, uint8_t* out) {
  size_t done = 0;
  for (; count - done >= 2 * kLanes; done += 2 * kLanes) {
    HashPairGroups<2>(prefix, pairs + done, 2 * kLanes, out + 32 * done);
  }
  for (; count - done >= kWorthAVector; done += kLanes) {
    HashPairGroups<1>(prefix, pairs + done, count - done, out + 32 * done);
    if (count - done <= kLanes) return count;
  }
  return done;
}

}  // namespace setlog::sha256
