// bench/field_rate.h -- how fast the arithmetic under the labels' kernel could be.
#ifndef SETLOG_BENCH_FIELD_RATE_H_
#define SETLOG_BENCH_FIELD_RATE_H_

#include <stdint.h>

namespace setlog {

// `rounds` times kFieldRound multiplications modulo 2^255 - 19 with AVX-512 IFMA, four
// vectors side by side; the result is nothing but a reason to compute them.
inline constexpr uint64_t kFieldRound = 32;
uint64_t MultiplyFieldsAvx512Ifma(uint64_t rounds);

}  // namespace setlog

#endif  // SETLOG_BENCH_FIELD_RATE_H_
