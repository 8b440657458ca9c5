// Labels and proofs of a secret key and secret records whose bytes valgrind takes for
// uninitialised: it then reports every branch and every address that depends on them.
//
//   valgrind --error-exitcode=9 constant_time labels   # silence
//   valgrind --error-exitcode=9 constant_time proofs   # silence
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
#include "log/vrf_blocks.h"
#include "log/vrf_label_key.h"
#include "log/vrf_lanes.h"
#include "log/vrf_prove_lanes.h"

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

// What a kernel does of a proof; its nonce is any here.
int RunProofs() {
  using V = lanes::PortableLanes;
  constexpr size_t kCount = 11;  // the second vector has lanes to spare
  std::array<Hash, kCount> records, nonces, h;
  Hash scalar, public_key;
  crypto_core_ristretto255_scalar_random(scalar.data());
  crypto_scalarmult_ristretto255_base(public_key.data(), scalar.data());
  for (Hash& record : records) randombytes_buf(record.data(), Hash::kSize);
  for (Hash& nonce : nonces) crypto_core_ristretto255_scalar_random(nonce.data());
  const VrfSecretKey key = VrfSecretKey::FromBytes(scalar).value();
  const std::array<Hash, kCount> opened = records;
  static lanes::Comb<V, 8> base;
  lanes::FillBaseComb(base);
  VALGRIND_MAKE_MEM_UNDEFINED(scalar.data(), Hash::kSize);
  VALGRIND_MAKE_MEM_UNDEFINED(records.data(), sizeof records);
  VALGRIND_MAKE_MEM_UNDEFINED(nonces.data(), sizeof nonces);
  std::array<lanes::Proven, kCount> proven;
  const lanes::ProveKey prepared = VrfProveKey(scalar, public_key);
  lanes::MapOf<V>(prepared, records[0].data(), kCount, h[0].data());
  lanes::ProveOf(base, prepared, h[0].data(), nonces[0].data(), kCount, proven.data());
  VALGRIND_MAKE_MEM_DEFINED(proven.data(), sizeof proven);
  for (size_t i = 0; i < kCount; ++i) {
    const auto answer = key.Prove(opened[i]);
    if (std::memcmp(proven[i].gamma, answer.proof.bytes().data(), 32) != 0) {
      std::fprintf(stderr, "proof %zu is wrong\n", i);
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (sodium_init() < 0 || (what != "labels" && what != "proofs" && what != "leak")) {
    std::fprintf(stderr, "usage: constant_time labels|proofs|leak\n");
    return 2;
  }
  return what == "proofs" ? setlog::RunProofs() : setlog::RunLabels(what == "leak");
}
