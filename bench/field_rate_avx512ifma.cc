#include "field_rate.h"
#ifdef __AVX512IFMA__
#include "log/field25519_roots.h"
#include "log/lanes_avx512ifma.h"
#endif

namespace setlog {

#ifdef __AVX512IFMA__

uint64_t MultiplyFieldsAvx512Ifma(uint64_t rounds) {
  using V = lanes::Avx512Lanes;
  lanes::Fields<V, 4> numbers;
  for (auto& number : numbers.at) number = lanes::Constant<V>(lanes::kSqrtM1);
  const lanes::Fields<V, 4> by = numbers;
  for (uint64_t i = 0; i < rounds; ++i) lanes::MulTo(numbers, numbers, by);
  uint64_t out[8];
  numbers.at[3].limb[0].Store(out);
  return out[0];
}

#else

uint64_t MultiplyFieldsAvx512Ifma(uint64_t) { return 0; }

#endif

}  // namespace setlog
