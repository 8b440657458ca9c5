// log/sha256_kernel_table.h -- the kernels of SHA-256 that this CPU can run.
//
//   static const Sha256KernelTable<Sha256Kernel> table(
//       {.avx512_and_sha_ni = a, .avx512 = b, .sha_ni = c, .portable = d});
//   table.kernels()[0];  // the best
//
// For sha256.cc and sha256_streams.cc.
#ifndef SETLOG_LOG_SHA256_KERNEL_TABLE_H_
#define SETLOG_LOG_SHA256_KERNEL_TABLE_H_

#include <array>
#include <cstddef>
#include <span>

#include "log/cpu_features.h"

namespace setlog {

template <typename Kernel>
class Sha256KernelTable {
 public:
  struct All {
    Kernel avx512_and_sha_ni, avx512, sha_ni, portable;
  };
  explicit Sha256KernelTable(const All& all) {
    const CpuFeatures cpu = DetectCpu();
    if (cpu.avx512 && cpu.sha_ni) kernels_[count_++] = all.avx512_and_sha_ni;
    if (cpu.avx512) kernels_[count_++] = all.avx512;
    if (cpu.sha_ni) kernels_[count_++] = all.sha_ni;
    kernels_[count_++] = all.portable;
  }

  // Best first; the portable one is the last.
  std::span<const Kernel> kernels() const { return std::span(kernels_).first(count_); }

 private:
  std::array<Kernel, 4> kernels_;
  size_t count_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_LOG_SHA256_KERNEL_TABLE_H_
