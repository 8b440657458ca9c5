// log/lanes_portable.h -- eight 64-bit lanes in plain C++.
//
//   PortableLanes sum = PortableLanes::AddLow(sum, a, b);  // in each lane
//
// What log/lanes_avx512ifma.h does with one instruction, without it. No program
// computes labels with this (libsodium is faster then); it is what the tests hold the
// instructions against, and what runs the same source where no tool knows them.
#ifndef SETLOG_LOG_LANES_PORTABLE_H_
#define SETLOG_LOG_LANES_PORTABLE_H_

#include <stdint.h>

namespace setlog::lanes {

// No function is inlined: a formula has hundreds of them, of eight lanes each, and a
// compiler would take a minute for what nobody waits for.
struct PortableLanes {
  uint64_t v[8];

  static constexpr const char* kName = "portable";

  template <typename F>
  [[gnu::always_inline]] static inline PortableLanes Each(F f) {
    PortableLanes out;
    for (int i = 0; i < 8; ++i) out.v[i] = f(i);
    return out;
  }

  [[gnu::noinline]] static PortableLanes Zero() { return All(0); }
  [[gnu::noinline]] static PortableLanes All(uint64_t value) {
    return Each([&](int) { return value; });
  }
  [[gnu::noinline]] static PortableLanes Load(const uint64_t* from) {
    return Each([&](int i) { return from[i]; });
  }
  void Store(uint64_t* to) const {
    for (int i = 0; i < 8; ++i) to[i] = v[i];
  }

  [[gnu::noinline]] friend PortableLanes operator+(const PortableLanes& a,
                                                   const PortableLanes& b) {
    return Each([&](int i) { return a.v[i] + b.v[i]; });
  }
  [[gnu::noinline]] friend PortableLanes operator-(const PortableLanes& a,
                                                   const PortableLanes& b) {
    return Each([&](int i) { return a.v[i] - b.v[i]; });
  }
  [[gnu::noinline]] friend PortableLanes operator&(const PortableLanes& a,
                                                   const PortableLanes& b) {
    return Each([&](int i) { return a.v[i] & b.v[i]; });
  }
  [[gnu::noinline]] friend PortableLanes operator|(const PortableLanes& a,
                                                   const PortableLanes& b) {
    return Each([&](int i) { return a.v[i] | b.v[i]; });
  }
  [[gnu::noinline]] friend PortableLanes operator^(const PortableLanes& a,
                                                   const PortableLanes& b) {
    return Each([&](int i) { return a.v[i] ^ b.v[i]; });
  }
  [[gnu::noinline]] friend PortableLanes operator<<(const PortableLanes& a, int bits) {
    return Each([&](int i) { return a.v[i] << bits; });
  }
  [[gnu::noinline]] friend PortableLanes operator>>(const PortableLanes& a, int bits) {
    return Each([&](int i) { return a.v[i] >> bits; });
  }

  // The product of the low 52 bits of a and of b has 104: its low, or high, 52 are
  // added to `sum`. Higher bits of a and b are ignored.
  [[gnu::noinline]] static PortableLanes AddLow(const PortableLanes& sum,
                                                const PortableLanes& a,
                                                const PortableLanes& b) {
    return Each([&](int i) {
      return sum.v[i] + (static_cast<uint64_t>(Product(a.v[i], b.v[i])) & kLow52);
    });
  }
  [[gnu::noinline]] static PortableLanes AddHigh(const PortableLanes& sum,
                                                 const PortableLanes& a,
                                                 const PortableLanes& b) {
    return Each([&](int i) {
      return sum.v[i] + static_cast<uint64_t>(Product(a.v[i], b.v[i]) >> 52);
    });
  }
  [[gnu::noinline]] static PortableLanes Times19(const PortableLanes& a) {
    return Each([&](int i) { return 19 * a.v[i]; });
  }

  // a | (b & c)
  [[gnu::noinline]] static PortableLanes OrAnd(const PortableLanes& a,
                                               const PortableLanes& b,
                                               const PortableLanes& c) {
    return a | (b & c);
  }
  // Bits of a where the mask has ones, else of b.
  [[gnu::noinline]] static PortableLanes Select(const PortableLanes& mask,
                                                const PortableLanes& a,
                                                const PortableLanes& b) {
    return b ^ (mask & (a ^ b));
  }
  [[gnu::noinline]] static PortableLanes Xor3(const PortableLanes& a,
                                              const PortableLanes& b,
                                              const PortableLanes& c) {
    return a ^ b ^ c;
  }
  [[gnu::noinline]] static PortableLanes Majority(const PortableLanes& a,
                                                  const PortableLanes& b,
                                                  const PortableLanes& c) {
    return (a & b) | (a & c) | (b & c);
  }
  template <int kBits>
  [[gnu::noinline]] static PortableLanes RotateRight(const PortableLanes& a) {
    return (a >> kBits) | (a << (64 - kBits));
  }
  [[gnu::noinline]] static PortableLanes SwapBytes(const PortableLanes& a) {
    return Each([&](int i) { return __builtin_bswap64(a.v[i]); });
  }
  // Of the 16 words of `low` and then `high`, the one whose index is the low 4 bits.
  [[gnu::noinline]] static PortableLanes Pick(const PortableLanes& low,
                                              const PortableLanes& high,
                                              const PortableLanes& index) {
    return Each([&](int i) {
      uint64_t found = 0;
      for (uint64_t at = 0; at < 16; ++at) {  // all of them, as the index is secret
        const uint64_t differs = (index.v[i] & 15) ^ at;
        found |= (at < 8 ? low.v[at] : high.v[at - 8]) & (0 - ((differs - 1) >> 63));
      }
      return found;
    });
  }
  // All ones in the lanes that are zero, else none.
  [[gnu::noinline]] static PortableLanes IsZero(const PortableLanes& a) {
    return Each([&](int i) { return ((a.v[i] | (0 - a.v[i])) >> 63) - 1; });
  }

 private:
  static constexpr uint64_t kLow52 = (uint64_t{1} << 52) - 1;
  __extension__ typedef unsigned __int128 Uint128;
  static Uint128 Product(uint64_t a, uint64_t b) {
    return static_cast<Uint128>(a & kLow52) * (b & kLow52);
  }
};

}  // namespace setlog::lanes

#endif  // SETLOG_LOG_LANES_PORTABLE_H_
