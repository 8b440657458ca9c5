#include "log/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <cstdint>
#endif

namespace setlog {

#if defined(__x86_64__)

CpuFeatures DetectCpu() {
  CpuFeatures features;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return features;
  const bool sse41 = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  uint64_t saved = 0;  // XCR0: what the operating system saves of a thread
  if (c & bit_OSXSAVE) {
    uint32_t low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    saved = uint64_t{high} << 32 | low;
  }
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
  features.sha_ni = sse41 && (b & bit_SHA) != 0;
  constexpr uint64_t kZmmState = 0xe6;  // SSE, AVX, mask registers, both halves of ZMM
  features.avx512 = (saved & kZmmState) == kZmmState && (b & bit_AVX512F) != 0 &&
                    (b & bit_AVX512BW) != 0 && (b & bit_AVX512VL) != 0;
  features.avx512ifma =
      features.avx512 && (b & bit_AVX512DQ) != 0 && (b & bit_AVX512IFMA) != 0;
  return features;
}

#else

CpuFeatures DetectCpu() { return {}; }

#endif

}  // namespace setlog
