// Labels of a secret key and secret records whose bytes valgrind takes for
// uninitialised: it then reports every branch and every address that depends on them.
//
//   valgrind --error-exitcode=9 constant_time labels   # silence
//   valgrind --error-exitcode=9 constant_time leak     # that it would not be silent
//
// It runs the source of the kernel with lanes in plain C++, since it does not know the
// instructions: the same functions, and the same loops, indices and selections.
#include <sodium.h>
#include <valgrind/memcheck.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "log/lanes_portable.h"
#include "log/vrf_batch.h"
#include "log/vrf_label_key.h"
#include "log/vrf_lanes.h"

namespace setlog {
namespace {

// Both sizes of a turn, the larger one with lanes to spare.
constexpr size_t kCounts[] = {8, 20};

int RunLabels(bool leak) {
  Hash scalar, public_key;
  std::array<Hash, 20> records;
  crypto_core_ristretto255_scalar_random(scalar.data());
  crypto_scalarmult_ristretto255_base(public_key.data(), scalar.data());
  for (Hash& record : records) randombytes_buf(record.data(), Hash::kSize);
  const VrfSecretKey key = VrfSecretKey::FromBytes(scalar).value();
  VALGRIND_MAKE_MEM_UNDEFINED(scalar.data(), Hash::kSize);
  VALGRIND_MAKE_MEM_UNDEFINED(records.data(), sizeof records);
  for (const size_t count : kCounts) {
    std::array<Hash, 20> labels;
    {
      const VrfLabelKey prepared(scalar, public_key);
      if (leak) {
        const volatile int8_t row[17] = {};
        return row[prepared.get().half.digit[0] + 8];
      }
      lanes::LabelsOf<lanes::PortableLanes>(prepared.get(), records[0].data(), count,
                                            labels[0].data());
    }
    VALGRIND_MAKE_MEM_DEFINED(labels.data(), sizeof labels);
    std::array<Hash, 20> opened = records;
    VALGRIND_MAKE_MEM_DEFINED(opened.data(), sizeof opened);
    for (size_t i = 0; i < count; ++i) {
      if (labels[i] != key.Label(opened[i])) {
        std::fprintf(stderr, "label %zu of %zu is wrong\n", i, count);
        return 1;
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (sodium_init() < 0 || (what != "labels" && what != "leak")) {
    std::fprintf(stderr, "usage: constant_time labels|leak\n");
    return 2;
  }
  return setlog::RunLabels(what == "leak");
}
