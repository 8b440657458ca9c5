// log/cpu_features.h -- which instructions the kernels may use on this machine.
//
//   if (DetectCpu().avx512ifma) ...
//
// An instruction needs the CPU, and the operating system to save the registers that it
// works on. All false on other kinds of CPU. About 0.1 us; the tables of kernels ask
// once. Thread-safe.
#ifndef SETLOG_LOG_CPU_FEATURES_H_
#define SETLOG_LOG_CPU_FEATURES_H_

namespace setlog {

struct CpuFeatures {
  bool sha_ni = false;      // and SSE 4.1
  bool avx512 = false;      // F, BW and VL
  bool avx512ifma = false;  // and DQ and IFMA
};

CpuFeatures DetectCpu();

}  // namespace setlog

#endif  // SETLOG_LOG_CPU_FEATURES_H_
